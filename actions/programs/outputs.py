"""Output adapters: what a program has to say, on its way to whoever keeps it.

Without `stream_name` the program has a file, pipe or port, and the adapter takes the run's output from it. With
`stream_name: STDOUT` the output is what the program writes there, and the adapter puts it into a file, pipe or port for
others as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .adapter_definition import OUTPUT, AdapterDefinition, AdapterType
from .files import Entry, open_fifo, open_file, write_all
from .place import Place
from .ports import Port, PortSink, PortSource
from .sinks import FifoSink
from .sources import LateFileSource, PipeSource
from .streams import Sink, Source
from .transfers import Tap


@dataclass(slots=True)
class Drain:
    """How the output gets out."""

    stream: str = ""
    """Which stream of the program it is; "": none of them."""
    sink: Sink | None = None
    """Where the stream goes besides."""
    tap: Tap | None = None
    """The same, for a file, which never has to be waited for."""
    source: Source | None = None
    """Where it comes from, where it is no stream of the program."""
    path: Path | None = None
    """What "${output_file}" means."""
    port: Port | None = None
    number: int | None = None
    """What "${output_port}" means."""
    is_program_port: bool = False
    """See `Feed`."""
    listens: bool = False

    def take(self) -> tuple[Sink | None, Source | None]:
        """Where it goes and where it comes from, which are the caller's to close from now on."""
        found = self.sink, self.source
        self.sink = self.source = None
        return found

    def close(self) -> None:
        """Let go of what nobody has taken."""
        for each in self.take():
            if each is not None:
                each.close()


def prepare_output(adapter: AdapterDefinition, place: Place, *, is_service: bool) -> Drain:
    """Make what has to be there before the program begins.

    Raises:
        OSError: A file cannot be made.
        ProgramNotPermittedError: A file is nowhere where it may be.
    """
    prepare: dict[AdapterType, Callable[[AdapterDefinition, Place, bool], Drain]] = {
        AdapterType.STREAM: _stream,
        AdapterType.FILE: _file,
        AdapterType.APPEND: _append,
        AdapterType.PIPE: _pipe,
        AdapterType.PORT: _port,
    }
    return prepare[adapter.type](adapter, place, is_service)


class FinalFileSource(LateFileSource):
    """A file that is read when the program has ended, and not before."""

    def read(self, size: int) -> bytes | None:
        """See `Source`."""
        return super().read(size) if self.is_finished else None


def _stream(adapter: AdapterDefinition, place: Place, is_service: bool) -> Drain:
    return Drain(stream=adapter.stream or "STDOUT")


def _file(adapter: AdapterDefinition, place: Place, is_service: bool) -> Drain:
    entry = place.entry(adapter.file, OUTPUT)
    if adapter.stream:
        return Drain(adapter.stream, tap=_writer(entry, os.O_TRUNC, place))
    return Drain(source=FinalFileSource(partial(open_file, entry, os.O_RDONLY)), path=entry.path)


def _append(adapter: AdapterDefinition, place: Place, is_service: bool) -> Drain:
    entry = place.entry(adapter.file, OUTPUT)
    if adapter.stream:
        return Drain(adapter.stream, tap=_writer(entry, os.O_APPEND, place))
    # What was in it before is not of this run.
    begin = _size(entry)

    def open_it() -> int:
        descriptor = open_file(entry, os.O_RDONLY)
        os.lseek(descriptor, min(begin, os.fstat(descriptor).st_size), os.SEEK_SET)
        return descriptor

    return Drain(source=LateFileSource(open_it), path=entry.path)


def _pipe(adapter: AdapterDefinition, place: Place, is_service: bool) -> Drain:
    entry = place.entry(adapter.file, OUTPUT)
    place.make_fifo(entry)
    if adapter.stream:
        return Drain(adapter.stream, sink=FifoSink(partial(open_fifo, entry, os.O_WRONLY)), path=entry.path)
    return Drain(source=PipeSource(open_fifo(entry, os.O_RDONLY), ends=False, begins_late=True), path=entry.path)


def _port(adapter: AdapterDefinition, place: Place, is_service: bool) -> Drain:
    port = Port()
    place.stack.callback(port.close)
    if not adapter.stream:
        return Drain(
            source=PortSource(port, is_lasting=is_service),
            port=port,
            number=adapter.port,
            is_program_port=True,
            listens=adapter.listens,
        )
    port.listen(adapter.port or 0)
    return Drain(adapter.stream, sink=PortSink(port), port=port)


def _size(entry: Entry) -> int:
    """Of a file, if there is one."""
    try:
        descriptor = open_file(entry, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def _writer(entry: Entry, flag: int, place: Place) -> Tap:
    """Writes to a file for others, which stays."""
    descriptor = open_file(entry, os.O_WRONLY | os.O_CREAT | flag)
    place.stack.callback(os.close, descriptor)
    return partial(write_all, descriptor)
