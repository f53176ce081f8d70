"""Conditions in the Common Expression Language (CEL): `payload.total > 100 && state.user.is_active`.

A condition reaches the values that it is given and nothing else. Only the paths that it names are looked up, one by
one: whatever else payload and state hold costs nothing, and of an instance of a model it gets fields.

Besides CEL's own functions there are two: `moment(x)`, the moment that a datetime, a date or an ISO text stands for,
and `truth(x)`, whether something is neither false, null, zero nor empty.

An evaluation cannot be interrupted. So its length, its nesting and what its macros (`all`, `exists`, `exists_one`,
`filter`, `map`) go over is limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from actions.exceptions import ActionsError, MissingExtraError
from actions.lookups import LookUpError, look_up
from actions.moments import as_aware

from .cel_text import MACROS, Chain, read

ROOTS = ("payload", "state", "item", "input", "run")
"""The names that a condition may look up."""
MAX_LENGTH = 2_000
MAX_NESTING = 32
MAX_LOOPS = 2
"""Macros inside one another."""
MAX_TURNS = 1_000_000
"""What macros may go over: the longest list, to the power of the macros inside one another."""
OWN_FUNCTIONS = ("moment", "truth")
_FUNCTIONS = frozenset(
    """
    bytes contains double duration dyn endsWith has int matches size startsWith string timestamp type uint
    getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds
    """.split()  # noqa: SIM905 - thirty words
) | {*OWN_FUNCTIONS, *MACROS}
_ERROR = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)")


class ConditionError(ActionsError, ValueError):
    """A condition that is written wrongly, or cannot be evaluated with the values at hand."""

    def __init__(self, source: str, message: str, *, line: int = 1, column: int | None = None) -> None:
        """Say what is wrong.

        Args:
            source: The condition.
            message: What is wrong with it.
            line: Within the condition, from 1.
            column: From 1; None where there is no place to show.
        """
        self.source, self.message, self.line, self.column = source, message, line, column
        place = "" if column is None else f" at character {column}" + (f" of its line {line}" if line > 1 else "")
        super().__init__(f"the condition `{_cut(source)}` is wrong{place}: {message}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that can be evaluated."""

    source: str
    program: Any
    paths: tuple[str, ...]
    """What it looks up, without paths that another one includes."""
    chains: tuple[Chain, ...]
    """The same as it is written, with places, only those that begin with one of `ROOTS`."""
    loops: int


@lru_cache(maxsize=4096)
def compile(source: str) -> Condition:  # noqa: A001 - what it does
    """Check a condition, and make it ready.

    Raises:
        ConditionError: It is no CEL, names what there is not, or exceeds a limit.
        MissingExtraError: The library is not installed.
    """
    if len(source) > MAX_LENGTH:
        raise ConditionError(source, f"it is longer than {MAX_LENGTH} characters.")
    reading = read(source)
    if reading.nesting > MAX_NESTING:
        raise ConditionError(source, f"more than {MAX_NESTING} brackets stand inside one another.")
    if reading.loops > MAX_LOOPS:
        raise ConditionError(source, f"more than {MAX_LOOPS} of {', '.join(MACROS)} stand inside one another.")
    program = _parse(source)
    _check_names(source, program, reading.chains, reading.bound)
    chains = tuple(chain for chain in reading.chains if _root(chain.path) in ROOTS)
    return Condition(source, program, _outermost(chain.path for chain in chains), chains, reading.loops)


def evaluate(source: str, scope: Mapping[str, Any], *, look: Callable[[str, Mapping[str, Any]], Any] = look_up) -> Any:
    """The value of a condition.

    Args:
        source: The condition.
        scope: Values by name: payload, state, item, input, run.
        look: Finds the value at a path in the scope, as `lookups.look_up` does; one that knows models gives fields.

    Raises:
        LookUpError: It looks up what is not there; `has(payload.note)` asks whether it is.
        ConditionError: The values do not fit what is done with them.
    """
    condition = compile(source)
    values: dict[str, Any] = {}
    for path in condition.paths:
        _put(values, path, scope, look)
    if condition.loops:
        _check_turns(condition, values)
    return _execute(condition, {**values, "moment": moment, "truth": bool})


def moment(value: Any) -> datetime:
    """The moment that a datetime, a date (its beginning) or an ISO text stands for, in the project's time zone.

    Raises:
        ValueError: It stands for none.
    """
    found: Any = value
    if isinstance(value, str):
        try:
            found = parse_datetime(value) or parse_date(value)
        except ValueError:
            found = None
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, time())
    if not isinstance(found, datetime):
        message = f"{_cut(repr(value))} is no moment; expected a datetime or an ISO text, 2026-11-30T08:00:00Z"
        raise ValueError(message)  # noqa: TRY004 - also a text can be none
    return as_aware(found)


