"""An automation's `data`: what it was started with, and on top of it what its steps have put there."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from actions.processes.notes import MODELS

GONE = "$gone"
"""The key of the state that names what was taken out of what the automation was started with."""
HIDDEN = "$"
"""Keys that begin so are the engine's."""


class Data(MutableMapping[str, Any]):
    """A mapping of JSON values. Within a step, what is put here is kept if the step succeeds."""

    __slots__ = ("_copies", "_payload", "_state")

    def __init__(self, state: MutableMapping[str, Any], payload: Mapping[str, Any]) -> None:
        self._state = state
        self._payload = payload
        self._copies: dict[str, Any] = {}
        """Of lists and mappings of the payload, which may be changed in place: that is for the state."""

    def __getitem__(self, key: str) -> Any:
        if key in self._state:
            return self._state[key]
        if key not in self:
            raise KeyError(key)
        value = self._payload[key]
        if isinstance(value, dict | list):
            return self._copies.setdefault(key, copy.deepcopy(value))
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"{key!r} is no key of data: keys are texts.")
        if key.startswith(HIDDEN):
            raise ValueError(f'{key!r} is no key of data: those that begin with "{HIDDEN}" are the engine\'s.')
        self._copies.pop(key, None)
        self._state[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._copies.pop(key, None)
        if key in self._state:
            del self._state[key]
        if key in self._payload:
            self._state[GONE] = [*self._state.get(GONE, ()), key]

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is set first where there is none: as it is kept, to be changed in place."""
        if key not in self:
            self[key] = default
        return self[key]

    def __contains__(self, key: object) -> bool:
        return key in self._state or (key in self._payload and key not in self._state.get(GONE, ()))

    def __iter__(self) -> Iterator[str]:
        gone = self._state.get(GONE, ())
        for key in dict.fromkeys((*self._payload, *self._state)):
            if not key.startswith(HIDDEN) and (key in self._state or key not in gone):
                yield key

    def __len__(self) -> int:
        return sum(1 for _key in self)

    def __repr__(self) -> str:
        return f"<Data {dict(self)!r}>"

    def model_of(self, key: str) -> str:
        """The model of an object that it was started with: "auth.user"; "" for what is none, or no key of one."""
        return str(self._state.get(MODELS, {}).get(key, ""))

    def flush(self) -> None:
        """Put into the state what was changed in place."""
        for key, value in self._copies.items():
            if value != self._payload[key]:
                self._state[key] = value
        self._copies.clear()


class Buffered(Data):
    """The data of an automation outside of its steps: kept when `save` is called."""

    __slots__ = ("_before",)

    def __init__(self, state: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        super().__init__(copy.deepcopy(dict(state)), payload)
        self._before = copy.deepcopy(dict(state))

    def changes(self) -> tuple[dict[str, Any], list[str]]:
        """What was set, and which keys are gone, since it was read."""
        self.flush()
        now = dict(self._state)
        changed = {key: value for key, value in now.items() if key not in self._before or self._before[key] != value}
        return changed, [key for key in self._before if key not in now]
