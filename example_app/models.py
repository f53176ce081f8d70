"""Todos, and the lists that they stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeAlias

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser

    Person: TypeAlias = AbstractUser | AnonymousUser


class TodoListQuerySet(models.QuerySet["TodoList"]):
    """Lists by who asks."""

    def visible_to(self, user: Person) -> Self:
        """Their own and the shared ones; for staff all."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_staff else self.filter(models.Q(owner=user) | models.Q(is_shared=True))


class TodoList(models.Model):
    """Todos that belong together."""

    name = models.CharField(_("name"), max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="todo_lists", verbose_name=_("owner")
    )
    is_shared = models.BooleanField(_("shared"), default=False, help_text=_("Everybody sees a shared list."))

    objects = TodoListQuerySet.as_manager()

    class Meta:
        verbose_name = _("list")
        verbose_name_plural = _("lists")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: Person) -> bool:
        """Whether it is theirs, or they are staff."""
        return user.is_staff or self.owner_id == user.pk


class Priority(models.IntegerChoices):
    """How urgent a todo is."""

    LOW = 1, _("low")
    NORMAL = 2, _("normal")
    HIGH = 3, _("high")


class TodoQuerySet(models.QuerySet["Todo"]):
    """Todos by who asks."""

    def visible_to(self, user: Person) -> Self:
        """Their own and those of shared lists; for staff all."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_staff else self.filter(models.Q(owner=user) | models.Q(list__is_shared=True))


class Todo(models.Model):
    """Something to do."""

    title = models.CharField(_("title"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    list = models.ForeignKey(TodoList, on_delete=models.CASCADE, related_name="todos", verbose_name=_("list"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="todos", verbose_name=_("owner")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    due_date = models.DateField(_("due date"), null=True, blank=True)
    is_done = models.BooleanField(_("done"), default=False)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = TodoQuerySet.as_manager()

    class Meta:
        verbose_name = _("todo")
        verbose_name_plural = _("todos")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title

    def may_be_changed_by(self, user: Person) -> bool:
        """Whether it is theirs, or stands in their list, or they are staff."""
        return user.is_staff or user.pk in (self.owner_id, self.list.owner_id)
