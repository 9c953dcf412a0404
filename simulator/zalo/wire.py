"""How the public endpoints read a call and answer it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Request, Response, request

from simulator.zalo.errors import ApiError, invalid
from simulator.zalo.platform import Platform


def answer(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response in the platform's spelling."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status=status, mimetype="application/json", headers=headers)


def success(data: Any) -> Response:
    """The envelope of a call that worked."""
    return answer({"error": 0, "message": "Success", "data": data})


def refusal(error: ApiError) -> dict[str, Any]:
    """The envelope of a call that was refused; it has no `data`."""
    return {"error": error.code, "message": error.message}


def authorise(platform: Platform) -> None:
    """Check the present call's token and count it; raises ApiError."""
    headers = request.headers
    proof = headers.get("appsecret_proof", "") or request.args.get("appsecret_proof", "")
    platform.authorise(headers.get("access_token", ""), proof)


def json_body(call: Request) -> Any:
    """The call's JSON; raises ApiError."""
    try:
        return json.loads(call.get_data(cache=False))
    except ValueError:
        raise invalid("body") from None


def object_body(call: Request) -> Mapping[str, Any]:
    """The call's JSON object; raises ApiError."""
    body = json_body(call)
    if not isinstance(body, dict):
        raise invalid("body")
    return body


def data_parameter(call: Request) -> Mapping[str, Any]:
    """The JSON object in the query parameter `data` of a GET; raises ApiError."""
    try:
        data = json.loads(call.args.get("data", ""))
    except ValueError:
        raise invalid("data") from None
    if not isinstance(data, dict):
        raise invalid("data")
    return data


def whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number between two bounds, also written as a string; raises ApiError."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int or not low <= value <= high:
        raise invalid(name)
    return value
