"""Has threads that a step starts be in the step's context, as coroutines are, so that what they say is the step's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial, wraps
from typing import Any

from actions.processes.context import current_step


@cache
def follow_threads() -> None:
    """Do so from now on; once in a process."""
    threading.Thread.start = _in_context(threading.Thread.start)  # type: ignore[method-assign, assignment]
    ThreadPoolExecutor.submit = _submitting(ThreadPoolExecutor.submit)  # type: ignore[method-assign]


def _in_context(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def start_in_context(self: threading.Thread) -> None:
        if current_step.get() is not None:
            self.run = partial(copy_context().run, self.run)  # type: ignore[method-assign]
        start(self)

    return start_in_context


def _submitting(submit: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    @wraps(submit)
    def submit_in_context(self: ThreadPoolExecutor, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        # Also outside of a step: the thread that takes it may be one that a step has started.
        return submit(self, partial(copy_context().run, function), *args, **kwargs)

    return submit_in_context
