"""Plain path look-ups: `environment.title`, `payload.items.0.name`, and texts that contain them.

A path reaches keys of mappings and positions of lists, never attributes, and calls nothing. Nothing is evaluated: there
are no filters, operators or defaults. A value that was put in is never read as a text with look-ups again, so what a
caller sends stays data.

In a text, look-ups stand in double braces:

    "{{ payload.count }}"                   alone: the value itself, whatever its type
    "{{ payload.count }} by {{ user }}"     in a text: str(value), without any escaping
    "{{ "{{" }} stays"                      a quoted part stands for itself: "{{ stays"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from .exceptions import ActionsError

_NAME = r"[\w$@-]+"
_PATH = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_BRACES = re.compile(rf"""\{{\{{\s*(?:(?P<path>{_PATH.pattern})|"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*\}}\}}""")
_POSITION = re.compile("0|[1-9][0-9]{0,8}")
_LISTED = 10
"""Names that a message lists."""
_COMPARED = 500
"""Names among which a similar one is searched; there may be as many as a caller sends."""
_LONGEST = 60
"""Characters of a text or name that a message shows."""


class LookUpError(ActionsError, LookupError):
    """A path that leads nowhere. Messages show names but no values, which may be secret."""

    def __init__(
        self, path: str, missing_part: str, available: Iterable[str] = (), *, message: str | None = None
    ) -> None:
        """Say which look-up failed, and what is there instead.

        Args:
            path: The whole path; the text itself where that is not even a path.
            missing_part: The part that was not found; "" where there is no path.
            available: Names that stand where the missing one was looked for.
            message: What is wrong with the path; the available names follow in any case.
        """
        self.path = path
        self.missing_part = missing_part
        self.available = tuple(available)
        reason = f": {message}" if message else ""
        super().__init__(f"the look-up {_shown(path)} fails{reason}.{_offer(missing_part, self.available)}")


class NoPartsError(LookUpError):
    """A path that goes on where a text, a number or another plain value stands."""


class LookUpSyntaxError(LookUpError):
    """Something is not written as a look-up has to be."""

    def __init__(self, text: str, message: str) -> None:
        super().__init__(text, "", message=message)


def look_up(path: str, scope: Mapping[str, Any]) -> Any:
    """The value at `path` in `scope`; the value itself, not a copy.

    Raises:
        LookUpError: A part of the path is not there, or leads into what is neither a mapping nor a list.
    """
    if not _PATH.fullmatch(path):
        raise LookUpSyntaxError(path, 'a path consists of names with dots between them, such as "payload.items.0"')
    value: Any = scope
    parts = path.split(".")
    for index in range(len(parts)):
        value = _step(value, parts, index)
    return value


def references(text: str) -> list[str]:
    """The paths that `text` looks up, each once, in the order of their first use.

    Raises:
        LookUpSyntaxError: Braces are not closed, or hold something else than a path or a quoted text.
    """
    return list(dict.fromkeys(content for content, is_path in _parse(text) if is_path))


def render(text: str, scope: Mapping[str, Any]) -> Any:
    """Replace the look-ups in `text` by their values.

    Returns:
        The value itself where the text is one look-up and nothing else, not even a space; otherwise a str.

    Raises:
        LookUpError: The first look-up that leads nowhere or is written wrongly.
    """
    value, errors = _render(text, scope)
    if errors:
        raise errors[0]
    return value


def render_tree(value: Any, scope: Mapping[str, Any]) -> tuple[Any, list[Failure]]:
    """Replace the look-ups in every string of nested mappings and lists; keys stay as they are.

    Returns:
        A new tree, and every look-up that failed with the way to the string it stands in. That string is kept.
    """
    failures: list[Failure] = []

    def rendered(value: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            result, errors = _render(value, scope)
            failures.extend((path, error) for error in errors)
            return result
        if isinstance(value, Mapping):
            return {key: rendered(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [rendered(item, (*path, index)) for index, item in enumerate(value)]
        return value

    return rendered(value, ()), failures


Failure = tuple[tuple[str | int, ...], LookUpError]
"""The way to a string, and a look-up in it that failed."""


def _render(text: str, scope: Mapping[str, Any]) -> tuple[Any, list[LookUpError]]:
    """The rendered text; with errors, the text as it was."""
    if "{{" not in text:
        return text, []
    try:
        parts = _parse(text)
    except LookUpSyntaxError as error:
        return text, [error]
    values: list[Any] = []
    errors: list[LookUpError] = []
    for content, is_path in parts:
        try:
            values.append(look_up(content, scope) if is_path else content)
        except LookUpError as error:
            errors.append(error)
    if errors:
        return text, errors
    return (values[0] if len(values) == 1 else "".join(map(str, values))), []


def _parse(text: str) -> list[tuple[str, bool]]:
    """The text in parts: a path and True, or literal text and False."""
    parts: list[tuple[str, bool]] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        braces = _BRACES.match(text, start)
        if braces is None:
            raise _malformed(text[start:])
        if start > position:
            parts.append((text[position:start], False))
        path = braces["path"]
        parts.append((path, True) if path else (braces["double"] or braces["single"] or "", False))
        position = braces.end()
    if position < len(text):
        parts.append((text[position:], False))
    return parts


def _malformed(text: str) -> LookUpSyntaxError:
    inside, closing, _rest = text.partition("}}")
    literal = """braces that are no look-up are written {{ "{{" }}"""
    if not closing:
        return LookUpSyntaxError(text, f'"{{{{" is not closed by "}}}}"; {literal}')
    message = f'only a path such as "payload.items.0" can stand in braces, nothing is evaluated; {literal}'
    return LookUpSyntaxError(inside + closing, message)


def _step(value: Any, parts: Sequence[str], index: int) -> Any:
    """What the part at `index` names in `value`, where the parts before it led."""
    part = parts[index]
    available: list[str] = []
    reason = ""
    if isinstance(value, Mapping):
        if part in value:
            return value[part]
        available = [key for key in value if isinstance(key, str)]
    elif isinstance(value, list | tuple):
        if _POSITION.fullmatch(part) and int(part) < len(value):
            return value[int(part)]
        reason = f", a list of {len(value)} items counted from 0,"
    else:
        reason = f", which is {_kind(value)} and not a mapping or list,"
    # The first part is often the whole look-up, which is named already.
    missing = ""
    if len(parts) > 1:
        above = _shown(".".join(parts[:index]))
        missing = f"{above}{reason} has no {_shown(part)}" if index else f"there is no {_shown(part)}"
    raise LookUpError(".".join(parts), part, available, message=missing)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), f"an object of type {type(value).__name__}")


def _offer(name: str, available: Sequence[str]) -> str:
    if not available:
        return ""
    near = get_close_matches(name, available[:_COMPARED], n=1)
    suggestion = f" Did you mean {_shown(near[0])}?" if near else ""
    more = ", …" if len(available) > _LISTED else ""
    return f"{suggestion} Available: {', '.join(map(_cut, available[:_LISTED]))}{more}."


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shown(text: str) -> str:
    return f'"{_cut(text)}"'
