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


class IssueList(models.Model):
    """Issues that are discussed for a week: see `automations.IssueDiscussion`."""

    title = models.CharField(_("title"), max_length=200)
    has_call = models.BooleanField(_("has a call"), default=False)
    announced_at = models.DateTimeField(_("announced at"), null=True, blank=True)
    warned_at = models.DateTimeField(_("warned at"), null=True, blank=True)
    call_at = models.DateTimeField(_("call at"), null=True, blank=True)
    result = models.TextField(_("result"), blank=True)

    class Meta:
        verbose_name = _("issue list")
        verbose_name_plural = _("issue lists")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title


class IssueMail(models.Model):
    """What somebody has written about the issues of a list."""

    issue_list = models.ForeignKey(
        IssueList, on_delete=models.CASCADE, related_name="mails", verbose_name=_("issue list")
    )
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("mail about issues")
        verbose_name_plural = _("mails about issues")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:50]


class WebinarSession(models.Model):
    """A webinar on one day: see `automations.Webinar`."""

    title = models.CharField(_("title"), max_length=200)
    starts_at = models.DateTimeField(_("starts at"))
    recording = models.URLField(_("recording"), blank=True)

    class Meta:
        verbose_name = _("webinar session")
        verbose_name_plural = _("webinar sessions")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title


class WebinarGuest(models.Model):
    """Somebody who has signed up for a session."""

    session = models.ForeignKey(
        WebinarSession, on_delete=models.CASCADE, related_name="guests", verbose_name=_("session")
    )
    email = models.EmailField(_("mail address"))

    class Meta:
        verbose_name = _("webinar guest")
        verbose_name_plural = _("webinar guests")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["session", "email"], name="example_guest_once")]

    def __str__(self) -> str:
        return self.email
