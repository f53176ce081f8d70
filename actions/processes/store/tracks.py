"""A run while somebody holds it: its row, what belongs to the whole run, and what is not written yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID
from weakref import WeakSet

from actions.processes.models import Run
from actions.processes.values import dump, is_reference, resolve


class Keep(Enum):
    """Leaves the lease as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
Due: TypeAlias = datetime | Literal[Keep.KEEP] | None

SETTLED: Final = (
    "definition_id",
    "status",
    "wait_key",
    "result",
    "error",
    "open_children",
    "next_place",
    "ended_at",
    "ends_as",
    "undone_to",
    "unique_key",
    "has_slot",
    "stopped_at",
)
"""Columns that change only where a run begins to wait, goes on after a wait, or ends."""


class Scope:
    """What a run shares with its branches: payload and state."""

    __slots__ = (
        "data",
        "facts",
        "is_touched",
        "next_text",
        "payload",
        "run_id",
        "text",
        "texts",
        "tracks",
        "uid",
        "using",
    )

    def __init__(self, root: Run, using: str) -> None:
        self.run_id = root.pk
        self.uid = root.uid
        self.facts = {"id": root.pk, "uid": root.uid.hex, "process": root.process}
        """What look-ups find as `run`."""
        self.using = using
        self.payload: dict[str, Any] = root.payload
        self.data: dict[str, Any] = root.state
        self.text = json.dumps(self.data)
        """As it is in the database, for all that is known."""
        self.texts: dict[str, str] | None = None
        """The same by key, with what branches have changed; None: as `text`."""
        self.tracks: WeakSet[Track] = WeakSet()
        """Runs and branches at hand that share it."""
        self.next_text = ""
        """What is being written in the place of `text`."""
        self.is_touched = False
        """Whether it may be otherwise than `text` says, or for branches than `texts`."""

    def put(self, key: str, text: str) -> None:
        """Set a value that is JSON already."""
        self.data[key] = json.loads(text)
        self.is_touched = True

    def refresh(self, state: dict[str, Any]) -> None:
        """Take over what is in the database now."""
        text = json.dumps(state)
        if state is not self.data:
            self.data.clear()
            self.data.update(state)
        self.text, self.texts, self.is_touched = text, None, False
        for track in self.tracks:
            # What branches have done and not written yet is still theirs to see.
            for key, changed in track.changes.items():
                if changed is None:
                    self.data.pop(key, None)
                else:
                    self.data[key] = json.loads(changed)
        if any(track.changes for track in self.tracks):
            self.texts = _by_key(self.data)

    def changes(self) -> dict[str, str | None]:
        """What was changed by key since it was asked last: JSON, None where the key is gone. For branches."""
        if not self.is_touched:
            return {}
        before = _by_key(json.loads(self.text)) if self.texts is None else self.texts
        now = _by_key(self.data)
        changed: dict[str, str | None] = {key: text for key, text in now.items() if before.get(key) != text}
        changed.update(dict.fromkeys(set(before) - set(now)))
        self.texts, self.is_touched = now, False
        return changed

    def save(self) -> tuple[Any, ...]:
        """What `load` needs to take back what comes after."""
        is_other = self.is_touched or self.texts is not None
        return self.is_touched, dump(self.data) if is_other else self.text, self.texts, self.text

    def load(self, saved: tuple[Any, ...]) -> None:
        """As it was when it was saved."""
        was_touched: bool = saved[0]
        data, texts, text = saved[1:]
        if self.is_touched or was_touched or self.texts is not texts or self.text is not text:
            self.data.clear()
            self.data.update(json.loads(data))
            self.is_touched, self.texts, self.text = was_touched, texts, text


def _by_key(data: dict[str, Any]) -> dict[str, str]:
    return {key: dump(value) for key, value in data.items()}


