"""What a run shares with its branches, payload and state, while it is held: what steps change in it, key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import Any, Protocol
from weakref import WeakSet

from actions.processes.exceptions import StepError
from actions.processes.models import Run
from actions.processes.state_field import STORED, is_stored, read_stored
from actions.processes.values import dump, is_reference, load, resolve
from actions.redaction import secret_texts

Changes = dict[str, str | None]
"""JSON by key; None where the key is gone."""


class Branch(Protocol):
    """A branch at hand: a `Track`."""

    changes: Changes
    """What it has changed in the state, and is not written yet."""


class Scope:
    """What a run shares with its branches: payload and state."""

    __slots__ = (
        "_branches",
        "_changes",
        "_secrets",
        "_seen",
        "_stored",
        "data",
        "facts",
        "payload",
        "replaced",
        "run_id",
        "uid",
        "using",
    )

    def __init__(self, root: Run, using: str) -> None:
        self.run_id = root.id
        self.uid = root.uid
        self.facts = {"id": root.id, "uid": root.uid.hex, "process": root.process}
        """What look-ups find as `run`."""
        self.using = using
        self.payload: dict[str, Any] = root.payload
        self.data: dict[str, Any] = root.__dict__["state"]
        """The state; of large values what stands for them, until they are asked for (`fetch`)."""
        self._branches: WeakSet[Branch] | None = None
        """Branches at hand that share it."""
        self._changes: Changes = {}
        """What is not in the database yet; for branches, what none of them has noted as its own yet."""
        self._seen: dict[str, tuple[Any, str]] = {}
        """Lists and mappings that a step has got hold of, and may have changed in place: with their JSON before."""

        self._stored: dict[str, dict[str, Any]] = {}
        """What stands for values that have been asked for, and are still as in their rows."""
        self._secrets: tuple[frozenset[str], set[str]] | None = None
        """Names, and what payload and state have under them (`secrets`)."""
        self.replaced: list[int] = []
        """Keys of large values that the state does not have any more."""

    def secrets(self, names: frozenset[str]) -> set[str]:
        """What payload and state have under names of secrets: texts that are masked where rows quote them."""
        if self._secrets is None or self._secrets[0] != names:
            self._secrets = names, secret_texts(self.payload, names) | secret_texts(self.data, names)
        return self._secrets[1]

    def _learn(self, key: str) -> None:
        if self._secrets is not None:
            names, texts = self._secrets
            texts |= secret_texts({key: self.data[key]}, names)

    def share_with(self, branch: Branch) -> None:
        """Remember a branch, as long as there is one."""
        if self._branches is None:
            self._branches = WeakSet()
        self._branches.add(branch)

    def fetch(self, key: str) -> None:
        """Have a value be there, also a large one."""
        value = self.data.get(key)
        if is_stored(value):
            found = read_stored(self.run_id, [value], self.using)
            if value[STORED] in found:
                self.data[key], self._stored[key] = found[value[STORED]], value
                self._learn(key)

    def keep(self, key: str, reference: dict[str, int]) -> None:
        """Note what stands for a value that is in a row of its own now."""
        self._stored[key] = reference

    def _replace(self, key: str) -> None:
        reference = self._stored.pop(key, None) or self.data.get(key)
        if is_stored(reference):
            self.replaced.append(reference[STORED])

    def text(self) -> str:
        """JSON of the state as it is written."""
        kept = self._stored
        return dump({key: kept.get(key, value) for key, value in self.data.items()} if kept else self.data)

    def hand_out(self, key: str) -> Any:
        """A list or mapping, for a step's body."""
        value = self.data[key]
        if key not in self._seen:
            self._seen[key] = value, dump(value)
        return value

    def put(self, key: str, text: str) -> None:
        """Set a value that is JSON already."""
        value = load(text)
        if is_stored(value):
            raise StepError(f'{key} would be {text}, which stands for a large value. Use another key than "{STORED}".')
        self._replace(key)
        self.data[key] = value
        self._learn(key)
        self._changes[key] = text

    def remove(self, key: str) -> None:
        """Remove a value."""
        self._replace(key)
        del self.data[key]
        self._changes[key] = None

    def changes(self) -> Changes:
        """What was changed and not yet written or taken."""
        for key, (_value, before) in self._seen.items():
            if key in self.data:
                text = dump(self.data[key])
                if text != before or key in self._changes:
                    self._replace(key)
                    self._changes[key] = text
        self._seen.clear()
        return self._changes

    def take_changes(self) -> Changes:
        """What was changed since it was asked last: somebody else's from now on."""
        taken = self.changes()
        self._changes = {}
        return taken

    def refresh(self, state: dict[str, Any]) -> None:
        """Take over what is in the database now."""
        if state is not self.data:
            self.data.clear()
            self.data.update(state)
        self._secrets = None
        self._changes, self._seen, self._stored, self.replaced = {}, {}, {}, []
        for track in self._branches or ():
            # What branches have done and not written yet is still theirs to see.
            for key, changed in track.changes.items():
                if changed is None:
                    self.data.pop(key, None)
                else:
                    self.data[key] = json.loads(changed)

    def save(self) -> tuple[Any, ...]:
        """What `load` needs to take back what comes after."""
        changes = self.changes()
        return dict(self.data), dict(changes), dict(self._stored), tuple(self.replaced)

    def load(self, saved: tuple[Any, ...]) -> None:
        """As it was when it was saved."""
        data, changes, stored, replaced = saved
        self.data.clear()
        self.data.update(data)
        for key, (value, before) in self._seen.items():
            if data.get(key) is value:
                self.data[key] = json.loads(before)
        self._changes, self._seen, self._stored, self.replaced = dict(changes), {}, dict(stored), list(replaced)


class State(MutableMapping[str, Any]):
    """The state as a step's body sees it; instances of models are read when they are asked for."""

    __slots__ = ("_read", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._read: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        value = self._scope.data[key]
        if type(value) not in (dict, list):
            return value
        if is_reference(value):
            if key not in self._read:
                self._read[key] = resolve(value, self._scope.using)
            return self._read[key]
        if is_stored(value):
            self._scope.fetch(key)
        return self._scope.hand_out(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._read.pop(key, None)
        self._scope.put(key, dump(value))

    def __delitem__(self, key: str) -> None:
        self._scope.remove(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope.data)

    def __len__(self) -> int:
        return len(self._scope.data)

    def __repr__(self) -> str:
        return f"<State {', '.join(self._scope.data)}>"
