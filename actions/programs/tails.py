"""The end of what a program says, within a bound."""

from __future__ import annotations

from dataclasses import dataclass


class Tail:
    """Keeps the last bytes of a stream, and how long all of it was."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self.size = 0

    def add(self, data: bytes | memoryview) -> None:
        """Take what comes next."""
        self.size += len(data)
        self._kept += data[-self._limit :]
        # Not at each chunk: what is thrown away at the front moves all the rest.
        if len(self._kept) > 2 * self._limit:
            del self._kept[: -self._limit]

    def kept(self) -> Kept:
        """What there is of it now."""
        return Kept(bytes(self._kept[-self._limit :]), self.size)


@dataclass(frozen=True, slots=True)
class Kept:
    """The last bytes of a stream."""

    data: bytes = b""
    size: int = 0
    """Of the whole stream."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return self.size == len(self.data)

    @property
    def is_text(self) -> bool:
        """Whether `text` says all of it."""
        try:
            return "\0" not in self.data.decode()
        except UnicodeDecodeError:
            return False

    @property
    def text(self) -> str:
        r"""For people: what is no UTF-8, and NUL, which no database takes, as "\xff"."""
        return self.data.decode(errors="backslashreplace").replace("\0", "\\x00")
