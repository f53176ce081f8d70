"""Input adapters: what was given to a run, or a file, pipe or port, on its way into the program.

Without `stream_name` the program has the file, pipe or port, and the adapter puts into it what the run was given. With
`stream_name: STDIN` it is the other way round: others fill the file, pipe or port, and the program reads its standard
input.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .adapter_definition import INPUT, AdapterDefinition, AdapterType
from .files import open_fifo, open_file, write_all
from .place import Place
from .ports import Port, PortSink, PortSource
from .sinks import FifoSink, FileSink, PipeSink
from .sources import BytesSource, FileSource, PipeSource
from .streams import Sink, Source
from .transfers import Transfer

Given = bytes | Path | None


@dataclass(slots=True)
class Feed:
    """How the input gets in."""

    source: Source | None = None
    """None: nothing has to be moved while the program runs."""
    sink: Sink | None = None
    """None: the program's standard input."""
    path: Path | None = None
    """What "${input_file}" means."""
    port: Port | None = None
    number: int | None = None
    """What "${input_port}" means."""
    is_program_port: bool = False
    """Whether it is between the adapter and the program, and so in the program's network."""
    listens: bool = False

    @property
    def has_stdin(self) -> bool:
        """Whether something is written to standard input."""
        return self.source is not None and self.sink is None

    def transfer(self, stdin: int | None, chunk_size: int) -> Transfer | None:
        """What moves it, and closes both ends."""
        source, sink, self.source, self.sink = self.source, self.sink, None, None
        if source is None:
            return None
        if sink is None:
            assert stdin is not None  # noqa: S101 - it was asked for
            sink = PipeSink(stdin)
        return Transfer(source, sink, chunk_size)

    def close(self) -> None:
        """Let go of what no transfer has taken."""
        for each in (self.source, self.sink):
            if each is not None:
                each.close()
        self.source = self.sink = None


def prepare_input(adapter: AdapterDefinition, given: Given, place: Place, *, is_service: bool) -> Feed:
    """Make what has to be there before the program begins.

    Raises:
        OSError: A file cannot be read or made.
        ProgramNotPermittedError: A file is nowhere where it may be.
    """
    prepare: dict[AdapterType, Callable[[AdapterDefinition, Given, Place, bool], Feed]] = {
        AdapterType.STREAM: _stream,
        AdapterType.FILE: _file,
        AdapterType.APPEND: _append,
        AdapterType.PIPE: _pipe,
        AdapterType.PORT: _port,
    }
    return prepare[adapter.type](adapter, given, place, is_service)


def source_of(given: Given) -> Source | None:
    """What the run was given. A path is the caller's own, and not looked at here."""
    if given is None:
        return None
    if isinstance(given, bytes):
        return BytesSource(given)
    return FileSource(os.open(given, os.O_RDONLY | os.O_CLOEXEC))


def _stream(adapter: AdapterDefinition, given: Given, place: Place, is_service: bool) -> Feed:
    return Feed(source_of(given))


def _file(adapter: AdapterDefinition, given: Given, place: Place, is_service: bool) -> Feed:
    entry = place.entry(adapter.file, INPUT)
    if adapter.stream:
        return Feed(source_of(given) or FileSource(open_file(entry, os.O_RDONLY)))
    if given is None and adapter.file:
        os.close(open_file(entry, os.O_RDONLY))
        return Feed(path=entry.path)
    descriptor = place.make_file(entry)
    try:
        _copy(source_of(given) or BytesSource(b""), descriptor, adapter.chunk_size)
    finally:
        os.close(descriptor)
    return Feed(path=entry.path)


def _append(adapter: AdapterDefinition, given: Given, place: Place, is_service: bool) -> Feed:
    entry = place.entry(adapter.file, INPUT)
    if adapter.stream:
        return Feed(FileSource(open_file(entry, os.O_RDONLY), is_followed=True))
    sink = FileSink(place.make_file(entry, keeps=True))
    try:
        return Feed(source_of(given) or BytesSource(b""), sink, entry.path)
    except OSError:
        sink.close()
        raise


def _pipe(adapter: AdapterDefinition, given: Given, place: Place, is_service: bool) -> Feed:
    entry = place.entry(adapter.file, INPUT)
    place.make_fifo(entry)
    if not adapter.stream:
        return Feed(source_of(given) or BytesSource(b""), FifoSink(partial(open_fifo, entry, os.O_WRONLY)), entry.path)
    return Feed(PipeSource(open_fifo(entry, os.O_RDONLY), ends=not is_service, begins_late=True), path=entry.path)


def _port(adapter: AdapterDefinition, given: Given, place: Place, is_service: bool) -> Feed:
    port = Port()
    place.stack.callback(port.close)
    if not adapter.stream:
        return Feed(
            source_of(given) or BytesSource(b""),
            PortSink(port),
            port=port,
            number=adapter.port,
            is_program_port=True,
            listens=adapter.listens,
        )
    # Others come to us. We go to nobody: that could be a service of the machine's own, which trusts it.
    port.listen(adapter.port or 0)
    return Feed(PortSource(port, is_lasting=is_service), port=port)


def _copy(source: Source, descriptor: int, chunk_size: int) -> None:
    try:
        while data := source.read(chunk_size):
            write_all(descriptor, data)
    finally:
        source.close()
