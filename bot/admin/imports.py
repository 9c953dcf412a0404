"""/admin/import: a file is read, its effect is shown, and only a confirmation writes it."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import (
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bot import auth
from bot.admin.uploads import KEPT_FOR, MAX_FILE, Uploads, without_path
from bot.admin.views import WRITERS, blueprint
from bot.catalogue import fact_words
from bot.catalogue.report import ImportReport
from bot.catalogue.xlsx import write_template
from bot.database import session_scope
from bot.errors import CatalogueError
from bot.services import audit, catalogue

MAX_CHOICES = 4 * 1024 * 1024  # bytes of a confirmation with a choice for each edit of staff
FORM_ROOM = 64 * 1024  # bytes of the form around the file


@dataclass(frozen=True)
class Confirmed:
    """What a confirmation stands for: whose, which file, of what day, seen against what."""

    staff_id: int
    key: str
    crawl_date: dt.date | None
    version: int


@blueprint.get("/import")
@auth.allow(*WRITERS)
def import_form() -> ResponseReturnValue:
    """The form for a file."""
    return render_template("admin/import.html", error="")


@blueprint.get("/import/template.xlsx")
@auth.allow(*WRITERS)
def template() -> ResponseReturnValue:
    """The empty XLSX template."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mau-thu-tuc.xlsx"
        write_template(path)
        content = io.BytesIO(path.read_bytes())
    return send_file(content, as_attachment=True, download_name="mau-thu-tuc.xlsx")


@blueprint.post("/import")
@auth.allow(*WRITERS, max_body=MAX_FILE + FORM_ROOM)
def preview() -> ResponseReturnValue:
    """Read the uploaded file and show what it would change; nothing is written."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _refuse("Anh/chị chưa chọn tệp.")
    try:
        day = _day(request.form.get("crawl_date", ""))
    except ValueError:
        return _refuse("Ngày của dữ liệu chưa đúng.")
    try:
        key, path = _uploads().keep(upload)
    except CatalogueError as error:
        return _refuse(str(error))
    try:
        return _show(key, path, day)
    except CatalogueError as error:
        _uploads().forget(key)
        return _refuse(f"{without_path(error, path)}. Danh mục không thay đổi.")
    except BaseException:
        _uploads().forget(key)
        raise


@blueprint.post("/import/confirm")
@auth.allow(*WRITERS, max_body=MAX_CHOICES)
def confirm() -> ResponseReturnValue:
    """Write a previewed file, unless the catalogue has changed since the preview."""
    asked = _read_token(request.form.get("token", ""))
    if asked is None:
        return _refuse("Bản xem trước đã hết hạn. Mời anh/chị tải tệp lên lại.")
    with _uploads().taken(asked.key) as path:
        if path is None:
            return _refuse("Tệp này đã được nạp hoặc đã bị bỏ. Mời anh/chị tải tệp lên lại.")
        if _version() != asked.version:
            return _refuse("Danh mục vừa thay đổi sau khi xem trước. Mời anh/chị tải tệp lên lại.")
        try:
            report = _import(path, asked)
        except CatalogueError as error:
            return _refuse(f"{without_path(error, path)}. Danh mục không thay đổi.")
    return render_template("admin/imported.html", report=report)


@blueprint.post("/import/cancel")
@auth.allow(*WRITERS)
def cancel() -> ResponseReturnValue:
    """Forget a previewed file."""
    asked = _read_token(request.form.get("token", ""))
    if asked is not None:
        _uploads().forget(asked.key)
    flash("Đã bỏ tệp. Danh mục không thay đổi.")
    return redirect(url_for("admin.import_form"), 303)


def _show(key: str, path: Path, day: dt.date | None) -> str:
    staff_id = auth.signed_in().id
    version = _version()
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        report = catalogue.import_files(session, [path], dry_run=True, crawl_date=day)
    with session_scope(current_app.extensions["sessions"]) as session:
        audit.record(session, staff_id, "import_preview", "catalogue", path.name, _figures(report))
    token = _serializer().dumps([staff_id, key, day.isoformat() if day else "", version])
    return render_template(
        "admin/preview.html",
        report=report,
        token=token,
        name=path.name,
        lines=fact_words.lines,
        label=fact_words.label,
    )


def _import(path: Path, asked: Confirmed) -> ImportReport:
    with session_scope(current_app.extensions["sessions"]) as session:
        report = catalogue.import_files(
            session,
            [path],
            crawl_date=asked.crawl_date,
            staff_id=asked.staff_id,
            overwrite=frozenset(request.form.getlist("overwrite")),
        )
        audit.record(session, asked.staff_id, "import", "catalogue", path.name, _figures(report))
    return report


def _figures(report: ImportReport) -> dict[str, int]:
    return {
        "read": report.read,
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
    }


def _read_token(token: str) -> Confirmed | None:
    """What the token confirms; None when it is forged, too old or somebody else's."""
    try:
        staff_id, key, day, version = _serializer().loads(token, max_age=int(KEPT_FOR))
    except BadSignature:
        return None
    if staff_id != auth.signed_in().id:
        return None
    return Confirmed(staff_id, key, _day(day), version)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="catalogue import")


def _uploads() -> Uploads:
    return Uploads(current_app.extensions["settings"].var_dir / "uploads")


def _version() -> int:
    with session_scope(current_app.extensions["sessions"], readonly=True) as session:
        return catalogue.version(session)


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _refuse(said: str) -> ResponseReturnValue:
    return render_template("admin/import.html", error=said), 422
