"""Moves data from sources to sinks, many at once in one thread, with one chunk of each in memory."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable

from .streams import Sink, Source

TICK_SECONDS = 0.05
"""How often one looks at what cannot be waited for, such as a file that grows."""

Tap = Callable[[bytes], object]
"""Sees all that passes."""


class Transfer:
    """One source and its sink. A slow sink keeps its source waiting, and so the program behind that."""

    def __init__(self, source: Source, sink: Sink | None, chunk_size: int, taps: Iterable[Tap] = ()) -> None:
        """Begin with the first `step`.

        Args:
            source: Closed at the end.
            sink: Closed at the end; None: taps only.
            chunk_size: What is read at once.
            taps: See `Tap`.
        """
        self._source = source
        self._sink = sink
        self._chunk_size = chunk_size
        self._taps = tuple(taps)
        self._pending = memoryview(b"")
        self.moved = 0
        """Bytes that the sink has taken."""
        self.is_over = False
        self.moved_at = time.monotonic()

    def interest(self) -> tuple[int | None, int]:
        """What to wait for."""
        if self._pending and self._sink is not None:
            return self._sink.fileno(), select.POLLOUT
        return self._source.fileno(), select.POLLIN

    def step(self) -> bool:
        """Move what can be moved at once; whether there was something.

        Raises:
            OSError: It can neither be read nor written, such as where a disk is full.
        """
        if not self._pending:
            data = self._source.read(self._chunk_size)
            if data is None:
                return False
            if not data:
                self.close()
                return True
            for tap in self._taps:
                tap(data)
            self._pending = memoryview(data)
        return self._write()

    def finish(self) -> None:
        """Nobody writes to the source any more."""
        self._source.finish()

    def give_up(self) -> None:
        """Nothing has moved for too long: go on without the sink, for the taps, or else not at all."""
        if self._sink is None:
            self.close()
        else:
            self._lose_reader()
            self.moved_at = time.monotonic()

    def close(self) -> None:
        """Let go of both; what is pending is lost."""
        if not self.is_over:
            self.is_over = True
            self._pending = memoryview(b"")
            self._source.close()
            self._close_sink()

    def _write(self) -> bool:
        count = len(self._pending)
        if self._sink is not None:
            try:
                count = self._sink.write(self._pending)
            except BrokenPipeError:
                self._lose_reader()
                return True
        self._pending = self._pending[count:]
        self.moved += count
        self.moved_at = time.monotonic() if count else self.moved_at
        return bool(count)

    def _lose_reader(self) -> None:
        """Nobody wants it any more. What is kept of it is still kept."""
        self._pending = memoryview(b"")
        self._close_sink()
        if not self._taps:
            self.close()

    def _close_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()


class Guard:
    """Has one transfer's error end that transfer only, and remembers it."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        """The first one."""

    def step(self, transfer: Transfer) -> bool:
        """See `Transfer.step`."""
        if transfer.is_over:
            return False
        try:
            return transfer.step()
        except OSError as error:
            self.error = self.error or error
            transfer.close()
            return True


def move(transfers: Iterable[Transfer], guard: Guard, others: Iterable[int], seconds: float) -> set[int]:
    """Move what can be moved, and wait for more.

    Args:
        transfers: Those that are not over.
        guard: Where their errors go.
        others: Descriptors that are waited for besides.
        seconds: The longest wait.

    Returns:
        Which of the others have something.
    """
    poll, has_moved = select.poll(), False
    waiting: dict[tuple[int, int], Transfer] = {}
    others = set(others)
    for descriptor in others:
        poll.register(descriptor, select.POLLIN)
    for transfer in transfers:
        awaited, mask = transfer.interest()
        if awaited is None:
            has_moved |= guard.step(transfer)
            seconds = min(seconds, TICK_SECONDS)
        else:
            waiting[awaited, mask] = transfer
    masks: dict[int, int] = {}
    for descriptor, mask in waiting:
        masks[descriptor] = masks.get(descriptor, 0) | mask
    for descriptor, mask in masks.items():
        poll.register(descriptor, mask)
    ready = dict(poll.poll(0 if has_moved else seconds * 1000))
    for (descriptor, mask), transfer in waiting.items():
        if ready.get(descriptor, 0) & (mask | select.POLLHUP | select.POLLERR | select.POLLNVAL):
            guard.step(transfer)
    return others & set(ready)
