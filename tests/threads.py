"""Calls at the same time, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

PATIENCE_SECONDS = 60


class Call:
    """A function that has been begun in a thread."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._answers: list[Any] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answers.append(self._function())
        except BaseException as error:  # noqa: BLE001 - it is an answer like any other
            self._answers.append(error)
        finally:
            connections.close_all()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> Any:
        """What it returned or raised, in the end."""
        self._thread.join(PATIENCE_SECONDS)
        assert self._answers, "it has not come to an end"
        return self._answers[0]


def together(count: int, function: Callable[[], Any]) -> list[Any]:
    """What a function returns or raises that is called so many times at once."""
    start = threading.Barrier(count)

    def begin() -> Any:
        start.wait(PATIENCE_SECONDS)
        return function()

    calls = [Call(begin) for _ in range(count)]
    return [call.answer() for call in calls]


class Gate:
    """A place in a call where it stops until it may go on: `keyed.meanwhile.append(gate)`."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self._reached.set()
        assert self._open.wait(PATIENCE_SECONDS)

    def wait(self) -> None:
        """Until the call is there."""
        assert self._reached.wait(PATIENCE_SECONDS)

    def open(self) -> None:
        """Let it go on."""
        self._open.set()
