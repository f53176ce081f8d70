"""Sources in memory, in files and in pipes; see `streams`."""

from __future__ import annotations

import os
from collections.abc import Callable


class BytesSource:
    """What is in memory already."""

    def __init__(self, data: bytes) -> None:
        self._left = memoryview(data)

    def fileno(self) -> int | None:
        """Always ready."""
        return None

    def read(self, size: int) -> bytes | None:
        """See `Source`."""
        data, self._left = bytes(self._left[:size]), self._left[size:]
        return data

    def finish(self) -> None:
        """It is all there anyway."""

    def close(self) -> None:
        """Nothing to let go of."""


class FileSource:
    """A file; one that is followed has no end before somebody says so."""

    def __init__(self, descriptor: int, *, is_followed: bool = False) -> None:
        self._descriptor = descriptor
        self._is_followed = is_followed

    def fileno(self) -> int | None:
        """A file is always ready, as far as the system knows."""
        return None

    def read(self, size: int) -> bytes | None:
        """See `Source`. A followed file that has become shorter is read again from its beginning."""
        data = os.read(self._descriptor, size)
        if data or not self._is_followed:
            return data
        if os.fstat(self._descriptor).st_size < os.lseek(self._descriptor, 0, os.SEEK_CUR):
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        return None

    def finish(self) -> None:
        """See `Source`."""
        self._is_followed = False

    def close(self) -> None:
        """See `Source`."""
        os.close(self._descriptor)


class NotMadeError(FileNotFoundError):
    """A program has ended without making its file."""


class LateFileSource:
    """A file that the program makes, and then adds to."""

    def __init__(self, open_it: Callable[[], int]) -> None:
        self._open = open_it
        self._source: FileSource | None = None
        self.is_finished = False

    def fileno(self) -> int | None:
        """See `FileSource`."""
        return None

    def read(self, size: int) -> bytes | None:
        """See `Source`.

        Raises:
            NotMadeError: Nobody has made it, and nobody will.
        """
        if self._source is None:
            try:
                self._source = FileSource(self._open(), is_followed=not self.is_finished)
            except FileNotFoundError as error:
                if self.is_finished:
                    raise NotMadeError(error.errno, error.strerror, error.filename) from error
                return None
        return self._source.read(size)

    def finish(self) -> None:
        """See `Source`."""
        self.is_finished = True
        if self._source is not None:
            self._source.finish()

    def close(self) -> None:
        """See `Source`."""
        if self._source is not None:
            self._source.close()


class PipeSource:
    """The reading end of a pipe."""

    def __init__(self, descriptor: int, *, ends: bool = True, begins_late: bool = False) -> None:
        """Take a descriptor.

        Args:
            descriptor: Closed with it.
            ends: Whether its writer's end is the end; of a named pipe there may be another writer.
            begins_late: Whether the first writer of a named pipe is still to come.
        """
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._ends = ends
        self._begins_late = begins_late
        self._is_empty = begins_late

    def fileno(self) -> int | None:
        """See `Source`. A named pipe without a writer is always ready, and so it is not waited for."""
        return None if self._is_empty else self._descriptor

    def read(self, size: int) -> bytes | None:
        """See `Source`."""
        try:
            data = os.read(self._descriptor, size)
        except BlockingIOError:
            self._is_empty = False
            return None
        self._begins_late = self._begins_late and not data
        self._is_empty = not data and (self._begins_late or not self._ends)
        return None if self._is_empty else data

    def finish(self) -> None:
        """See `Source`."""
        self._ends, self._begins_late = True, False

    def close(self) -> None:
        """See `Source`."""
        os.close(self._descriptor)
