"""Jobs over REST: ordered, looked at, answered. Seen as runs are: by whoever has ordered them, and by staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import connections, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from actions.body import read_body
from actions.exceptions import InvalidPayloadError
from actions.processes import services
from actions.processes.api.access import Answerer, answerable, is_staff, may_change, sees_all, visible
from actions.processes.api.documents import answering, hidden, taking
from actions.processes.api.inputs_shown import shown_input
from actions.processes.api.links import link
from actions.processes.api.masking import Masking
from actions.processes.api.paging import RunPagination
from actions.processes.api.problems import ProblemMixin
from actions.processes.api.starting import read_start
from actions.processes.store import graph_of
from actions.processes.workflows.exceptions import WorkflowDeleted
from actions.processes.workflows.finding import open_input
from actions.processes.workflows.models import Job
from actions.processes.workflows.running import order_workflow_execution
from actions.single import as_mapping
from actions.tracing import correlation_of

from .serializers import (
    WfeJobAnswerSerializer,
    WfeJobDetailSerializer,
    WfeJobInputSerializer,
    WfeJobOrderSerializer,
    WfeJobSerializer,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

    from actions.processes.models import OpenTask

WORKFLOW_ID, PAYLOAD, STEP = "workflow_id", "payload", "step"
INPUTS = ("input", "provide_input")


class JobViewSet(ProblemMixin, ReadOnlyModelViewSet[Job]):
    """Runs of workflows."""

    queryset = Job.objects.all()
    serializer_class = WfeJobSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = RunPagination
    filter_backends: Any = ()

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """A view that Django makes no transaction around: each of a job's steps has its own."""
        view = super().as_view(actions, **initkwargs)
        for alias in connections:
            transaction.non_atomic_requests(using=alias)(view)
        return view

    def get_queryset(self) -> QuerySet[Job]:
        """The caller's own, all for staff; for an answer, also what waits for his."""
        jobs = Job.objects.get_queryset()
        user = getattr(self.request, "user", None)
        if self.action in INPUTS:
            return answerable(jobs, user)
        return visible(jobs.without_data() if self.action == "list" else jobs, user)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """Everything about a single one."""
        return WfeJobSerializer if self.action == "list" else WfeJobDetailSerializer

    @answering(lazy("Jobs"), WfeJobSerializer(many=True))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The jobs that the caller may see, newest first."""
        return super().list(request, *args, **kwargs)

    @answering(lazy("A job"), WfeJobDetailSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """How far it is, and what its steps have answered."""
        return super().retrieve(request, *args, **kwargs)

    @taking(WfeJobOrderSerializer)
    @answering(lazy("Start a job"), WfeJobDetailSerializer, refusals=[400], status=201)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start the workflow with the number `workflow_id`, in the background."""
        body = as_mapping(read_body(request))
        workflow_id, payload = _order(body)
        said = read_start(request.headers, request.query_params)
        if (said.queue is not None or said.priority) and not may_change(request.user):
            raise PermissionDenied
        options = {**said.options(), "in_background": True, "correlation_id": correlation_of(request.META) or None}
        try:
            key = order_workflow_execution(workflow_id, payload, actor=request.user, **options)
        except (ObjectDoesNotExist, WorkflowDeleted) as error:
            raise InvalidPayloadError(errors={WORKFLOW_ID: [str(error)]}) from error
        shown = self.get_serializer(Job.objects.get(pk=key)).data
        return Response(shown, status=201, headers={"Location": link(request, "wfe:job-detail", key) or ""})

    @hidden
    def logs(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """What it has printed and logged, as text."""
        job = self.get_object()
        for_staff = is_staff(request.user)
        text = Masking(job, is_for_staff=for_staff).shown(job.log_text(with_traceback=for_staff))
        return HttpResponse(text, content_type="text/plain; charset=utf-8")

    def perform_content_negotiation(self, request: Any, force: bool = False) -> Any:
        """A log is asked for as text, and refused as JSON."""
        return super().perform_content_negotiation(request, force or self.action == "logs")

    @answering(lazy("What a job waits for"), WfeJobInputSerializer, refusals=[404, 409])
    def input(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What it waits for, with the schema of the answer; 409 where it waits for nothing."""
        job = self.get_object()
        task = self._open_input(job)
        shown = shown_input(task, graph_of(job.definition_id, str(job._state.db)), Answerer(request.user), request)
        names = (
            "node",
            "title",
            "description",
            "schema",
            "form_error",
            "is_mine",
            "created_at",
            "expires_at",
            "form_url",
        )
        facts = {name: shown[name] for name in names}
        url = link(request, "wfe:job-input", job.pk)
        return Response({"job": job.pk, "step": job.path_of(task.node), **facts, "url": url})

    @taking(WfeJobAnswerSerializer)
    @answering(lazy("Answer a job"), WfeJobSerializer, refusals=[400, 404, 409])
    def provide_input(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say what it waits for; it goes on. 409 where it waits for nothing.

        What its steps have answered is not shown: who may answer need not be one who may see that.
        """
        job = self.get_object()
        task = self._open_input(job)
        body = read_body(request)
        answer = body if hasattr(body, "lists") else as_mapping(body)
        services.provide_input(task.run_id, answer, actor=request.user, using=str(job._state.db))
        job.refresh_from_db()
        return Response(WfeJobSerializer(job, context=self.get_serializer_context()).data)

    def _open_input(self, job: Job) -> OpenTask:
        """What is answered; of others' jobs, what the caller may answer."""
        user, step = self.request.user, self.request.query_params.get(STEP)
        is_seen = sees_all(user) or job.actor_id == str(user.pk)
        return open_input(job, step, for_user=None if is_seen else user)


def _order(body: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any] | None]:
    """The workflow's number and the payload.

    Raises:
        InvalidPayloadError: Something is missing, unknown or wrong.
    """
    said = WfeJobOrderSerializer(data={key: body[key] for key in body if key in (WORKFLOW_ID, PAYLOAD)})
    errors = {} if said.is_valid() else {key: [str(each) for each in found] for key, found in said.errors.items()}
    errors |= {key: [_("There is no such field.")] for key in body if key not in (WORKFLOW_ID, PAYLOAD)}
    if errors:
        raise InvalidPayloadError(errors=errors)
    return said.validated_data[WORKFLOW_ID], said.validated_data.get(PAYLOAD)
