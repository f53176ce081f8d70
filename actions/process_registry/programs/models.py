"""Runs of stored executables."""

from __future__ import annotations

from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.utils.encoders import JSONEncoder

from actions.models import LeasedRow
from actions.processes.models import STATUSES
from actions.processes.states import UNFINISHED, Status
from actions.programs.tails import Kept

__all__ = ["ProgramRun"]


class ProgramRunQuerySet(models.QuerySet[Any]):
    """Questions to the runs."""

    def unfinished(self) -> Self:
        """Runs that are not over."""
        return self.filter(status__in=[status.value for status in UNFINISHED])


class ProgramRun(LeasedRow):
    """One run of a stored executable; of a service, all the times that it was started."""

    uid = models.UUIDField(_("uid"), default=uuid4, editable=False, unique=True)
    definition = models.ForeignKey(
        "actions_process_registry.ProcessDefinition",
        models.CASCADE,
        related_name="program_runs",
        verbose_name=_("stored definition"),
    )
    version = models.ForeignKey(
        "actions_process_registry.DefinitionVersion", models.CASCADE, related_name="+", verbose_name=_("version")
    )
    """What it runs, whatever becomes of the definition."""
    is_service = models.BooleanField(_("service"), default=False)
    queue = models.CharField(_("queue"), max_length=100, default="default")
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=Status.PENDING.value)
    input = models.BinaryField(_("input"), null=True, editable=False)
    stop_requested_at = models.DateTimeField(_("to be stopped since"), null=True, blank=True, editable=False)
    # --- what became of it
    exit_code = models.IntegerField(_("exit code"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=20, blank=True)
    """An `actions.programs.result.Reason`, or "" where nothing was started."""
    error = models.TextField(_("error"), blank=True)
    """For a person; "" where there is none."""
    output = models.BinaryField(_("output"), null=True, editable=False)
    """The end of it, within DJACTION_PROGRAM_LIMITS."""
    output_size = models.BigIntegerField(_("size of the output"), default=0)
    log = models.BinaryField(_("log"), null=True, editable=False)
    """The end of what it wrote to standard error."""
    log_size = models.BigIntegerField(_("size of the log"), default=0)
    usage = models.JSONField(_("usage"), default=dict, blank=True, encoder=JSONEncoder)
    """`{"user_seconds", "system_seconds", "memory"}`."""
    restarts = models.IntegerField(_("restarts"), default=0)
    """How often a service was started again after it had ended by itself."""
    worker = models.CharField(_("worker"), max_length=255, blank=True)
    """"host:pid" of whoever works on it, or has done so last."""
    # --- how it came about
    actor_id = models.CharField(_("actor"), max_length=255, null=True, blank=True)  # noqa: DJ001
    actor_name = models.CharField(_("actor's name"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = ProgramRunQuerySet.as_manager()

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("run of a program")
        verbose_name_plural = _("runs of programs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["queue", "is_service", "due_at"], name="actions_program_due"),
            models.Index(fields=["actor_id", "id"], name="actions_program_actor"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_finished(self) -> bool:
        """Whether it is over."""
        return self.status not in UNFINISHED

    @property
    def kept_output(self) -> Kept:
        """What there is of the output."""
        return Kept(bytes(self.output or b""), self.output_size)

    @property
    def kept_log(self) -> Kept:
        """What there is of the log."""
        return Kept(bytes(self.log or b""), self.log_size)
