"""What an action's function and its conditions are told about the call they are part of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.core.mail import EmailMessage
    from django.db.models import Model
    from rest_framework.request import Request


@dataclass(frozen=True, slots=True)
class Refusal:
    """A condition's no.

    The caller gets `code` and `detail` with status 409, and the transaction is rolled back.
    """

    code: str
    """Stable, for programs: "already_done"."""
    detail: Any
    """One sentence for a person; may be lazily translated."""
    fix: tuple[str, ...] = ()
    """Ids of actions of the same resource that would mend it: `("reopen",)`."""


class Watcher(Protocol):
    """Notes what rows hold, before they are changed."""

    def watch(self, *objects: Model) -> None:
        """Have changes of these rows recorded, shown in a preview, and taken back by an undo."""


class _Nobody:
    """Watches where nothing is recorded."""

    def watch(self, *objects: Model) -> None:
        """Do nothing."""


NOBODY = _Nobody()

OnProgress = Callable[[int, int | None, str], None]


@dataclass(slots=True)
class ActionContext:
    """One execution of an action, as its function sees it."""

    actor: AbstractBaseUser | AnonymousUser
    """Who calls: `request.user`, an `AnonymousUser` where nobody is logged in."""
    resource: str
    """The registry's resource: "todo"."""
    action: str
    """The action's id: "mark_done"."""
    door: str
    """The way in: rest, python, admin, command, mcp or process."""
    uid: UUID
    """Of this execution; the record's `uid`."""
    correlation_id: str
    """The same for everything that one gesture caused."""
    parent_uid: UUID | None = None
    """Of the execution that called this one."""
    request: Request | None = None
    """The request as the ViewSet has it; made up where the door is not HTTP."""
    using: str = DEFAULT_DB_ALIAS
    """The database that effect and record are written to."""
    idempotency_key: str = ""
    """For systems outside of the database that take such a key: the same for every attempt at this call, also of a
    worker, and no other call's.

    Where the caller sent an Idempotency-Key, a digest of it with the user and the action; else from `uid`. Each of
    several objects has its own. An action that the function calls has another one each time: hand this one on.
    """
    is_preview: bool = False
    """Whether all of it will be rolled back."""
    changes: Watcher = NOBODY
    """For rows besides the action's own object: `context.changes.watch(todo_list)`, before they are changed."""
    on_progress: OnProgress | None = None
    """The door's: gets what `progress` is told."""
    text: str | Callable[[], str] = ""
    """What receivers of the event read, in one sentence; "" for the usual one. The function may set it.

    A callable is asked after the work, and only where somebody is told: a form's `get_stream_message`.
    """
    writeback: Any = None
    """What the hook answered that was asked before the work (`hooks: [{hook: …, when: before}]`)."""
    traceparent: str = ""
    """W3C Trace Context of the call, "" where it has none."""
    mails: list[EmailMessage] = field(default_factory=list)
    """What `mail` was given."""
    outer: ActionContext | None = field(default=None, repr=False)
    """Of the execution that called this one, in this process."""
    inner_names: frozenset[str] = field(default=frozenset(), repr=False)
    """Names that executions within this one have declared `sensitive`; what they change is seen here, too."""
    inner_secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Secrets that were sent to those of them that failed: their errors may quote them."""
    share: Any = field(default=None, repr=False)
    """Where rows are counted for budgets, its `budgets.Share` while the function runs."""

    @property
    def around(self) -> Iterator[ActionContext]:
        """The executions that this one is a part of, from the inside out."""
        outer = self.outer
        while outer is not None:
            yield outer
            outer = outer.outer

    def mail(self, message: EmailMessage) -> None:
        """Send a mail when the transaction is committed: never where it is rolled back, as after a preview.

        A mail that cannot be sent is logged, and the action has been done all the same.
        """
        self.mails.append(message)
        transaction.on_commit(message.send, using=self.using, robust=True)

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the action is, for whoever waits.

        Args:
            done: Units that are done; never fewer than the last time.
            total: Units in all, None where that is not known.
            message: One sentence for a person.

        Raises:
            ValueError: A number is negative, or more is done than there is.
        """
        if done < 0 or (total is not None and done > total):
            raise ValueError(f"progress({done}, {total}): done is a number from 0 to total.")
        if self.on_progress is not None:
            self.on_progress(done, total, message)


current_context: ContextVar[ActionContext | None] = ContextVar("actions_current_context", default=None)
"""The execution that this code runs in, None outside of one."""
