"""What a call costs while its events cannot be delivered, against while they can.

    python -m bench.deliveries

A worker in a process of its own sends the events of the calls to a receiver in another one, which is up, silent or
refuses connections, in turn. Each call is timed by the clock on the wall, one after the other, beside the worker.
On PostgreSQL, at its standard address or at BENCH_DATABASE_URL, else on SQLite in a file.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

LIMIT = 1.05
NAME = "a call while its receiver is down / up"
ROUNDS = 12
CALLS = 40
PATIENCE_SECONDS = 60
UP = "up"
DOWN = ("silent", "refusing")
ROOT = Path(__file__).resolve().parent.parent
POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"


def measure() -> dict[str, Any]:
    """Measure in a process of its own, which has a database of its own.

    Returns:
        `{"name", "value", "limit", "database"}`, and the median seconds of a call by how the receiver was.
    """
    command = [sys.executable, "-m", "bench.deliveries"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if finished.returncode:
        raise RuntimeError(f"{NAME} could not be measured:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def main() -> None:
    """Measure here."""
    with ExitStack() as stack:
        say = stack.enter_context(_receiver())
        stack.enter_context(_database(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.enter_context(_worker())
        seconds = _rounds(say)
    medians = {how: statistics.median(some) for how, some in seconds.items()}
    # The worse of the two ways to be down.
    value = max(medians[how] for how in DOWN) / medians[UP]
    print(json.dumps({"name": NAME, "value": value, "limit": LIMIT, "database": _vendor(), **medians}))


def _rounds(say: Callable[[str], None]) -> dict[str, list[float]]:
    from django.core.handlers.wsgi import WSGIHandler

    from .calls import Way, call

    handler = WSGIHandler()
    way = Way("d", "", "/package/1/mark_done/", is_tracked=True)
    seconds: dict[str, list[float]] = {how: [] for how in (UP, *DOWN)}
    for number in range(ROUNDS + 1):
        for how in (UP, *DOWN):
            # Nothing that could not be sent before is sent while a call is timed.
            say(UP)
            _wait_until_all_is_sent()
            say(how)
            for _ in range(CALLS):
                started = time.perf_counter()
                call(handler, way)
                if number:
                    seconds[how].append(time.perf_counter() - started)
            _check(how)
    return seconds


def _wait_until_all_is_sent() -> None:
    from actions import delivery
    from actions.models import Delivery

    delivery.enable("crm", "default")
    _until(lambda: not Delivery.objects.filter(state="waiting").exists())


def _check(how: str) -> None:
    """The receiver has been what it was meant to be."""
    from actions.models import Delivery

    if how != UP and Delivery.objects.filter(state="waiting").count() < CALLS:
        raise RuntimeError(f"The receiver was {how}, and got messages.")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("The worker does not send.")
        time.sleep(0.01)


@contextmanager
def _receiver() -> Iterator[Callable[[str], None]]:
    """Has a receiver be up, silent or refusing; its address is in the environment."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        told, said = _pipes(process)
        os.environ["BENCH_RECEIVER_URL"] = f"http://127.0.0.1:{said.readline().strip()}/"

        def say(how: str) -> None:
            told.write(f"{how}\n")
            told.flush()
            said.readline()

        yield say


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


@contextmanager
def _database(folder: str) -> Iterator[None]:
    """A database with a todo in it, for as long as it is needed."""
    import django

    url = os.environ.get("BENCH_DATABASE_URL") or (POSTGRES if _answers(POSTGRES) else "sqlite://")
    is_file = url.startswith("sqlite")
    os.environ["BENCH_DATABASE_URL"] = url
    os.environ["BENCH_DATABASE_NAME"] = str(Path(folder) / "bench.sqlite3") if is_file else f"bench_{os.getpid()}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.deliveries_settings"
    django.setup()
    from django.db import connection

    name = os.environ["BENCH_DATABASE_NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _fill()
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _answers(url: str) -> bool:
    from tests.databases import Target, version

    try:
        version(Target("PostgreSQL", url))
    except OSError:
        return False
    return True


def _fill() -> None:
    from django.contrib.auth.models import User

    from example_app.models import Todo, TodoList

    from .callers import EverybodyIsAlice

    EverybodyIsAlice.alice = User.objects.create_user("alice")
    todo_list = TodoList.objects.create(name="Bench", owner=EverybodyIsAlice.alice)
    Todo.objects.create(pk=1, title="Todo", list=todo_list, owner=EverybodyIsAlice.alice)


def _vendor() -> str:
    from django.db import connection

    return connection.vendor


@contextmanager
def _worker() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "manage.py", "actions_worker"], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


if __name__ == "__main__":
    main()
