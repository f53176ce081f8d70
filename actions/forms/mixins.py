"""A base for forms that are actions: `save()` does the work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

M = TypeVar("M", bound=Model)


class ActionFormMixin(Generic[M]):
    """Mix into a form that acts on one object.

        class MarkDoneForm(ActionFormMixin[Todo], forms.Form):
            action_id = "todo:mark_done"
            queryset = Todo.objects.all()
            permissions = ("todos.change_todo",)
            note = forms.CharField(required=False)

            def perform(self, request, todo):
                todo.done = True
                todo.save(update_fields=["done"])
                return {"note": self.cleaned_data["note"]}

    `save(request, pk)` is called with a valid form, in the action's transaction.
    """

    action_id: str = ""
    """Resource and action: "todo:mark_done"."""
    queryset: QuerySet[M] | None = None
    """Where the object is found. None: the form's own model, if it is a ModelForm."""
    permissions: tuple[str, ...] = ()
    """Django permissions (`app_label.codename`) that the user needs, for each object."""
    instance: M | None = None
    """The action's object, read and locked. Set by whoever calls the form with one."""
    cleaned_data: dict[str, Any]

    def get_queryset(self) -> QuerySet[M]:
        """The objects that the action may be about."""
        if self.queryset is not None:
            return self.queryset.all()
        model = getattr(getattr(self, "_meta", None), "model", None)
        if model is None:
            raise ImproperlyConfigured(f"{type(self).__name__} has no queryset. Set one, or override get_object().")
        queryset: QuerySet[M] = model._default_manager.all()
        return queryset

    def get_object(self, pk: Any) -> M:
        """The object that the action is about: the one that the form was given, else read from the queryset.

        Raises:
            ObjectDoesNotExist: There is none with this key; the REST door answers 404.
        """
        if self.instance is not None and self.instance.pk is not None and str(self.instance.pk) == str(pk):
            return self.instance
        return self.get_queryset().get(pk=pk)

    def verify_has_permissions(self, user: Any, objs: Iterable[M]) -> None:
        """Check the user's permissions for each object.

        A permission counts that the user has in general, or for the object where an authentication backend knows
        permissions for single objects.

        Raises:
            PermissionDenied: One is missing.
        """
        for obj in objs:
            for permission in self.permissions:
                if not (user.has_perm(permission) or user.has_perm(permission, obj)):
                    raise PermissionDenied(_("You do not have permission to do this."))

    def save(self, request: Any, pk: Any) -> tuple[Mapping[str, Any], Any]:
        """Find the object, check the permissions, do the work.

        Returns:
            `meta`, which the answer holds besides the result, and the object as the result.
        """
        obj = self.get_object(pk)
        self.verify_has_permissions(request.user, [obj])
        meta = self.perform(request, obj)
        self.perform_post_process(request, obj)
        return dict(meta or {}), obj

    def perform(self, request: Any, obj: M) -> Mapping[str, Any] | None:
        """The work itself; what it returns becomes `meta`. A ModelForm saves its object unless this is overridden."""
        save = getattr(super(), "save", None)
        if save is None:
            raise NotImplementedError(f"{type(self).__name__} does nothing yet: override perform() or save().")
        save()
        return None

    def perform_post_process(self, request: Any, obj: M) -> None:
        """Called after the work, in the same transaction. Does nothing unless overridden."""

    def get_stream_message(self, instance: M) -> str:
        """One line about what happened, for activity streams."""
        _resource, _colon, name = self.action_id.rpartition(":")
        return f"{name.replace('_', ' ') or type(self).__name__}: {instance}"
