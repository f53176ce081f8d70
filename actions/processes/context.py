"""What the body of a step is told about the run it is part of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from actions.redaction import storable


@dataclass(slots=True)
class StepContext:
    """One try of one step, as its body sees it."""

    process: str
    """The process's id."""
    node: str
    run_id: int
    """Of the run itself, also inside of a branch."""
    run_uid: UUID
    number: int
    """How many steps of this run or branch are over."""
    attempt: int
    """1 at the first try."""
    is_last_attempt: bool
    idempotency_key: str
    """The same for every attempt at this step, and no other step's: for systems that take such a key."""
    payload: Mapping[str, Any]
    state: MutableMapping[str, Any]
    """What steps have registered. What a body puts here is kept if it succeeds; branches share it, key by key."""
    entered_at: datetime
    """When the run came to this node."""
    using: str
    """The database of the run."""
    correlation_id: str
    item: Any = None
    """Of an item of an `each`."""
    place: int | None = None
    """The item's or branch's."""
    input: Any = None
    """What was answered or received, where the node waits for that."""
    previous: Any = None
    """The result of the step before, where the process hands results on; after a join the list of its branches'."""
    note: Any = None
    """What the body remembered when it asked to be called again, by an `AgainError`."""
    result: Any = None
    """Of the step that is taken back, in a compensation."""
    get_actor: Callable[[], Any] | None = field(default=None, repr=False)
    is_last: bool = False
    """Whether the run ends with this step, as cancelled: its body has set it."""
    lines: list[str] = field(default_factory=list, repr=False)
    """What `log` was given."""

    @property
    def actor(self) -> Any:
        """The user who started the run; an `AnonymousUser` where nobody did, or he is gone. Read when asked for."""
        return self.get_actor() if self.get_actor is not None else None

    @property
    def log_text(self) -> str:
        """Its log, as every database takes it."""
        return storable("\n".join(self.lines))

    def log(self, text: str) -> None:
        """Add a line to the step's log."""
        self.lines.append(text)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision's function may answer where it has a result beside its choice."""

    edge: str | int
    """The edge's name, or its number from 0."""
    result: Any = None
    has_result: bool = True
    """False: it only chooses, and the next step gets what it has got itself."""


Body: TypeAlias = Callable[[StepContext, dict[str, Any]], Any]
"""What a node's `run` names: gets the step and its arguments, and answers the result, JSON or instances of models."""

current_step: ContextVar[StepContext | None] = ContextVar("actions_current_step", default=None)
"""The step that this code runs in, None outside of one."""
