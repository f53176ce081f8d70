"""Workflows and steps over REST: to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as lazy
from rest_framework.permissions import IsAuthenticated
from rest_framework.viewsets import ReadOnlyModelViewSet

from actions.processes.api.documents import answering
from actions.processes.api.paging import OldestFirst
from actions.processes.api.problems import ProblemMixin
from actions.processes.workflows.known import add_missing
from actions.processes.workflows.models import KnownStep, KnownWorkflow

from .serializers import WfeStepSerializer, WfeWorkflowSerializer

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class KnownViewSet(ProblemMixin, ReadOnlyModelViewSet[Any]):
    """Classes that are known."""

    permission_classes = [IsAuthenticated]
    pagination_class = OldestFirst
    filter_backends: Any = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find those that this process has loaded since the tables were made."""
        super().initial(request, *args, **kwargs)
        add_missing(self.get_queryset().db)


class WorkflowViewSet(KnownViewSet):
    """Workflows, in the order in which they were found."""

    queryset = KnownWorkflow.objects.all()
    serializer_class = WfeWorkflowSerializer

    @answering(lazy("Workflows"), WfeWorkflowSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The project's workflows, also those whose classes are gone."""
        return super().list(request, *args, **kwargs)

    @answering(lazy("A workflow"), WfeWorkflowSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        return super().retrieve(request, *args, **kwargs)


class StepViewSet(KnownViewSet):
    """Steps, in the order in which they were found."""

    queryset = KnownStep.objects.all()
    serializer_class = WfeStepSerializer

    @answering(lazy("Steps of workflows"), WfeStepSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The steps and decisions of all workflows."""
        return super().list(request, *args, **kwargs)

    @answering(lazy("A step of workflows"), WfeStepSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        return super().retrieve(request, *args, **kwargs)
