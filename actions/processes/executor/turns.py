"""When a repeat goes back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.utils import timezone

from actions.processes.graph import Schedule

DAY = timedelta(days=1)


def next_turn(schedule: Schedule, first: datetime, after: datetime) -> datetime:
    """The first moment of a schedule that is later than `after`.

    Whole intervals are counted from the first time, so that a late turn does not put off all that follow. Days are
    those of the calendar, in the current time zone: some have 23 or 25 hours.
    """
    every = timedelta(seconds=schedule.every_seconds)
    if schedule.at:
        return _next_at(time.fromisoformat(schedule.at), max(1, every // DAY), first, after)
    turns = max(0, int((after - first) / every))
    return first + every * (turns + 1)


def _next_at(at: time, days: int, first: datetime, after: datetime) -> datetime:
    """The next time of day, so many days after one on which it was."""
    zone = timezone.get_current_timezone() if timezone.is_aware(first) else None
    began, ended = (each.astimezone(zone).date() if zone is not None else each.date() for each in (first, after))
    turns = max(1, (ended - began).days // days)
    while True:
        moment = datetime.combine(began + DAY * days * turns, at, tzinfo=zone)
        moment = moment.astimezone(UTC) if zone is not None else moment
        if moment > after:
            return moment
        turns += 1
