"""`python -m simulator onestop`: fill the reference database, or move its cases on."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import case, create_engine, select
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from simulator.onestop import config, schema
from simulator.onestop.advance import advance
from simulator.onestop.generator import WELL_KNOWN, fill

VIETNAM = dt.timezone(dt.timedelta(hours=7))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        engine = _engine(options.database_url)
        if options.advance is not None:
            moved = advance(engine, options.advance, today=options.today, codes=options.code)
            sys.stdout.writelines(f"{code}\n" for code in moved)
            return 0
        fill(engine, options.cases, seed=options.seed, today=options.today)
        for line in sample(engine, options.sample):
            sys.stdout.write(line + "\n")
        if options.config_out:
            config.write(options.config_out, options.database_url)
    except ArgumentError:
        # Its text would repeat the URL, and with it the password.
        sys.stderr.write("onestop: --database-url is not the URL of a database\n")
        return 1
    except (SQLAlchemyError, OSError, ValueError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        sys.stderr.write(f"onestop: {reason}\n")
        return 1
    return 0


def sample(engine: Engine, count: int) -> Iterator[str]:
    """`count` cases as JSON lines with the second facts that open them, well-known ones first."""
    cases = schema.ho_so
    known = cases.c.ma_ho_so.in_([k.code for k in WELL_KNOWN])
    query = (
        select(cases)
        # The serial number last in the code spreads the sample over the offices.
        .order_by(case((known, 0), else_=1), cases.c.so_dinh_danh, cases.c.ma_ho_so)
        .limit(count)
    )
    with engine.connect() as connection:
        for row in connection.execute(query):
            yield json.dumps(
                {
                    "code": row.ma_ho_so,
                    "status": row.ma_trang_thai,
                    "due": row.ngay_hen_tra.isoformat() if row.ngay_hen_tra else None,
                    "phone_last4": row.so_dien_thoai[-4:],
                    "id_last4": row.so_dinh_danh[-4:],
                }
            )


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return create_engine(parsed, future=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator onestop", description=__doc__)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--cases", type=_count, default=10_000, help="how many cases (10000)")
    parser.add_argument("--config-out", type=Path, help="write the ONESTOP_CONFIG that reads it")
    parser.add_argument("--sample", type=_count, default=0, help="print so many cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--today",
        type=dt.date.fromisoformat,
        default=dt.datetime.now(VIETNAM).date(),
        help="the day that dates are counted from (today)",
    )
    parser.add_argument("--advance", type=_count, help="move so many cases one status on instead")
    parser.add_argument("--code", action="append", default=[], help="with --advance: just these")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value
