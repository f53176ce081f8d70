"""The parts of a run as JSON, for the documents of OpenAPI; `run_detail` makes them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from actions.processes.models import STATUSES


class ProcessRunErrorSerializer(serializers.Serializer[Any]):
    """What went wrong."""

    type = serializers.CharField(help_text=_("The class of the exception."))
    detail = serializers.CharField()
    node = serializers.CharField(required=False)
    traceback = serializers.CharField(required=False, help_text=_("For staff."))


class ProcessRunBranchSerializer(serializers.Serializer[Any]):
    """A branch of a run, an item of a list that it works on, or a process that it has started."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(["branch", "item", "process"])
    process = serializers.CharField()
    parent_id = serializers.IntegerField(help_text=_("The run or branch that has begun it."))
    parent_number = serializers.IntegerField(help_text=_("The number of the step that has."))
    place = serializers.IntegerField(allow_null=True)
    item = serializers.JSONField()
    status = serializers.ChoiceField(STATUSES)
    node = serializers.CharField()
    waiting_for = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    error = ProcessRunErrorSerializer(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    url = serializers.URLField(allow_null=True, help_text=_("Of a process that was started."))


class ProcessInputSerializer(serializers.Serializer[Any]):
    """An input that a run waits for."""

    id = serializers.IntegerField()
    run_id = serializers.IntegerField(help_text=_("The run or branch that waits."))
    root_id = serializers.IntegerField(help_text=_("The run itself."))
    process = serializers.CharField()
    node = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    schema = serializers.JSONField(help_text=_("JSON Schema of the answer; null: any object."))
    form_error = serializers.CharField(
        allow_null=True, help_text=_("Why it cannot be answered: its form cannot be made. Null where it can.")
    )
    users = serializers.ListField(
        child=serializers.JSONField(), help_text=_('Names, and keys as `{"pk": "7"}`; one of them.')
    )
    groups = serializers.ListField(child=serializers.CharField(), help_text=_("Names of groups, all of them."))
    permissions = serializers.ListField(child=serializers.CharField(), help_text=_("All of them."))
    user_filter = serializers.JSONField(help_text=_("Look-ups of Django that find who may answer."))
    group_filter = serializers.JSONField(help_text=_("Look-ups that find one of his groups."))
    is_mine = serializers.BooleanField(help_text=_("Whether the caller may answer."))
    is_claimed = serializers.BooleanField()
    claimed_by = serializers.CharField(allow_null=True, help_text=_("The key of who does it."))
    claimed_name = serializers.CharField(allow_blank=True)
    claimed_at = serializers.DateTimeField(allow_null=True)
    assigned_to = serializers.CharField(
        allow_null=True, help_text=_("The key of who answers in place of those whom the process names.")
    )
    assigned_name = serializers.CharField(allow_blank=True)
    delegated_by = serializers.CharField(allow_null=True, help_text=_("The key of who has given it to `assigned_to`."))
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text=_("When an answer is wanted."))
    is_overdue = serializers.BooleanField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text=_("When it is too late."))
    reminders = serializers.IntegerField(help_text=_("How often those who may answer were reminded."))
    escalated_at = serializers.DateTimeField(allow_null=True)
    form_url = serializers.URLField(allow_null=True, help_text=_("A page to answer it on."))
    url = serializers.URLField(allow_null=True, help_text=_("POST the answer here."))
    run_url = serializers.URLField(allow_null=True)


class ProcessRunPositionSerializer(serializers.Serializer[Any]):
    """A step at hand, and what it waits for."""

    run = serializers.IntegerField(help_text=_("The run or branch that is at it."))
    number = serializers.IntegerField()
    node = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(STATUSES)
    waiting_for = serializers.CharField(allow_blank=True)
    entered_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text=_("When it is gone on with, or looked at again."))
    tries = serializers.IntegerField(help_text=_("Failed ones."))
    message = serializers.CharField(allow_null=True, help_text=_('"name" or "name:key" of the message.'))
    conditions = serializers.ListField(child=serializers.CharField(), help_text=_("All of them have to come true."))
    open_children = serializers.IntegerField()
    input = ProcessInputSerializer(allow_null=True)
    error = ProcessRunErrorSerializer(allow_null=True)


class ProcessStepAttemptSerializer(serializers.Serializer[Any]):
    """One try of a step."""

    attempt = serializers.IntegerField()
    status = serializers.ChoiceField(STATUSES)
    input = serializers.JSONField()
    result = serializers.JSONField()
    error = ProcessRunErrorSerializer(allow_null=True)
    log = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    duration_seconds = serializers.FloatField()
    event_uid = serializers.UUIDField(allow_null=True, help_text=_("The record of the action that it performed."))
    event_url = serializers.URLField(allow_null=True)


class ProcessStepSerializer(serializers.Serializer[Any]):
    """A step with its tries. One that was tried often may go on on the next page."""

    run = serializers.IntegerField(help_text=_("The run or branch that it belongs to."))
    number = serializers.IntegerField(help_text=_("Within that run or branch."))
    node = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(STATUSES)
    edge = serializers.CharField(allow_blank=True, help_text=_("The way on that was taken."))
    is_undoing = serializers.BooleanField(help_text=_("Whether it takes an earlier step back."))
    entered_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    result = serializers.JSONField()
    error = ProcessRunErrorSerializer(allow_null=True)
    attempts = ProcessStepAttemptSerializer(many=True)


class ProcessStepPageSerializer(serializers.Serializer[Any]):
    """Some of a run's steps."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ProcessStepSerializer(many=True)


class ProcessInputPageSerializer(serializers.Serializer[Any]):
    """Some of the inputs that wait for the caller."""

    # drf-spectacular would make a list of what a list answers.
    _spectacular_annotation = {"many": False}

    next = serializers.URLField(allow_null=True)
    results = ProcessInputSerializer(many=True)


class ProcessRunBranchPageSerializer(serializers.Serializer[Any]):
    """A page of branches."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ProcessRunBranchSerializer(many=True)
