"""The commands of `python -m bot`."""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.database import make_engine, make_sessions, session_scope
from bot.errors import BotError, StaffError
from bot.services.staff import ROLES
from bot.settings import ROOT, Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 failed, 2 used wrongly."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments, Settings.from_env())
    except BotError as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="The assistant's commands.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="start everything on this machine")
    run.set_defaults(run=_run)

    load = commands.add_parser("import-catalogue", help="read procedures from files")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE")
    load.add_argument("--dry-run", action="store_true", help="report only, change nothing")
    load.add_argument(
        "--crawl-date",
        type=dt.date.fromisoformat,
        help="the day the files were read from their source (YYYY-MM-DD), where they don't say",
    )
    load.set_defaults(run=_import_catalogue)

    template = commands.add_parser("catalogue-template", help="write the empty XLSX template")
    template.add_argument("file", type=Path)
    template.set_defaults(run=_catalogue_template)

    evaluate = commands.add_parser("evaluate", help="measure understanding on labelled messages")
    evaluate.add_argument("questions", type=Path)
    evaluate.add_argument("--dialogues", type=Path)
    evaluate.add_argument("--json", type=Path, dest="json_out")
    evaluate.set_defaults(run=_evaluate)

    train = commands.add_parser("train", help="train the language model from the files")
    train.set_defaults(run=_train)

    person = commands.add_parser("create-staff", help="make a staff account")
    person.add_argument("--email", required=True)
    person.add_argument("--name", required=True)
    person.add_argument("--role", required=True, choices=ROLES)
    person.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    person.set_defaults(run=_create_staff)

    seats = commands.add_parser("seed-desks", help="make the desks that data/lookups names")
    seats.set_defaults(run=_seed_desks)

    doctor = commands.add_parser("doctor", help="check every setting and outside party")
    doctor.set_defaults(run=_doctor)
    return parser


def _run(_arguments: argparse.Namespace, settings: Settings) -> int:
    from bot.run import run

    return run(settings)


def _import_catalogue(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import migrate
    from bot.services import catalogue

    migrate.upgrade(settings.database_url)
    with session_scope(make_sessions(make_engine(settings.database_url))) as session:
        report = catalogue.import_files(
            session, arguments.files, dry_run=arguments.dry_run, crawl_date=arguments.crawl_date
        )
    print(report)
    return 0


def _catalogue_template(arguments: argparse.Namespace, _settings: Settings) -> int:
    from bot.catalogue.xlsx import write_template

    write_template(arguments.file)
    print(f"Wrote {arguments.file}")
    return 0


def _evaluate(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot.evaluation.run import evaluate
    from bot.evaluation.table import table

    result = evaluate(settings, arguments.questions, arguments.dialogues)
    if arguments.json_out:
        arguments.json_out.write_text(json.dumps(result, ensure_ascii=False, indent=1))
    print(table(result))
    return 0


def _train(_arguments: argparse.Namespace, _settings: Settings) -> int:
    from bot import model_files

    print(model_files.train(ROOT / "models", print))
    return 0


def _create_staff(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import migrate
    from bot.services import staff

    password = _read_password(from_stdin=arguments.password_stdin)
    migrate.upgrade(settings.database_url)
    with session_scope(make_sessions(make_engine(settings.database_url))) as session:
        made = staff.create(
            session,
            email=arguments.email,
            name=arguments.name,
            role=arguments.role,
            password=password,
        )
    print(f"Made the account {made.email} ({made.role})")
    return 0


def _seed_desks(_arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import migrate
    from bot.services import desks

    migrate.upgrade(settings.database_url)
    with session_scope(make_sessions(make_engine(settings.database_url))) as session:
        done = desks.seed(session)
    print(f"Desks: {done.added} added, {done.renamed} renamed")
    return 0


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise StaffError("the two passwords differ; nothing was made")
    return first


def _doctor(_arguments: argparse.Namespace, settings: Settings) -> int:
    from bot.doctor import examine

    findings = examine(settings)
    for finding in findings:
        print(finding)
    return int(any(not finding.ok for finding in findings))
