"""Actions in a project's ModelAdmin: buttons, entries of the list's drop-down, and a page for each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote, unquote
from django.core import checks
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.http import Http404, HttpResponseRedirect
from django.template.loader import select_template
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from actions.definitions import SELECTION
from actions.exceptions import ActionError, ConfigurationError, TooManyObjectsError
from actions.models import EventAction

from .offers import offer, offers, on_list, registries_of, view_for
from .page import ActionPage
from .selected import Selected, read_selected, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django.urls import URLPattern

    from actions.binding import BoundAction
    from actions.execution import Outcome
    from actions.registry import ActionRegistry

    # What it is mixed into; at run time it inherits from nothing.
    Base = admin.ModelAdmin[Any]
else:
    Base = object

PLACE = "_actions"
"""Where the pages are, below the list and below an object. No key looks like it: URLs of the admin write "_5F"."""


class ActionsAdminMixin(Base):
    """Offers a registry's actions in the admin of its model.

        @admin.register(Todo)
        class TodoAdmin(ActionsAdminMixin, admin.ModelAdmin):
            action_registry = ACTIONS

    Who may do what is said by the ViewSet that serves the registry, its `get_queryset` and its permissions. The admin
    itself has to show the user the object, and no more.
    """

    action_registry: ActionRegistry | None = None
    """What `enrich_actions` returned. None: the one whose ViewSet serves the model."""

    def get_action_registry(self) -> ActionRegistry | None:
        """The registry; None where the model has none.

        Raises:
            ConfigurationError: The model has several.
        """
        if self.action_registry is not None:
            return self.action_registry
        found = registries_of(self.model)
        if len(found) > 1:
            names = ", ".join(registry.source for registry in found)
            raise ConfigurationError(
                f"{type(self).__name__}: {self.model.__name__} has several registries ({names}). "
                "Name one: action_registry = …"
            )
        return found[0] if found else None

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Django's checks of a ModelAdmin, and that it is clear whose actions are meant."""
        found = super().check(**kwargs)
        try:
            self.get_action_registry()
        except ConfigurationError as error:
            found.append(checks.Error(str(error), obj=type(self), id="actions.E030"))
        return found

    def get_urls(self) -> list[URLPattern]:
        """The pages of actions, then the admin's own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(f"{PLACE}/<str:action_id>/", self._action_view(self.bulk_action_view), name=f"{name}_bulk_action"),
            path(
                f"<path:object_id>/{PLACE}/<str:action_id>/", self._action_view(self.action_view), name=f"{name}_action"
            ),
            *super().get_urls(),
        ]

    def _action_view(self, view: Callable[..., Any]) -> Any:
        """A page of the admin whose transaction is the action's own: a failure's record has to survive the rollback."""
        wrapped = self.admin_site.admin_view(view)
        for alias in connections:
            transaction.non_atomic_requests(using=alias)(wrapped)
        return wrapped

    def action_view(self, request: HttpRequest, object_id: str, action_id: str) -> HttpResponseBase:
        """The page of an instance action on one object."""
        registry, bound = self._find_action(action_id, is_instance=True)
        target = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, target):
            raise PermissionDenied
        if target is None:
            raise Http404
        page = ActionPage(self, request, registry, bound, target=target)
        try:
            # What is sent is checked by the call itself.
            offered = None if request.method == "POST" else offer(registry, bound, request, target)
        except ActionError as error:
            return page.refuse(error)
        return page.answer(offered)

    def bulk_action_view(self, request: HttpRequest, action_id: str) -> HttpResponseBase:
        """The page of a bulk action, or of an instance action on the selected objects."""
        registry, bound = self._find_action(action_id, is_instance=None)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        takes_objects = bound.is_instance or bound.selection != SELECTION.NONE.value
        selected: Selected | None = None
        if takes_objects:
            try:
                selected = read_selected(request, self.get_queryset(request), view_for(registry, bound, request))
            except ActionError as error:
                self.message_action(request, error.detail, "", messages.ERROR)
                return HttpResponseRedirect(self.action_done_url(request, None))
            if selected is None:
                self.message_action(request, _("Select the objects first, then the action."), "", messages.WARNING)
                return HttpResponseRedirect(self.action_done_url(request, None))
        return ActionPage(self, request, registry, bound, selected=selected).answer()

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """The admin's own entries of the drop-down, then the registry's.

        Args:
            request: Of the page.
            action_location: From Django 6.1 on, which page has the drop-down. That of one object has buttons for them.
        """
        where = {} if action_location is None else {"action_location": action_location}
        found: dict[str, Any] = super().get_actions(request, **where)
        registry = self.get_action_registry()
        is_elsewhere = action_location is not None and action_location.name != "CHANGE_LIST"
        if registry is None or self.actions is None or IS_POPUP_VAR in request.GET or is_elsewhere:
            return found
        for bound in on_list(registry, request, takes_objects=True):
            title = (bound.action.title or bound.id).replace("%", "%%")
            found[bound.name] = (partial(_choose, bound=bound), bound.name, title)
        return found

    def choose_for_action(
        self, request: HttpRequest, chosen: QuerySet[Any], bound: BoundAction
    ) -> HttpResponseBase | None:
        """The page of an action for the rows that were selected in the list. Nothing is done yet."""
        registry = self.get_action_registry()
        assert registry is not None  # noqa: S101 - the entry stands in the drop-down
        view = view_for(registry, bound, request)
        try:
            selected = select(self.get_queryset(request), chosen, bound, view, with_versions=bound.needs_version)
        except TooManyObjectsError as error:
            self.message_action(request, error.detail, "", messages.ERROR)
            return None
        return ActionPage(self, request, registry, bound, selected=selected).answer()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """The change page with the object's actions."""
        response = super().render_change_form(request, context, *args, **kwargs)
        target, registry = kwargs.get("obj"), self.get_action_registry()
        if target is None or registry is None or context.get("is_popup") or not isinstance(response, TemplateResponse):
            return response
        found = sorted(offers(registry, request, target), key=lambda each: not each.is_available)
        made = [(each, self.action_url(request, each.bound, target)) for each in found]
        return _extended(response, "actions/admin/change_form.html", {"action_offers": made})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list with the actions that take no objects."""
        response = super().changelist_view(request, extra_context)
        registry = self.get_action_registry()
        if registry is None or not isinstance(response, TemplateResponse) or IS_POPUP_VAR in request.GET:
            return response
        found = on_list(registry, request, takes_objects=False)
        made = [(bound, self.action_url(request, bound, None)) for bound in found]
        return _extended(response, "actions/admin/change_list.html", {"list_actions": made})

    def action_url(self, request: HttpRequest, bound: BoundAction, target: Model | None) -> str:
        """Where the page of an action is; it remembers the list's filters."""
        kind, args = ("bulk_action", [bound.id]) if target is None else ("action", [quote(target.pk), bound.id])
        return self._url(request, kind, args)

    def action_done_url(self, request: HttpRequest, target: Model | None) -> str:
        """Where an action leads when it is done: back to the object, if it is still there, else to the list."""
        if target is not None and self.get_queryset(request).filter(pk=target.pk).exists():
            return self._url(request, "change", [quote(target.pk)])
        return self._url(request, "changelist", [])

    def action_record_link(self, request: HttpRequest, event: EventAction | None) -> str:
        """A link to the record of an execution, "" where the user sees none."""
        site = self.admin_site
        if event is None or not site.is_registered(EventAction):
            return ""
        if not site.get_model_admin(EventAction).has_view_permission(request):
            return ""
        url = reverse("admin:actions_eventaction_change", args=[quote(event.pk)], current_app=site.name)
        return format_html('<a href="{}">{}</a>', url, _("Record"))

    def message_action(self, request: HttpRequest, text: str, link: str, level: int) -> None:
        """Show a sentence on the next page."""
        self.message_user(request, format_html("{} {}", text, link) if link else text, level)

    def tell_outcome(self, request: HttpRequest, bound: BoundAction, outcome: Outcome) -> None:
        """Say more of what came of an action that was done or accepted: nothing here.

        For actions whose answer somebody has to see: `outcome.body` has it.
        """

    def _url(self, request: HttpRequest, kind: str, args: list[Any]) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{kind}"
        url = reverse(name, args=args, current_app=self.admin_site.name)
        return add_preserved_filters({"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}, url)

    def _find_action(self, action_id: str, *, is_instance: bool | None) -> tuple[ActionRegistry, BoundAction]:
        """The registry and the action.

        Args:
            action_id: From the URL.
            is_instance: Of which kind it has to be; None for any.

        Raises:
            Http404: There is none, or no ViewSet serves it.
        """
        registry = self.get_action_registry()
        bound = registry.bound.get(action_id) if registry is not None and registry.viewset is not None else None
        if registry is None or bound is None or is_instance not in (None, bound.is_instance):
            raise Http404
        return registry, bound


def _choose(
    model_admin: ActionsAdminMixin, request: HttpRequest, chosen: QuerySet[Any], *, bound: BoundAction
) -> HttpResponseBase | None:
    return model_admin.choose_for_action(request, chosen, bound)


def _extended(response: TemplateResponse, template: str, context: dict[str, Any]) -> TemplateResponse:
    """The response with a template that extends the one that it has, which may be the project's own."""
    names: Any = response.template_name
    parent = (
        select_template([names] if isinstance(names, str) else names)
        if isinstance(names, str | list | tuple)
        else names
    )
    response.template_name = template
    context_data: dict[str, Any] = response.context_data or {}
    response.context_data = {**context_data, **context, "actions_parent": parent}
    return response
