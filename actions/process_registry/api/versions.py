"""The versions of a definition over REST: read, page by page, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework.decorators import action
from rest_framework.response import Response

from actions.api.views import EventPagination
from actions.preferences import invalid
from actions.process_registry import services
from actions.process_registry.comparing import differences, text_diff
from actions.process_registry.models import DefinitionVersion, ProcessDefinition
from actions.processes.api.documents import answering, identified

from .serializers import (
    DefinitionComparisonSerializer,
    DefinitionVersionContentSerializer,
    DefinitionVersionPageSerializer,
    DefinitionVersionSerializer,
)

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.viewsets import GenericViewSet

    # What it is mixed into; at run time it inherits from nothing.
    Base = GenericViewSet[ProcessDefinition]
else:
    Base = object


class VersionPagination(EventPagination):
    """Newest first."""

    ordering = "-number"


class VersionsMixin(Base):
    """Has the routes of versions."""

    @answering(
        lazy("Versions of a stored definition"), DefinitionVersionPageSerializer, parameters=["cursor"], refusals=[404]
    )
    @action(
        detail=True,
        methods=["get"],
        pagination_class=VersionPagination,
        serializer_class=DefinitionVersionSerializer,
    )
    def versions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, newest first, without their content."""
        row = self.get_object()
        rows: Any = DefinitionVersion.objects.using(row._state.db).filter(of_id=row.pk)
        found = rows.defer("definition", "text")
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @identified("api_process_definition_version")
    @answering(lazy("A version of a stored definition"), DefinitionVersionContentSerializer, refusals=[404])
    @action(
        detail=True,
        methods=["get"],
        url_path=r"versions/(?P<number>\d{1,9})",
        serializer_class=DefinitionVersionContentSerializer,
    )
    def version(self, request: Request, number: str = "", *args: Any, **kwargs: Any) -> Response:
        """One of them, with its content."""
        return Response(self.get_serializer(services.version_of(self.get_object(), int(number))).data)

    @answering(
        lazy("Compare two versions"), DefinitionComparisonSerializer, parameters=("from", "to"), refusals=[400, 404]
    )
    @action(detail=True, methods=["get"], serializer_class=DefinitionComparisonSerializer)
    def compare(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is different between two versions: by default between the newest one and the one before it."""
        row = self.get_object()
        second = _number(request, "to", row.version)
        first = _number(request, "from", max(1, second - 1))
        before, after = services.version_of(row, first), services.version_of(row, second)
        changes = [each.as_json() for each in differences(before.definition, after.definition)]
        texts = text_diff(before.text, after.text, (f"version {first}", f"version {second}"))
        return Response({"from_version": first, "to_version": second, "changes": changes, "text_diff": texts})


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise invalid(name, _("The number of a version was expected."))
    return int(text)
