"""References to names of a class that is not there yet: `this.approve`, or as text "self.approve"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TEXT = re.compile(r"self\.([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class ThisAttribute:
    """An attribute of the automation that this is written in."""

    name: str

    def __repr__(self) -> str:
        return f"this.{self.name}"


class This:
    """Makes references: `this.approve` is the attribute `approve` of the automation."""

    def __getattr__(self, name: str) -> ThisAttribute:
        if name.startswith("__"):
            # Python asks for those by itself, as `copy` does.
            raise AttributeError(name)
        return ThisAttribute(name)

    def __repr__(self) -> str:
        return "this"


this = This()


def referred(value: Any) -> str:
    """The name that a reference means; "" for what is none."""
    if isinstance(value, ThisAttribute):
        return value.name
    found = _TEXT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""
