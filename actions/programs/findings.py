"""What the checks of a definition have in common."""

from __future__ import annotations

from reprlib import Repr
from typing import Any, TypeAlias

Finding: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""The way to the value, what is wrong with it, and what to do."""

_shown = Repr()
_shown.maxstring = _shown.maxother = 60


def is_text(value: Any) -> bool:
    """Whether it is a text that can be given to a program: without NUL, and with nothing that UTF-8 does not have."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def short(value: Any) -> str:
    """A value as a message shows it, however long and deep it is."""
    return _shown.repr(value)
