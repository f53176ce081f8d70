"""The record of every execution of an action, its archive, and what waits to be done later.

A row is columns, constraints and querysets; it executes nothing. Only `actions.recording` writes `EventAction` rows,
only `actions.archive` moves them, and only `actions.work` writes the columns of a lease.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.utils.encoders import JSONEncoder

if TYPE_CHECKING:
    from datetime import datetime

INSTANCE = "instance"
BULK = "bulk"


class Outcome(models.TextChoices):
    """How an execution ended, or how far it is."""

    PENDING = "pending", _("pending")
    """Checked, and to be done later by a worker."""
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    REFUSED = "refused", _("refused")
    """The caller may mend it: a permission, the payload, the object's state (4xx)."""
    FAILED = "failed", _("failed")
    """The action's own fault or the database's (5xx)."""
    CANCELLED = "cancelled", _("cancelled")
    """Taken back before it began."""


UNFINISHED = (Outcome.PENDING.value, Outcome.RUNNING.value)


class EventQuerySet(models.QuerySet[Any]):
    """Questions to the record."""

    def of_object(self, resource: str, object_id: object) -> Self:
        """Executions on one object."""
        return self.filter(resource=resource, object_id=str(object_id))

    def older_than(self, moment: datetime) -> Self:
        """Executions recorded before `moment`."""
        return self.filter(created_at__lt=moment)

    def released(self) -> Self:
        """Executions that nothing keeps from being archived."""
        open_ones = Delivery.objects.filter(event_id=models.OuterRef("pk"), state__in=OPEN)
        return self.filter(~models.Exists(open_ones), is_held=False).exclude(outcome__in=UNFINISHED)


