"""Answers as a page shows them: JSON in few lines, and the same text in every run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid5

WIDTH = 118
MORE = "…"
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_PUBLISHED = frozenset({"8e03978e-40d5-43dd-bc93-6894a57f9324"})
"""Of a sentence, and no uid of a run."""
_PLAN = re.compile(r"(\.?eJ)[\w-]{20,}:[\w-]+:[\w-]+")
_DURATION = re.compile(r'("duration_seconds\\*": )[\d.e-]+')


class Stable:
    """Puts what is different in every run into a form that stays."""

    def __init__(self) -> None:
        self._uuids: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The text as every run has it."""
        text = _UUID.sub(lambda found: self._uuid(found[0]), text)
        text = _PLAN.sub(rf"\1{MORE}", text)
        return _DURATION.sub(r"\g<1>0.01", text)

    def _uuid(self, found: str) -> str:
        """By the order in which they appear on the page."""
        if found in _PUBLISHED:
            return found
        return self._uuids.setdefault(found, str(uuid5(NAMESPACE_OID, str(len(self._uuids)))))


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown of an answer; "…" stands for the rest."""

    only: tuple[str, ...] = ()
    """Members of the answer itself, or of each of its items; all if not given."""
    within: tuple[str, ...] = ()
    """Members that are shown of what stands deeper; all of what has none of them."""
    cut: tuple[str, ...] = ()
    """Members that are shown without their value, however deep they stand."""
    first: int | None = None
    """How many items of a list are shown, however deep it stands."""


WHOLE = Excerpt()


def laid_out(value: Any, excerpt: Excerpt) -> str:
    """JSON for people: what fits into a line stands in one."""
    return _lines(_shown(value, excerpt, excerpt.only), 0, WIDTH)


class _More:
    """What is left out."""


_MORE = _More()


def _shown(value: Any, excerpt: Excerpt, only: tuple[str, ...] = ()) -> Any:
    if isinstance(value, list):
        items = [_shown(each, excerpt, only) for each in value[: excerpt.first]]
        return items if len(items) == len(value) else [*items, _MORE]
    if not isinstance(value, dict):
        return value
    names = [name for name in only if name in value] or list(value)
    inner = excerpt.within
    shown = {name: _MORE if name in excerpt.cut else _shown(value[name], excerpt, inner) for name in names}
    return shown if len(shown) == len(value) else {**shown, MORE: _MORE}


def _lines(value: Any, indent: int, room: int) -> str:
    """The value, beginning where `room` characters are left in the line."""
    short = _in_one(value)
    if len(short) <= room or not isinstance(value, dict | list):
        return short
    room_inside = WIDTH - indent - 3
    if isinstance(value, list):
        return _framed("[]", [_lines(each, indent + 2, room_inside) for each in value], indent)
    members = []
    for name, each in value.items():
        head = "" if name == MORE else f"{json.dumps(name, ensure_ascii=False)}: "
        members.append(head + _lines(each, indent + 2, room_inside - len(head)))
    return _framed("{}", members, indent)


def _framed(ends: str, items: list[str], indent: int) -> str:
    inner = "\n" + " " * (indent + 2)
    return f"{ends[0]}{inner}{f',{inner}'.join(items)}\n{' ' * indent}{ends[1]}"


def _in_one(value: Any) -> str:
    if value is _MORE:
        return MORE
    if isinstance(value, dict):
        members = [MORE if name == MORE else f"{json.dumps(name)}: {_in_one(each)}" for name, each in value.items()]
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_in_one, value))}]"
    return json.dumps(value, ensure_ascii=False)
