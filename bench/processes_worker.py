"""A worker with the measured processes, and how many statements it has sent: a number for each line it is given.

python -m bench.processes_worker QUEUE,QUEUE
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 30


class Helper:
    """Such a worker in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def count(self) -> int:
        """How many statements it has sent."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def workers(*queues: str) -> Iterator[list[Helper]]:
    """One for each text of queues, "one,all"; they are there, and listen, when the block begins."""
    with ExitStack() as stack:
        helpers = [stack.enter_context(_worker(each)) for each in queues]
        for helper in helpers:
            helper.count()
        yield helpers


@contextmanager
def _worker(queues: str) -> Iterator[Helper]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "bench.processes_worker", queues]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
    try:
        yield Helper(process)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def main() -> None:
    """Work until told to stop."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db.backends.signals import connection_created

    from .processes_made import register

    register()
    statements = itertools.count()
    connection_created.connect(lambda connection, **_more: _count(connection, statements), weak=False)
    threading.Thread(target=_answer, args=(statements,), daemon=True).start()
    call_command("actions_worker", queues=sys.argv[1], verbosity=0)


def _count(connection: Any, statements: Iterator[int]) -> None:
    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        next(statements)
        return execute(*arguments)

    # One that is opened again has it already.
    if not connection.execute_wrappers:
        connection.execute_wrappers.append(count)


def _answer(statements: Iterator[int]) -> None:
    for asked, _line in enumerate(sys.stdin):
        # To look takes a number, too.
        print(next(statements) - asked, flush=True)


if __name__ == "__main__":
    main()
