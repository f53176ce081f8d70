"""What DRF's browsable API and OPTIONS show of an action: the form of its payload, not of the ViewSet's serializer."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.renderers import BrowsableAPIRenderer

from .binding import BoundAction
from .definitions import SELECTION
from .exceptions import ActionError
from .lifecycle import check_lifecycle
from .schema_serializer import serializer_for
from .selection import IDS


def payload_serializer(bound: BoundAction) -> serializers.BaseSerializer[Any]:
    """The payload of an action as a serializer to show."""
    own = getattr(bound.payload, "serializer_class", None)
    serializer_class = own or serializer_for(bound.payload.json_schema(), bound.id)
    serializer = serializer_class()
    if bound.selection == SELECTION.FILTER.value and not bound.is_instance and hasattr(serializer, "fields"):
        help_text = _(
            "Keys of the objects, separated by commas. Without them the query says which: a filter, or all=true."
        )
        serializer.fields[IDS] = serializers.CharField(required=False, help_text=help_text)
    return serializer


def can_be_called(bound: BoundAction) -> bool:
    """Whether the action is neither only promised nor retired."""
    try:
        check_lifecycle(bound.action)
    except ActionError:
        return False
    return True


def example_text(bound: BoundAction) -> str:
    """A payload to begin with, as JSON."""
    example = bound.action.example_payload
    if example is None:
        example = next((each["payload"] for each in bound.action.examples if "payload" in each), None)
    if example is None:
        properties = bound.payload.json_schema().get("properties", {})
        example = {name: schema.get("default") for name, schema in properties.items() if isinstance(schema, dict)}
    return json.dumps(example, indent=4, default=str)


class ActionRendererMixin(BrowsableAPIRenderer):
    """Shows the form of the view's action, as long as that can be called."""

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Any) -> Any:
        bound = view.shown_action
        if bound is None or method != "POST":
            return super().get_rendered_html_form(data, view, method, request)
        if not can_be_called(bound):
            return None
        return self.render_form_for_serializer(payload_serializer(bound))

    def get_raw_data_form(self, data: Any, view: Any, method: str, request: Any) -> Any:
        bound = view.shown_action
        if bound is None or method != "POST":
            return super().get_raw_data_form(data, view, method, request)
        if not can_be_called(bound):
            return None
        form = super().get_raw_data_form(data, view, method, request)
        if form is not None and "_content" in form.fields:
            form.fields["_content"].initial = example_text(bound)
        return form


def for_actions(renderer: Any) -> Any:
    """The renderer, or if it is the browsable API's (or a project's own version of it) the same for actions."""
    if not isinstance(renderer, BrowsableAPIRenderer):
        return renderer
    return _class_for_actions(type(renderer))()  # type: ignore[arg-type]  # classes are hashable


@cache
def _class_for_actions(kind: type[BrowsableAPIRenderer]) -> type[BrowsableAPIRenderer]:
    return type(f"Action{kind.__name__}", (ActionRendererMixin, kind), {})
