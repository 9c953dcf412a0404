"""Users, tags, quota, the account itself, and the history of conversations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from simulator.zalo import errors
from simulator.zalo.conversation import ChatMessage, Citizen
from simulator.zalo.errors import ApiError, invalid
from simulator.zalo.identity import app_scoped_id
from simulator.zalo.platform import Platform
from simulator.zalo.wire import answer, authorise, data_parameter, object_body, success, whole

GOVERNMENT = 4
_VIETNAM = dt.timezone(dt.timedelta(hours=7))


def user_blueprint(platform: Platform) -> Blueprint:
    """The calls of zalo-oa.md §5 that concern people."""
    views = Blueprint("users", __name__)

    @views.get("/v3.0/oa/user/detail")
    def detail() -> Response:
        authorise(platform)
        return success(_detail(_known(platform, data_parameter(request))))

    @views.get("/v3.0/oa/user/getlist")
    def getlist() -> Response:
        authorise(platform)
        wanted = data_parameter(request)
        offset = whole(wanted.get("offset", 0), "offset", 0, 9951)
        count = whole(wanted.get("count", 50), "count", 1, 50)
        people = [c for c in list(platform.citizens.values()) if _selected(c, wanted)]
        users = [{"user_id": c.user_id} for c in people[offset : offset + count]]
        return success(
            {"total": len(people), "count": len(users), "offset": offset, "users": users}
        )

    @views.post("/v3.0/oa/user/update")
    def update() -> Response:
        authorise(platform)
        body = object_body(request)
        citizen = _known(platform, body)
        citizen.alias = str(body.get("user_alias", citizen.alias))
        citizen.external_id = str(body.get("user_external_id", citizen.external_id))
        if isinstance(body.get("shared_info"), dict):
            citizen.shared_info = dict(body["shared_info"])
        return answer({"error": 0, "message": "Success"})

    @views.post("/v2.0/oa/deletefollowerinfo")
    def delete_info() -> Response:
        authorise(platform)
        citizen = _known(platform, object_body(request))
        citizen.alias = citizen.external_id = ""
        citizen.shared_info = {}
        citizen.tags = set()
        return answer({"error": 0, "message": "Success"})

    @views.post("/v3.0/oa/quota/message")
    def quota() -> Response:
        authorise(platform)
        body = object_body(request)
        if "quota_owner" in body:
            return success([])
        citizen = _known(platform, body)
        last = citizen.last_interaction_ms
        data: dict[str, Any] = {"last_interaction": str(last) if last is not None else ""}
        if platform.faults.now.quota_figures:
            data["cs_reply"] = {"remain": 8, "total": 8}
        return success(data)

    return views


def tag_blueprint(platform: Platform) -> Blueprint:
    """Tags: made by their first use."""
    views = Blueprint("tags", __name__)

    @views.post("/v2.0/oa/tag/tagfollower")
    def add() -> Response:
        authorise(platform)
        body = object_body(request)
        _known(platform, body).tags.add(_tag(body))
        return answer({"error": 0, "message": "Success"})

    @views.post("/v2.0/oa/tag/rmfollowerfromtag")
    def remove() -> Response:
        authorise(platform)
        body = object_body(request)
        _known(platform, body).tags.discard(_tag(body))
        return answer({"error": 0, "message": "Success"})

    @views.post("/v2.0/oa/tag/rmtag")
    def remove_everywhere() -> Response:
        authorise(platform)
        tag = _tag(object_body(request))
        for citizen in list(platform.citizens.values()):
            citizen.tags.discard(tag)
        return answer({"error": 0, "message": "Success"})

    @views.get("/v2.0/oa/tag/gettagsofoa")
    def tags() -> Response:
        authorise(platform)
        known = {tag for citizen in list(platform.citizens.values()) for tag in citizen.tags}
        return success(sorted(known))

    return views


def account_blueprint(platform: Platform) -> Blueprint:
    """The account's own page and its conversations."""
    views = Blueprint("account", __name__)

    @views.get("/v2.0/oa/getoa")
    def getoa() -> Response:
        authorise(platform)
        followers = sum(c.follows for c in list(platform.citizens.values()))
        return success(
            {
                "oaid": platform.identity.oa_id,
                "name": platform.identity.oa_name,
                "description": "",
                "oa_alias": "",
                "is_verified": True,
                "oa_type": GOVERNMENT,
                "cate_name": "Cơ quan nhà nước",
                "num_follower": followers,
                "avatar": "",
                "cover": "",
                "package_name": "Toàn diện",
                "package_valid_through_date": "31/12/2099",
                "package_auto_renew_date": "",
                "linked_ZCA": "",
            }
        )

    @views.get("/v2.0/oa/listrecentchat")
    def recent() -> Response:
        authorise(platform)
        offset, count = _page(data_parameter(request))
        pairs = [
            (bubble, citizen)
            for citizen in list(platform.citizens.values())
            for bubble in reversed([m for m in list(citizen.messages) if m.side != "note"])
        ]
        pairs.sort(key=lambda pair: pair[0].at_ms, reverse=True)
        return success([_row(platform, *pair) for pair in pairs[offset : offset + count]])

    @views.get("/v2.0/oa/conversation")
    def conversation() -> Response:
        authorise(platform)
        wanted = data_parameter(request)
        citizen = _known(platform, wanted)
        offset, count = _page(wanted)
        bubbles = [m for m in reversed(list(citizen.messages)) if m.side != "note"]
        return success([_row(platform, b, citizen) for b in bubbles[offset : offset + count]])

    return views


