"""Sinks that are pipes and files; see `streams`."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable


class PipeSink:
    """The writing end of a pipe."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    def fileno(self) -> int | None:
        """See `Sink`."""
        return self._descriptor

    def write(self, data: memoryview) -> int:
        """See `Sink`."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """See `Sink`."""
        os.close(self._descriptor)


class FifoSink:
    """A named pipe that somebody will read from, sooner or later."""

    def __init__(self, open_it: Callable[[], int]) -> None:
        self._open = open_it
        self._sink: PipeSink | None = None

    def fileno(self) -> int | None:
        """See `Sink`; nobody can wait for a reader."""
        return None if self._sink is None else self._sink.fileno()

    def write(self, data: memoryview) -> int:
        """See `Sink`."""
        if self._sink is None:
            try:
                self._sink = PipeSink(self._open())
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return 0
        return self._sink.write(data)

    def close(self) -> None:
        """See `Sink`."""
        if self._sink is not None:
            self._sink.close()


class FileSink:
    """A file, which takes all or fails."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int | None:
        """Always ready."""
        return None

    def write(self, data: memoryview) -> int:
        """See `Sink`."""
        return os.write(self._descriptor, data)

    def close(self) -> None:
        """See `Sink`."""
        os.close(self._descriptor)
