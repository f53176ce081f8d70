"""A serializer field with what the caller may do with the object, and why not the rest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from django.db.models import Model, QuerySet
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import clone_request

from actions.availability import availability_of_each
from actions.context import current_context
from actions.exceptions import ConfigurationError, InvalidTermError
from actions.lifecycle import shown
from actions.registry import ActionRegistry
from actions.resource import ViewResource
from actions.routes import AVAILABLE, installed

if TYPE_CHECKING:
    from rest_framework.request import Request

    from actions.binding import BoundAction

    # At run time the class cannot be subscripted.
    Base = serializers.Serializer[Any]
else:
    Base = serializers.Serializer

URL_NAME = AVAILABLE.replace("_", "-")


class ActionReasonSerializer(Base):
    """Why an action is not available."""

    code = serializers.CharField(help_text=_("For programs; stable."))
    detail = serializers.CharField(help_text=_("One sentence for a person."))
    kind = serializers.CharField(help_text="permission | state | lifecycle")
    fix = serializers.ListField(
        child=serializers.CharField(), help_text=_("Names of actions that would make it available.")
    )


class AvailableActionSerializer(Base):
    """An action, and whether the caller may do it to the object now."""

    name = serializers.CharField()
    title = serializers.CharField()
    href = serializers.CharField(help_text=_("Where it is called."))
    method = serializers.CharField()
    status = serializers.CharField(help_text="todo | alpha | beta | prod")
    available = serializers.BooleanField()
    reasons = ActionReasonSerializer(many=True, help_text=_("Why it is not available; empty where it is."))
    schema = serializers.DictField(help_text=_("JSON Schema (2020-12) of the payload."))
    destructive = serializers.BooleanField()
    idempotent = serializers.BooleanField()


class ActionsField(serializers.ListField):
    """What `GET /todos/7/actions/` answers, inside the object.

        class TodoSerializer(serializers.ModelSerializer):
            actions = ActionsField()

    In a list, conditions with a form over a queryset cost one statement for all objects. In a serializer inside of
    another one, every object is asked by itself.
    """

    child = AvailableActionSerializer()

    def __init__(self, *, viewset: type | str | None = None, **kwargs: Any) -> None:
        """Declare the field.

        Args:
            viewset: The ViewSet that serves the actions, or its path, for a serializer that other views use as well,
                perhaps inside of another one.
            **kwargs: Those of DRF's fields, such as `help_text`.
        """
        super().__init__(**{**kwargs, "source": "*", "read_only": True})
        self._viewset = viewset
        self._listed: Any = None
        self._entries: dict[Any, list[dict[str, Any]]] = {}

    def to_representation(self, data: Any) -> list[Any]:
        """The entries of one object; where it is one of a list, all are found out with the first.

        Raises:
            ConfigurationError: There is no view with actions for it.
        """
        if not isinstance(data, Model):
            raise ConfigurationError(f"{self._place} is for objects of a model, not {type(data).__name__}.")
        if data.pk is None:
            return []
        listed = self._list()
        if listed is None:
            return self._entries_of([data])[0]
        if listed is not self._listed:
            objects = [found for found in listed if isinstance(found, Model)]
            self._entries = dict(zip([found.pk for found in objects], self._entries_of(objects), strict=True))
            self._listed = listed
        found = self._entries.get(data.pk)
        return self._entries_of([data])[0] if found is None else found

    @property
    def _place(self) -> str:
        return f"{type(self.parent).__name__}.{self.field_name}"

    def _list(self) -> Any:
        """What the outermost serializer represents, where that is a list that can be read twice."""
        outer = getattr(self.parent, "parent", None)
        listed = outer.instance if isinstance(outer, serializers.ListSerializer) else None
        return listed if isinstance(listed, list | tuple | QuerySet) else None

    def _entries_of(self, objects: Sequence[Model]) -> list[list[dict[str, Any]]]:
        if not objects:
            return []
        view = self._view(type(objects[0]))
        outer = current_context.get()
        return availability_of_each(
            _shown(view),
            ViewResource(view, is_permitted=True),
            objects,
            lambda found: _path(view, found),
            "rest" if outer is None else outer.door,
        )

    def _view(self, model: type[Model]) -> Any:
        """The view with the actions of these objects, and the caller's request.

        Raises:
            ConfigurationError: There is none.
        """
        view, request = self.context.get("view"), self.context.get("request")
        if view is None or request is None:
            raise ConfigurationError(
                f'{self._place} needs "view" and "request" in the serializer\'s context, as get_serializer() of a view '
                "puts them there."
            )
        if self._viewset is not None:
            declared: Any = import_string(self._viewset) if isinstance(self._viewset, str) else self._viewset
        else:
            declared = type(view)
        if not _has_actions_of(declared, model):
            raise ConfigurationError(
                f"{self._place}: {declared.__name__} has no actions for {model._meta.label}. Name the ViewSet that "
                'has: ActionsField(viewset="path.of.TodoViewSet").'
            )
        return view if isinstance(view, declared) else _made(declared, request)


def _has_actions_of(viewset: Any, model: type[Model]) -> bool:
    if not isinstance(getattr(viewset, "action_registry", None), ActionRegistry):
        return False
    # Of a ViewSet with neither, nothing is known.
    queryset = getattr(viewset, "queryset", None)
    own = model if queryset is None else queryset.model
    return issubclass(model, own) or issubclass(own, model)


def _made(viewset: Any, request: Request) -> Any:
    """The ViewSet with the caller's request, as if it had been asked for the object's actions."""
    view = viewset(action_name="", detail=True, basename=viewset.action_registry.resource)
    view.args, view.kwargs, view.format_kwarg = (), {}, None
    view.action_map, view.action = {"get": AVAILABLE}, AVAILABLE
    view.request = clone_request(request, "GET")
    view.headers = view.default_response_headers
    return view


def _shown(view: Any) -> list[BoundAction]:
    """The actions that lists have. On a page of the project's own, a parameter of the same name may mean another."""
    actions = installed(type(view))
    try:
        return shown(actions, view.request.query_params)
    except InvalidTermError:
        return shown(actions, {})


def _path(view: Any, found: Model) -> str:
    """The URL path of the object's list of actions, unquoted as in a request.

    Raises:
        ConfigurationError: No route is known, and the registry does not say where it is served.
    """
    key = ViewResource(view).key_of(found)
    own = {view.lookup_url_kwarg or view.lookup_field: key}
    # What else the route of this page has may belong to the object's, too: /lists/3/todos/7/.
    for names in ({**view.kwargs, **own}, own):
        with suppress(NoReverseMatch):
            return unquote(view.reverse_action(URL_NAME, kwargs=names, request=None))
    registry = view.action_registry
    if not registry.basepath:
        raise ConfigurationError(
            f"The URL of {found._meta.label} {key} is not known. Register {type(view).__name__} with a router "
            f'under the basename "{registry.resource}", or give its registry a basepath.'
        )
    return f"{registry.basepath}{key}/actions/"
