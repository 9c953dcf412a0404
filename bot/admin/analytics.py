"""/admin/analytics: the figures of a period, as a page and as files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot import auth
from bot.admin.views import READERS, blueprint
from bot.database import session_scope
from bot.errors import PeriodError
from bot.services import catalogue, places
from bot.services.analytics import export, periods, procedures, report
from bot.services.analytics.scope import Scope
from bot.services.analytics.tables import department_names
from bot.services.working_days import VIETNAM
from bot.templating import CHANNELS

SHOWN = 15  # rows of a table at once; the rest is one click away
PRESETS = {periods.WEEK: "Tuần này", periods.MONTH: "30 ngày", periods.CUSTOM: "Tự chọn"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/analytics")
@auth.allow(*READERS)
def analytics() -> ResponseReturnValue:
    """The figures of the period that was chosen; the form with what is wrong when it can't be."""
    try:
        found, said, code = _report(), "", 200
    except PeriodError as error:
        found, said, code = None, str(error), 400
    page = render_template(
        "admin/analytics.html",
        report=found,
        said=said,
        shown=SHOWN,
        busiest=_busiest_hour(found) if found else 0,
        presets=PRESETS,
        chosen=_chosen(),
        departments=department_names(),
        communes=_communes(),
    )
    return page, code


@blueprint.get("/analytics.csv")
@auth.allow(*READERS)
def analytics_csv() -> ResponseReturnValue:
    """All figures and tables in one CSV file."""
    return _file("csv", "text/csv; charset=utf-8")


@blueprint.get("/analytics.xlsx")
@auth.allow(*READERS)
def analytics_xlsx() -> ResponseReturnValue:
    """All figures and tables, a sheet for each."""
    return _file("xlsx", XLSX)


def _file(ending: str, mimetype: str) -> ResponseReturnValue:
    try:
        found = _report()
    except PeriodError as error:
        return render_template("error.html", message=str(error), code=400), 400
    made = export.as_csv(found) if ending == "csv" else export.as_xlsx(found)
    response = make_response(made)
    name = export.file_name(found, ending)
    response.headers["Content-Type"] = mimetype
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _report() -> report.Report:
    """Raises PeriodError."""
    chosen = _chosen()
    today = dt.datetime.now(VIETNAM).date()
    period = periods.of(chosen["period"], today, chosen["from"], chosen["to"])
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        owners = _owners(session)
        department = chosen["department"]
        scope = Scope(
            period,
            channel=chosen["channel"],
            commune=chosen["commune"],
            department=department,
            codes=tuple(code for code, owner in owners.items() if owner == department),
        )
        return report.make(session, scope, owners)


def _chosen() -> dict[str, str]:
    """What the address asks for; "" for what there is not."""
    given = request.args

    def one_of(name: str, known: Mapping[str, Any]) -> str:
        value = given.get(name, "")
        return value if value in known else ""

    return {
        "period": one_of("period", PRESETS) or periods.MONTH,
        "from": given.get("from", "")[:20],
        "to": given.get("to", "")[:20],
        "channel": one_of("channel", CHANNELS),
        "department": one_of("department", department_names()),
        "commune": one_of("commune", _communes()),
    }


def _busiest_hour(found: report.Report) -> int:
    load = next(table.rows for table in found.tables if table.key == "hours")
    return max((int(cell or 0) for _, *row in load for cell in row), default=0)


def _communes() -> dict[str, str]:
    units = places.tables().units.values()
    return {unit.code: unit.name for unit in units}


def _owners(session: Session) -> Mapping[str, str]:
    """The department of each procedure: read anew only when the catalogue has changed."""
    known = current_app.extensions
    now = catalogue.version(session)
    version, found = known.get("procedure_owners", (None, {}))
    if version != now:
        found = procedures.departments(session)
        known["procedure_owners"] = (now, found)
    owners: Mapping[str, str] = found
    return owners