def _parse(source: str) -> Any:
    try:
        import cel
    except ImportError as error:
        raise MissingExtraError("common-expression-language", "processes") from error
    try:
        return cel.compile(source)
    except ValueError as error:
        found = _ERROR.search(str(error))
        if found is None:
            raise ConditionError(source, _cut(str(error), 200)) from error
        message = found[3].partition(" expecting {")[0].replace("mismatched input '<EOF>'", "it ends too early")
        raise ConditionError(source, f"{message}.", line=int(found[1]), column=int(found[2])) from error


def _check_names(source: str, program: Any, chains: Iterable[Chain], bound: frozenset[str]) -> None:
    chains = list(chains)
    for name in program.variables():
        if name not in ROOTS and name not in bound:
            position = next((chain.position for chain in chains if _root(chain.path) == name), None)
            near = get_close_matches(name, ROOTS, n=1)
            guess = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(ROOTS)}; a text stands in quotes."
            line, column = _place(source, position)
            raise ConditionError(source, f'there is no "{name}"; {guess}', line=line, column=column)
    for name in program.functions():
        if name.isidentifier() and not name.startswith("_") and name not in _FUNCTIONS:
            near = get_close_matches(name, _FUNCTIONS, n=1)
            guess = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(sorted(_FUNCTIONS))}."
            line, column = _place(source, max(source.find(name), 0))
            raise ConditionError(source, f'there is no function "{name}"; {guess}', line=line, column=column)


def _place(source: str, position: int | None) -> tuple[int, int | None]:
    if position is None:
        return 1, None
    before = source[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


def _root(path: str) -> str:
    return path.partition(".")[0]


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths without those that others include."""
    every = list(dict.fromkeys(paths))
    return tuple(path for path in every if not any(path.startswith(f"{other}.") for other in every))


def _put(values: dict[str, Any], path: str, scope: Mapping[str, Any], look: Callable[..., Any]) -> None:
    """Put what stands at a path where CEL will look for it; where nothing does, what is on the way there.

    So `has(payload.note)` is false, and `payload.note` an error that names it.
    """
    parts = path.split(".")
    for length in range(1, len(parts) + 1):
        try:
            value = look(".".join(parts[:length]), scope)
        except LookUpError:
            return
        is_last = length == len(parts)
        if not is_last and (isinstance(value, Mapping) or hasattr(value, "pk")):
            values = values.setdefault(parts[length - 1], {})
        else:
            values[parts[length - 1]] = _plain(value)
            if not is_last and not isinstance(value, list | tuple):
                return


def _plain(value: Any) -> Any:
    """A value as CEL knows it. An instance of a model stands for its key; its fields are looked up by their names."""
    if value is None or isinstance(value, str | bool | int | float | datetime | timedelta | bytes):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if hasattr(value, "pk"):
        return {"pk": _plain(value.pk)}
    return _simple(value)


def _simple(value: Any) -> Any:
    """What is neither JSON nor holds anything."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _check_turns(condition: Condition, values: Any) -> None:
    longest = _longest(values)
    if longest**condition.loops > MAX_TURNS:
        message = f"a list of {longest} items is too long for {condition.loops} of {', '.join(MACROS)} inside another."
        raise ConditionError(condition.source, message)


def _longest(value: Any) -> int:
    """How many items the longest list or mapping has."""
    if isinstance(value, dict):
        return max([len(value), *map(_longest, value.values())])
    return max([len(value), *map(_longest, value)]) if isinstance(value, list) else 0


def _execute(condition: Condition, values: dict[str, Any]) -> Any:
    try:
        return condition.program.execute(values)
    except KeyError as error:
        key = str(error.args[0]) if error.args else ""
        path = next((chain.path for chain in condition.chains if key in chain.path.split(".")), key)
        message = f'there is no "{key}" for the condition `{_cut(condition.source)}`; has({path}) asks for it'
        raise LookUpError(path, key, message=message) from error
    except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        missing = next((path for path in condition.paths if _root(path) not in values), "")
        if missing:
            raise LookUpError(missing, _root(missing), message="there is none here") from error
        raise ConditionError(condition.source, _cut(str(error), 300)) from error


def _cut(text: str, length: int = 80) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
