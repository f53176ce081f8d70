"""The header `Prefer`, and names that look like a slip of one that is known.

Source: RFC 7240. A server ignores preferences that it does not know; what looks like a slip of one of ours is refused
all the same: a call that was meant to be a preview must not be carried out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from .exceptions import InvalidTermError

DRY_RUN, RESPOND_ASYNC, CONTINUE_ON_ERROR = "dry-run", "respond-async", "continue-on-error"
WAIT, HANDLING = "wait", "handling"

FLAGS = {DRY_RUN: "is_preview", RESPOND_ASYNC: "is_async", CONTINUE_ON_ERROR: "is_each"}
"""Preferences without a value: the term that each says."""
KNOWN = (*FLAGS, WAIT, HANDLING)
_NAMED = r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,;"]*))?\s*'
_PREFERENCE = re.compile(rf"{_NAMED}(?=;|\Z)")
_PARAMETER = re.compile(rf";(?:{_NAMED}|\s*)(?=;|\Z)")
_BETWEEN_COMMAS = re.compile(r'((?:[^,"]|"(?:[^"\\]|\\.)*")*)(?:,|\Z)')


def invalid(name: str, sentence: str) -> InvalidTermError:
    """The refusal of one header or parameter."""
    return InvalidTermError(_("%(name)s is not understood.") % {"name": name}, errors={name: [sentence]})


def read_preferences(text: str) -> dict[str, Any]:
    """The preferences of `Prefer`; those that nobody here knows are ignored, as the standard wants, but not slips."""
    said: dict[str, Any] = {}
    unknown = []
    for name, value in _named_preferences(text):
        if name in KNOWN:
            # Of one that is said twice the first counts.
            said = {**_preference(name, value), **said}
        else:
            unknown.append(name)
    if unknown and said.get(HANDLING) == "strict":
        names = {"names": ", ".join(unknown), "known": ", ".join(KNOWN)}
        raise invalid("Prefer", _("Not known: %(names)s. Known: %(known)s.") % names)
    return said


def _named_preferences(text: str) -> Iterator[tuple[str, str]]:
    """Names and values, once it is certain that none of ours stands where nobody would see it."""
    parts = _split(text)
    if not parts:
        raise _no_preferences()
    for part in parts:
        found = _PREFERENCE.match(part)
        if found is None:
            raise _no_preferences()
        name = found[1].lower()
        _refuse_slip_of_preference(name, () if name in KNOWN else FLAGS)
        place = found.end()
        while place < len(part):
            parameter = _PARAMETER.match(part, place)
            if parameter is None:
                raise _no_preferences()
            # "respond-async; dry-run" is one preference with a parameter that means nothing.
            _refuse_slip_of_preference((parameter[1] or "").lower(), FLAGS)
            place = parameter.end()
        yield name, (found[2] or "").strip('"')


def _split(text: str) -> list[str]:
    """What stands between commas that are in no quotes.

    Raises:
        InvalidTermError: A quotation mark has no second one.
    """
    parts, place = [], 0
    while place < len(text):
        found = _BETWEEN_COMMAS.match(text, place)
        if found is None:
            raise _no_preferences()
        parts.append(found[1])
        place = found.end()
    return [part for part in parts if part.strip()]


def _no_preferences() -> InvalidTermError:
    return invalid("Prefer", _("Preferences between commas were expected, as in dry-run, wait=10."))


def _refuse_slip_of_preference(name: str, known: Iterable[str]) -> None:
    if near := slip(name, known):
        sentence = _('"%(name)s" is not known here. Did you mean "%(near)s"?')
        raise invalid("Prefer", sentence % {"name": name, "near": near})


def _preference(name: str, value: str) -> dict[str, Any]:
    """What one preference says; a worker takes the time that it needs, so that `wait` says nothing."""
    if name == WAIT:
        if not re.fullmatch(r"\d+", value, re.ASCII):
            raise invalid("Prefer", _("Seconds were expected, as in wait=10."))
        return {}
    if name == HANDLING:
        if value not in ("strict", "lenient"):
            raise invalid("Prefer", _("handling=strict or handling=lenient was expected."))
        return {"handling": value}
    if value:
        raise invalid("Prefer", _("%(name)s takes no value.") % {"name": name})
    return {FLAGS[name]: True}


def slip(name: str, known: Iterable[str]) -> str | None:
    """Which of `known` is meant by a name that is none of them: `dryrun`, `Dry-Run`, `expect_cuont`, `preview`."""
    plain = {_plain(each): each for each in known}
    said = _plain(name)
    near = get_close_matches(_MEANT.get(said, said), plain, n=1, cutoff=0.8)
    return plain[near[0]] if near else None


_MEANT = {"preview": "dryrun", "validateonly": "dryrun", "dry": "dryrun"}
"""Other words for ours: what was to be tried must not be done."""


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
