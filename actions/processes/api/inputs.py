"""What waits for people: seen by whoever may answer it and by staff; claimed, released, delegated, … by its actions.

GET     /inputs/                       what the caller may answer, the oldest first
GET     /inputs/?order=due&overdue=true&claimed=me
GET     /inputs/?all=true              for staff who may see open tasks: everybody's
GET     /inputs/7/                     one of them
GET     /inputs/7/actions/             what can be done with it, and why not the rest
POST    /inputs/7/claim/               nobody else answers it meanwhile; release/, delegate/, reassign/, remind/, …

The answer goes to the run that waits: POST /runs/7/provide_input/, which is the input's `url`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as lazy
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from actions.mixins import ActionMixin
from actions.processes.actions.input.action_registry import ACTIONS
from actions.processes.models import OpenTask
from actions.processes.services import get_open_tasks

from .access import sees_all_tasks
from .documents import answering
from .input_pages import PARAMETERS, InputQuery
from .inputs_shown import ProcessOpenInputSerializer
from .links import link
from .problems import ProblemMixin
from .shapes import ProcessInputPageSerializer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class InputViewSet(ActionMixin, ProblemMixin, GenericViewSet[OpenTask]):
    """What runs are to be answered."""

    queryset = OpenTask.objects.all()
    serializer_class = ProcessOpenInputSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = None
    filter_backends = []
    action_registry = ACTIONS
    lookup_value_regex = r"\d{1,19}"

    def get_queryset(self) -> QuerySet[OpenTask]:
        """Those that the caller may answer, and for staff all."""
        tasks, user = super().get_queryset(), getattr(self.request, "user", None)
        if sees_all_tasks(user):
            return tasks
        return get_open_tasks(user, using=tasks.db)

    @answering(lazy("Inputs that wait for me"), ProcessInputPageSerializer, parameters=PARAMETERS, refusals=[400])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What waits for an answer that the caller may give, the oldest first; with the schema of the answer.

        POST the answer to `url`. What somebody else has claimed is left out unless `claimed` asks for it.
        """
        query = InputQuery.read(request.query_params)
        found, after = query.page(request.user)
        following = {**query.said, "after": after}
        return Response(
            {
                "next": link(request, "process-runs:input-list", query=following) if after is not None else None,
                "results": ProcessOpenInputSerializer(found, many=True, context=self.get_serializer_context()).data,
            }
        )

    @answering(lazy("An input"), ProcessOpenInputSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them, with the schema of the answer and who may give it."""
        return Response(self.get_serializer(self.get_object()).data)
