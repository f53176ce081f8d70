"""How long a record stays: its action's `retention`, else DJACTION_RETENTION, else DJACTION_TTL_MINUTES."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db.models import Case, DateTimeField, Q, Value, When
from django.utils import timezone

from actions.conf import conf
from actions.models import EventQuerySet, Outcome
from actions.registry import catalogue

OTHERS = "default"
"""The key of a definition's `retention` for the outcomes that it does not name."""

Rule = tuple[Q, int]
"""Which records, and how many minutes they stay."""


def due(events: EventQuerySet, now: datetime) -> EventQuerySet:
    """Those of `events` whose time is over, by the settings and definitions of this moment."""
    default = moment_before(now, conf.TTL_MINUTES)
    limits = [(condition, moment_before(now, minutes)) for condition, minutes in (*_by_action(), *_by_outcome())]
    if not limits:
        return events.older_than(default)
    limit = Case(
        *(When(condition, then=Value(moment)) for condition, moment in limits),
        default=Value(default),
        output_field=DateTimeField(),
    )
    # The first comparison is the one that an index answers.
    return events.older_than(max(default, *(moment for _, moment in limits))).filter(created_at__lt=limit)


def moment_before(now: datetime, minutes: float) -> datetime:
    """`minutes` before `now`; before every record where a calendar does not reach back so far."""
    try:
        return now - timedelta(minutes=minutes)
    except OverflowError:
        return datetime(1900, 1, 1, tzinfo=UTC if now.tzinfo else None)


def as_moment(value: date) -> datetime:
    """A date as the moment at which it begins; what has no offset is meant in the project's time zone."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if not settings.USE_TZ:
        return moment
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # The first and the last day of the calendar begin outside of it somewhere on earth.
        return datetime(1, 1, 1, tzinfo=UTC) if moment.year == 1 else datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def _by_action() -> list[Rule]:
    """What definitions say; of two registries of one resource, the one that is served."""
    stays: dict[tuple[str, str], dict[str, int]] = {}
    for registry in sorted(catalogue, key=lambda registry: registry.viewset is None):
        for definition in registry.definitions.values():
            if definition.retention:
                stays.setdefault((registry.resource, definition.id), dict(definition.retention))
    actions: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for (resource, action), minutes in stays.items():
        for outcome in Outcome.values:
            if (stay := minutes.get(outcome, minutes.get(OTHERS))) is not None:
                actions[resource, outcome, stay].append(action)
    return [
        (Q(resource=resource, outcome=outcome, action__in=names), stay)
        for (resource, outcome, stay), names in actions.items()
    ]


def _by_outcome() -> list[Rule]:
    return [(Q(outcome=outcome), minutes) for outcome, minutes in conf.RETENTION.items()]
