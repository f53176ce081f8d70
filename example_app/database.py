"""One database as a URL, for settings that come from the environment."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "mariadb": "django.db.backends.mysql",
}

SQLITE_OPTIONS = {
    # A transaction that will write takes the write lock when it begins, and waits for it, instead of failing half-way.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # Readers do not wait for the one writer.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


def database_from_url(url: str) -> dict[str, Any]:
    """One entry of `DATABASES`.

    Args:
        url: `sqlite:///file`, `sqlite:////absolute/file`, `postgres://user:password@host:port/name`, `mysql://…` (also
            for MariaDB). Options of the driver may follow: `?sslmode=require`.

    Raises:
        ValueError: The URL's scheme is not one of these.
    """
    parts = urlsplit(url)
    if parts.scheme not in ENGINES:
        raise ValueError(
            f"{parts.scheme or url!r} is not a known database. Use one of {', '.join(ENGINES)}: scheme://…"
        )
    engine = ENGINES[parts.scheme]
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.removeprefix("/"))
    if engine.endswith("sqlite3"):
        return {"ENGINE": engine, "NAME": name or ":memory:", "OPTIONS": {**SQLITE_OPTIONS, **options}}
    if engine.endswith("mysql"):
        _use_pymysql()
        options = {"charset": "utf8mb4", **options}
    return {
        "ENGINE": engine,
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def _use_pymysql() -> None:
    """Let Django's MySQL backend, which imports mysqlclient, find PyMySQL where that is what is installed."""
    try:
        import pymysql
    except ModuleNotFoundError:
        return
    pymysql.install_as_MySQLdb()
