"""A difference of two schemas in words. They are the same whether it breaks a caller or not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .subsets import FIELD, NEW, OPENED, UNCLEAR, VALUE, Finding


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different between old and new at one place."""

    path: str
    kind: str
    old: Any
    new: Any

    @property
    def place(self) -> tuple[Any, ...]:
        """What it has in common with the same difference seen from the other side."""
        return (self.path, self.kind, *((self.old, self.new) if self.kind == VALUE else ()))


_APPEARED = {
    FIELD: "is new.",
    NEW: "is new, and required.",
    OPENED: "is new; until now anything was taken under this name.",
    "required": "is required now.",
    "additionalProperties": "further fields are allowed now.",
}
_GONE = {
    FIELD: "was removed.",
    NEW: "was removed.",
    OPENED: "was removed; anything is taken under this name now.",
    "required": "is not required any more.",
    "additionalProperties": "further fields are refused now.",
}


def difference(finding: Finding, *, is_first_old: bool) -> Difference:
    """A finding from the point of view of whoever knows the old one."""
    old, new = (finding.first, finding.second) if is_first_old else (finding.second, finding.first)
    return Difference(finding.path, finding.kind, old, new)


def sentence(found: Difference) -> str:
    """What there is to say of it beside its place."""
    old, new = found.old, found.new
    if found.kind in _GONE:
        return _GONE[found.kind] if old else _APPEARED[found.kind]
    if found.kind == VALUE:
        return f"{new} is a value now." if old is None else f"{old} is not a value any more."
    if found.kind == "enum":
        return f"is one of {new} now." if old is None else f"is not limited to {old} any more."
    if found.kind == "dependentRequired":
        return f"needs {new} beside it now." if old is None else f"does not need {old} beside it any more."
    if found.kind == UNCLEAR:
        return f"was changed, and whether that is compatible cannot be told ({old or new})."
    return f"{found.kind} was {_shown(old)}, is {_shown(new)}."


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
