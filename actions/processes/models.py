"""Runs, their steps, what they wait for, and the definitions that they run by.

A row is columns, constraints and querysets; it executes nothing. Only `actions.processes.store` writes these rows; the
columns of a lease alone belong to `actions.work`, and here to the store in its name.

No foreign keys where a step is written: each is a hidden SELECT and a lock. No fields for positive numbers either:
PostgreSQL prepares all of a table's checks anew for every statement, a quarter of what a step costs there. What most
rows have in a column is its default in the database: what is not sent costs nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.utils.encoders import JSONEncoder

from actions.models import LeasedRow

from .indexing import RowKey, SparseIndex
from .state_field import StateField, ValueField
from .states import UNFINISHED, RunKind, Status, Waiting

STATUSES = [
    (Status.PENDING.value, _("pending")),
    (Status.RUNNING.value, _("running")),
    (Status.WAITING.value, _("waiting")),
    (Status.SUCCEEDED.value, _("succeeded")),
    (Status.FAILED.value, _("failed")),
    (Status.SKIPPED.value, _("skipped")),
    (Status.CANCELLED.value, _("cancelled")),
]


class Definition(models.Model):
    """A graph as some run needs it: one row for each fingerprint, never changed."""

    process = models.CharField(_("process"), max_length=200)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    style = models.CharField(_("style"), max_length=20, blank=True, default="")
    """How the process was written, which tells its runs from others when it is gone: see `Process.style`."""
    graph = models.JSONField(_("graph"), encoder=JSONEncoder)
    has_undo = models.BooleanField(_("has an undo"), default=False, editable=False)
    """Whether an action of its steps is taken back by its undo, which needs the record of the action."""
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("definition of a process")
        verbose_name_plural = _("definitions of processes")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["process", "fingerprint", "style"], name="actions_definition_once")
        ]

    def __str__(self) -> str:
        return f"{self.process} {self.fingerprint[:8]}"


class RunQuerySet(models.QuerySet[Any]):
    """Questions to the runs."""

    def roots(self) -> Self:
        """What somebody has started: no branches and items."""
        return self.filter(kind=RunKind.ROOT.value)

    def written_as(self, style: str) -> Self:
        """Runs of processes that were written so, those that are gone included: see `Process.style`."""
        return self.filter(definition_id__in=Definition._base_manager.filter(style=style).values("pk"))

    def unfinished(self) -> Self:
        """Runs that are not over."""
        return self.filter(status__in=[status.value for status in UNFINISHED])

    def that_wait_for(self, reason: str) -> Self:
        """Runs whose `waits_for` is a reason."""
        if reason == Waiting.DEFINITION.value:
            return self.filter(stopped_at__isnull=False)
        return self.filter(waiting_for=reason, stopped_at__isnull=True)

    def tree_of(self, root_id: int) -> Self:
        """A run with its branches and items."""
        return self.filter(models.Q(pk=root_id) | models.Q(root_id=root_id))


class Run(LeasedRow):
    """One execution of a process, or a branch or item of one, which is a run with a parent."""

    is_replay = False
    """Whether this instance is the answer of a `services.start` that has started nothing: its key was used before."""

    uid = models.UUIDField(_("uid"), default=uuid4, editable=False)
    process = models.CharField(_("process"), max_length=200)
    definition_id = models.BigIntegerField(_("definition"))
    kind = models.CharField(_("kind"), max_length=10, default=RunKind.ROOT.value, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=Status.PENDING.value)
    # --- where it is
    node = models.CharField(_("node"), max_length=200)
    number = models.IntegerField(_("number of the step"), default=0, db_default=0)
    """Steps that are over; the step at hand has this number."""
    entered_at = models.DateTimeField(_("came to the node at"), default=timezone.now)
    tries = models.IntegerField(_("tries of the step"), default=0, db_default=0)
    """Failed ones; `attempts` counts claims."""
    waiting_for = models.CharField(_("waits for"), max_length=10, blank=True, default="", db_default="")
    wait_key = models.CharField(_("message that it waits for"), max_length=255, null=True, blank=True)  # noqa: DJ001
    """"name" or "name:key", see `store.messages.wait_key`. Null and not "": no message, and indexes are spared."""
    note = ValueField(_("note"), null=True, blank=True, encoder=JSONEncoder, editable=False)
    """What the step at hand has to remember while it waits; gone when the run moves on."""
    # --- what it has
    payload = ValueField(_("payload"), default=dict, encoder=JSONEncoder)
    state = StateField(_("state"), default=dict, encoder=JSONEncoder)
    """What steps have registered, by key; of a branch nothing: it reads and writes its root's."""
    item = ValueField(_("item"), null=True, blank=True, encoder=JSONEncoder)
    """Of an item of an `each`."""
    result = ValueField(_("result"), null=True, blank=True, encoder=JSONEncoder)
    error = models.JSONField(_("error"), null=True, blank=True, encoder=JSONEncoder)
    """`{"type", "detail", "node", "traceback"}`."""
    # --- what it is a part of
    root_id = models.BigIntegerField(_("root"), null=True, blank=True)
    """Of a branch or item: the run that has payload and state. Null: it is its own."""
    parent_id = models.BigIntegerField(_("parent"), null=True, blank=True)
    parent_number = models.IntegerField(_("step of the parent"), null=True, blank=True)
    place = models.IntegerField(_("place"), null=True, blank=True)
    """Among those that the same step of the parent has begun."""
    open_children = models.IntegerField(_("open children"), default=0, db_default=0)
    next_place = models.IntegerField(_("next child"), default=0, db_default=0)
    """How many children of the step at hand have been let go."""
    # --- how it came about
    unique_key = models.CharField(_("unique key"), max_length=64, null=True, editable=False)  # noqa: DJ001
    """SHA-256. Of the unfinished runs with the same one there is one at the most; null when it is over."""
    retry_key = models.CharField(_("unique key of a retry"), max_length=64, null=True, editable=False)  # noqa: DJ001
    """The same, also when it is over: a run that is tried again has its unique key again."""
    key_hash = models.CharField(_("idempotency key"), max_length=64, null=True, editable=False)  # noqa: DJ001
    actor_id = models.CharField(_("actor"), max_length=255, null=True, blank=True)  # noqa: DJ001
    actor_name = models.CharField(_("actor's name"), max_length=255, blank=True, default="", db_default="")
    event_uid = models.UUIDField(_("event"), null=True, blank=True)
    """The execution of an action that started it."""
    correlation_id = models.CharField(_("correlation"), max_length=128)
    traceparent = models.CharField(_("trace"), max_length=55, blank=True, default="", db_default="", editable=False)
    forked_from = models.BigIntegerField(_("forked from"), null=True, blank=True)
    queue = models.CharField(_("queue"), max_length=100, default="default")
    priority = models.IntegerField(_("priority"), default=0, db_default=0)
    """Minutes of head start in the queue."""
    is_held = models.BooleanField(
        _("held"), default=False, db_default=False, help_text=_("A held run is never archived.")
    )
    has_slot = models.BooleanField(_("counts"), default=False, db_default=False, editable=False)
    """Whether it counts among the runs of its process that may be under way at once."""
    # --- how it is ended or kept
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    """When it was found that its process, node or function is gone: see `error`. It is looked at when it is resumed."""
    ends_as = models.CharField(_("ends as"), max_length=10, blank=True, default="", db_default="", editable=False)
    """Of a run whose steps are being taken back: the status that it ends with."""
    undone_to = models.BigIntegerField(_("taken back to"), null=True, blank=True, editable=False)
    """Key of the last step that was taken back."""
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        indexes = [
            SparseIndex(fields=["queue", "due_at"], name="actions_run_due", unless_null="due_at"),
            SparseIndex(fields=["root_id"], name="actions_run_root", unless_null="root_id"),
            SparseIndex(fields=["wait_key"], name="actions_run_message", unless_null="wait_key"),
            models.Index(fields=["process", "status"], name="actions_run_process"),
            models.Index(fields=["status", "ended_at"], name="actions_run_ended"),
            SparseIndex(fields=["actor_id", "id"], name="actions_run_actor", unless_null="actor_id"),
            models.Index(fields=["correlation_id"], name="actions_run_correlation"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["parent_id", "parent_number", "place"], name="actions_run_child_once"),
            # Not unique=True, which makes another index on PostgreSQL, for searches by a prefix.
            models.UniqueConstraint(fields=["unique_key"], name="actions_run_unique_key"),
            models.UniqueConstraint(fields=["key_hash"], name="actions_run_key_hash"),
        ]

    def __str__(self) -> str:
        return f"{self.process} {self.pk}"

    @property
    def scope_id(self) -> int:
        """Of the run that has payload and state."""
        return self.root_id or self.pk

    @property
    def waits_for(self) -> str:
        """What keeps it from going on, a `Waiting`."""
        return Waiting.DEFINITION.value if self.stopped_at is not None else self.waiting_for

    @property
    def is_finished(self) -> bool:
        """Whether it is over."""
        return self.status not in UNFINISHED


