"""Workflows and steps as rows, and jobs: runs of workflows, by the names that jobs have.

The classes are the definitions; a row says that one is known, and keeps its number when the class is gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

from django.db import models
from django.utils.translation import gettext_lazy as _

from actions.models import LeasedRow
from actions.processes.models import OpenTask, Run
from actions.processes.notes import INPUT
from actions.processes.states import RunKind, Status, Waiting

from .job_queries import JobQuerySet
from .log_files import path_of_log
from .records import Records
from .states import JobState


class KnownClass(models.Model):
    """A class that was found in the project's modules."""

    path = models.CharField(_("path"), max_length=255, unique=True)
    name = models.CharField(_("name"), max_length=200)
    deleted = models.BooleanField(_("deleted"), default=False)
    """Whether the class is gone."""

    class Meta:
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class KnownWorkflow(KnownClass):
    """A workflow. `order_workflow_execution` takes its number."""

    process = models.CharField(_("process"), max_length=200, db_index=True)
    """The id under which runs of it are started."""

    class Meta(KnownClass.Meta):
        abstract = False
        verbose_name = _("workflow")
        verbose_name_plural = _("workflows")


class KnownStep(KnownClass):
    """A step that some workflow has."""

    kind = models.CharField(_("kind"), max_length=10)
    """"step", "decision", "split", "join", "wait", "action" or "approval"."""

    class Meta(KnownClass.Meta):
        abstract = False
        verbose_name = _("step of workflows")
        verbose_name_plural = _("steps of workflows")


class Watch(LeasedRow):
    """The watchdog's place: whoever holds the row is the one. A killed one loses it when its lease is over."""

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("watchdog")
        verbose_name_plural = _("watchdogs")

    def __str__(self) -> str:
        return "wfe_watchdog"


class JobManager(models.Manager["Job"]):
    """All runs of workflows that are or have been known."""

    def get_queryset(self) -> JobQuerySet:
        """Without branches."""
        known = KnownWorkflow._base_manager.using(self._db).values("process")
        return JobQuerySet(self.model, using=self._db).filter(kind=RunKind.ROOT.value, process__in=known)

    def in_state(self, state: JobState) -> JobQuerySet:
        """See `JobQuerySet`."""
        return self.get_queryset().in_state(state)


class Job(Run):
    """A run of a workflow, to be read: what is done with it, the functions of `workflows` and `services` do."""

    objects: ClassVar[JobManager] = JobManager()  # type: ignore[assignment]

    class Meta:
        proxy = True
        ordering = ["-id"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A row is written by the engine alone.

        Raises:
            TypeError: In any case.
        """
        raise TypeError("A job is not saved. Use order_workflow_execution, provide_external_input, services.cancel, …")

    @property
    def data(self) -> Any:
        """What its steps keep for each other."""
        return cast("Any", Run).state.__get__(self, type(self))

    @property
    def uuid(self) -> Any:
        """As in the name of its log."""
        return self.uid

    @property
    def workflow(self) -> KnownWorkflow | None:
        """What it is a job of; the newest one where a class has moved."""
        known = KnownWorkflow._base_manager.using(self._state.db).filter(process=self.process)
        return known.order_by("deleted", "-pk").first()

    @property
    def current_step(self) -> str:
        """The path of the step at hand."""
        return self._records.path(self.node)

    @property
    def current_step_number(self) -> int:
        """How many steps are over; an input counts by itself."""
        return self.number

    @property
    def storage(self) -> dict[str, Any]:
        """`{"data": [{"step", "result", "external_data"}, …]}` of all steps that have succeeded, in their order."""
        return {"data": self._records.entries()}

    @property
    def logfile(self) -> str:
        """Where its log is as a file; "" where there are none."""
        path: Path | None = path_of_log(self.process, self.uid)
        return str(path) if path is not None else ""

    @property
    def logs(self) -> str:
        """All that its steps have printed and logged, and why they failed."""
        return self.log_text()

    def log_text(self, *, with_traceback: bool = True) -> str:
        """The same; tracebacks tell of the project's code."""
        return self._records.log(with_traceback=with_traceback)

    def path_of(self, node: str) -> str:
        """The path of the class of one of its nodes."""
        return self._records.path(node)

    @property
    def _records(self) -> Records:
        return Records(self, str(self._state.db))

    def open_inputs(self) -> list[OpenTask]:
        """What it waits for somebody to say, also in its branches."""
        return list(OpenTask.objects.using(self._state.db).filter(root_id=self.pk).order_by("pk"))

    @property
    def job_state(self) -> JobState:
        """How far it is."""
        if self.status == Status.SUCCEEDED.value:
            return JobState.FINISHED
        if self.is_finished:
            return JobState.FAILED
        if self.waiting_for == Waiting.INPUT.value:
            has_answer = isinstance(self.note, dict) and INPUT in self.note and self.status != Status.WAITING.value
            return JobState.INPUT_RECEIVED if has_answer else JobState.INPUT_REQUIRED
        if self.waiting_for == Waiting.BRANCHES.value and self.open_inputs():
            return JobState.INPUT_REQUIRED
        return JobState.PENDING if self.status == Status.PENDING.value and not self.number else JobState.ONGOING


def _state(job: Job) -> JobState:
    return job.job_state


def _set_state(job: Job, value: Any) -> None:
    # Django puts the column's value here when it reads the row: see `Job.data`.
    job.__dict__["state"] = value


# The run has a column of this name, which is the job's `data`.
Job.state = property(_state, _set_state, doc="How far it is, a `JobState`.")  # type: ignore[assignment]
