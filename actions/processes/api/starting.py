"""How a process is to be started, besides its payload: by the names that calls of actions have.

Prefer: respond-async                       the caller does not wait for any step
Idempotency-Key: "8e03978e-40d5"            the same key starts one run
?scheduled_time=2026-05-01T08:00Z           not before this moment
?unique_key=order-4711                      one unfinished run with this key at the most
?queue=slow &priority=10                    for who may change runs: whose workers take it, and how early
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from actions.exceptions import ActionError, NotPossibleError
from actions.moments import as_aware
from actions.preferences import invalid
from actions.terms import Terms, read_terms, refuse_past

PROCESS_ID, UNIQUE_KEY, QUEUE, PRIORITY = "process_id", "unique_key", "queue", "priority"
OWN = frozenset({PROCESS_ID, UNIQUE_KEY, QUEUE, PRIORITY, "format"})
MAX_PRIORITY = 100_000
_KEY = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}\Z")
_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_NUMBER = re.compile(r"[+-]?[0-9]{1,6}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Start:
    """What a request says."""

    terms: Terms
    unique_key: str | None = None
    queue: str | None = None
    priority: int = 0

    def options(self) -> dict[str, Any]:
        """As `services.start` takes them."""
        return {
            "key": self.terms.key,
            # In a time zone that every database takes.
            "at": as_aware(self.terms.scheduled_at).astimezone(UTC) if self.terms.scheduled_at is not None else None,
            "in_background": True if self.terms.is_async else None,
            "unique_key": self.unique_key,
            "queue": self.queue,
            "priority": self.priority,
        }


def read_start(headers: Mapping[str, str], query: Mapping[str, str]) -> Start:
    """What headers and query say.

    Raises:
        InvalidTermError: Something is not understood.
        NotPossibleError: It is something that is not said of a process.
    """
    terms = read_terms(headers, query, OWN.__contains__)
    _refuse_others(terms)
    refuse_past(terms)
    unique_key = _text(query, UNIQUE_KEY, _KEY, _("From 1 to 255 characters were expected."))
    queue = _text(query, QUEUE, _QUEUE, _('The name of a queue was expected, as in "slow".'))
    number = _text(query, PRIORITY, _NUMBER, _("A whole number of minutes was expected."))
    priority = int(number) if number is not None else 0
    if abs(priority) > MAX_PRIORITY:
        raise invalid(PRIORITY, _("At most %(limit)s minutes were expected.") % {"limit": MAX_PRIORITY})
    return replace(Start(terms), unique_key=unique_key, queue=queue, priority=priority)


def _refuse_others(terms: Terms) -> None:
    if terms.cron is not None:
        detail = _("A process is not started again and again by this call. Make a schedule for it.")
        raise NotPossibleError(detail, code="not_possible")
    said = {
        "dry_run": terms.is_preview,
        "If-Match": terms.if_match is not None,
        "If-Plan": terms.plan is not None,
        "continue-on-error": terms.is_each,
        "expect_count": terms.expect_count is not None,
    }
    names = ", ".join(name for name, is_said in said.items() if is_said)
    if names:
        raise NotPossibleError(_("A process cannot be started with %(names)s. Nothing was done.") % {"names": names})


def _text(query: Mapping[str, str], name: str, pattern: re.Pattern[str], expected: str) -> str | None:
    if name not in query:
        return None
    if isinstance(query, MultiValueDict) and len(query.getlist(name)) != 1:
        raise invalid(name, _("One value was expected."))
    if not pattern.match(query[name]):
        raise invalid(name, expected)
    return query[name]


def named_process(query: Mapping[str, str], body: Any) -> tuple[str, Any]:
    """The process that query or body name, and the body without its name.

    Raises:
        ActionError: Neither does (400).
    """
    name = query.get(PROCESS_ID)
    if isinstance(body, MultiValueDict):
        body = body.copy()
        name = name or (body.pop(PROCESS_ID, None) or [None])[-1]
    elif isinstance(body, dict):
        body = dict(body)
        name = name or body.pop(PROCESS_ID, None)
    if not isinstance(name, str) or not name:
        sentence = _('The id of a process was expected, as in "signup-request".')
        detail = _("It is not said which process is to be started.")
        raise ActionError(detail, status=400, code="invalid_payload", errors={PROCESS_ID: [sentence]})
    return name, body
