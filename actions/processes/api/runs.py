"""Runs over REST: seen by whoever started them and by staff; steered by their actions; written by nobody.

GET     /runs/?process=signup-request&status=failed    newest first
GET     /runs/7/                       everything about it
GET     /runs/7/steps/?cursor=…        its steps, page by page
GET     /runs/7/branches/?cursor=…     its branches and items, and the processes that it has started, page by page
GET     /runs/7/picture.svg            what has been done; picture.mmd as Mermaid
GET     /runs/7/actions/               what can be done with it now, and why not the rest
POST    /runs/7/provide_input/         answers what it waits for; cancel/, pause/, resume/, retry/, fork/, move/, …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.processes.actions.run.action_registry import ACTIONS
from actions.processes.models import Run
from actions.processes.states import RunKind

from .access import answerable, visible
from .documents import answering, hidden
from .filters import RunFilter
from .paging import RunPagination
from .pictures import MERMAID, SVG, drawn, states_of
from .problems import ProblemMixin
from .run_detail import RunDetail, graph_for
from .run_serializers import LARGE, ProcessRunDetailSerializer, ProcessRunSerializer
from .shapes import ProcessRunBranchPageSerializer, ProcessStepPageSerializer

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

CHECK_AGAIN = 2
"""Seconds after which it is worth while to ask again."""
PROVIDE_INPUT = "provide_input"


class RunViewSet(ActionMixin, ProblemMixin, ReadOnlyModelViewSet[Run]):
    """What processes are doing, and have done."""

    queryset = Run.objects.all()
    serializer_class = ProcessRunSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = RunPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = RunFilter
    action_registry = ACTIONS
    lookup_value_regex = r"\d{1,19}"

    def get_queryset(self) -> QuerySet[Run]:
        """All for staff, their own for others; for an answer, also what waits for theirs."""
        runs = super().get_queryset()
        user = getattr(self.request, "user", None)
        if self.action == PROVIDE_INPUT:
            return answerable(runs, user)
        runs = visible(runs, user).filter(kind=RunKind.ROOT.value)
        return runs.defer(*LARGE) if self.action == "list" else runs

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """Everything about a single one."""
        return ProcessRunDetailSerializer if self.action == "retrieve" else ProcessRunSerializer

    @answering(lazy("Runs"), ProcessRunSerializer(many=True), refusals=[400, 404])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The runs that the caller may see, newest first, without their data."""
        return super().list(request, *args, **kwargs)

    @answering(lazy("A run"), ProcessRunDetailSerializer, parameters=["cursor"], refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Everything about a run: data, branches, what it waits for, and the first page of its steps.

        Secrets are masked; tracebacks are for staff. While it is not over, `Retry-After` says when to ask again.
        """
        run = self.get_object()
        headers = {} if run.is_finished else {"Retry-After": str(CHECK_AGAIN)}
        return Response(RunDetail(run, request).as_json(), headers=headers)

    @answering(lazy("The steps of a run"), ProcessStepPageSerializer, parameters=["cursor"], refusals=[404])
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=None)
    def steps(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What was done, in the order in which it was, each step with its tries."""
        found, following, previous = RunDetail(self.get_object(), request).steps()
        return Response({"next": following, "previous": previous, "results": found})

    @answering(lazy("The branches of a run"), ProcessRunBranchPageSerializer, parameters=["cursor"], refusals=[404])
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=None)
    def branches(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Branches, items and the processes that it has started, in the order in which they were."""
        found, following, previous = RunDetail(self.get_object(), request).branches()
        return Response({"next": following, "previous": previous, "results": found})

    @hidden
    def picture(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The process with what this run has done, as SVG."""
        return self._drawn(SVG)

    @hidden
    def picture_mmd(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The same as a Mermaid flowchart."""
        return self._drawn(MERMAID)

    def perform_content_negotiation(self, request: Any, force: bool = False) -> Any:
        """Pictures are asked for as pictures, and refused as JSON."""
        return super().perform_content_negotiation(request, force or self.action in ("picture", "picture_mmd"))

    def _drawn(self, kind: str) -> HttpResponse:
        run = self.get_object()
        graph = graph_for(run, str(run._state.db))
        if graph is None:
            raise ActionError(_("Its definition is not kept any more."), status=404, code="not_found")
        return drawn(kind, graph, states_of(run))
