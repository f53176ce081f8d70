"""How a call may be carried out: those of the headers and query parameters of `actions.terms` that an action takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.definitions import DEMAND, STATUS
from actions.preferences import CONTINUE_ON_ERROR, DRY_RUN, RESPOND_ASYNC

from .dialects import camelized
from .parameters import HEADER, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.binding import BoundAction

KEY = r"[\x21\x23-\x2b\x2d-\x7e]{1,255}"
QUOTED_KEY = r'"([\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"'
ENTITY_TAG = r'(W/)?"[\x21\x23-\x7e]*"'


def is_for_several(bound: BoundAction) -> bool:
    """Whether one call at this route may be about several objects."""
    return not bound.is_instance and not bound.takes_nothing


def manner_parameters(bound: BoundAction) -> Iterator[Parameter]:
    """What a call may say besides what it is to do; nothing where the action cannot be called yet."""
    if bound.action.status == STATUS.TODO.value:
        return
    yield _prefer(bound)
    yield _header(
        "Idempotency-Key",
        {"type": "string", "pattern": f"^({QUOTED_KEY}|{KEY})$"},
        _("Done once for each key, however often it is sent."),
        bound.action.idempotency_key == DEMAND.REQUIRED.value,
    )
    if bound.is_instance:
        tags = {"type": "string", "pattern": rf"^(\*|{ENTITY_TAG}(, ?{ENTITY_TAG})*)$"}
        yield _header("If-Match", tags, _("Only to this version: the ETag of the object, or `*`."), bound.needs_version)
    if bound.action.is_previewable:
        if not bound.action.background:
            plan = {"type": "string", "pattern": "^[A-Za-z0-9_:.-]+$"}
            yield _header("If-Plan", plan, _("Exactly what a preview said: its `plan`."), False)
        yield _shared("dry_run", {"type": "boolean"}, _("Try it: everything is rolled back."))
    yield from _later(bound)
    if is_for_several(bound):
        count = {"type": "integer", "minimum": 0, "maximum": 10**12 - 1}
        yield _told_anywhere(bound, "expect_count", count, _("Only if so many objects are meant."))


def _later(bound: BoundAction) -> Iterator[Parameter]:
    moment, cron = {"type": "string", "format": "date-time"}, {"type": "string", "minLength": 1, "maxLength": 100}
    yield _told_anywhere(bound, "scheduled_time", moment, _("Not before this moment."))
    yield _told_anywhere(bound, "cron", cron, _("Again and again, as in `0 8 * * 1` for Mondays at eight."))


def _told_anywhere(bound: BoundAction, name: str, schema: dict[str, Any], description: str) -> Parameter:
    """What may stand in the body, too, unless the payload has a field of that name."""
    is_taken = name in bound.fields
    return _shared(name, schema, description if is_taken else f"{description} {_('Or in the body.')}")


def _prefer(bound: BoundAction) -> Parameter:
    known = {
        DRY_RUN: bound.action.is_previewable,
        RESPOND_ASYNC: True,
        CONTINUE_ON_ERROR: is_for_several(bound),
    }
    names = [name for name, is_possible in known.items() if is_possible]
    told = {
        DRY_RUN: _("try it"),
        RESPOND_ASYNC: _("a worker does it"),
        CONTINUE_ON_ERROR: _("do it to as many objects as possible"),
    }
    return Parameter(
        "Prefer",
        {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1, "uniqueItems": True},
        "; ".join(f"`{name}`: {told[name]}" for name in names) + " (RFC 7240).",
        is_comma_separated=True,
        place=HEADER,
        component="ActionPrefer" + "Or".join(camelized(name) for name in names),
    )


def _header(name: str, schema: dict[str, Any], description: str, is_required: bool) -> Parameter:
    component = f"Action{camelized(name)}{'Required' if is_required else ''}"
    return Parameter(name, schema, description, place=HEADER, is_required=is_required, component=component)


def _shared(name: str, schema: dict[str, Any], description: str) -> Parameter:
    return Parameter(name, schema, description, component=f"Action{camelized(name)}")
