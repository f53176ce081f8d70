"""Stored definitions, and each version that one ever had."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .fields import VerbatimJSONField
from .programs.models import ProgramRun

__all__ = ["DefinitionVersion", "Kind", "ProcessDefinition", "ProgramRun", "RegistryStamp"]


class Kind(models.TextChoices):
    """What a definition describes."""

    EXECUTABLE = "executable", _("executable")
    PROCESS = "process", _("process")


class Content(models.Model):
    """What a definition says; a version keeps it as it was."""

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, blank=True)
    """For people: as the definition says, else of an executable the name of its file."""
    definition = VerbatimJSONField(_("definition"))
    text = models.TextField(_("text"), blank=True)
    """The YAML that it was written in; "" where it came as JSON."""
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    """SHA-256 over `definition` as canonical JSON, and `text`."""

    class Meta:
        abstract = True


class ProcessDefinitionQuerySet(models.QuerySet[Any]):
    """Questions to the definitions."""

    def present(self) -> Self:
        """Those that are not deleted."""
        return self.filter(deleted_at__isnull=True)


class ProcessDefinition(Content):
    """A program or a process that somebody has stored, as it is now."""

    process_id = models.CharField(_("process"), max_length=200, null=True, blank=True)  # noqa: DJ001
    """What a process is started by. Null, and so no matter to uniqueness, for an executable and for what is deleted."""
    version = models.IntegerField(_("version"), default=0)
    """The number of the newest version: what stands here is that."""
    owner_id = models.CharField(_("owner"), max_length=255, null=True, blank=True)  # noqa: DJ001
    """The key of whoever has stored it, as runs have their actor. Null: nobody's; staff alone sees it."""
    owner_name = models.CharField(_("owner's name"), max_length=255, blank=True)
    is_shared = models.BooleanField(
        _("shared"), default=False, help_text=_("Whether everybody sees and starts it. Its owner alone changes it.")
    )
    file = models.CharField(_("file"), max_length=255, null=True, blank=True)  # noqa: DJ001
    """The file that `manage.py processes sync` keeps it in step with, from the folder on; null: none."""
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True, editable=False)
    """A definition that is deleted stays for the sake of its versions and runs; nobody sees it."""

    objects = ProcessDefinitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("stored definition")
        verbose_name_plural = _("stored definitions")
        ordering = ["id"]
        permissions = [
            ("author_process", "Can write stored processes"),
            ("run_program", "Can run stored executables"),
        ]
        indexes = [models.Index(fields=["owner_id"], name="actions_stored_owner")]
        constraints = [
            models.UniqueConstraint(fields=["process_id"], name="actions_stored_process_once"),
            models.UniqueConstraint(fields=["file"], name="actions_stored_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"

    @property
    def current_version(self) -> DefinitionVersion:
        """The newest version; it is read when it is asked for."""
        return DefinitionVersion.objects.using(self._state.db).get(of_id=self.pk, number=self.version)


class DefinitionVersion(Content):
    """What a definition said from some moment on. Written once, never changed."""

    of = models.ForeignKey(
        ProcessDefinition, models.CASCADE, related_name="versions", verbose_name=_("stored definition")
    )
    number = models.IntegerField(_("number"))
    """From 1, without gaps."""
    process_id = models.CharField(_("process"), max_length=200, null=True, blank=True)  # noqa: DJ001
    graph_fingerprint = models.CharField(_("fingerprint of the graph"), max_length=64, blank=True)
    """Of a process: what its runs are pinned to."""
    author_id = models.CharField(_("author"), max_length=255, null=True, blank=True)  # noqa: DJ001
    author_name = models.CharField(_("author's name"), max_length=255, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    restored_from = models.IntegerField(_("restored from"), null=True, blank=True)
    """The number of the version whose content this is again."""
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("version of a definition")
        verbose_name_plural = _("versions of definitions")
        ordering = ["of_id", "-number"]
        indexes = [models.Index(fields=["process_id", "graph_fingerprint"], name="actions_version_graph")]
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="actions_version_once")]

    def __str__(self) -> str:
        return f"{self.of_id} {self.name} ({self.number})"


class RegistryStamp(models.Model):
    """One row, with a value that is another one after every change of a stored process: what other processes ask for.

    A counter or a moment would not do: after a roll-back, or where a table was emptied, an old one might come again.
    """

    value = models.CharField(_("value"), max_length=32)

    class Meta:
        verbose_name = _("stamp")
        verbose_name_plural = _("stamps")

    def __str__(self) -> str:
        return self.value
