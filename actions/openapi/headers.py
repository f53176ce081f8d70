"""Headers that answers of actions have besides those of every answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from actions.definitions import STATUS
from actions.lifecycle import STATUS_HEADER, UNSETTLED

from .dialects import camelized

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from actions.binding import BoundAction

CONDITIONAL_GET = "django.middleware.http.ConditionalGetMiddleware"


@dataclass(frozen=True, slots=True)
class Header:
    """One header of an answer."""

    name: str
    description: str
    kind: str = "string"

    @property
    def component(self) -> str:
        """The name under which operations share it."""
        return f"Action{camelized(self.name).removeprefix('Action')}"


def headers_of_action(bound: BoundAction, statuses: Mapping[int, object]) -> dict[int, tuple[Header, ...]]:
    """The headers of an action's answers, by the status that they come with.

    Args:
        bound: The action.
        statuses: Those of its refusals.
    """
    if bound.action.status == STATUS.TODO.value:
        return {}
    done = tuple(_of_done(bound))
    found = {200: done, 202: (Header("Location", _("The record: where to ask for the result.")), retry_after(), *done)}
    found |= {status: (retry_after(),) for status in (409, 429, 503) if status in statuses}
    if bound.is_instance:
        found[412] = (etag(),)
    return found


def headers_of_available() -> dict[int, tuple[Header, ...]]:
    """Those of the actions that are available for an object; see `actions.etags`."""
    return {} if CONDITIONAL_GET in settings.MIDDLEWARE else {200: (etag(),)}


def lifecycle_headers(bound: BoundAction) -> Iterator[Header]:
    """What every answer says of the action's life; of refusals it would be the same again and is not written down."""
    if bound.action.status in UNSETTLED:
        yield Header(STATUS_HEADER, _("alpha | beta: it may still change. Refusals say it, too."))
    if isinstance(bound.action.deprecated, str):
        yield Header("Deprecation", _("Since when it is deprecated (RFC 9745). Refusals say it, too."))
    if bound.action.sunset is not None:
        yield Header("Sunset", _("From when on it answers 410 (RFC 8594). Refusals say it, too."))


def etag() -> Header:
    """The object's version."""
    return Header("ETag", _("The version of the object, for `If-Match`."))


def retry_after() -> Header:
    """When to try again."""
    return Header("Retry-After", _("Seconds after which to ask or try again."), "integer")


def tells_version(view: Any) -> bool:
    """Whether a route of a ViewSet with actions answers with the object's ETag; see `actions.etags`."""
    is_plain = CONDITIONAL_GET not in settings.MIDDLEWARE
    return getattr(view, "action", None) == "retrieve" and (is_plain or bool(view.version_field))


def _of_done(bound: BoundAction) -> Iterator[Header]:
    yield Header("Action-Event", _("The key of the record."), "integer")
    yield Header("Idempotent-Replayed", _("`true`: the answer that this Idempotency-Key had before, also a refusal."))
    yield Header("Preference-Applied", _("The preferences that were followed (RFC 7240)."))
    if bound.action.is_previewable:
        yield Header("Dry-Run-Applied", _("`true`: nothing was done."))
    yield from lifecycle_headers(bound)
