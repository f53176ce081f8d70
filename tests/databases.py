"""The databases that the tests run on: which are meant, and which of them answer."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from example_app.database import database_from_url

SQLITE = "SQLite"
STANDARD = {
    "PostgreSQL": "postgres://postgres@127.0.0.1:5432/postgres",
    "MariaDB": "mysql://root@127.0.0.1:3306/",
}
"""Where each server is looked for when TEST_DATABASE_URLS does not name another place."""

TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A database that the tests are meant to run on."""

    name: str
    url: str
    is_required: bool = False
    """Whether it is a failure that it does not answer."""

    @property
    def address(self) -> str:
        """Where it is, without its password."""
        return re.sub(r":[^:@/]+@", ":…@", self.url)


def targets(environ: Mapping[str, str]) -> list[Target]:
    """SQLite, then one of each server: at the place TEST_DATABASE_URLS names, else at its standard address.

    REQUIRE_SERVICES=1 makes every server required. One that TEST_DATABASE_URLS names always is.

    Raises:
        ValueError: TEST_DATABASE_URLS holds something that is no URL of a known server.
    """
    named = {}
    for url in re.split(r"[\s,]+", environ.get("TEST_DATABASE_URLS", "").strip()):
        if url:
            named[_server(url)] = url
    is_required = environ.get("REQUIRE_SERVICES") == "1"
    servers = [
        Target(name, named.get(name, standard), is_required or name in named) for name, standard in STANDARD.items()
    ]
    return [Target(SQLITE, "sqlite://", is_required=True), *servers]


def _server(url: str) -> str:
    engine = database_from_url(url)["ENGINE"].rpartition(".")[2]
    if engine == "sqlite3":
        raise ValueError(f"TEST_DATABASE_URLS names {url}, but SQLite is always tested. Name servers only.")
    return {"postgresql": "PostgreSQL", "mysql": "MariaDB"}[engine]


def version(target: Target) -> str:
    """What the database says it is.

    Raises:
        OSError: It does not answer, or does not let us in; or its driver is not installed.
    """
    settings = database_from_url(target.url)
    try:
        return {SQLITE: _sqlite, "PostgreSQL": _postgres, "MariaDB": _mariadb}[target.name](settings)
    except ModuleNotFoundError as error:
        raise OSError(f"{error.name} is not installed") from error


def _sqlite(settings: Mapping[str, Any]) -> str:
    return sqlite3.sqlite_version


def _postgres(settings: Mapping[str, Any]) -> str:
    import psycopg

    try:
        with psycopg.connect(
            host=settings["HOST"],
            port=settings["PORT"] or 5432,
            user=settings["USER"],
            password=settings["PASSWORD"] or None,
            dbname="postgres",
            connect_timeout=TIMEOUT_SECONDS,
        ) as connection:
            return str(connection.info.parameter_status("server_version"))
    except psycopg.OperationalError as error:
        raise OSError(str(error).strip().partition("\n")[0]) from error


def _mariadb(settings: Mapping[str, Any]) -> str:
    with _to_mariadb(settings) as connection:
        # MariaDB puts a version before its own, for clients that are older than its name.
        return str(connection.get_server_info()).removeprefix("5.5.5-")


def _to_mariadb(settings: Mapping[str, Any]) -> Any:
    import pymysql

    try:
        return pymysql.connect(
            host=settings["HOST"],
            port=int(settings["PORT"] or 3306),
            user=settings["USER"],
            password=settings["PASSWORD"],
            connect_timeout=TIMEOUT_SECONDS,
        )
    except pymysql.MySQLError as error:
        raise OSError(str(error.args[-1])) from error


@contextmanager
def commits_at_ease(target: Target) -> Iterator[None]:
    """Have MariaDB not wait for the disk at each commit, where we may say so to it; afterwards it is as before.

    PostgreSQL and SQLite are told the same in `tests.settings`, each session for itself.
    """
    before = _set_flush(target, 0) if target.name == "MariaDB" else None
    try:
        yield
    finally:
        if before is not None:
            _set_flush(target, before)


def _set_flush(target: Target, value: int) -> int | None:
    """What was set before; None where we may not set it, and everything takes longer."""
    from pymysql import OperationalError

    with _to_mariadb(database_from_url(target.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.innodb_flush_log_at_trx_commit")
        (before,) = cursor.fetchone()
        try:
            cursor.execute("SET @@GLOBAL.innodb_flush_log_at_trx_commit = %s", [value])
        except OperationalError:
            return None
        return int(before)
