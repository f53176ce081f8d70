"""The refusals that an action's operation can really answer with, by status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _
from rest_framework import exceptions as drf_exceptions
from rest_framework.permissions import AllowAny

from actions.conf import conf
from actions.definitions import DEMAND, SELECTION, STATUS
from actions.exceptions import (
    NON_FIELD_ERRORS,
    BudgetExceededError,
    IdempotencyError,
    InvalidPayloadError,
    InvalidSelectionError,
    InvalidTermError,
    NotImplementedActionError,
    NotPossibleError,
    ObjectsNotFoundError,
    PayloadTooLargeError,
    PreconditionFailedError,
    PreconditionRequiredError,
    RefusedError,
    RetiredActionError,
    UnavailableError,
)
from actions.lifecycle import ALPHA
from actions.problem import document, to_error
from actions.selection import IDS

from .manner import is_for_several

if TYPE_CHECKING:
    from actions.binding import BoundAction

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 writes it.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What went wrong, for a person."},
        "code": {"type": "string", "description": "What went wrong, for a program; stable."},
        "errors": {
            "type": "object",
            "description": "Sentences by field, as in `items.0.name`; of the payload as a whole by `non_field_errors`.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One status that is no success."""

    description: str
    example: Mapping[str, Any]
    """A problem document."""
    others: tuple[Mapping[str, Any], ...] = ()
    """More of them, for documents that show several: each with a code of its own."""
    component: str = ""
    """The name under which many operations share it, where the document can; "" for one of this operation alone."""


def refusals_of_view(view: Any, bound: BoundAction | None = None) -> dict[int, Refusal]:
    """How authentication, permissions and throttles turn a caller away, before anything is done."""
    found = {}
    authenticators = view.get_authenticators()
    has_challenge = bool(authenticators and view.get_authenticate_header(view.request))
    if has_challenge:
        text = _("The caller is not known (`not_authenticated`, `authentication_failed`).")
        found[401] = _refusal(text, drf_exceptions.NotAuthenticated())
    permissions = [each for each in view.get_permissions() if not isinstance(each, AllowAny)]
    if permissions or authenticators or (bound is not None and bound.permissions):
        text = _("The caller may not do this (`permission_denied`).")
        if authenticators and not has_challenge:
            text = _("The caller is not known (`not_authenticated`), or may not do this (`permission_denied`).")
        found[403] = _refusal(text, drf_exceptions.PermissionDenied())
    if view.get_throttles() or (bound is not None and bound.throttle is not None):
        text = _("Too many calls (`throttled`); `Retry-After` says when to try again.")
        found[429] = _refusal(text, drf_exceptions.Throttled(30))
    return found


def missing_object() -> Refusal:
    """What a caller gets for an object that does not exist, or not for them."""
    return _refusal(_("There is no such object for this caller (`not_found`)."), drf_exceptions.NotFound())


def refusals_of_list(*, takes_ids: bool) -> dict[int, Refusal]:
    """What a list of actions refuses of the query."""
    text = _("A parameter is not understood (`invalid_term`).")
    if not takes_ids:
        return {400: _refusal(text, InvalidTermError(errors={ALPHA: [_("What is wrong with it.")]}))}
    text += " " + _("Or `ids` are no keys, or too many (`invalid_selection`, `too_many_objects`, `unknown_parameter`).")
    return {
        400: _refusal(text, InvalidSelectionError(errors={IDS: [_("What is wrong with it.")]})),
        404: _missing_objects(),
    }


def refusals_of_action(bound: BoundAction, view: Any) -> dict[int, Refusal]:
    """Every refusal of a call, in order of the status."""
    action = bound.action
    found = {**refusals_of_view(view, bound), **_of_body(bound)}
    if action.sunset is not None:
        found[410] = _refusal(_("The action was retired (`retired`)."), RetiredActionError())
    if action.status == STATUS.TODO.value:
        text = _("The action is planned and cannot be called yet (`not_implemented`).")
        found[501] = _refusal(text, NotImplementedActionError())
        return dict(sorted(found.items()))
    if action.is_instance:
        found[404] = missing_object()
    elif not bound.takes_nothing:
        found[404] = _missing_objects()
    if not conf.BUDGETS.keys().isdisjoint(("*", bound.resource, bound.name)):
        found[429] = _over_budget(found.get(429))
    found |= {409: _conflict(bound), 503: _unavailable(bound), **_of_manner(bound)}
    return dict(sorted(found.items()))


def _missing_objects() -> Refusal:
    text = _("Some of the `ids` do not exist for this caller (`objects_not_found`).")
    return _refusal(text, ObjectsNotFoundError(errors={IDS: [_("Not found: %(ids)s.") % {"ids": 999}]}))


