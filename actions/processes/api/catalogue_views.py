"""The catalogue over HTTP: a page for people, JSON for programs.

GET     /docs/registry/                actions, tasks and processes; /actions/, /tasks/, /processes/ for one of them
GET     /docs/registry/process-format.json     JSON Schema of process files, for editors
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.serializers import CharField, JSONField, ListField, Serializer
from rest_framework.views import APIView

from actions.processes.authoring.yaml_format import format_schema

from .catalogue import ACTIONS, PARTS, PROCESSES, TASKS, catalogue
from .catalogue_page import page
from .documents import answering, hidden
from .links import link
from .problems import ProblemMixin

if TYPE_CHECKING:
    from rest_framework.request import Request

TITLES = {PROCESSES: lazy("Processes"), TASKS: lazy("Tasks"), ACTIONS: lazy("Actions")}


class ProcessCatalogueEntrySerializer(Serializer[Any]):
    """A process, a module with its tasks, or a resource with its actions, each with its payloads; see the page."""

    id = CharField(required=False, help_text=lazy("Of a process."))
    name = CharField(required=False, help_text=lazy("Of a module."))
    resource = CharField(required=False, help_text=lazy("Of actions."))
    description = CharField(required=False)
    payload = JSONField(required=False, help_text=lazy("JSON Schema (2020-12)."))
    tasks = ListField(child=JSONField(), required=False)
    actions = ListField(child=JSONField(), required=False)


class ProcessCatalogueSerializer(Serializer[Any]):
    """Actions, tasks and processes."""

    processes = ProcessCatalogueEntrySerializer(many=True)
    tasks = ProcessCatalogueEntrySerializer(many=True)
    actions = ProcessCatalogueEntrySerializer(many=True)


class CatalogueRenderer(TemplateHTMLRenderer):
    """The page; of a refusal, what is wrong and where to log in."""

    template_name = "actions/processes/catalogue.html"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        """The page."""
        context = renderer_context or {}
        response, view, request = context["response"], context["view"], context["request"]
        if response.exception:
            response.template_name = "actions/processes/refused.html"
            return super().render({"problem": data, "login": _login(request)}, accepted_media_type, context)
        found = data if view.part is None else {view.part: data}
        tabs = [
            {"title": _("Everything"), "url": link(None, "process-runs:catalogue"), "is_here": view.part is None},
            *(
                {
                    "title": TITLES[part],
                    "url": link(None, f"process-runs:catalogue-{part}"),
                    "is_here": view.part == part,
                }
                for part in PARTS
            ),
        ]
        shown = {
            "sections": page(found),
            "tabs": tabs,
            "search": request.query_params.get("search", ""),
            "format_url": link(None, "process-runs:process-format"),
            "title": TITLES[view.part] if view.part else _("Catalogue"),
        }
        return super().render(shown, accepted_media_type, context)

    def get_template_names(self, response: Any, view: Any) -> list[str]:
        """That of the page, or of the refusal."""
        return [response.template_name or self.template_name]

    def get_exception_template(self, response: Any) -> Any:
        """The page that says what is wrong."""
        return self.resolve_template([response.template_name])


def _login(request: Any) -> str:
    """Where to log in; "" where the project says nothing that can be found."""
    if request.user is not None and request.user.is_authenticated:
        return ""
    try:
        return f"{resolve_url(settings.LOGIN_URL)}?next={request.path}"
    except NoReverseMatch:
        return ""


class CatalogueView(ProblemMixin, APIView):
    """What can be done in this project."""

    permission_classes = [IsAuthenticated]
    renderer_classes = [JSONRenderer, CatalogueRenderer]
    part: str | None = None

    def get_renderers(self) -> list[Any]:
        """The page, too, where something is read."""
        renderers = super().get_renderers()
        return renderers if self.request.method in ("GET", "HEAD") else renderers[:1]

    @answering(lazy("Catalogue"), ProcessCatalogueSerializer, parameters=("search", "format"), refusals=[400])
    def get(self, request: Request) -> Response:
        """What can be done here: processes, the tasks that they are made of, and actions, with their payloads.

        A page for people (`Accept: text/html`), JSON for programs.
        """
        return Response(catalogue(PARTS, request))


class CataloguePartView(CatalogueView):
    """One part of it."""

    part: str = PROCESSES

    @answering(
        lazy("A part of the catalogue"), ProcessCatalogueEntrySerializer(many=True), parameters=("search", "format")
    )
    def get(self, request: Request) -> Response:
        """All processes, all modules with their tasks, or all resources with their actions."""
        return Response(catalogue([self.part], request)[self.part])


class FormatView(APIView):
    """The JSON Schema of process files. It tells nothing of the project, and editors do not log in."""

    permission_classes = [AllowAny]
    authentication_classes = []
    renderer_classes = [JSONRenderer]

    @hidden
    def get(self, request: Request) -> Response:
        """The schema."""
        return Response(format_schema(), content_type="application/schema+json")
