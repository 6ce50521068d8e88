"""A customer's database: frames in, the rows of an exported statement out."""

# ruff: noqa: S603 - the server is started from its own installation
from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import chown, geteuid
from pathlib import Path
from pwd import getpwnam

import duckdb
import pandas as pd

PG_TYPES = {"i": "bigint", "f": "double precision", "b": "boolean", "M": "timestamp"}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class DuckDB:
    name = "duckdb"

    def __init__(self) -> None:
        self.connection = duckdb.connect()

    def load(self, **frames: pd.DataFrame) -> None:
        for name, frame in frames.items():
            self.connection.register("given", frame)
            self.connection.execute(
                f"create or replace table {quoted(name)} as select * from given"
            )
            self.connection.unregister("given")

    def rows(self, sql: str) -> list[dict]:
        found = self.connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def close(self) -> None:
        self.connection.close()


class Postgres:
    name = "postgres"

    def __init__(self, socket: Path) -> None:
        import psycopg

        self.connection = psycopg.connect(
            host=str(socket), user="test", dbname="postgres", autocommit=True
        )
        # A session far from UTC, in which no score may move.
        self.connection.execute("set time zone 'America/New_York'")

    def load(self, **frames: pd.DataFrame) -> None:
        for name, frame in frames.items():
            kinds = {c: PG_TYPES.get(frame[c].dtype.kind, "text") for c in frame.columns}
            told = ", ".join(f"{quoted(c)} {kind}" for c, kind in kinds.items())
            self.connection.execute(f"drop table if exists {quoted(name)}")
            self.connection.execute(f"create table {quoted(name)} ({told})")
            plain = frame.astype(object).where(frame.notna(), None)
            with self.connection.cursor().copy(f"copy {quoted(name)} from stdin") as copy:
                for row in plain.itertuples(index=False):
                    copy.write_row([x.item() if hasattr(x, "item") else x for x in row])

    def rows(self, sql: str) -> list[dict]:
        found = self.connection.execute(sql)
        names = [column.name for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def close(self) -> None:
        self.connection.close()


def find_initdb() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1] if found else Path(on_path) if on_path else None


def _user() -> str | None:
    """PostgreSQL refuses to run as root; somebody else then owns the server."""
    if geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            getpwnam(name)
        except KeyError:
            continue
        return name
    return None


@contextmanager
def server(initdb: Path) -> Iterator[Path]:
    """A server of its own, on a socket in its own folder; nothing of it is left behind."""
    folder, user = Path(tempfile.mkdtemp(prefix="leadscore")), _user()
    if user is not None:
        chown(folder, getpwnam(user).pw_uid, -1)
    data, run = folder / "data", {"user": user, "capture_output": True, "cwd": folder}
    quick = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")
    options = f"-c listen_addresses='' -k {folder} -c {' -c '.join(quick)}"
    try:
        # The poorest locale there is: case and order of letters must not come from it.
        subprocess.run(
            [initdb, "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C",
             "--no-sync"],
            check=True, **run,
        )  # fmt: skip
        log = folder / "log"
        subprocess.run(
            [initdb.parent / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start"],
            check=True, **run,
        )  # fmt: skip
        yield folder
    finally:
        subprocess.run(
            [initdb.parent / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, **run
        )
        shutil.rmtree(folder, ignore_errors=True)
