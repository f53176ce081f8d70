"""Runs of programs over REST: seen and stopped by whoever has started them, and by staff.

GET     /api/program_run/?status=running     newest first
GET     /api/program_run/7/
GET     /api/program_run/7/output/           what the program wrote
POST    /api/program_run/7/stop/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as lazy
from django_filters.rest_framework import DjangoFilterBackend, FilterSet, NumberFilter
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from actions.api.views import EventPagination
from actions.mixins import ActionMixin
from actions.process_registry.actions.programrun.action_registry import ACTIONS
from actions.process_registry.permissions import key_of, sees_all_runs
from actions.process_registry.programs import services
from actions.process_registry.programs.models import ProgramRun
from actions.processes.api.documents import answering
from actions.processes.api.problems import ProblemMixin

from .formats import BasicFirstMixin
from .program_run_serializers import ProgramOutputSerializer, ProgramRunSerializer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

LARGE = ("input", "output", "log")
CHECK_AGAIN = "2"


class ProgramRunFilter(FilterSet):
    """By number, whether the definition is there or not: nobody is told which ones others have."""

    definition = NumberFilter(field_name="definition_id")

    class Meta:
        model = ProgramRun
        fields = ["status", "is_service"]


class ProgramRunViewSet(BasicFirstMixin, ActionMixin, ProblemMixin, ReadOnlyModelViewSet[ProgramRun]):
    """What stored programs are doing, and have done."""

    queryset = ProgramRun.objects.all()
    serializer_class = ProgramRunSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = EventPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = ProgramRunFilter
    action_registry = ACTIONS
    lookup_value_regex = r"\d{1,19}"

    def get_queryset(self) -> QuerySet[ProgramRun]:
        """All for staff, their own for others."""
        runs = super().get_queryset().select_related("version").defer("version__definition", "version__text")
        runs = runs if self.action == "output" else runs.defer(*LARGE)
        user = getattr(self.request, "user", None)
        if (key := key_of(user)) is None:
            return runs.none()
        return runs if sees_all_runs(user) else runs.filter(actor_id=key)

    @answering(lazy("Runs of programs"), ProgramRunSerializer(many=True), refusals=[400, 404])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The runs that the caller may see, newest first."""
        return super().list(request, *args, **kwargs)

    @answering(lazy("A run of a program"), ProgramRunSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them. While it is not over, `Retry-After` says when to ask again."""
        run = self.get_object()
        headers = {} if run.is_finished else {"Retry-After": CHECK_AGAIN}
        return Response(self.get_serializer(run).data, headers=headers)

    @answering(lazy("The output of a program"), ProgramOutputSerializer, refusals=[404])
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def output(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What it wrote to standard output and standard error: the end of it, within DJACTION_PROGRAM_LIMITS."""
        return Response(services.output(self.get_object()))