def _over_budget(throttled: Refusal | None) -> Refusal:
    text = _("It would change more rows than the caller may (`budget_exceeded`); `Retry-After` says when to try again.")
    budget = _refusal(text, BudgetExceededError())
    if throttled is None:
        return budget
    return Refusal(f"{throttled.description} {text}", throttled.example, (budget.example,))


def _conflict(bound: BoundAction) -> Refusal:
    error: Exception = IntegrityError()
    text = _("It contradicts what is in the database (`conflict`).")
    if bound.conditions:
        error = RefusedError()
        text = _("A condition is not met, or it contradicts what is in the database (`conflict`).")
    if is_for_several(bound):
        text += " " + _("Or not `expect_count` objects are meant (`count_changed`).")
    text += " " + _(
        "Or a call with this `Idempotency-Key` is still running (`in_progress`), was cancelled (`cancelled`), or its"
        " answer was not kept (`answer_not_kept`)."
    )
    return _refusal(text, error, IdempotencyError())


def _unavailable(bound: BoundAction) -> Refusal:
    text = _("The database is busy; nothing was changed (`unavailable`).")
    if bound.action.background:
        text += " " + _("Or no worker is alive (`no_worker`).")
    return _refusal(text, UnavailableError())


def _of_manner(bound: BoundAction) -> dict[int, Refusal]:
    """What can be wrong with how it is to be done."""
    has_plan = bound.action.is_previewable and not bound.action.background
    text = _("This `Idempotency-Key` belongs to another request (`key_reused`).")
    reused = IdempotencyError(
        _("This Idempotency-Key belongs to another request. Use a new key for a new request."),
        status=422,
        code="key_reused",
    )
    found = {422: _refusal(text, reused, component="ActionKeyReused")}
    texts = []
    if bound.is_instance:
        texts.append(_("The object is in another version than `If-Match` says (`version_changed`)."))
    if has_plan:
        texts.append(
            _(
                "The plan is too old, for another call, or not what would be done any more (`plan_expired`,"
                " `plan_of_another_call`, `plan_changed`)."
            )
        )
    if texts:
        name = "".join(part for part, is_there in (("Version", bound.is_instance), ("Plan", has_plan)) if is_there)
        changed = _("This would not do any more what the plan says. Nothing was done; make a new preview.")
        of_plan = PreconditionFailedError(changed, code="plan_changed")
        errors = [PreconditionFailedError()] * bound.is_instance + [of_plan] * has_plan
        found[412] = _refusal(" ".join(texts), *errors, component=f"Action{name}Changed")
    if bound.needs_version and not bound.takes_nothing:
        text = _("It is not said which version is meant (`version_required`).")
        found[428] = _refusal(text, PreconditionRequiredError(), component="ActionVersionRequired")
    text = _(
        "The action cannot be carried out as the headers or the query say (`preview_not_possible`, `not_possible`), or"
        " this installation cannot (`missing_extra`, `events_not_served`)."
    )
    found[501] = _refusal(text, NotPossibleError(), component="ActionNotPossible")
    return found


def _of_body(bound: BoundAction) -> dict[int, Refusal]:
    text = _(
        "The payload is not valid (`invalid_payload`), or the body cannot be read"
        " (`parse_error` where it is no JSON or no form, else `malformed`)."
    )
    if bound.action.status != STATUS.TODO.value:
        text += " " + _("Or a header or parameter is not understood (`invalid_term`).")
        if bound.action.idempotency_key == DEMAND.REQUIRED.value:
            text += " " + _("Or the `Idempotency-Key` is missing (`key_required`).")
    if not bound.action.is_instance and bound.selection != SELECTION.NONE.value:
        text += " " + _(
            "Or it is not said which objects are meant (`selection_required`), or not so that it is understood"
            " (`invalid_selection`, `unknown_parameter`, `too_many_objects`), or some of the `items` cannot be taken"
            " (`items_refused`)."
        )
    field = next(iter(bound.payload.json_schema().get("properties", {})), NON_FIELD_ERRORS)
    found = {
        400: _refusal(
            text,
            InvalidPayloadError(errors={field: [_("What is wrong with it.")]}),
            drf_exceptions.ParseError("JSON parse error - Expecting value: line 1 column 10 (char 9)"),
        ),
        415: _refusal(
            _("The body is of a content type or charset that is not taken."),
            drf_exceptions.UnsupportedMediaType("text/csv"),
            component="ActionUnsupportedMediaType",
        ),
    }
    if settings.DATA_UPLOAD_MAX_MEMORY_SIZE is not None:
        text = _("The body is too large (`payload_too_large`).")
        found[413] = _refusal(text, PayloadTooLargeError(), component="ActionPayloadTooLarge")
    return found


def _refusal(description: str, error: Exception, *others: Exception, component: str = "") -> Refusal:
    told = tuple(document(to_error(each)) for each in others)
    return Refusal(description, document(to_error(error)), told, component)
