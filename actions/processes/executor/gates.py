"""What is looked at before a node's work: whether it is skipped, and whether its time has come.

All of it is worked out anew at each look, from when the run came to the node: nothing has to be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import SystemRandom
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from actions.moments import as_stored, now
from actions.processes.exceptions import StepError, StepTimeoutError
from actions.processes.policies import SHORTEST_POLL_SECONDS, Policy
from actions.processes.states import Waiting

from .look import Look

_rng = SystemRandom()


@dataclass(frozen=True, slots=True)
class Closed:
    """It is not yet time."""

    reason: Waiting
    due_at: datetime


class Skip:
    """The node is not wanted."""


SKIP = Skip()


def look_at(policy: Policy, look: Look, entered_at: datetime) -> Closed | Skip | None:
    """What the gates of a node say; None: go ahead.

    Raises:
        StepTimeoutError: Its conditions have not come true in time.
        StepError: A moment or duration is none.
    """
    present = now()
    if any(look.value(each) for each in policy.skip_if):
        return SKIP
    skip_at = skips_at(policy, look, entered_at)
    if skip_at is not None and present >= skip_at:
        return SKIP
    opens_at = _opens_at(policy, look, entered_at)
    if opens_at is not None and present < opens_at:
        return Closed(Waiting.TIME, opens_at if skip_at is None else min(opens_at, skip_at))
    if all(look.value(each) for each in policy.as_soon_as):
        return None
    ends_at = [each for each in (skip_at, _times_out_at(policy, entered_at, opens_at, present)) if each is not None]
    return Closed(Waiting.CONDITION, min([_again(policy), *ends_at]))


def is_skipped(policy: Policy, look: Look, entered_at: datetime) -> bool:
    """Whether a node that waits for somebody is not wanted any more."""
    if any(look.value(each) for each in policy.skip_if):
        return True
    skip_at = skips_at(policy, look, entered_at)
    return skip_at is not None and now() >= skip_at


def skips_at(policy: Policy, look: Look, entered_at: datetime) -> datetime | None:
    """When a node is skipped at the latest."""
    return None if policy.skip_after is None else entered_at + seconds(look.value(policy.skip_after))


def next_look(policy: Policy, ends_at: datetime | None) -> datetime | None:
    """When a node that waits for somebody, until a moment, is looked at again: earlier, where it may be skipped."""
    if not policy.skip_if:
        return ends_at
    again = _again(policy)
    return again if ends_at is None else min(again, ends_at)


def _again(policy: Policy) -> datetime:
    return now() + timedelta(seconds=max(SHORTEST_POLL_SECONDS, policy.poll_seconds) * _rng.uniform(0.9, 1.1))


def _times_out_at(policy: Policy, entered_at: datetime, opens_at: datetime | None, now: datetime) -> datetime | None:
    if policy.timeout_seconds is None:
        return None
    ends_at = max(entered_at, opens_at or entered_at) + timedelta(seconds=policy.timeout_seconds)
    if now >= ends_at:
        raise StepTimeoutError(f"What it waited for did not come true within {policy.timeout_seconds:g} seconds.")
    return ends_at


def _opens_at(policy: Policy, look: Look, entered_at: datetime) -> datetime | None:
    moments = []
    if policy.wait_for is not None:
        moments.append(entered_at + seconds(look.value(policy.wait_for)))
    if policy.wait_until is not None:
        moments.append(moment(look.value(policy.wait_until)))
    return max(moments, default=None)


def seconds(value: Any) -> timedelta:
    """A duration: seconds, or a timedelta.

    Raises:
        StepError: It is none.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return timedelta(seconds=value)
        except (OverflowError, ValueError) as error:
            raise StepError(f"{value!r} seconds are no duration.") from error
    raise StepError(f"{value!r} is no duration. Expected was a number of seconds, or a timedelta.")


def moment(value: Any) -> datetime:
    """A moment: a datetime, a date (its beginning), or either as ISO 8601; without a zone in the current one.

    Raises:
        StepError: It is none.
    """
    found = value
    if isinstance(value, str):
        try:
            found = parse_datetime(value) or parse_date(value)
        except ValueError as error:
            raise StepError(f"{value!r} is no moment: {error}.") from error
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, time())
    if isinstance(found, datetime):
        try:
            return as_stored(found)
        except OverflowError as error:
            raise StepError(f"{value!r} is no moment: it is outside of the calendar in UTC.") from error
    raise StepError(f"{value!r} is no moment. Expected was a datetime, or text such as 2026-11-21T08:00:00Z.")
