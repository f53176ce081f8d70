"""What a step prints is in its job's log, and in no other.

The streams of the process are wrapped once, and what is written passes through to them as before. Besides, it goes to
the step in whose context it was written. Threads that a step starts are in its context, too. What is logged goes there
by the engine's own handler.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from actions.processes.exceptions import AgainError
from actions.processes.registry import processes
from actions.redaction import mask, secret_names, secret_texts

from .log_files import append
from .threads import follow_threads

if TYPE_CHECKING:
    from actions.processes.context import StepContext

MAX_CHARACTERS = 1_000_000
"""What a step's log keeps of what it prints; the streams get all of it."""
CUT = "… (cut: a step's log keeps a million characters)"

_current: ContextVar[Captured | None] = ContextVar("actions_workflow_output", default=None)


class Captured:
    """What one try of a step prints, by lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._lock = threading.Lock()
        self._rest = ""
        self._left = MAX_CHARACTERS
        self.is_open = True

    def write(self, text: str) -> None:
        """Add to it."""
        with self._lock:
            if not self.is_open or not self._left:
                return
            kept = text[: self._left]
            self._left -= len(kept)
            *lines, self._rest = (self._rest + kept).split("\n")
            self._lines.extend(lines)

    def close(self) -> None:
        """Take nothing more: a thread may outlive the step that has started it."""
        with self._lock:
            self.is_open = False
            self._lines.extend([self._rest] if self._rest else [])
            self._lines.extend([] if self._left else [CUT])


class Stream:
    """A stream of the process, whose text also goes to the step that writes it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """See `io.TextIOBase`."""
        captured_here = _current.get()
        if captured_here is not None:
            captured_here.write(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        """See `io.IOBase`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)


def wrap_streams() -> None:
    """Have both streams of the process wrapped. Whoever replaces them later is wrapped by the next step."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Stream):
            setattr(sys, name, Stream(stream))
    follow_threads()


@contextmanager
def captured(context: StepContext) -> Iterator[None]:
    """Have what is printed in this block in the step's log; with what it logs, in the job's file as well."""
    wrap_streams()
    output, first = Captured(context.lines), len(context.lines)
    token = _current.set(output)
    error = ""
    try:
        yield
    except AgainError:
        raise
    except BaseException:
        error = traceback.format_exc()
        raise
    finally:
        _current.reset(token)
        output.close()
        lines, secrets = [*context.lines[first:], *error.splitlines()], _secrets(context)
        append(context.process, context.run_uid, [mask(line, secrets) for line in lines])


def _secrets(context: StepContext) -> set[str]:
    """What is masked in the file, as in the step's row."""
    process = processes.get(context.process)
    return secret_texts(context.payload, secret_names(process.sensitive if process is not None else ()))
