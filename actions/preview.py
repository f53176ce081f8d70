"""Trying an action: everything is done, looked at, and rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMessage
from django.db import connections, transaction
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.response import Response

from .exceptions import NotPossibleError
from .hooks import hooks_for
from .models import Outcome
from .redaction import redact_change
from .writes import text_of, written_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from .binding import BoundAction
    from .changes import Change
    from .definitions import Action
    from .plans import Effect

HEADERS = {"Dry-Run-Applied": "true"}
_COMMITS = re.compile(
    r"\s*(?:(?:CREATE|DROP)(?!\s+TEMPORARY)|ALTER|TRUNCATE|RENAME|LOCK\s+TABLE|COMMIT|BEGIN|START)\b", re.IGNORECASE
)
"""Statements that commit what was done before, on databases that cannot roll a change of tables back."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a call would do."""

    changes: list[Change]
    """`{"model", "key", "field", "before", "after"}` of the action's objects and the rows that it watches."""
    others: list[dict[str, Any]]
    """`{"table", "operation", "rows"}` of everything else that it would write."""
    would_send: list[dict[str, Any]]
    """`{"kind": "mail" | "on_commit" | "delivery", …}`: what would leave after the commit."""
    plan: str | None

    @property
    def is_complete(self) -> bool:
        """Whether `changes` is all that would be written."""
        return not self.others

    def as_dict(self) -> dict[str, Any]:
        """The members that a preview adds to the answer."""
        return {
            "changes": self.changes,
            "changes_complete": self.is_complete,
            "other_writes": self.others,
            "would_send": self.would_send,
            "plan": self.plan,
        }


def refuse_unpreviewable(action: Action) -> None:
    """Refuse to try what cannot be rolled back.

    Raises:
        NotPossibleError: The action has no transaction, or says that it acts outside of the database.
    """
    if not action.is_previewable:
        detail = _("This action acts outside of the database: it cannot be tried and rolled back.")
        raise NotPossibleError(detail, code="preview_not_possible")


@contextmanager
def nothing_stays(using: str) -> Iterator[None]:
    """A transaction that is rolled back in any case; nothing may be written to other databases meanwhile."""
    with ExitStack() as stack:
        for alias in connections:
            if alias != using:
                if connections[alias].in_atomic_block:
                    # The caller's own block stays usable when a write is refused in the middle of it.
                    stack.enter_context(transaction.atomic(using=alias))
                stack.enter_context(connections[alias].execute_wrapper(_refuse_writes))
        stack.enter_context(transaction.atomic(using=using))
        if not connections[using].features.can_rollback_ddl:
            stack.enter_context(connections[using].execute_wrapper(_refuse_commits))
        yield
        transaction.set_rollback(True, using=using)


def waiting(using: str) -> int:
    """How much waits for the commit already, before the action begins."""
    return len(connections[using].run_on_commit)


def would_send(using: str, before: int) -> list[dict[str, Any]]:
    """What waits for the commit since: mails, and functions that were given to `transaction.on_commit`."""
    return [_left(entry[1]) for entry in connections[using].run_on_commit[before:]]


def deliveries_of(bound: BoundAction) -> list[dict[str, Any]]:
    """The messages that would leave for the hooks."""
    hooks = hooks_for(bound.action, bound.name, Outcome.SUCCEEDED.value)
    return [{"kind": "delivery", "hook": hook.name} for hook in hooks]


def preview_of(effect: Effect, plan: str | None) -> Preview:
    """What the caller is told, without secrets."""
    changes = [redact_change(change, effect.secret) for change in effect.changes]
    return Preview(changes, effect.others, effect.would_send, plan)


def merge(body: Any, preview: Preview) -> Any:
    """The answer of the real call with the members of the preview; of an answer that is no JSON only these."""
    if isinstance(body, Response):
        body.data = _merged(body.data, preview)
        if body.status_code == HTTPStatus.NO_CONTENT:
            # There is content now.
            body.status_code = HTTPStatus.OK.value
        return body
    if isinstance(body, HttpResponseBase):
        # Not `body.close()`: that tells Django that the request has ended, and it closes connections.
        for close in body._resource_closers:  # type: ignore[attr-defined] # noqa: SLF001 - its files
            close()
        return preview.as_dict()
    return _merged(body, preview)


def _merged(body: Any, preview: Preview) -> dict[str, Any]:
    if body is not None and not isinstance(body, dict):
        body = {"result": body}
    return {**(body or {}), **preview.as_dict()}


def _left(function: Any) -> dict[str, Any]:
    """What was left for the commit; `context.mail` leaves the mail's own `send`."""
    mail = getattr(function, "__self__", None)
    if isinstance(mail, EmailMessage):
        return {"kind": "mail", "to": list(mail.to), "subject": str(mail.subject)}
    return {"kind": "on_commit", "function": _name(function)}


def _name(function: Any) -> str:
    found = getattr(function, "func", function)
    return f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', type(found).__name__)}".strip(".")


def _refuse_writes(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if written_by(text_of(sql, context["cursor"])) is not None:
        detail = _("This action writes to a second database: it cannot be tried and rolled back.")
        raise NotPossibleError(detail, code="preview_not_possible")
    return execute(sql, params, many, context)


def _refuse_commits(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if _COMMITS.match(text_of(sql, context["cursor"])):
        detail = _("This action changes tables, which this database cannot roll back: it cannot be tried.")
        raise NotPossibleError(detail, code="preview_not_possible")
    return execute(sql, params, many, context)
