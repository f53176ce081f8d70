"""The operations of an action's routes, as neither drf-yasg nor drf-spectacular says it: both write this down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from actions.definitions import STATUS

from .answers import Answer, Shape, answer_of
from .bodies import Body, Example, answers_of, body_of
from .dialects import camelized
from .errors import Refusal, missing_object, refusals_of_action, refusals_of_list, refusals_of_view
from .headers import Header, headers_of_action, headers_of_available, lifecycle_headers
from .manner import is_for_several, manner_parameters
from .parameters import Parameter, alpha_parameter, keys_of, listing_parameters, model_of, selection_parameters
from .schemas import AVAILABLE, DOCUMENTATION, LISTING, RESULTS, available_of_several
from .texts import description_of

if TYPE_CHECKING:
    from actions.binding import BoundAction
    from actions.registry import ActionRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one route."""

    name: str
    """Begins the names of its components: "TodoMarkDone"."""
    summary: str
    description: str = ""
    tags: tuple[str, ...] = ()
    """Empty: that of the ViewSet's other operations."""
    is_deprecated: bool = False
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    answer: Answer | None = None
    """None: it cannot succeed yet."""
    answer_name: str = ""
    """The component that the answer's schema becomes; "" where it is not worth one."""
    answer_text: str = ""
    answer_examples: tuple[Example, ...] = ()
    alternatives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Schemas of other bodies that a success may have, by the names of their components."""
    is_previewable: bool = False
    accepted_text: str = ""
    """When it is accepted for later (202); "" for never."""
    headers: Mapping[int, tuple[Header, ...]] = field(default_factory=dict)
    """Of the answers, by their status."""
    refusals: Mapping[int, Refusal] = field(default_factory=dict)
    extension: Mapping[str, Any] = field(default_factory=dict)
    """For `x-action`: what programs want to know of an action before they call it."""


def describe(view: Any, method: str) -> Operation:
    """The operation of a route of an action, or of the list of them.

    Args:
        view: The ViewSet, made for documentation only; without a request it gets an anonymous one.
        method: "POST" performs, "GET" documents.
    """
    if view.request is None:
        view.request = anonymous_request(method)
    bound = view.shown_action
    if bound is None:
        return _available(view) if view.detail else _listing(view)
    return _performing(bound, view) if method == "POST" else _documenting(bound, view)


def _performing(bound: BoundAction, view: Any) -> Operation:
    action = bound.action
    name = component_name(bound)
    is_there = action.status != STATUS.TODO.value
    selecting, manner = selection_parameters(bound, view), list(manner_parameters(bound))
    taken = {parameter.name for parameter in manner}
    answer = answer_of(bound, model_of(view)) if is_there else None
    refusals = refusals_of_action(bound, view)
    return Operation(
        name=name,
        summary=action.title or action.id,
        description=description_of(bound, [parameter.name for parameter in selecting]),
        tags=action.tags,
        is_deprecated=bool(action.deprecated),
        parameters=(*(each for each in selecting if each.name not in taken), *manner),
        body=body_of(bound, view),
        answer=answer,
        answer_name=f"{name}Result" if answer and _has_fields(answer.content) else "",
        answer_text=_answer_text(bound),
        answer_examples=answers_of(bound),
        alternatives={"ActionResults": RESULTS} if is_there and is_for_several(bound) else {},
        is_previewable=is_there and bound.action.is_previewable,
        accepted_text=_("A worker will do it. Its record, at `Location`, tells how far it is.") if is_there else "",
        headers=headers_of_action(bound, refusals),
        refusals=refusals,
        extension=_extension(bound),
    )


def _answer_text(bound: BoundAction) -> str:
    if not bound.action.background:
        return _("The action was carried out.")
    if not bound.action.is_previewable:
        return _("It was carried out before, by a call with this `Idempotency-Key`.")
    return _("It was only tried, or carried out before, by a call with this `Idempotency-Key`.")


def _extension(bound: BoundAction) -> dict[str, Any]:
    """What is so; what is not, or is not said, is left out."""
    action = bound.action
    said = {
        "id": action.id,
        "type": action.type,
        "status": action.status,
        "version": action.version,
        "idempotent": action.idempotent,
        "destructive": action.destructive,
        "preview": bound.action.is_previewable,
        "undo": action.undo,
        "background": action.background,
        "if_match": action.if_match,
        "idempotency_key": action.idempotency_key,
        "max_objects": action.max_objects,
        "capabilities": list(action.capabilities),
    }
    return {name: value for name, value in said.items() if value}


def _documenting(bound: BoundAction, view: Any) -> Operation:
    title = bound.action.title or bound.id
    return Operation(
        name=component_name(bound),
        summary=_("Documentation: %(action)s") % {"action": title},
        description=_("What the action is, takes and answers. Nothing is changed."),
        tags=bound.action.tags,
        is_deprecated=bool(bound.action.deprecated),
        answer=Answer(Shape.ITSELF, DOCUMENTATION),
        answer_name="ActionDocumentation",
        answer_text=_("The documentation."),
        headers={200: tuple(lifecycle_headers(bound))},
        refusals=refusals_of_view(view),
    )


def _listing(view: Any) -> Operation:
    registry = view.action_registry
    return Operation(
        name=camelized(registry.resource),
        summary=_("All actions"),
        description=_(
            "What can be done with one object, and with the list. With `ids`: which instance actions are available for"
            ' these objects, as `[{"id", "etag", "actions"}]`, and why not the others. Nothing is changed.'
        ),
        tags=_common_tags(registry),
        parameters=tuple(listing_parameters(view)),
        answer=Answer(Shape.ITSELF, LISTING),
        answer_name="ActionList",
        answer_text=_("The actions, in their order."),
        alternatives={f"{camelized(registry.resource)}AvailableActions": available_of_several(keys_of(view))},
        refusals={**refusals_of_view(view), **refusals_of_list(takes_ids=True)},
    )


def _available(view: Any) -> Operation:
    return Operation(
        name=camelized(view.action_registry.resource),
        summary=_("Available actions"),
        description=_("What this caller may do with this object now, and why not the rest. Nothing is changed."),
        tags=_common_tags(view.action_registry),
        parameters=(alpha_parameter(),),
        answer=Answer(Shape.ITSELF, AVAILABLE),
        answer_name="AvailableActions",
        answer_text=_("The actions for one object, in their order."),
        headers=headers_of_available(),
        refusals={**refusals_of_view(view), **refusals_of_list(takes_ids=False), 404: missing_object()},
    )


def _common_tags(registry: ActionRegistry) -> tuple[str, ...]:
    """Where all actions stand in the same group, their lists stand there, too."""
    tags = {bound.action.tags for bound in registry.bound.values()}
    return tags.pop() if len(tags) == 1 else ()


def _has_fields(content: Any) -> bool:
    """Whether a schema is worth a name in the document."""
    return isinstance(content, Mapping) and not {"properties", "$ref", "$defs", "allOf"}.isdisjoint(content)


def component_name(bound: BoundAction) -> str:
    """`todo:mark_done` as `TodoMarkDone`."""
    return camelized(bound.name)


def anonymous_request(method: str) -> Request:
    """A request of nobody, for a view that is only documented."""
    request = HttpRequest()
    request.method = method
    request.user = AnonymousUser()
    made = Request(request)
    made.user = AnonymousUser()
    return made
