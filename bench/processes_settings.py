"""The bench's project with the process engine, on a database that workers in processes of their own see, too."""

from __future__ import annotations

import os

from example_app.database import database_from_url

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS

_database = database_from_url(os.environ["BENCH_DATABASE_URL"])
if _database["ENGINE"].endswith("sqlite3"):
    # Every commit is on the disk before it is said to be done, as with PostgreSQL.
    _database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"

INSTALLED_APPS = [*INSTALLED_APPS, "actions.processes"]
DATABASES = {
    "default": {
        **_database,
        "NAME": os.environ["BENCH_DATABASE_NAME"],
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": os.environ["BENCH_DATABASE_NAME"]},
    }
}
DJACTION_PROCESS_FOLDERS: list[str] = []
DJACTION_QUEUES = ("default", "one", "all")
DJACTION_NOTIFY = "postgres" in _database["ENGINE"]
DJACTION_POLL_SECONDS = float(os.environ.get("BENCH_POLL_SECONDS", "1"))
