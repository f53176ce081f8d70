"""Stored definitions over REST.

The first five routes are a contract that clients have had for long: neither their rows nor their envelope ever change.

GET, POST           /api/process_definition/                        ?limit=20&offset=0
GET, PUT, DELETE    /api/process_definition/3/                      If-Match: the ETag of GET
GET                 /api/process_definition/3/about/                owner, kind, version, …
GET                 /api/process_definition/3/versions/             newest first; versions/2/ has its content
GET                 /api/process_definition/3/compare/?from=1&to=2
POST                /api/process_definition/3/run/                  restore/, share/, unshare/: actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as lazy
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from actions.conf import conf
from actions.exceptions import PreconditionRequiredError
from actions.mixins import ActionMixin
from actions.process_registry import services
from actions.process_registry.actions.processdefinition.action_registry import ACTIONS
from actions.process_registry.models import ProcessDefinition
from actions.process_registry.permissions import DELETE, assert_may_change, visible
from actions.processes.api.documents import answering
from actions.processes.api.problems import ProblemMixin
from actions.terms import read_entity_tags
from actions.versions import check_version, etag_of

from .bodies import read_draft
from .envelope import envelope
from .formats import AlwaysJSON, BasicFirstMixin, OldYAMLParser, TextYAMLParser, VerbatimJSONRenderer, YAMLParser
from .serializers import AboutDefinitionSerializer, ProcessDefinitionEnvelopeSerializer, ProcessDefinitionSerializer
from .versions import VersionsMixin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

IF_MATCH = "If-Match"


class ProcessDefinitionViewSet(
    BasicFirstMixin, VersionsMixin, ActionMixin, ProblemMixin, GenericViewSet[ProcessDefinition]
):
    """Definitions of programs and processes, kept in versions."""

    queryset = ProcessDefinition.objects.present()
    serializer_class = ProcessDefinitionSerializer
    permission_classes = [IsAuthenticated]
    renderer_classes = [VerbatimJSONRenderer]
    parser_classes = [JSONParser, YAMLParser, OldYAMLParser, TextYAMLParser]
    content_negotiation_class = AlwaysJSON
    pagination_class = None
    filter_backends = ()
    action_registry = ACTIONS
    version_field = "fingerprint"
    lookup_value_regex = r"\d{1,19}"

    def get_queryset(self) -> QuerySet[ProcessDefinition]:
        """Those that the caller may know of, in the order in which they were stored."""
        rows = visible(super().get_queryset(), getattr(self.request, "user", None))
        return rows.order_by("pk")

    @answering(
        lazy("Stored definitions"),
        ProcessDefinitionEnvelopeSerializer,
        parameters=("limit", "offset"),
        refusals=[400],
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The caller's own and those that are shared: `{"meta": {…}, "objects": […]}`, by `limit` and `offset`."""
        rows = self.get_queryset().only("pk", "definition")
        return Response(envelope(rows, request, lambda row: self.get_serializer(row).data))

    @answering(lazy("Store a definition"), None, refusals=[400], status=201)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stores an executable or a process. `Location` says where it is."""
        draft, note = read_draft(request)
        row = services.create(draft, owner=request.user, note=note)
        place = request.build_absolute_uri(self.get_serializer(row).data["resource_uri"])
        response = Response(status=201, headers={"Location": place, "ETag": etag_of(self, row)})
        patch_vary_headers(response, ["Accept"])
        return response

    @answering(lazy("A stored definition"), ProcessDefinitionSerializer, refusals=[404])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them, with its ETag."""
        return Response(self.get_serializer(self.get_object()).data)

    @answering(lazy("Replace a stored definition"), None, refusals=[400, 404], status=204)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Makes a new version, unless nothing is different. A row that was fetched can be sent back."""
        row = self._changeable(request)
        draft, note = read_draft(request)
        row = services.replace(row, draft, author=request.user, note=note, guard=self._check_version)
        return Response(status=204, headers={"ETag": etag_of(self, row)})

    @answering(lazy("Remove a stored definition"), None, refusals=[404], status=204)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Removes it. Runs that were started by it go on."""
        row = self._changeable(request, DELETE)
        services.delete(row, guard=self._check_version)
        return Response(status=204)

    @answering(lazy("About a stored definition"), AboutDefinitionSerializer, refusals=[404])
    @action(detail=True, methods=["get"], serializer_class=AboutDefinitionSerializer)
    def about(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is known of it besides its content."""
        return Response(self.get_serializer(self.get_object()).data)

    def _changeable(self, request: Request, *permission: str) -> ProcessDefinition:
        """The definition, which the caller may change.

        Raises:
            RefusedError: He may not.
            PreconditionRequiredError: The project wants to know which version he means.
        """
        row: ProcessDefinition = self.get_object()
        assert_may_change(row, request.user, *permission)
        if conf.DEFINITIONS_NEED_IF_MATCH and IF_MATCH not in request.headers:
            raise PreconditionRequiredError
        return row

    def _check_version(self, held: ProcessDefinition) -> None:
        """Refuse a definition that somebody has changed meanwhile."""
        if (tags := self.request.headers.get(IF_MATCH)) is not None:
            check_version(read_entity_tags(IF_MATCH, tags), self, held)