class StoredValue(models.Model):
    """A large value of a run's state, written once: see `state_field`."""

    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, db_constraint=False, related_name="stored_values", verbose_name=_("run")
    )
    text = models.TextField(_("text"))
    """JSON."""

    class Meta:
        verbose_name = _("large value")
        verbose_name_plural = _("large values")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.run_id}: {len(self.text)} characters"


class StepRun(models.Model):
    """One try of one step of a run, written with what it did, or after it has failed."""

    id = RowKey(primary_key=True)
    run_id = models.BigIntegerField(_("run"))
    """The run or branch that it belongs to."""
    root_id = models.BigIntegerField(_("root"))
    number = models.IntegerField(_("number"))
    """Within its run or branch."""
    node = models.CharField(_("node"), max_length=200)
    attempt = models.IntegerField(_("attempt"), default=1, db_default=1)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES)
    edge = models.CharField(_("edge"), max_length=100, blank=True, default="", db_default="")
    """The way on that was taken, where there are several."""
    is_undoing = models.BooleanField(_("takes back"), default=False, db_default=False)
    input = ValueField(_("input"), null=True, blank=True, encoder=JSONEncoder)
    result = ValueField(_("result"), null=True, blank=True, encoder=JSONEncoder)
    error = models.JSONField(_("error"), null=True, blank=True, encoder=JSONEncoder)
    """`{"type", "detail", "traceback"}`."""
    log = models.TextField(_("log"), blank=True, default="", db_default="")
    event_uid = models.UUIDField(_("event"), null=True, blank=True)
    """Of an action."""
    original = models.TextField(_("original"), blank=True, default="", db_default="", editable=False)
    """What the step has got and answered, for what may take it back: JSON, `{"input": {…}, "result": …}`.

    Secrets stand in it. Nothing shows or archives it, and it goes when the step can be taken back no more.
    """
    entered_at = models.DateTimeField(_("came to the node at"))
    started_at = models.DateTimeField(_("started at"))
    duration_seconds = models.FloatField(_("duration in seconds"))

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["id"]
        indexes = [models.Index(fields=["root_id", "id"], name="actions_step_root")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.number} {self.node} ({self.status})"

    @property
    def duration(self) -> timedelta:
        """How long it took."""
        return timedelta(seconds=self.duration_seconds)


