"""From a definition to what a supervisor is told: everything is looked up and checked before anything runs."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from actions.conf import conf

from .adapter_definition import INPUT, OUTPUT, AdapterDefinition, AdapterType
from .definition import ProgramDefinition
from .inputs import Feed, Given, prepare_input
from .limits import Limits
from .outputs import Drain, prepare_output
from .permits import PATH, check_search_path, executable
from .place import Place
from .ports import LOOPBACK, Port, PortSource
from .sandbox import sandboxed


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program that can be started."""

    spec: dict[str, Any]
    """What the supervisor is told."""
    feed: Feed
    drain: Drain
    ports: dict[str, Port]
    """Between adapters and program, by the name that the supervisor uses."""


def prepare(definition: ProgramDefinition, given: Given, place: Place, limits: Limits) -> Prepared:
    """Look everything up.

    Raises:
        OSError: A file or port of an adapter cannot be had.
        ProgramNotPermittedError: A setting would have to allow it.
    """
    found = executable(definition.exec)
    adapters = {name: _meant(name, definition) for name in (INPUT, OUTPUT)}
    feed = prepare_input(adapters[INPUT], given, place, is_service=definition.is_service)
    # What no transfer has taken in the end, as where something of this fails, is let go of with the place.
    place.stack.callback(feed.close)
    drain = prepare_output(adapters[OUTPUT], place, is_service=definition.is_service)
    place.stack.callback(drain.close)
    sockets, ports = _sockets(feed, drain)
    names = _placeholders(feed, drain, place)
    command = [str(found), *(_filled(argument, names) for argument in definition.argv)]
    sandbox = sandboxed(command, cwd=place.cwd, writable=_writable(place), user=place.user)
    user = place.user
    spec = {
        "command": sandbox or [definition.exec, *command[1:]],
        "executable": None if sandbox else str(found),
        "is_sandboxed": sandbox is not None,
        "cwd": str(place.cwd),
        "environment": environment(definition, place, names),
        "limits": limits.for_supervisor(),
        "timeout": limits.timeout_of(definition.timeout, is_service=definition.is_service),
        "grace": grace_of(limits),
        "user": None if user is None else {"uid": user.uid, "gid": user.gid, "groups": list(user.groups)},
        "network": conf.PROGRAM_NETWORK,
        "sockets": sockets,
        "temporary": place.made,
    }
    return Prepared(spec, feed, drain, ports)


def grace_of(limits: Limits) -> float:
    """Seconds between TERM and KILL.

    Of a worker that was killed, the programs end before another worker may have their runs: a lease is renewed when a
    third of it is over.
    """
    return min(limits.grace, conf.LEASE_SECONDS / 3)


def environment(definition: ProgramDefinition, place: Place, names: dict[str, str]) -> dict[str, str]:
    """What the program finds there: what its definition says, and nothing of the worker's.

    Raises:
        ProgramNotPermittedError: PATH leads to where no setting permits anything.
    """
    own = {name: _filled(value, names) for name, value in definition.environment.items()}
    check_search_path(own.get("PATH", PATH))
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(place.folder), "TMPDIR": str(place.folder), **own}


def _meant(direction: str, definition: ProgramDefinition) -> AdapterDefinition:
    """The adapter; where none is given and a file is named among the arguments, it is that."""
    adapter = definition.input_adapter if direction == INPUT else definition.output_adapter
    words = (*definition.argv, *definition.environment.values())
    is_named = any(f"${{{direction}_file}}" in word for word in words)
    if adapter.type is AdapterType.STREAM and is_named:
        return replace(adapter, type=AdapterType.FILE, stream="")
    return adapter


def _sockets(feed: Feed, drain: Drain) -> tuple[dict[str, Any], dict[str, Port]]:
    """What the supervisor connects, and who gets it. One port for both directions is one connection."""
    wanted: dict[str, Any] = {}
    ports: dict[str, Port] = {}
    if feed.is_program_port and drain.is_program_port and feed.number == drain.number and feed.number:
        drain.port = feed.port
        drain.source = PortSource(feed.port, is_lasting=False) if feed.port is not None else None
    for name, each in ((INPUT, feed), (OUTPUT, drain)):
        if each.is_program_port and each.port is not None and each.port not in ports.values():
            each.number = each.number or _free_port()
            wanted[name] = {"port": each.number, "listens": each.listens}
            ports[name] = each.port
    return wanted, ports


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind((LOOPBACK, 0))
        return int(asked.getsockname()[1])


def _placeholders(feed: Feed, drain: Drain, place: Place) -> dict[str, str]:
    found = {
        "${input_file}": feed.path,
        "${output_file}": drain.path,
        "${input_port}": feed.number,
        "${output_port}": drain.number,
        "${cwd}": place.cwd,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _filled(text: str, names: dict[str, str]) -> str:
    """Only what we know is replaced: the rest may mean something to the program."""
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _writable(place: Place) -> list[Path]:
    """What a sandbox shows of the files that are not the system's."""
    return [place.folder, *(folder for folder in place.permits if folder.is_dir())]
