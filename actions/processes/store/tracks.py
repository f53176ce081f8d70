"""A run while somebody holds it: its row, and what is not written yet.

It is `run.id` here and beside here, and not `run.pk`, which asks the model each time: as long as a tenth of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from actions.processes.models import Run
from actions.processes.state_field import LARGE

from .scope import Changes, Scope


class Keep(Enum):
    """Leaves the lease as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
Due: TypeAlias = datetime | Literal[Keep.KEEP] | None

MOVED: Final = (
    "node",
    "number",
    "entered_at",
    "tries",
    "waiting_for",
    "note",
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
"""Columns of a run that whoever holds it writes, where they have changed."""
position = attrgetter(*MOVED)
NUMBER: Final = MOVED.index("number")


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
    original: str = ""

    @property
    def has_more(self) -> bool:
        """Whether it has anything in the columns that most steps leave as the database makes them (`columns.MORE`)."""
        nothing = self.input is self.error is self.event_uid is None
        return bool(not nothing or self.edge or self.log or self.is_undoing or self.original)


class Track:
    """A run or branch that is held, and goes on."""

    __slots__ = (
        "__weakref__",
        "abandons",
        "changes",
        "due",
        "has_moved",
        "is_alone",
        "last",
        "leaves_messages",
        "opened",
        "rows",
        "run",
        "scope",
        "stored",
        "taken",
    )

    def __init__(self, run: Run, scope: Scope) -> None:
        self.run = run
        self.scope = scope
        if run.root_id is not None:
            scope.share_with(self)
        self.stored = position(run)
        """Those of its columns that are `MOVED`, as they are in the database."""
        self.rows: list[StepRow] = []
        """Steps that are done and not written yet."""
        self.due: Due = KEEP
        """When the run is to be looked at again; KEEP: it goes on."""
        self.has_moved = False
        """Whether anything is to be written."""
        self.is_alone = False
        """Whether its steps get transactions of their own: sharing one has failed."""
        self.opened: Any = None
        """An `OpenTask` to be written, or False for one to be removed, with the rest."""
        self.abandons: int | None = None
        """Number of a step that waits no more for what it has begun: that is ended with it."""
        self.leaves_messages = False
        """Whether it has waited for a message, and does not any more."""
        self.taken: list[int] = []
        """Keys of messages that it has got: marked with the rest."""
        self.changes: Changes = {}
        """Of a branch: what it has changed in the state, by key."""
        self.last: str | None = None
        """JSON of the last result, for the result of a branch or item."""

    @property
    def at(self) -> int:
        """The number of the step at hand as it is in the database: a step that is written once is not written again."""
        number: int = self.stored[NUMBER]
        return number

    @property
    def is_root(self) -> bool:
        """Whether payload and state are its own."""
        return self.run.root_id is None

    @property
    def is_over(self) -> bool:
        """Whether it does not go on here: it waits, has ended, or is given back."""
        return self.due is not KEEP

    @property
    def has_large(self) -> bool:
        """Whether large values of its state are to be written, or removed."""
        if not self.is_root:
            return False
        return bool(self.scope.replaced) or any(text and len(text) > LARGE for text in self.scope.changes().values())

    def note_changes(self) -> None:
        """See what a step has changed in the state, while it is known that it was this one.

        Raises:
            StepError: Something in it is no JSON.
        """
        changes = self.scope.changes() if self.is_root else self.scope.take_changes()
        if changes and not self.is_root:
            self.changes.update(changes)

    def snapshot(self) -> tuple[Any, ...]:
        """What `restore` needs to take back what comes after."""
        lists = self.rows, len(self.rows), tuple(self.taken)
        flags = self.due, self.has_moved, self.opened, self.last, self.stored, self.leaves_messages, self.abandons
        return dict(self.run.__dict__), lists, flags, dict(self.changes), self.scope.save()

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """As it was."""
        values, (rows, count, taken), flags, changes, saved = snapshot
        self.due, self.has_moved, self.opened, self.last, self.stored, self.leaves_messages, self.abandons = flags
        self.run.__dict__.clear()
        self.run.__dict__.update(values)
        self.rows, self.taken, self.changes = rows[:count], list(taken), dict(changes)
        self.scope.load(saved)

    def written(self) -> None:
        """Everything is in the database."""
        self.stored = position(self.run)
        # New ones: a snapshot may have the others.
        self.rows, self.taken, self.changes = [], [], {}
        self.has_moved = self.leaves_messages = False
        self.opened = self.abandons = None
        if self.is_root:
            self.scope.take_changes()
