"""What look-ups of a step can reach: declared keys of the payload, and what earlier steps have registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .source import did_you_mean

RUN_FIELDS = ("id", "uid", "process")
ERROR = "error"
"""The key of the state that has the error which was handled last: type, detail, node."""
_SCALARS = {"string": "a text", "number": "a number", "integer": "a number", "boolean": "true or false"}


@dataclass(frozen=True)
class Known:
    """What is the same for all steps of a file."""

    payload: Mapping[str, Any]
    """JSON Schema of each key."""
    registered: Mapping[str, str]
    """Every key of the state, with the step that registers it."""
    goes_back: bool
    """Whether a later step can come before an earlier one."""
    has_input: bool
    """Whether anything is answered or received."""
    handles_errors: bool = False
    """Whether a step is followed by others after an error, which stands in `state.error` then."""


@dataclass
class Scope:
    """What a step can look up; grows with each step."""

    known: Known
    state: set[str] = field(default_factory=set)
    is_open: bool = False
    """Whether a step before it could put anything into the state."""
    has_item: bool = False

    def branch(self, *, has_item: bool | None = None) -> Scope:
        """What a way of its own starts with; what it registers, others do not see."""
        return replace(self, state=set(self.state), has_item=self.has_item if has_item is None else has_item)

    def join(self, branch: Scope) -> None:
        """Take over what a way has registered, when it is over."""
        self.state |= branch.state
        self.is_open = self.is_open or branch.is_open

    def problem(self, path: str) -> tuple[str, str] | None:
        """Message and remedy of a path that leads nowhere."""
        root, *rest = path.split(".")
        if root == "payload":
            return self._payload(rest)
        if root == "state":
            return self._state(rest)
        if root == "item":
            hint = 'Use it in a step with loop; the text is written {{ "item" }}.'
            return None if self.has_item else ("there is no item here.", hint)
        if root == "input":
            hint = 'Ask for it by a step with input or receive; the text is written {{ "input" }}.'
            return None if self.known.has_input else ("nothing is answered in this process.", hint)
        if root == "run":
            wrong = bool(rest) and rest[0] not in RUN_FIELDS
            return (f'the run has no "{rest[0]}".', did_you_mean(rest[0], RUN_FIELDS)) if wrong else None
        names = ("payload", "state", "item", "input", "run")
        return f'there is no "{root}".', did_you_mean(root, names)

    def _payload(self, rest: list[str]) -> tuple[str, str] | None:
        if not rest:
            return None
        declared = self.known.payload.get(rest[0])
        if declared is None:
            remedy = did_you_mean(rest[0], self.known.payload, "Declare it under payload.")
            return f'the payload has no key "{rest[0]}".', remedy
        kind = _SCALARS.get(str(declared.get("type")))
        if kind and len(rest) > 1:
            return f'payload.{rest[0]} is {kind} and has no "{rest[1]}".', f"Look up payload.{rest[0]}."
        return None

    def _state(self, rest: list[str]) -> tuple[str, str] | None:
        if not rest or rest[0] in self.state or self.is_open:
            return None
        if rest[0] == ERROR and self.known.handles_errors:
            return None
        later = self.known.registered.get(rest[0])
        if later is None:
            remedy = did_you_mean(rest[0], sorted(self.state), f"Give that step: register: {rest[0]}.")
            return f'no step registers "{rest[0]}".', remedy
        if self.known.goes_back:
            return None
        return f'"{rest[0]}" is not registered yet: {later} does it.', "Move that step before this one."
