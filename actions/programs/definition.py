"""What is to be run: the documented dict of an executable, read once and frozen.

    {"exec": "/usr/bin/tr", "argv": ["a-z", "A-Z"], "process_type": "single", "timeout": 60, "cwd": "/srv/work",
     "environment": {"LANG": "C"}, "application": "text", "input_adapter": {…}, "output_adapter": {…}}

Keys that are not known are left to whoever has sent them. See `adapters` for what moves the input and the output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from actions.exceptions import DefinitionProblem

from .adapter_definition import INPUT, OUTPUT, AdapterDefinition, check_adapter, read_adapter
from .exceptions import InvalidProgramError
from .findings import Finding, is_text, short
from .variables import loads_code


class ProcessType(StrEnum):
    """How long it runs."""

    SINGLE = "single"
    """It takes an input, gives an output, and ends."""
    SERVICE = "service"
    """It runs until it is stopped, and is started again when it ends by itself."""


@dataclass(frozen=True, slots=True)
class ProgramDefinition:
    """One executable, how it is called, and how data get to it and from it."""

    exec: str
    argv: tuple[str, ...] = ()
    application: str = ""
    """The kind of machine that it needs: the name of a queue."""
    process_type: ProcessType = ProcessType.SINGLE
    timeout: float | None = None
    """Seconds."""
    cwd: str = ""
    """"": a folder that is made for the run."""
    environment: Mapping[str, str] = field(default_factory=dict)
    input_adapter: AdapterDefinition = field(default_factory=AdapterDefinition)
    output_adapter: AdapterDefinition = field(default_factory=AdapterDefinition)

    @property
    def is_service(self) -> bool:
        """Whether it is to be kept running."""
        return self.process_type is ProcessType.SERVICE


def check(definition: Any, source: str = "definition") -> list[DefinitionProblem]:
    """All that is wrong, each with the way to the value; nothing is run and no file is looked for.

    Args:
        definition: As it came.
        source: What the problems call it.
    """
    return [DefinitionProblem(source, *finding) for finding in _findings(definition)]


def from_mapping(definition: Any) -> ProgramDefinition:
    """Read a definition.

    Raises:
        InvalidProgramError: With all problems, by dotted path.
    """
    errors: dict[str, list[str]] = {}
    for path, message, remedy in _findings(definition):
        errors.setdefault(".".join(map(str, path)) or "definition", []).append(f"{message} {remedy}".rstrip())
    if errors:
        raise InvalidProgramError(errors=errors)
    timeout = definition.get("timeout")
    return ProgramDefinition(
        exec=definition["exec"],
        argv=tuple(_arguments(definition)),
        application=definition.get("application") or "",
        process_type=ProcessType(definition.get("process_type") or ProcessType.SINGLE),
        timeout=None if timeout is None else float(timeout),
        cwd=definition.get("cwd") or "",
        environment=dict(definition.get("environment") or {}),
        input_adapter=read_adapter(INPUT, definition),
        output_adapter=read_adapter(OUTPUT, definition),
    )


def _arguments(definition: Mapping[str, Any]) -> list[str]:
    """`argv`, or where there is none the `args` that some clients send."""
    given = definition.get("argv")
    if given is None:
        given = definition.get("args")
        if not isinstance(given, list | tuple) or not all(map(is_text, given)):
            return []
    return list(given)


def _findings(definition: Any) -> Iterator[Finding]:
    if not isinstance(definition, Mapping):
        yield (), f"is a {type(definition).__name__}.", 'Give an object with at least {"exec": "/path/to/executable"}.'
        return
    yield from _exec(definition)
    for key in ("application", "cwd"):
        value = definition.get(key)
        if value is not None and not is_text(value):
            yield (key,), f"{short(value)} is no text.", "Write it in quotes."
    kind = definition.get("process_type")
    if kind is not None and kind not in list(ProcessType):
        yield ("process_type",), f"{short(kind)} is no type of process.", 'Write "single" or "service".'
    timeout = definition.get("timeout")
    if timeout is not None and not _is_duration(timeout):
        yield ("timeout",), f"{short(timeout)} is no number above 0.", "Give the seconds that it may take, such as 60."
    yield from _argv(definition.get("argv"))
    yield from _environment(definition.get("environment"))
    yield from check_adapter(INPUT, definition)
    yield from check_adapter(OUTPUT, definition)


def _exec(definition: Mapping[str, Any]) -> Iterator[Finding]:
    remedy = 'Give the path of the executable: {"exec": "/path/to/executable"}.'
    if "exec" not in definition:
        yield ("exec",), "is missing.", remedy
    elif not is_text(definition["exec"]) or not definition["exec"].strip():
        yield ("exec",), f"{short(definition['exec'])} is no path.", remedy


def _argv(argv: Any) -> Iterator[Finding]:
    if argv is None:
        return
    if not isinstance(argv, list | tuple):
        yield ("argv",), f"{short(argv)} is no list.", 'Give a list of texts: ["-v", "a b"]. No shell takes it apart.'
        return
    for number, argument in enumerate(argv):
        if not is_text(argument):
            yield ("argv", number), f"{short(argument)} is no text.", "Write it in quotes."


def _environment(environment: Any) -> Iterator[Finding]:
    if environment is None:
        return
    if not isinstance(environment, Mapping):
        yield ("environment",), f"{short(environment)} is no object.", 'Give texts by name: {"LANG": "C"}.'
        return
    for name, value in environment.items():
        if not is_text(name) or not name or "=" in name:
            yield ("environment", str(name)), "is no name of a variable.", 'Leave out "=" and empty names.'
        elif loads_code(name):
            message = "is read by loaders and interpreters: it would run what no setting names."
            yield ("environment", name), message, "Leave it out, or have a permitted script set it."
        if not is_text(value):
            yield ("environment", str(name)), f"{short(value)} is no text.", "Write it in quotes."


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= sys.float_info.max
