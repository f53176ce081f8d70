"""A database for the bench of processes, as long as it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"


@contextmanager
def database(url: str, folder: str) -> Iterator[str]:
    """Make one, and set Django up with it and with the processes that are measured; its vendor."""
    import django

    is_file = url.startswith("sqlite")
    os.environ["BENCH_DATABASE_URL"] = url
    os.environ["BENCH_DATABASE_NAME"] = str(Path(folder) / "bench.sqlite3") if is_file else f"bench_{os.getpid()}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.processes_settings"
    django.setup()
    from django.db import connection, connections

    from actions.work import notifying

    name = os.environ["BENCH_DATABASE_NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _fill()
        yield connection.vendor
    finally:
        notifying.close()
        connections.close_all()
        connection.creation.destroy_test_db(name, verbosity=0)


def _fill() -> None:
    from django.contrib.auth.models import User

    from example_app.models import TodoList

    from . import ceiling, processes_made

    processes_made.register()
    ceiling.make_tables()
    owner = User.objects.create_user("alice")
    TodoList.objects.bulk_create(TodoList(name="Bench", owner=owner) for _ in range(processes_made.LISTS))