class OpenTask(LeasedRow):
    """An input that a run waits for: one row as long as it does.

    `due_at` is when a mail, a reminder or an escalation is due; null for most.
    """

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, db_constraint=False, related_name="open_task", verbose_name=_("run")
    )
    root_id = models.BigIntegerField(_("root"))
    process = models.CharField(_("process"), max_length=200)
    node = models.CharField(_("node"), max_length=200)
    title = models.CharField(_("title"), max_length=255, blank=True)
    # --- who may answer
    users = models.JSONField(_("users"), default=list, blank=True)
    """Names, and keys as `{"pk": "7"}`, one of them; none: everybody."""
    groups = models.JSONField(_("groups"), default=list, blank=True)
    permissions = models.JSONField(_("permissions"), default=list, blank=True)
    user_filter = models.JSONField(_("filter of users"), default=dict, blank=True)
    group_filter = models.JSONField(_("filter of groups"), default=dict, blank=True)
    escalated_to = models.JSONField(_("escalated to"), null=True, blank=True)
    """Who may answer as well since then: `{"users": […], "groups": […], …}` as above."""
    # --- who does
    claimed_by = models.CharField(_("claimed by"), max_length=255, null=True, blank=True)  # noqa: DJ001
    claimed_name = models.CharField(_("claimed by (name)"), max_length=255, blank=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    assigned_to = models.CharField(_("assigned to"), max_length=255, null=True, blank=True)  # noqa: DJ001
    """Who answers in place of those above."""
    assigned_name = models.CharField(_("assigned to (name)"), max_length=255, blank=True)
    delegated_by = models.CharField(_("delegated by"), max_length=255, null=True, blank=True)  # noqa: DJ001
    """Who has given it to `assigned_to`; null where it was reassigned."""
    # --- by when
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    wanted_at = models.DateTimeField(_("due"), null=True, blank=True)
    """After that it is overdue."""
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    """When it is too late."""
    plan = models.JSONField(_("plan"), default=dict, blank=True, editable=False)
    """What is still to be done while it waits: see `services.reminding`."""
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    reminders = models.IntegerField(_("reminders"), default=0)
    escalated_at = models.DateTimeField(_("escalated at"), null=True, blank=True)

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("open task")
        verbose_name_plural = _("open tasks")
        ordering = ["id"]
        indexes = [models.Index(fields=["due_at"], name="actions_task_due")]

    def __str__(self) -> str:
        return f"{self.process}: {self.title or self.node}"


class TaskCandidate(models.Model):
    """Somebody who may answer an open task, if the rest of what it asks for holds as well.

    Of a task that asks for a user, groups and permissions there are rows for the users alone: who is none of them need
    not be asked about the rest. So the tasks of one person are found by an index, however many there are of others.
    """

    run_id = models.BigIntegerField(_("run"))
    """The one that waits, as `OpenTask.run`."""
    kind = models.CharField(_("kind"), max_length=10)
    """"user" (by key), "username", "group", "permission" or "anyone"."""
    value = models.CharField(_("value"), max_length=255, blank=True)
    rest = models.CharField(_("rest"), max_length=64, blank=True)
    """Stands for what else has to hold, the same for the same; "" for nothing. See `store.people.rest_key`."""

    class Meta:
        verbose_name = _("candidate for an open task")
        verbose_name_plural = _("candidates for open tasks")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["kind", "value", "rest", "run_id"], name="actions_candidate_value"),
            models.Index(fields=["run_id"], name="actions_candidate_run"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.kind} {self.value}"


