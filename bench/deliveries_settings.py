"""The bench's project on a database that a worker in a process of its own sees, too, with a hook."""

from __future__ import annotations

import os

from example_app.database import database_from_url

from .settings import *  # noqa: F403

DATABASES = {
    "default": {
        **database_from_url(os.environ["BENCH_DATABASE_URL"]),
        "NAME": os.environ["BENCH_DATABASE_NAME"],
        # As servers have it: a call does not begin by connecting.
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": os.environ["BENCH_DATABASE_NAME"]},
    }
}
DJACTION_HOOKS = {
    "crm": {
        "type": "webhook",
        "url": os.environ["BENCH_RECEIVER_URL"],
        "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "timeout": 0.2,
    }
}
DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)
DJACTION_POLL_SECONDS = 0.02
