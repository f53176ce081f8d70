"""How a call is to be carried out, besides what it is to do: tried first, once, later, only to a certain version.

Over HTTP it is said by headers and query parameters:

    Prefer: dry-run, respond-async, continue-on-error      RFC 7240
    Idempotency-Key: "8e03978e-40d5"                       draft-ietf-httpapi-idempotency-key-header
    If-Match: "1f9a…"                                      RFC 9110, section 13.1.1
    If-Plan: <the plan of a preview>
    ?dry_run=true &scheduled_time=2026-05-01T08:00Z &cron=0 8 * * 1 &expect_count=12 &alpha=true

What is not understood is refused, and so is what looks like a slip of one of these: a call that was meant to be a
preview must not be carried out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from .moments import as_aware, as_stored
from .preferences import CONTINUE_ON_ERROR, DRY_RUN, RESPOND_ASYNC, read_preferences, slip
from .preferences import invalid as invalid  # noqa: PLC0414 - others import it from here

ANY_VERSION = "*"
MAX_KEY = 255
CLOCKS_DIFFER = timedelta(minutes=1)
"""A moment that is over by no more than that may be one of a clock that goes otherwise: it is now."""

TRUTH = {"true": True, "1": True, "false": False, "0": False}
_ENTITY_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,[\s,]*|\Z)')
# A comma would mean that two headers were sent.
_BARE_KEY = re.compile(r"[\x21\x23-\x2b\x2d-\x7e]+\Z")
# A + that was not quoted in a URL has become a blank.
_OFFSET_WITHOUT_PLUS = re.compile(r"(:\d\d(?:[.,]\d+)?) (\d\d:?\d\d)\Z")
_QUOTED_KEY = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"\Z')


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one call; `PLAIN` where nothing was said."""

    is_preview: bool = False
    """Everything is done and rolled back."""
    key: str | None = None
    """The Idempotency-Key."""
    if_match: tuple[str, ...] | None = None
    """Entity tags as the header has them, `("*",)` for any version."""
    plan: str | None = None
    """The token of a preview: it is done only if it still does exactly that."""
    is_async: bool = False
    """A worker does it; the caller is answered at once."""
    scheduled_at: datetime | None = None
    """Not before this moment."""
    cron: str | None = None
    """Again and again, at the moments of a cron expression in the project's time zone."""
    is_each: bool = False
    """Every object by itself: what fails for one is done for the others."""
    expect_count: int | None = None
    """How many objects the caller thinks that it is about."""
    handling: str | None = None
    """"strict" or "lenient", RFC 7240."""

    @property
    def is_later(self) -> bool:
        """Whether it is for a worker."""
        return self.is_async or self.scheduled_at is not None or self.cron is not None

    @property
    def applied(self) -> str:
        """The value of `Preference-Applied`, "" for none."""
        is_async = self.is_async and not self.is_preview
        said = ((DRY_RUN, self.is_preview), (RESPOND_ASYNC, is_async), (CONTINUE_ON_ERROR, self.is_each))
        return ", ".join(name for name, is_said in said if is_said)

    def as_dict(self) -> dict[str, Any]:
        """What a worker has to know when it carries the call out: JSON values, to be read by `Terms.of`."""
        said = {"if_match": self.if_match and list(self.if_match), "expect_count": self.expect_count}
        return {key: value for key, value in said.items() if value is not None} | (
            {"is_each": True} if self.is_each else {}
        )

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Terms:
        """What `as_dict` returned."""
        if_match = said.get("if_match")
        return cls(**{**said, "if_match": None if if_match is None else tuple(if_match)})


PLAIN = Terms()

Read = Callable[[str, str], Any]
"""A term's value from its text. The first argument is the name to be used in errors."""


def read_terms(
    headers: Mapping[str, str], query: Mapping[str, str], is_known: Callable[[str], bool] = lambda name: False
) -> Terms:
    """The terms that an HTTP request names.

    Args:
        headers: By name, in any case, such as Django's `request.headers`.
        query: The query's parameters; those that are none of ours are left to others.
        is_known: Whether a parameter that looks like a slip of one of ours is one of those others.

    Raises:
        InvalidTermError: One cannot be understood; its name stands in `errors` with the form that it should have.
    """
    terms = read_parameters(query) if query else PLAIN
    _refuse_slips(name for name in query if not is_known(name))
    said: dict[str, Any] = {}
    for name, (key, read) in _HEADERS.items():
        if (text := headers.get(name)) is not None:
            said[key] = read(name, text)
    preferences = read_preferences(headers["Prefer"]) if "Prefer" in headers else {}
    return replace(terms, **{**said, **preferences}) if said or preferences else terms


def read_parameters(query: Mapping[str, Any]) -> Terms:
    """The terms that a query names, or the members of a body.

    Raises:
        InvalidTermError: One cannot be understood.
    """
    said = {}
    for name, (key, read) in PARAMETERS.items():
        if name in query:
            if isinstance(query, MultiValueDict) and len(query.getlist(name)) != 1:
                raise invalid(name, _("One value was expected."))
            said[key] = read(name, query[name])
    return replace(PLAIN, **said) if said else PLAIN