class Message(LeasedRow):
    """Something that was said to a run, or to whichever waits for it.

    `due_at` is when it is to be handed out; null when it has been, or waits for somebody who waits for it.
    """

    uid = models.UUIDField(_("uid"), default=uuid4, unique=True, editable=False)
    """Or the sender's own number: said again, as long as the row is kept, it is dropped."""
    name = models.CharField(_("name"), max_length=100)
    wait_key = models.CharField(_("what receivers wait for"), max_length=255)
    process = models.CharField(_("process"), max_length=200, blank=True)
    """Whose runs may get it; "" for any."""
    run_id = models.BigIntegerField(_("run"), null=True, blank=True)
    """Who may get it, where the sender says so: the run, or a branch of it."""
    bound_to = models.BigIntegerField(_("bound to"), null=True, blank=True, editable=False)
    """The run that was woken for it, or has taken it."""
    data = ValueField(_("data"), null=True, blank=True, encoder=JSONEncoder)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    """When a step has got it."""
    expires_at = models.DateTimeField(_("expires at"))

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["due_at"], name="actions_message_due"),
            models.Index(fields=["wait_key", "bound_to"], name="actions_message_key"),
            models.Index(fields=["bound_to"], name="actions_message_bound"),
            models.Index(fields=["expires_at"], name="actions_message_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.wait_key} {self.uid}"


class ProcessState(models.Model):
    """How many runs of a process are under way: one row for each that has a limit."""

    process = models.CharField(_("process"), max_length=200, primary_key=True)
    running = models.PositiveIntegerField(_("running"), default=0)

    class Meta:
        verbose_name = _("state of a process")
        verbose_name_plural = _("states of processes")

    def __str__(self) -> str:
        return self.process


class RunSchedule(LeasedRow):
    """Starts runs of a process again and again."""

    process = models.CharField(_("process"), max_length=200)
    cron = models.CharField(_("cron expression"), max_length=100)
    payload = models.JSONField(_("payload"), default=dict, blank=True, encoder=JSONEncoder)
    actor_id = models.CharField(_("actor"), max_length=255, null=True, blank=True)  # noqa: DJ001
    is_active = models.BooleanField(_("active"), default=True)
    error = models.TextField(_("last error"), blank=True, editable=False)
    last_run_id = models.BigIntegerField(_("last run"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["id"]
        indexes = [models.Index(fields=["due_at"], name="actions_schedule_due")]

    def __str__(self) -> str:
        return f"{self.process}: {self.cron}"


class ArchivedRun(models.Model):
    """A run that is over, moved out of the way after its time, with its branches and steps."""

    id = models.BigIntegerField(primary_key=True)
    process = models.CharField(_("process"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES)
    correlation_id = models.CharField(_("correlation"), max_length=128)
    document = models.JSONField(_("document"), encoder=JSONEncoder)
    """`{"run": {…}, "branches": […]}`: columns by their names. The steps stand in `ArchivedSteps`."""
    created_at = models.DateTimeField(_("created at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived at"), default=timezone.now)

    class Meta:
        verbose_name = _("archived run")
        verbose_name_plural = _("archived runs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["process"], name="actions_archrun_process"),
            models.Index(fields=["ended_at"], name="actions_archrun_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.process} {self.pk}"


class ArchivedSteps(models.Model):
    """Steps of an archived run, as many in a row as can be read at once."""

    run_id = models.BigIntegerField(_("run"))
    part = models.PositiveIntegerField(_("part"))
    """From 0, in their order."""
    steps = models.JSONField(_("steps"), encoder=JSONEncoder)
    """A list of columns by their names."""

    class Meta:
        verbose_name = _("archived steps")
        verbose_name_plural = _("archived steps")
        ordering = ["run_id", "part"]
        constraints = [models.UniqueConstraint(fields=["run_id", "part"], name="actions_archsteps_once")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.part}"
