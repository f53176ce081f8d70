"""Schedules over REST, for staff with Django's permissions.

GET, POST               /schedules/
GET, PATCH, DELETE      /schedules/3/          {"is_active": false} pauses it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import mixins, serializers
from rest_framework.viewsets import GenericViewSet

from actions.acceptance import next_moment
from actions.processes import services
from actions.processes.models import RunSchedule
from actions.redaction import redact, secret_names

from .access import MayManageSchedules
from .documents import answering
from .links import process_link, run_link
from .masking import sensitive_of
from .paging import OldestFirst
from .problems import ProblemMixin

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class ProcessScheduleSerializer(serializers.ModelSerializer[RunSchedule]):
    """A schedule; secrets of its payload are masked."""

    payload = serializers.DictField(default=dict, help_text=_("What each run is given."))
    last_run_url = serializers.SerializerMethodField()
    process_url = serializers.SerializerMethodField()

    class Meta:
        model = RunSchedule
        fields = [
            *("id", "process", "cron", "payload", "is_active", "actor_id", "due_at", "error"),
            *("last_run_id", "created_at", "last_run_url", "process_url"),
        ]
        read_only_fields = ["actor_id", "due_at", "error", "last_run_id", "created_at"]

    def get_last_run_url(self, schedule: RunSchedule) -> str | None:
        """The run that it has started last."""
        return None if schedule.last_run_id is None else run_link(self.context.get("request"), schedule.last_run_id)

    def get_process_url(self, schedule: RunSchedule) -> str | None:
        """Where the process is documented."""
        return process_link(self.context.get("request"), schedule.process)

    def to_representation(self, instance: RunSchedule) -> dict[str, Any]:
        """The schedule."""
        shown = super().to_representation(instance)
        shown["payload"] = redact(instance.payload, secret_names(sensitive_of(instance.process)))
        return shown

    def create(self, validated_data: dict[str, Any]) -> RunSchedule:
        """Make it.

        Raises:
            ActionError: Process, payload or cron expression are refused, or cronsim is not installed (501).
        """
        process, cron, payload = (validated_data[name] for name in ("process", "cron", "payload"))
        made = services.schedule(process, cron, payload, actor=self.context["request"].user)
        return made if validated_data.get("is_active", True) else activate(made, is_active=False)

    def update(self, instance: RunSchedule, validated_data: dict[str, Any]) -> RunSchedule:
        """Pause it, or go on with it; for anything else another one is made."""
        others = sorted(set(validated_data) - {"is_active"})
        if others:
            sentence = _("It does not change. Delete the schedule, and make another one.")
            raise serializers.ValidationError({name: [sentence] for name in others})
        return activate(instance, is_active=validated_data["is_active"]) if validated_data else instance


def activate(schedule: RunSchedule, *, is_active: bool) -> RunSchedule:
    """Have a schedule start runs, or none."""
    due_at = next_moment("cron", schedule.cron, timezone.now()) if is_active else None
    rows = RunSchedule.objects.using(schedule._state.db).filter(pk=schedule.pk)
    # Whoever has just taken it loses it: the moment that is written here is to stay.
    rows.update(is_active=is_active, due_at=due_at, fence=F("fence") + 1)
    schedule.refresh_from_db()
    return schedule


class ScheduleViewSet(
    ProblemMixin,
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[RunSchedule],
):
    """What starts processes again and again."""

    queryset = RunSchedule.objects.all()
    serializer_class = ProcessScheduleSerializer
    permission_classes = [MayManageSchedules]
    pagination_class = OldestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_fields = ["process", "is_active"]
    lookup_value_regex = r"\d{1,19}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    @answering(_("Schedules"), ProcessScheduleSerializer(many=True), refusals=[400, 404])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, with when they start a run next, and what went wrong the last time."""
        return super().list(request, *args, **kwargs)

    @answering(_("Make a schedule"), ProcessScheduleSerializer, refusals=[400, 404, 501], status=201)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Have a process started by a cron expression, in the project's time zone, in the caller's name."""
        return super().create(request, *args, **kwargs)

    @answering(_("A schedule"), ProcessScheduleSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        return super().retrieve(request, *args, **kwargs)

    @answering(_("Pause a schedule, or go on with it"), ProcessScheduleSerializer, refusals=[400, 404, 501])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Changes `is_active`. What fell due while it was paused is not made up for."""
        return super().partial_update(request, *args, **kwargs)

    @answering(_("Remove a schedule"), None, refusals=[404], status=204)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Removes it. Runs that it has started go on."""
        return super().destroy(request, *args, **kwargs)
