"""How data get to a program and from it, as a definition says it.

    "input_adapter": {"input_type": "port", "input_params": {"tcp_port": 8090, "chunk_size": "10KB"}}
    "output_adapter": {"output_type": "file", "output_params": {"file": "out.o"}}

`input_params` is called `input_parameters`, too; parameters may also stand in the adapter itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .findings import Finding, is_text, short
from .sizes import parse_size

INPUT, OUTPUT = "input", "output"
DEFAULT_CHUNK = 64 * 1024
MAX_CHUNK = 16 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost")
STREAMS = {INPUT: ("STDIN",), OUTPUT: ("STDOUT", "STDERR")}


class AdapterType(StrEnum):
    """What data pass through."""

    STREAM = "stream"
    """Standard input or standard output."""
    FILE = "file"
    """A file that is read once."""
    APPEND = "append"
    """A file that grows."""
    PIPE = "pipe"
    """A named pipe."""
    PORT = "port"
    """A TCP port of this machine."""


_ALIASES = {"stdin": "stream", "stdout": "stream", "stderr": "stream", "fifo": "pipe", "tcp": "port"}
_FILE_KEYS = ("file", "file_path", "path")
_PORT_KEYS = ("tcp_port", "port")


@dataclass(frozen=True, slots=True)
class AdapterDefinition:
    """One adapter."""

    type: AdapterType = AdapterType.STREAM
    file: str = ""
    """Of a file or pipe; "": one that is made for the run."""
    port: int | None = None
    """None: one that is free."""
    stream: str = ""
    """STDIN, STDOUT or STDERR: then the program has only that, and file, pipe and port are for others."""
    listens: bool = False
    """Of a port of the program: whether the program comes to the adapter, and not the adapter to the program."""
    chunk_size: int = DEFAULT_CHUNK
    """How much is read at once, and held in memory at the most."""


def read_adapter(direction: str, definition: Mapping[str, Any]) -> AdapterDefinition:
    """The adapter of a definition that has been checked."""
    adapter = definition.get(f"{direction}_adapter")
    if not adapter:
        return AdapterDefinition()
    params = _params(direction, adapter)
    file = next((params[key] for key in _FILE_KEYS if params.get(key)), "")
    kind = _type(direction, adapter, params)
    stream = str(params.get("stream_name") or "").upper()
    if kind is AdapterType.STREAM:
        stream = stream or STREAMS[direction][0]
    return AdapterDefinition(
        type=kind,
        # "${input_file}" is the name of the file that is made for the run.
        file="" if file == f"${{{direction}_file}}" else file,
        port=next((params[key] for key in _PORT_KEYS if params.get(key) is not None), None),
        stream=stream,
        listens=bool(params.get("listen")),
        chunk_size=parse_size(params.get("chunk_size") or DEFAULT_CHUNK),
    )


def check_adapter(direction: str, definition: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with one adapter of a definition."""
    place = f"{direction}_adapter"
    adapter = definition.get(place)
    if adapter is None:
        return
    if not isinstance(adapter, Mapping):
        yield (place,), f"{short(adapter)} is no object.", f'Give {{"{direction}_type": "file", …}}.'
        return
    name, found = _named_params(direction, adapter)
    if found is not None and not isinstance(found, Mapping):
        yield (place, name), f"{short(found)} is no object.", 'Give values by name: {"chunk_size": "10KB"}.'
        return
    for key, message, remedy in _values(direction, adapter, _params(direction, adapter)):
        is_inner = isinstance(found, Mapping) and key in found and key != f"{direction}_type"
        path = (place, name, key) if is_inner else (place, key)
        yield path, message, remedy


def _values(direction: str, adapter: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    given = _given_type(direction, adapter, params)
    if given is not None and not _is_type(given):
        key = f"{direction}_type" if adapter.get(f"{direction}_type") == given else "file_type"
        yield key, f"{short(given)} is no type of adapter.", f"Known are {', '.join(AdapterType)}."
    for key in _FILE_KEYS:
        if params.get(key) is not None and not is_text(params[key]):
            yield key, f"{short(params[key])} is no path.", "Write it in quotes."
    for key in _PORT_KEYS:
        if params.get(key) is not None and not _is_port(params[key]):
            yield key, f"{short(params[key])} is no port.", "Give a number from 1 to 65535."
    if (name := params.get("stream_name")) is not None and str(name).upper() not in STREAMS[direction]:
        yield "stream_name", f"{short(name)} is no stream of the {direction}.", f"Write {_names(STREAMS[direction])}."
    if not isinstance(params.get("listen"), bool | None):
        yield "listen", f"{short(params['listen'])} is neither true nor false.", "Write one of them."
    if (host := params.get("host", LOOPBACK[0])) not in LOOPBACK:
        yield "host", f"{short(host)} is not this machine.", f"Leave it out, or write {_names(LOOPBACK)}."
    if (size := params.get("chunk_size")) is not None and not _is_chunk(size):
        yield "chunk_size", f"{short(size)} is no size from 1 byte to 16 MB.", 'Write bytes, or such as "10KB".'


def _params(direction: str, adapter: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, also those that stand in the adapter itself."""
    _name, found = _named_params(direction, adapter)
    return {**adapter, **(found or {})}


def _named_params(direction: str, adapter: Mapping[str, Any]) -> tuple[str, Any]:
    names = (f"{direction}_params", f"{direction}_parameters")
    return next(((name, adapter[name]) for name in names if adapter.get(name) is not None), (names[0], None))


def _given_type(direction: str, adapter: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
    """What it says it is: "file" with a `file_type` of "stream" is a stream."""
    given = adapter.get(f"{direction}_type")
    inner = params.get("file_type")
    return inner if inner is not None and given in (None, "file") else given


def _type(direction: str, adapter: Mapping[str, Any], params: Mapping[str, Any]) -> AdapterType:
    given = _given_type(direction, adapter, params)
    if given is not None:
        return AdapterType(_ALIASES.get(given.lower(), given.lower()))
    if any(params.get(key) is not None for key in _PORT_KEYS):
        return AdapterType.PORT
    return AdapterType.FILE if any(params.get(key) for key in _FILE_KEYS) else AdapterType.STREAM


def _is_type(given: Any) -> bool:
    return isinstance(given, str) and _ALIASES.get(given.lower(), given.lower()) in list(AdapterType)


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 16


def _is_chunk(value: Any) -> bool:
    try:
        return parse_size(value) <= MAX_CHUNK
    except ValueError:
        return False


def _names(names: tuple[str, ...]) -> str:
    return " or ".join(f'"{name}"' for name in names)