class EventRecord(models.Model):
    """The columns that a record keeps all its life, archived or not. No foreign keys: it outlives what it tells of."""

    uid = models.UUIDField(_("uid"), default=uuid4, unique=True, editable=False)
    resource = models.CharField(_("resource"), max_length=100)
    action = models.CharField(_("action"), max_length=100)
    definition_version = models.CharField(_("definition version"), max_length=50, blank=True)
    action_type = models.CharField(
        _("action type"), max_length=10, choices=[(INSTANCE, _("instance")), (BULK, _("bulk"))]
    )
    # Null and not "": no object and no known actor are facts, and an empty text could be a key.
    object_id = models.CharField(_("object"), max_length=255, null=True, blank=True)  # noqa: DJ001
    selection = models.JSONField(_("selection"), null=True, blank=True, encoder=JSONEncoder)
    """Which objects a bulk action was asked for: `{"ids": [7, 8]}`, `{"filter": {"list": "3"}}` or `{"all": true}`."""
    actor_id = models.CharField(_("actor"), max_length=255, null=True, blank=True)  # noqa: DJ001
    actor_name = models.CharField(_("actor's name"), max_length=255, blank=True)
    door = models.CharField(_("door"), max_length=30)
    correlation_id = models.CharField(_("correlation"), max_length=128)
    parent_uid = models.UUIDField(_("parent"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    status_code = models.PositiveSmallIntegerField(_("status code"))
    request_data = models.JSONField(_("request data"), null=True, blank=True, encoder=JSONEncoder)
    response_data = models.JSONField(_("response data"), null=True, blank=True, encoder=JSONEncoder)
    response_content = models.TextField(_("response content"), blank=True)
    """What was answered where that is no JSON: a text, or the media type and size of a file."""
    changes = models.JSONField(_("changes"), null=True, blank=True, encoder=JSONEncoder)
    """`[{"model", "key", "field", "before", "after"}]`: fields that were saved with another value.

    A row that was made or deleted is one entry whose field is null, with all its values after or before.
    """
    is_complete = models.BooleanField(_("changes are complete"), default=False)
    """Whether `changes` is all that the action wrote to the database, in values that can be written back."""
    error = models.JSONField(_("error"), null=True, blank=True, encoder=JSONEncoder)
    """`{"code", "detail", "errors"}`, and for a failure `{"exception", "traceback"}`."""
    downstream = models.JSONField(_("downstream"), null=True, blank=True, encoder=JSONEncoder)
    """What came of it elsewhere, by hook: `{"etl": {"dag_id", "dag_run_id", "state", "result"}}`."""
    duration_seconds = models.FloatField(_("duration in seconds"))
    scheduled_at = models.DateTimeField(_("scheduled at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        target = "" if self.object_id is None else f" {self.object_id}"
        return f"{self.resource}{target}: {self.action} ({self.outcome})"

    @property
    def duration(self) -> timedelta:
        """How long the execution took."""
        return timedelta(seconds=self.duration_seconds)


class EventAction(EventRecord):
    """The record of one execution of an action."""

    is_held = models.BooleanField(_("held"), default=False, help_text=_("A held record is never archived."))
    # Null and not "": of the unique keys there is one at the most, of calls without a key any number.
    key_hash = models.CharField(_("idempotency key"), max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001
    """SHA-256 of caller, action and the Idempotency-Key that the call had."""
    request_hash = models.CharField(_("fingerprint of the request"), max_length=64, blank=True, editable=False)
    """SHA-256 of all that the call asked for, where it had a key."""

    objects = EventQuerySet.as_manager()

    class Meta(EventRecord.Meta):
        abstract = False
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["created_at"], name="actions_event_created"),
            models.Index(fields=["object_id", "resource"], name="actions_event_object"),
            models.Index(fields=["resource", "action"], name="actions_event_action"),
            models.Index(fields=["actor_id"], name="actions_event_actor"),
            models.Index(fields=["correlation_id"], name="actions_event_correlation"),
        ]


class ArchivedEventAction(EventRecord):
    """A record that was moved out of the way after its time. Its key is the one that it had before."""

    id = models.BigIntegerField(primary_key=True)
    archived_at = models.DateTimeField(_("archived at"), default=timezone.now)

    objects = EventQuerySet.as_manager()

    class Meta(EventRecord.Meta):
        abstract = False
        verbose_name = _("archived event")
        verbose_name_plural = _("archived events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["created_at"], name="actions_archive_created"),
            models.Index(fields=["object_id", "resource"], name="actions_archive_object"),
            models.Index(fields=["actor_id"], name="actions_archive_actor"),
            models.Index(fields=["correlation_id"], name="actions_archive_correlation"),
        ]


class ArchiveBatch(models.Model):
    """Records on their way into a file: written before the file, removed with the records. See `actions.archive`."""

    uid = models.UUIDField(_("uid"), primary_key=True, editable=False)
    """Names the file."""
    ids = models.JSONField(_("records"), default=list, editable=False)
    """Keys of the records."""

    class Meta:
        verbose_name = _("archive batch")
        verbose_name_plural = _("archive batches")

    def __str__(self) -> str:
        return str(self.uid)


class LeasedRow(models.Model):
    """Something that waits to be done. One clock: `due_at` is timer, place in the queue, retry and lease at once.

    Whoever claims a row moves `due_at` to the end of a lease and raises `fence`; a worker that dies needs no recovery,
    the row falls due again, and what it did meanwhile is refused by the fence.
    """

    due_at = models.DateTimeField(_("due at"), null=True, default=timezone.now)
    """Null: nothing is to be done."""
    # Not positive ones by declaration: PostgreSQL prepares a table's checks anew for every statement.
    fence = models.IntegerField(_("fence"), default=0, editable=False)
    attempts = models.IntegerField(_("attempts"), default=0, editable=False)

    class Meta:
        abstract = True


class PendingCall(LeasedRow):
    """What a worker needs to carry out a call that was accepted for later. Removed when it has ended."""

    event = models.OneToOneField(
        EventAction, on_delete=models.CASCADE, primary_key=True, related_name="pending_call", verbose_name=_("event")
    )
    request = models.JSONField(_("request"), encoder=JSONEncoder, editable=False)
    """`{"target", "data", "query", "terms", "caller"}`. Unlike the record it may hold secrets; no page shows it."""
    cron = models.CharField(_("cron expression"), max_length=100, blank=True)
    """Repeats the call; "" for once."""
    progress = models.JSONField(_("progress"), null=True, blank=True)
    """`{"done", "total", "message"}` as the action reported it last."""

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("pending call")
        verbose_name_plural = _("pending calls")
        indexes = [
            models.Index(fields=["due_at"], name="actions_pending_due", condition=models.Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class DeliveryState(models.TextChoices):
    """How far a delivery is."""

    WAITING = "waiting", _("waiting")
    """To be sent, now or at its next attempt."""
    FOLLOWED = "followed", _("followed")
    """The receiver has it, and is asked until it has come to an end with it."""
    DELIVERED = "delivered", _("delivered")
    DEAD = "dead", _("dead")
    """Given up. Somebody has to look: it can be retried, or discarded."""
    DISCARDED = "discarded", _("discarded")
    """Somebody said that nobody needs it."""


OPEN = (DeliveryState.WAITING.value, DeliveryState.FOLLOWED.value, DeliveryState.DEAD.value)
"""States that keep a delivery and its record where they are."""


class Delivery(LeasedRow):
    """One message about a record on its way to one hook: at least once, under a number that never changes."""

    uid = models.UUIDField(_("uid"), default=uuid4, unique=True, editable=False)
    """What receivers get with every attempt, to drop doubles."""
    event = models.ForeignKey(
        # Without a constraint: a delivery that is over does not keep its record from being archived.
        EventAction,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="deliveries",
        verbose_name=_("event"),
    )
    hook = models.CharField(_("hook"), max_length=100)
    """Its name in DJACTION_HOOKS; "endpoint:…" for a stored webhook."""
    options = models.JSONField(_("options"), default=dict, blank=True, editable=False, encoder=JSONEncoder)
    """What the action's definition says otherwise than the hook's settings."""
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING.value
    )
    order_key = models.CharField(_("order"), max_length=255, blank=True, editable=False)
    """Deliveries with the same one are sent one after the other, in the order of their keys; "" for no order."""
    message = models.JSONField(_("message"), encoder=JSONEncoder, editable=False)
    correlation_id = models.CharField(_("correlation"), max_length=128, editable=False)
    traceparent = models.CharField(_("trace"), max_length=55, blank=True, editable=False)
    tries = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    """Attempts that reached for the receiver. `attempts` counts claims, also those that found the hook paused."""
    first_tried_at = models.DateTimeField(_("first tried at"), null=True, editable=False)
    receipt = models.JSONField(_("receipt"), null=True, blank=True, encoder=JSONEncoder, editable=False)
    """What the receiver answered."""
    error = models.TextField(_("last error"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)

    class Meta(LeasedRow.Meta):
        abstract = False
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        indexes = [
            # Without conditions: MariaDB has no partial indexes, and there Django makes none at all.
            models.Index(fields=["due_at"], name="actions_delivery_due"),
            models.Index(fields=["order_key", "id"], name="actions_delivery_order"),
            models.Index(fields=["state", "ended_at"], name="actions_delivery_state"),
            models.Index(fields=["hook", "state"], name="actions_delivery_hook"),
        ]

    def __str__(self) -> str:
        return f"{self.hook}: {self.uid}"


class HookState(models.Model):
    """How a hook's receiver is doing: one row for each that has failed."""

    hook = models.CharField(_("hook"), max_length=100, primary_key=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    """Nothing is sent before."""
    disabled_at = models.DateTimeField(_("disabled at"), null=True, blank=True)
    """Nothing is sent any more, until somebody enables it."""
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("state of a hook")
        verbose_name_plural = _("states of hooks")

    def __str__(self) -> str:
        return self.hook


class WebhookEndpoint(models.Model):
    """A webhook that is stored and not in the settings: for receivers that come and go without a deployment."""

    uid = models.UUIDField(_("uid"), default=uuid4, unique=True, editable=False)
    url = models.URLField(_("URL"), max_length=500)
    description = models.CharField(_("description"), max_length=200, blank=True)
    secrets = models.JSONField(_("secrets"), default=list, editable=False)
    """The newest first. All of them sign, so that a receiver may change over."""
    actions = models.JSONField(_("actions"), default=list, blank=True)
    """Which events: names as "todo:mark_done", "todo:*" or "*"; none for all."""
    outcomes = models.JSONField(_("outcomes"), default=list, blank=True)
    """Of which outcomes; none for "succeeded"."""
    is_ordered = models.BooleanField(_("ordered"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def hook(self) -> str:
        """The name that its deliveries have."""
        return f"endpoint:{self.uid}"


class WorkerHeartbeat(models.Model):
    """A worker, and when it was last seen alive."""

    uid = models.UUIDField(_("uid"), primary_key=True, editable=False)
    name = models.CharField(_("name"), max_length=255)
    """Host and process id, for people."""
    seen_at = models.DateTimeField(_("seen at"), db_index=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.name


class ObjectBudget(models.Model):
    """How many rows a caller has changed since the beginning of a window; see the setting DJACTION_BUDGETS."""

    key = models.CharField(_("caller and scope"), max_length=255, primary_key=True, editable=False)
    started_at = models.DateTimeField(_("started at"))
    used = models.PositiveIntegerField(_("used"))

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")

    def __str__(self) -> str:
        return self.key


ActionEvent = EventAction
"""The name that the record had before; the same model."""
