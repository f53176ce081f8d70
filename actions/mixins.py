"""The REST door: actions as routes of a ViewSet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from .availability import availability, availability_of_many, read_ids
from .binding import BoundAction
from .body import read_body
from .browsable import for_actions, payload_serializer
from .documentation import action_document, main_path, registry_document
from .etags import ETagMixin
from .exceptions import ActionError, ConfigurationError, FailedActionError, InvalidTermError
from .execution import Outcome, perform, refuse
from .lifecycle import hidden_names, lifecycle_headers, shown
from .problem import PROBLEM_JSON, document, to_body_error, to_error
from .registry import ActionRegistry
from .resource import ViewResource
from .routes import (
    NAME,
    NAMED,
    action_of,
    install,
    installed,
    is_below_actions,
    is_hidden,
    looks_like_key,
    named_views,
    not_here,
    routes,
)
from .selection import IDS, query_parameters
from .terms import PLAIN, Terms, read_terms
from .tracing import REQUEST_ID

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.viewsets import GenericViewSet

    # What it is mixed into; at run time it inherits from nothing.
    Base = GenericViewSet[Any]
else:
    Base = object

DOOR = "rest"
EVENT_HEADER = "Action-Event"
"""The key of the record: of `/actionevents/12/` and its undo."""
TERM_HEADERS = frozenset({"HTTP_PREFER", "HTTP_IDEMPOTENCY_KEY", "HTTP_IF_MATCH", "HTTP_IF_PLAN"})
"""As a WSGI environment has them."""
UNREADABLE_FORMS = (SuspiciousOperation, MultiPartParserError)


@contextmanager
def _transactions_left_alone() -> Iterator[None]:
    """Undo that DRF marks the request's transaction as broken: an action has its own, one around it is another's."""
    marks = [(each, each.needs_rollback) for each in connections.all(initialized_only=True) if each.in_atomic_block]
    yield
    for connection, needs_rollback in marks:
        connection.needs_rollback = needs_rollback


class ActionMixin(ETagMixin, Base):
    """Serves the actions of a registry beside what the ViewSet does already.

        class TodoViewSet(ActionMixin, viewsets.ModelViewSet):
            queryset = Todo.objects.all()
            serializer_class = TodoSerializer
            action_registry = ACTIONS

    `POST /todos/7/mark_done/` performs, `GET` on the same URL documents. In the ViewSet's own methods (`get_queryset`,
    `get_permissions`, …) `self.action` is the action's id.
    """

    action_registry: ClassVar[Any] = ()
    """What `enrich_actions` returned, or a list of `Action` objects."""
    answer_unknown_actions: bool = False
    """Whether `/todos/7/<anything>/` that is no route gets a problem document.

    Off by default: the route would hide URLs below an object that other parts of a project add later.
    """
    action_query_parameters: Iterable[str] = ()
    """Query parameters of filter backends that do not tell their names."""

    action_name: str | None = None
    """The action that the route is for, "" where it is for all of them; None for the ViewSet's other routes."""
    is_older_route: bool = False
    """Whether the route is of the older form `/todos/7/actions/mark_done/`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = cls.__dict__.get("action_registry")
        if declared is None:
            return
        if isinstance(declared, Mapping) and not isinstance(declared, ActionRegistry):
            message = f"{cls.__name__}: action_registry is a plain dict. Give it what enrich_actions returned."
            raise ConfigurationError(message)
        if not isinstance(declared, ActionRegistry):
            queryset = getattr(cls, "queryset", None)
            resource = cls.__name__.removesuffix("ViewSet") if queryset is None else queryset.model._meta.model_name
            declared = ActionRegistry(
                str(resource).lower(), actions=declared, source=f"{cls.__module__}.{cls.__name__}"
            )
            cls.action_registry = declared
        declared.attach(cls)

    @classmethod
    def get_extra_actions(cls) -> list[Any]:
        """The ViewSet's own extra actions, then the routes of the registry."""
        install(cls)
        own = [extra for extra in super().get_extra_actions() if not hasattr(extra, "bound_action")]
        return [*own, *routes(cls)]

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """A view whose transaction is the action's own: a failure's record has to survive the rollback."""
        install(cls)
        if (name := action_of(cls, actions or {})) is not None:
            # A route that was written by hand, without a router.
            initkwargs.setdefault("action_name", name)
        view = super().as_view(actions, **initkwargs)
        if initkwargs.get("action_name") is None:
            return view
        cls.action_registry.attach(cls, is_served=True)
        if actions and actions.get("post") == NAMED:
            view = cls._named_view(view, **initkwargs)
        for alias in connections:
            transaction.non_atomic_requests(using=alias)(view)
        return view

    @classmethod
    def _named_view(cls, unknown: Any, **initkwargs: Any) -> Any:
        """Of a route that takes any name, the view that the main route has, or `unknown`."""
        views = {
            name: super(ActionMixin, cls).as_view(
                handlers, **{**initkwargs, "action_name": "" if name == "list" else name}
            )
            for name, handlers in named_views(cls, bool(initkwargs.get("detail"))).items()
        }

        @wraps(unknown)
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            found = views.get(kwargs[NAME])
            if found is None:
                return unknown(request, **kwargs)  # type: ignore[no-any-return]
            del kwargs[NAME]
            return found(request, **kwargs)

        return view

    def get_extra_action_url_map(self) -> dict[str, str]:
        """What the browsable API offers beside the resource itself: the main routes only, and no alpha actions."""
        urls = super().get_extra_action_url_map()
        offered = [bound for bound in installed(type(self)) if bound.is_instance == bool(self.detail)]
        unsettled = hidden_names(offered, self.request.query_params)
        return {name: url for name, url in urls.items() if not is_hidden(name) and name not in unsettled}

    @property
    def shown_action(self) -> BoundAction | None:
        """The action whose form and fields are shown on this route."""
        if not self.action_name:
            return None
        bound: Mapping[str, BoundAction] = self.action_registry.bound
        return bound.get(self.action_name)

    def get_renderers(self) -> list[Any]:
        """The view's renderers; the browsable API shows the action's form."""
        renderers = super().get_renderers()
        return renderers if self.action_name is None else [for_actions(renderer) for renderer in renderers]

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """DRF's metadata; of an action's route, with the fields of its payload."""
        response = super().options(request, *args, **kwargs)
        bound = self.shown_action
        metadata_class: Any = self.metadata_class
        if bound is not None and isinstance(response.data, dict) and hasattr(metadata_class, "get_serializer_info"):
            metadata = metadata_class()
            response.data["actions"] = {"POST": metadata.get_serializer_info(payload_serializer(bound))}
        return response

    def perform_action(self, bound: BoundAction, request: Request) -> HttpResponseBase:
        """Perform an action for this request and answer with what came of it."""
        resource = ViewResource(self, is_permitted=True)
        try:
            terms = self._terms(bound, resource, request)
            outcome = perform(bound, resource, partial(read_body, request), door=DOOR, terms=terms)
        except ActionError as error:
            if isinstance(error, FailedActionError):
                # What Django does for an unhandled exception: monitoring and the test client listen to it.
                got_request_exception.send(sender=type(self), request=request._request)  # noqa: SLF001 - DRF documents it
            return self.problem(error, lifecycle_headers(bound.action))
        return self.answer(outcome)

    def _terms(self, bound: BoundAction, resource: ViewResource, request: Request) -> Terms:
        """What headers and query say about how it is to be done.

        Raises:
            InvalidTermError: They cannot be understood.
        """
        meta = request.META
        if not meta.get("QUERY_STRING") and TERM_HEADERS.isdisjoint(meta):
            return PLAIN
        try:
            return read_terms(request.headers, request.query_params, self._is_query_parameter)
        except InvalidTermError as error:
            refuse(bound, resource, error, door=DOOR)
            raise

    def _is_query_parameter(self, name: str) -> bool:
        """Whether the list understands it, as a filter or otherwise."""
        return any(name in names for names in query_parameters(self))

    def answer(self, outcome: Outcome) -> HttpResponseBase:
        """The response to an action that was carried out."""
        headers = outcome.headers
        headers[REQUEST_ID] = outcome.correlation_id
        if outcome.event is not None:
            headers[EVENT_HEADER] = str(outcome.event.pk)
        if isinstance(outcome.body, HttpResponseBase):
            for name, value in headers.items():
                outcome.body[name] = value
            return outcome.body
        return Response(outcome.body, status=outcome.status, headers=headers)

    def problem(self, error: ActionError, headers: dict[str, str] | None = None) -> Response:
        """The response to an action that was not."""
        request, bound = self.request, self.shown_action
        life = lifecycle_headers(bound.action) if bound is not None and bound.has_lifecycle else {}
        traced = {REQUEST_ID: error.correlation_id} if error.correlation_id else {}
        renderer = getattr(request, "accepted_renderer", None)
        if renderer is None:
            # The caller accepts nothing that there is: DRF answers in its first form all the same.
            renderer = self.perform_content_negotiation(request, force=True)[0]
        return Response(
            document(error),
            status=error.status,
            headers={**life, **(headers or {}), **error.headers, **traced},
            content_type=PROBLEM_JSON if renderer.media_type == "application/json" else None,
        )

    def document_action(self, bound: BoundAction, request: Request) -> Response:
        """What the action is, takes and answers."""
        path = main_path(request.path, bound.id) if is_below_actions(str(self.name)) else request.path
        return Response(action_document(bound, self, path), headers=lifecycle_headers(bound.action))

    def list_actions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All actions of the resource, with their documentation; of objects that `ids` name, which are available."""
        if IDS in request.query_params:
            return self._list_available_of_many(request)
        actions = shown(self.action_registry.bound.values(), request.query_params)
        return Response(registry_document(self.action_registry, request.path, actions))

    def list_available_actions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Which actions this caller may do with this object now, and why not the others."""
        actions, resource = shown(installed(type(self)), request.query_params), ViewResource(self, is_permitted=True)
        return Response(availability(actions, resource, self.get_object(), request.path, DOOR))

    def _list_available_of_many(self, request: Request) -> Response:
        actions, ids = shown(installed(type(self)), request.query_params), read_ids(request.query_params)
        return Response(availability_of_many(actions, ViewResource(self, is_permitted=True), ids, request.path, DOOR))

    def answer_unknown_action(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """404, with what may have been meant, or where the action is."""
        raise not_here(self.action_registry, str(kwargs.get(NAME, "")))

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """405, or 404 with a hint where an instance action was called on the list: `POST /todos/mark_done/`."""
        key = self.kwargs.get(self.lookup_url_kwarg or self.lookup_field)
        has_actions = isinstance(self.action_registry, ActionRegistry)
        is_object_route = has_actions and self.action_name is None and self.detail and key is not None
        if is_object_route and request.method == "POST" and not looks_like_key(self, str(key)):
            raise not_here(self.action_registry, str(key))
        return super().http_method_not_allowed(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Every refusal of an action's route as a problem document, DRF's own refusals included."""
        if isinstance(exc, ActionError):
            return self.problem(exc)
        if self.action_name is None:
            return super().handle_exception(exc)
        if isinstance(exc, UNREADABLE_FORMS):
            # Session authentication looks for its CSRF token in a form, before anything else reads the body.
            return self.problem(to_body_error(exc))
        with _transactions_left_alone():
            response = super().handle_exception(exc)
        error = to_error(exc)
        error.status = response.status_code
        self._record_refusal(error)
        headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
        return self.problem(error, headers)

    def _record_refusal(self, error: ActionError) -> None:
        """Record a call that the view's own permissions turned away."""
        bound = self.shown_action
        if bound is None or self.request.method != "POST" or error.status != 403:
            return
        refuse(bound, ViewResource(self), error, door=DOOR)


ActionViews = ActionMixin
"""The name that the mixin has in the first documents; the same class."""