class State(MutableMapping[str, Any]):
    """The state as a step's body sees it; instances of models are read when they are asked for."""

    __slots__ = ("_read", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._read: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        value = self._scope.data[key]
        if type(value) in (dict, list):
            # It may be changed in place.
            self._scope.is_touched = True
            if is_reference(value):
                if key not in self._read:
                    self._read[key] = resolve(value, self._scope.using)
                return self._read[key]
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._read.pop(key, None)
        self._scope.put(key, dump(value))

    def __delitem__(self, key: str) -> None:
        del self._scope.data[key]
        self._scope.is_touched = True

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope.data)

    def __len__(self) -> int:
        return len(self._scope.data)

    def __repr__(self) -> str:
        return f"<State {', '.join(self._scope.data)}>"


@dataclass(slots=True)
class StepRow:
    """The columns of a `StepRun` that is not written yet: to make an instance of a model takes longer than a step."""

    run_id: int
    root_id: int
    number: int
    node: str
    attempt: int
    status: str
    entered_at: datetime
    started_at: datetime
    duration_seconds: float
    edge: str = ""
    is_undoing: bool = False
    input: Any = None
    result: Any = None
    error: Any = None
    log: str = ""
    event_uid: UUID | None = None


class Track:
    """A run or branch that is held, and goes on."""

    __slots__ = (
        "__weakref__",
        "at",
        "changes",
        "due",
        "has_moved",
        "is_alone",
        "is_settled",
        "last",
        "leaves_messages",
        "opened",
        "rows",
        "run",
        "scope",
        "taken",
    )

    def __init__(self, run: Run, scope: Scope) -> None:
        self.run = run
        self.scope = scope
        scope.tracks.add(self)
        self.at = run.number
        """The number of the step at hand as it is in the database: a step that is written once is not written again."""
        self.rows: list[StepRow] = []
        """Steps that are done and not written yet."""
        self.due: Due = KEEP
        """When the run is to be looked at again; KEEP: it goes on."""
        self.has_moved = False
        """Whether anything is to be written."""
        self.is_settled = False
        """Whether more than its position is to be written."""
        self.is_alone = False
        """Whether its steps get transactions of their own: sharing one has failed."""
        self.opened: Any = None
        """An `OpenTask` to be written, or False for one to be removed, with the rest."""
        self.leaves_messages = False
        """Whether it has waited for a message, and does not any more."""
        self.taken: list[int] = []
        """Keys of messages that it has got: marked with the rest."""
        self.changes: dict[str, str | None] = {}
        """Of a branch: what it has changed in the state, by key."""
        self.last: str | None = None
        """JSON of the last result, for the result of a branch or item."""

    @property
    def is_root(self) -> bool:
        """Whether payload and state are its own."""
        return self.run.root_id is None

    @property
    def is_over(self) -> bool:
        """Whether it does not go on here: it waits, has ended, or is given back."""
        return self.due is not KEEP

    def note_changes(self) -> None:
        """See what a step of a branch has changed in the state, while it is known that it was this one."""
        if not self.is_root and self.scope.is_touched:
            self.changes.update(self.scope.changes())

    def snapshot(self) -> tuple[Any, ...]:
        """What `restore` needs to take back what comes after."""
        lists = tuple(self.rows), tuple(self.taken)
        flags = self.due, self.has_moved, self.is_settled, self.opened, self.last, self.at, self.leaves_messages
        return dict(self.run.__dict__), lists, flags, dict(self.changes), self.scope.save()

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As it was."""
        values, (rows, taken), flags, changes, saved = snapshot
        self.due, self.has_moved, self.is_settled, self.opened, self.last, self.at, self.leaves_messages = flags
        self.run.__dict__.clear()
        self.run.__dict__.update(values)
        self.rows, self.taken, self.changes = list(rows), list(taken), dict(changes)
        self.scope.load(saved)

    def written(self) -> None:
        """Everything is in the database."""
        self.at = self.run.number
        self.rows.clear()
        self.taken.clear()
        self.changes.clear()
        self.has_moved = self.is_settled = self.leaves_messages = False
        self.opened = None
        if self.is_root and self.scope.is_touched:
            self.scope.text, self.scope.is_touched = self.scope.next_text, False
