"""Runs as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from actions.processes.models import Run
from actions.processes.registry import processes

from .access import is_staff
from .links import link, process_link, run_link
from .masking import Masking
from .shapes import (
    ProcessRunBranchSerializer,
    ProcessRunErrorSerializer,
    ProcessRunPositionSerializer,
    ProcessStepSerializer,
)

COLUMNS = (
    *("id", "uid", "process", "status", "waiting_for", "node", "number", "due_at", "paused_at"),
    *("created_at", "ended_at", "actor_id", "actor_name", "event_uid", "correlation_id", "forked_from"),
    *("queue", "priority", "is_held"),
)
LARGE = ("payload", "state", "result", "error", "note", "item")
"""Columns that lists do not read."""


class ProcessRunSerializer(serializers.ModelSerializer[Run]):
    """A run without its data."""

    title = serializers.SerializerMethodField(help_text=_("The process's name."))
    waiting_for = serializers.CharField(source="waits_for", read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [*COLUMNS, "title", "url"]
        read_only_fields = fields

    def get_title(self, run: Run) -> str:
        """What people call the process."""
        process = processes.get(run.process)
        return (process.title if process is not None else "") or run.process

    def get_url(self, run: Run) -> str | None:
        """Where all of it is."""
        return run_link(self.context.get("request"), run.root_id or run.pk)


class ProcessRunDataSerializer(ProcessRunSerializer):
    """A run with what it was given, what it has, and what came of it; secrets are masked."""

    payload = serializers.JSONField(read_only=True)
    state = serializers.JSONField(read_only=True, help_text=_("What steps have registered."))
    result = serializers.JSONField(read_only=True)
    error = ProcessRunErrorSerializer(read_only=True, allow_null=True)
    process_url = serializers.SerializerMethodField()

    class Meta(ProcessRunSerializer.Meta):
        fields = [*ProcessRunSerializer.Meta.fields, "payload", "state", "result", "error", "process_url"]
        read_only_fields = fields

    def get_process_url(self, run: Run) -> str | None:
        """Where the process is documented."""
        return process_link(self.context.get("request"), run.process)

    def to_representation(self, instance: Run) -> dict[str, Any]:
        """The run; of an error, staff alone sees the traceback."""
        shown = super().to_representation(instance)
        user = getattr(self.context.get("request"), "user", None)
        masking = Masking(instance, is_for_staff=is_staff(user))
        for name in ("payload", "state", "result"):
            shown[name] = masking.shown(getattr(instance, name))
        shown["error"] = masking.error(instance.error)
        return shown


class ProcessRunDetailSerializer(ProcessRunDataSerializer):
    """Everything about a run. `run_detail` fills in what is not in its own row."""

    definition = serializers.CharField(read_only=True, help_text=_("Fingerprint of the definition that it runs by."))
    current = ProcessRunPositionSerializer(many=True, read_only=True, help_text=_("The steps at hand."))
    branches = ProcessRunBranchSerializer(
        many=True, read_only=True, help_text=_("The first ones, those that are not over before the others.")
    )
    branches_url = serializers.SerializerMethodField()
    branches_by_status = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    steps = ProcessStepSerializer(many=True, read_only=True, help_text=_("The first page, the oldest first."))
    steps_next = serializers.URLField(read_only=True, allow_null=True, help_text=_("The next page of steps."))
    steps_url = serializers.SerializerMethodField()
    picture = serializers.SerializerMethodField(help_text=_("What has been done, as SVG."))
    actions = serializers.SerializerMethodField(help_text=_("What can be done with it now, and why not the rest."))

    class Meta(ProcessRunDataSerializer.Meta):
        fields = [
            *ProcessRunDataSerializer.Meta.fields,
            *("definition", "parent_id", "current", "branches", "branches_url", "branches_by_status"),
            *("steps", "steps_next", "steps_url", "picture", "actions"),
        ]
        read_only_fields = fields

    def get_branches_url(self, run: Run) -> str | None:
        """All pages of branches."""
        return link(self.context.get("request"), "process-runs:run-branches", run.pk)

    def get_steps_url(self, run: Run) -> str | None:
        """All pages of steps."""
        return link(self.context.get("request"), "process-runs:run-steps", run.pk)

    def get_picture(self, run: Run) -> str | None:
        """The picture."""
        return link(self.context.get("request"), "process-runs:run-picture", run.pk)

    def get_actions(self, run: Run) -> str | None:
        """The list of what can be done."""
        return link(self.context.get("request"), "process-runs:run-list-available-actions", run.pk)
