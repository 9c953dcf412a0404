"""OAuth v4: the consent page and the token endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from simulator.zalo.platform import Platform
from simulator.zalo.tokens import GrantError, TokenPair
from simulator.zalo.wire import answer


def oauth_blueprint(platform: Platform) -> Blueprint:
    """`/v4/oa/permission` and `/v4/oa/access_token`."""
    views = Blueprint("oauth", __name__)

    @views.get("/v4/oa/permission")
    def ask() -> Response | str:
        error = _consent_error(platform)
        if error is not None:
            return _failure(error)
        return render_template(
            "consent.html", oa_name=platform.identity.oa_name, wanted=request.args.to_dict()
        )

    @views.post("/v4/oa/permission")
    def allow() -> BaseResponse:
        error = _consent_error(platform)
        if error is not None:
            return _failure(error)
        wanted = request.values
        code = platform.grant.new_code(wanted.get("code_challenge", ""))
        given = {"code": code, "oa_id": platform.identity.oa_id}
        if wanted.get("state"):
            given["state"] = wanted["state"]
        target = wanted["redirect_uri"]
        return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(given)}")

    @views.post("/v4/oa/access_token")
    def token() -> Response:
        try:
            return _pair(_grant(platform))
        except GrantError as error:
            return _failure(error)

    return views


def _grant(platform: Platform) -> TokenPair:
    form = request.form
    if form.get("app_id") != platform.identity.app_id:
        raise GrantError(-14002, "Invalid appId", "app_id is unknown")
    if request.headers.get("secret_key", "") != platform.identity.app_secret:
        raise GrantError(-14004, "Invalid secret key", "secret_key does not belong to the app")
    if form.get("grant_type") == "authorization_code":
        return platform.grant.exchange(form.get("code", ""), form.get("code_verifier", ""))
    if form.get("grant_type") == "refresh_token":
        if platform.faults.now.refuse_refresh:
            raise GrantError(-14014, "Invalid refresh token", "refresh token is used or expired")
        return platform.grant.refresh(form.get("refresh_token", ""))
    raise GrantError(-14005, "Invalid grant type", "grant_type is unknown")


def _consent_error(platform: Platform) -> GrantError | None:
    if request.values.get("app_id") != platform.identity.app_id:
        return GrantError(-14002, "Invalid appId", "app_id is unknown")
    target = urlsplit(request.values.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or not target.netloc:
        return GrantError(-14003, "Invalid redirect uri", "redirect_uri must be an http(s) address")
    return None


def _pair(pair: TokenPair) -> Response:
    return answer(
        {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "expires_in": str(pair.expires_in),
        }
    )


def _failure(error: GrantError) -> Response:
    body: dict[str, Any] = {
        "error": error.code,
        "error_name": error.name,
        "error_reason": error.reason,
        "error_description": error.reason,
        "ref_doc": "",
    }
    return answer(body)