def _known(platform: Platform, wanted: Mapping[str, Any]) -> Citizen:
    user_id = wanted.get("user_id")
    if type(user_id) is int:  # the papers show a number for tags
        user_id = str(user_id)
    citizen = platform.citizens.get(user_id) if isinstance(user_id, str) else None
    if citizen is None:
        raise invalid("user_id")
    if citizen.last_interaction_ms is None and not citizen.follows:
        raise ApiError(errors.NOT_FOLLOWER)
    return citizen


def _tag(body: Mapping[str, Any]) -> str:
    tag = body.get("tag_name")
    if not isinstance(tag, str) or not tag.strip():
        raise invalid("tag_name")
    return tag


def _page(wanted: Mapping[str, Any]) -> tuple[int, int]:
    offset = whole(wanted.get("offset", 0), "offset", 0, 10**6)
    return offset, whole(wanted.get("count", 10), "count", 1, 10)


def _selected(citizen: Citizen, wanted: Mapping[str, Any]) -> bool:
    if citizen.last_interaction_ms is None and not citizen.follows:
        return False
    if "is_follower" in wanted:
        follower = wanted["is_follower"] in (True, "true")
        if citizen.follows != follower:
            return False
    return "tag_name" not in wanted or wanted["tag_name"] in citizen.tags


def _detail(citizen: Citizen) -> dict[str, Any]:
    last = citizen.last_interaction_ms
    day = dt.datetime.fromtimestamp(last / 1000, _VIETNAM).strftime("%d/%m/%Y") if last else ""
    return {
        "user_id": citizen.user_id,
        "user_id_by_app": app_scoped_id(citizen.user_id),
        "user_external_id": citizen.external_id,
        "display_name": citizen.name,
        "user_alias": citizen.alias,
        "is_sensitive": False,
        "user_last_interaction_date": day,
        "user_is_follower": citizen.follows,
        "avatar": "",
        "avatars": {"120": "", "240": ""},
        "dynamic_param": "",
        "tags_and_notes_info": {"notes": [], "tag_names": sorted(citizen.tags)},
        "shared_info": dict(citizen.shared_info),
    }


def _row(platform: Platform, bubble: ChatMessage, citizen: Citizen) -> dict[str, Any]:
    user = (citizen.user_id, citizen.name)
    account = (platform.identity.oa_id, platform.identity.oa_name)
    from_user = bubble.side == "citizen"
    source, target = (user, account) if from_user else (account, user)
    return {
        "src": 1 if from_user else 0,
        "time": bubble.at_ms,
        "type": "photo" if bubble.kind == "image" else bubble.kind,
        "message": bubble.text,
        "message_id": bubble.id,
        "from_id": source[0],
        "from_display_name": source[1],
        "from_avatar": "",
        "to_id": target[0],
        "to_display_name": target[1],
        "to_avatar": "",
    }