def merged(terms: Terms, others: Terms) -> Terms:
    """Both of them; what `others` say goes first."""
    if others is PLAIN:
        return terms
    said = {name: value for name in Terms.__slots__ if (value := getattr(others, name)) != getattr(PLAIN, name)}
    return replace(terms, **said)


def truth(name: str, value: Any) -> bool:
    """A yes or no.

    Raises:
        InvalidTermError: It is neither.
    """
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in TRUTH:
        raise invalid(name, _('"true" or "false" was expected.'))
    return TRUTH[value.lower()]


def _key(name: str, text: str) -> str:
    """A structured-field string, as the draft has it; without its quotes, as many clients send it."""
    text = text.strip()
    quoted = _QUOTED_KEY.match(text)
    if quoted is None and not _BARE_KEY.match(text):
        raise invalid(name, _('A text in quotes was expected, as in "8e03978e-40d5-43dd-bc93-6894a57f9324".'))
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    if not 0 < len(key) <= MAX_KEY:
        raise invalid(name, _("From 1 to %(limit)s characters were expected.") % {"limit": MAX_KEY})
    return key


def read_entity_tags(name: str, text: Any) -> tuple[str, ...]:
    """Entity tags as `If-Match` has them.

    Raises:
        InvalidTermError: They are none.
    """
    text = text if isinstance(text, str) else ""
    if text.strip() == ANY_VERSION:
        return (ANY_VERSION,)
    tags: list[str] = []
    place = 0
    while place < len(text):
        found = _ENTITY_TAG.match(text, place)
        if found is None:
            tags = []
            break
        tags.append(found[1])
        place = found.end()
    if not tags:
        raise invalid(name, _('The ETag of the object in its quotes was expected, as in "1f9a0c", or *.'))
    return tuple(tags)


def _plan(name: str, text: str) -> str:
    if not re.fullmatch(r"[\w:.-]+", text.strip()):
        raise invalid(name, _("The plan was expected that a preview has answered."))
    return text.strip()


def refuse_past(terms: Terms) -> None:
    """Refuse a call for a moment that is over. To be asked when it is made: a worker may well be late with it.

    Raises:
        InvalidTermError: It is.
    """
    now = datetime.now(UTC)
    if terms.scheduled_at is not None and as_aware(terms.scheduled_at) < now - CLOCKS_DIFFER:
        moments = {"moment": _written(terms.scheduled_at), "now": _written(now)}
        raise invalid("scheduled_time", _("%(moment)s is over: it is %(now)s now.") % moments)


def moment_to_show() -> str:
    """A moment as `scheduled_time` takes it, for help and refusals: one that can be copied is still to come."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return _written(tomorrow.replace(hour=8, minute=0, second=0))


def _written(moment: datetime) -> str:
    return as_aware(moment).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _moment(name: str, value: Any) -> datetime:
    # A date alone says no time.
    text = _OFFSET_WITHOUT_PLUS.sub(r"\1+\2", value) if isinstance(value, str) and ":" in value else ""
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise invalid(name, _("A date and time was expected, as in %(moment)s.") % {"moment": moment_to_show()})
    if not MINYEAR < moment.year < MAXYEAR:
        # These two are not whole in every time zone.
        years = {"first": MINYEAR + 1, "last": MAXYEAR - 1}
        raise invalid(name, _("A year from %(first)s to %(last)s was expected.") % years)
    if settings.USE_TZ and timezone.is_naive(moment):
        # In the caller's time zone, where the project has activated it.
        return timezone.make_aware(moment)
    return as_stored(moment)


def _count(name: str, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value, re.ASCII):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise invalid(name, _("A whole number was expected."))
    return value


def _cron(name: str, value: Any) -> str:
    # Whether it is an expression says `actions.later`, which has the library for it.
    if not isinstance(value, str) or not value.strip() or len(value) > 100:
        raise invalid(name, _('A cron expression was expected, as in "0 8 * * 1" for Mondays at eight.'))
    return value.strip()


def _refuse_slips(query: Iterable[str]) -> None:
    for name in query:
        if name not in PARAMETERS and (near := slip(name, PARAMETERS)) is not None:
            raise invalid(name, _('This query parameter is not known. Did you mean "%(near)s"?') % {"near": near})


_HEADERS: dict[str, tuple[str, Read]] = {
    "Idempotency-Key": ("key", _key),
    "If-Match": ("if_match", read_entity_tags),
    "If-Plan": ("plan", _plan),
}
PARAMETERS: dict[str, tuple[str, Read]] = {
    "dry_run": ("is_preview", truth),
    "scheduled_time": ("scheduled_at", _moment),
    "cron": ("cron", _cron),
    "expect_count": ("expect_count", _count),
}
"""Query parameters by name: the term that each says, and what reads it. All but `dry_run` may stand in a body too."""
IN_BODY = ("scheduled_time", "cron", "expect_count")
