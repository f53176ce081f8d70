"""Processes over REST: started and documented.

POST    /processes/signup-request/     starts a run, with the payload as JSON object or form; with and without the slash
GET     /processes/signup-request/     what it takes and does
POST    /processes/                    the same with "process_id" in the body, or ?process_id=
GET     /processes/                    runs, newest first; the processes themselves are in the catalogue
GET     /processes/signup-request/picture.svg
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connections, transaction
from django.utils.translation import gettext_lazy as lazy
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from actions.body import read_body
from actions.idempotency import REPLAYED
from actions.processes import services
from actions.processes.executor import find_process
from actions.processes.models import Run
from actions.processes.states import RunKind, Status
from actions.single import as_mapping
from actions.tracing import REQUEST_ID, correlation_of

from .access import may_change, visible
from .documents import answering
from .filters import RunFilter
from .paging import RunPagination
from .pictures import SVG, drawn
from .problems import ProblemMixin
from .process_documents import described
from .run_serializers import LARGE, ProcessRunDataSerializer, ProcessRunSerializer
from .schema_attributes import ProcessSchema, ProcessSwagger
from .starting import named_process, read_start

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse
    from rest_framework.request import Request

CHECK_AGAIN = "2"


def start(request: Request, process_id: str, payload: Any) -> Response:
    """Start a process for a request.

    Raises:
        ActionError: It is refused.
    """
    services.check_may_start(find_process(process_id, request.user), request.user)
    said = read_start(request.headers, request.query_params)
    if (said.queue is not None or said.priority) and not may_change(request.user):
        raise PermissionDenied
    correlation_id = correlation_of(request.META) or None
    run = services.start(
        process_id,
        payload if hasattr(payload, "lists") else as_mapping(payload),
        actor=request.user,
        correlation_id=correlation_id,
        **said.options(),
    )
    return _answer(request, run, applied=said.terms.applied)


def _answer(request: Request, run: Run, *, applied: str) -> Response:
    """201 for what has ended, or waits; 202 for what somebody else goes on with."""
    shown = ProcessRunDataSerializer(run, context={"request": request}).data
    is_under_way = run.status in (Status.PENDING.value, Status.RUNNING.value)
    status = HTTPStatus.ACCEPTED if is_under_way else HTTPStatus.CREATED
    headers = {REQUEST_ID: run.correlation_id}
    if shown["url"] is not None:
        headers["Location"] = shown["url"]
    if not run.is_finished:
        headers["Retry-After"] = CHECK_AGAIN
    if applied:
        headers["Preference-Applied"] = applied
    if run.is_replay:
        headers |= REPLAYED
    return Response(shown, status=status.value, headers=headers)


class StartingMixin(ProblemMixin):
    """Starts processes outside of a transaction of the request: each of a run's steps has its own."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """A view that Django makes no transaction around."""
        view = super().as_view(**initkwargs)
        for alias in connections:
            transaction.non_atomic_requests(using=alias)(view)
        return view


class ProcessListView(StartingMixin, ListModelMixin, GenericAPIView[Run]):
    """All runs, and a start of any process."""

    queryset = Run.objects.all()
    serializer_class = ProcessRunSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = RunPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = RunFilter
    schema = ProcessSchema()
    swagger_schema = ProcessSwagger()
    process_id: ClassVar[str | None] = None
    shown_action: ClassVar[None] = None
    """No route of an action: `actions.openapi` asks."""

    def get_queryset(self) -> QuerySet[Run]:
        """Those that the caller may see."""
        runs = visible(super().get_queryset(), getattr(self.request, "user", None))
        return runs.filter(kind=RunKind.ROOT.value).defer(*LARGE)

    @answering(lazy("Runs of processes"), ProcessRunSerializer(many=True), refusals=[400, 404])
    def get(self, request: Request) -> Response:
        """The runs of all processes that the caller may see, newest first."""
        return self.list(request)

    def post(self, request: Request) -> Response:
        """Start the process that `process_id` names, in the body or in the query."""
        process_id, payload = named_process(request.query_params, read_body(request))
        return start(request, process_id, payload)


class ProcessView(StartingMixin, APIView):
    """One process."""

    permission_classes = [IsAuthenticated]
    schema = ProcessSchema()
    swagger_schema = ProcessSwagger()
    process_id: str | None = None
    """Of a route that is for one process; None: the path names it."""
    shown_action: ClassVar[None] = None

    def get(self, request: Request, process_id: str | None = None) -> Response:
        """What it takes and does."""
        return Response(described(find_process(process_id or self.process_id or "", request.user), request))

    def post(self, request: Request, process_id: str | None = None) -> Response:
        """Start it."""
        return start(request, process_id or self.process_id or "", read_body(request))


class ProcessPictureView(ProblemMixin, APIView):
    """A picture of a process."""

    permission_classes = [IsAuthenticated]
    schema = None
    swagger_schema = None
    kind = SVG

    def get(self, request: Request, process_id: str) -> HttpResponse:
        """Its steps, and the ways between them."""
        return drawn(self.kind, find_process(process_id, request.user).graph)

    def perform_content_negotiation(self, request: Any, force: bool = False) -> Any:
        """Asked for as a picture, and refused as JSON."""
        return super().perform_content_negotiation(request, force=True)
