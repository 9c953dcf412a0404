"""Template messages: admins register those that the platform approved, agents fill them in.

The platform fills in its own copy of the text; ours shows staff what the citizen will read.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import utcnow
from bot.errors import TemplateError
from bot.models.message_templates import MessageTemplate
from bot.models.staff import Staff
from bot.services import audit
from bot.services.canned_fields import NAMES, Context, known
from bot.services.working_days import VIETNAM

NAME_LIMIT, BODY_LIMIT = 100, 2_000  # characters
MOST_PARAMS = 20
LONGEST_PARAM = 400  # characters that a parameter may have at most
MORNING, EVENING = 6, 22  # o'clock in Viet Nam: what is no transaction goes between them
_PARAM = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


@dataclass(frozen=True)
class Param:
    """A parameter: its name at the platform, most characters, and the field that is filled in."""

    name: str
    limit: int
    field: str = ""  # one of canned_fields.NAMES; "" for what the agent writes


@dataclass(frozen=True)
class Template:
    """A registered template."""

    id: int
    template_id: str
    name: str
    body: str
    params: tuple[Param, ...]
    daytime_only: bool
    active: bool
    updated_at: dt.datetime
    updated_by: str

    def text(self, values: Mapping[str, str]) -> str:
        """What the citizen will read; a parameter without a value stands as it is written."""
        return _PARAM.sub(lambda match: values.get(match[1]) or match[0], self.body)


def listed(session: Session, *, only_active: bool = False) -> list[Template]:
    """All templates by name."""
    wanted = _rows().order_by(MessageTemplate.name, MessageTemplate.id)
    if only_active:
        wanted = wanted.where(MessageTemplate.active.is_(True))
    return [_template(row) for row in session.execute(wanted)]


def get(session: Session, ours: int) -> Template | None:
    """One by our id."""
    row = session.execute(_rows().where(MessageTemplate.id == ours)).first()
    return None if row is None else _template(row)


def save(
    session: Session,
    staff_id: int,
    *,
    template_id: str,
    name: str,
    body: str,
    params: Sequence[Param],
    daytime_only: bool,
    active: bool,
    ours: int | None = None,
) -> int | None:
    """Register one, or change the one named; our id, None when there is no such one.

    Raises TemplateError, with what to tell the admin, when a value is not acceptable.
    """
    text = unicodedata.normalize("NFC", body.replace("\r\n", "\n")).strip()
    for param in params:  # the platform's own pages write <name>: read what was copied from there
        text = text.replace(f"<{param.name}>", f"{{{param.name}}}")
    values = {
        "template_id": template_id.strip(),
        "name": " ".join(unicodedata.normalize("NFC", name).split()),
        "body": text,
        "params": [{"name": p.name, "limit": p.limit, "field": p.field} for p in params],
        "daytime_only": daytime_only,
        "active": active,
        "updated_at": utcnow(),
        "updated_by": staff_id,
    }
    _check(session, values, params, ours)
    if ours is None:
        row = MessageTemplate(**values)
        session.add(row)
        session.flush()
        made = int(row.id)
    else:
        changed = session.execute(
            update(MessageTemplate)
            .where(MessageTemplate.id == ours)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount != 1:
            return None
        made = ours
    detail = {"template_id": values["template_id"], "active": active}
    audit.record(session, staff_id, "template_saved", "message_template", made, detail)
    return made


def prefilled(session: Session, template: Template, context: Context) -> dict[str, str]:
    """What is known now of a template's parameters, as one line each; "" where nothing is."""
    found = known(session, {p.field for p in template.params if p.field}, context)
    return {p.name: " ".join(found.get(p.field, "").split()) for p in template.params}


def checked(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """The values of all parameters as they are sent; raises TemplateError, telling the agent."""
    values = {
        p.name: " ".join(unicodedata.normalize("NFC", given.get(p.name, "")).split())
        for p in template.params
    }
    wrong = [f"chưa điền “{label(p)}”" for p in template.params if not values[p.name]]
    wrong += [
        f"“{label(p)}” dài {len(values[p.name])} ký tự, tối đa {p.limit}"
        for p in template.params
        if len(values[p.name]) > p.limit
    ]
    if wrong:
        said = "; ".join(wrong)
        raise TemplateError(f"{said[0].upper()}{said[1:]}. Mời sửa rồi xem trước lại.")
    return values


def label(param: Param) -> str:
    """What staff call a parameter."""
    return NAMES.get(param.field, param.name)


def refused_now(template: Template, now: dt.datetime) -> bool:
    """Whether the platform takes this template at no such hour, for it is night in Viet Nam."""
    hour = now.astimezone(VIETNAM).hour
    return template.daytime_only and not MORNING <= hour < EVENING


def _check(
    session: Session, values: Mapping[str, Any], params: Sequence[Param], ours: int | None
) -> None:
    if not re.fullmatch(r"[0-9]{1,20}", values["template_id"]):
        raise TemplateError("Mã mẫu là dãy số Zalo cấp khi duyệt mẫu, ví dụ 310001.")
    same = select(MessageTemplate.id).where(MessageTemplate.template_id == values["template_id"])
    if session.execute(same.where(MessageTemplate.id != (ours or 0))).first():
        raise TemplateError("Mã mẫu này đã được đăng ký. Mời sửa mẫu cũ.")
    if not values["name"] or len(values["name"]) > NAME_LIMIT:
        raise TemplateError(f"Tên mẫu cần có từ 1 đến {NAME_LIMIT} ký tự.")
    if not values["body"] or len(values["body"]) > BODY_LIMIT:
        raise TemplateError(f"Nội dung cần có từ 1 đến {BODY_LIMIT} ký tự.")
    _check_params(values["body"], params)


def _check_params(body: str, params: Sequence[Param]) -> None:
    names = [param.name for param in params]
    if not names or len(names) > MOST_PARAMS:
        raise TemplateError(f"Mẫu cần có từ 1 đến {MOST_PARAMS} tham số.")
    for param in params:
        if not _NAME.fullmatch(param.name):
            raise TemplateError(
                f"Tên tham số “{param.name}” chưa đúng: chỉ gồm chữ không dấu, số và gạch dưới, "
                "bắt đầu bằng chữ."
            )
        if not 1 <= param.limit <= LONGEST_PARAM:
            raise TemplateError(f"Độ dài tối đa của “{param.name}” là số từ 1 đến {LONGEST_PARAM}.")
        if param.field and param.field not in NAMES:
            raise TemplateError(f"Không có trường tự điền “{param.field}”.")
    if len(set(names)) < len(names):
        raise TemplateError("Có hai tham số trùng tên.")
    written = [match[1] for match in _PARAM.finditer(body)]
    if unknown := [name for name in written if name not in names]:
        raise TemplateError(f"Nội dung có “{{{unknown[0]}}}” nhưng chưa khai báo tham số này.")
    if unused := [name for name in names if name not in written]:
        raise TemplateError(f"Tham số “{unused[0]}” chưa có trong nội dung: viết {{{unused[0]}}}.")


def _rows() -> Any:
    return select(MessageTemplate, Staff.name.label("by")).join(
        Staff, Staff.id == MessageTemplate.updated_by
    )


def _template(found: Any) -> Template:
    row = found[0]
    return Template(
        id=row.id,
        template_id=row.template_id,
        name=row.name,
        body=row.body,
        params=tuple(Param(p["name"], p["limit"], p["field"]) for p in row.params),
        daytime_only=row.daytime_only,
        active=row.active,
        updated_at=row.updated_at,
        updated_by=found.by,
    )
