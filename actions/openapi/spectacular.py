"""Operations of actions for drf-spectacular: OpenAPI 3.0 and 3.1."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from drf_spectacular.plumbing import ComponentIdentity, ComponentRegistry, ResolvedComponent, build_mock_request
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, OpenApiResponse
from rest_framework.serializers import BaseSerializer

from actions.problem import PROBLEM_JSON

from .answers import OPEN, Answer, Shape
from .bodies import FORM, MULTIPART, Example
from .dialects import Dialect, Schema, SchemaWriter
from .errors import PROBLEM
from .headers import Header, etag
from .operations import Operation, describe
from .parameters import HEADER, QUERY
from .schemas import ACCEPTED, PREVIEW, PREVIEW_MEMBERS
from .visibility import is_left_out

JSON = "application/json"
FORMS = frozenset({FORM, MULTIPART})
STYLES = {QUERY: "form", HEADER: "simple"}
"""How a list in one value, with commas, is called."""


def mock_request(method: str, path: str, view: Any, original_request: Any, **kwargs: Any) -> Any:
    """drf-spectacular's request for a view, with the one for the document as `schema_request`."""
    request = build_mock_request(method, path, view, original_request, **kwargs)
    request.schema_request = original_request
    return request


@cache
def schema_class(base: type) -> type:
    """The class that documents actions, on top of the ViewSet's own."""
    return type("ActionSpectacularSchema", (ActionSpectacularSchema, base), {})


class ActionSpectacularSchema:
    """Overrides steps of drf-spectacular's `AutoSchema`."""

    view: Any
    method: str
    registry: ComponentRegistry

    @cached_property
    def described(self) -> Operation:
        """What there is to write down."""
        return describe(self.view, self.method)

    def is_excluded(self) -> bool:
        """Whether the document is not to have it."""
        return bool(super().is_excluded()) or is_left_out(self.view)  # type: ignore[misc]

    def get_operation_id(self) -> str:
        """`todos_mark_done`, `todos_mark_done_documentation`, `todos_actions`: what the path says, without the verb."""
        named = [part.replace("-", "_") for part in self._tokenize_path()]  # type: ignore[attr-defined]
        if self.view.shown_action is None and self.view.detail:
            named[-1] = "available_actions"
        elif self.view.shown_action is not None and self.method == "GET":
            named.append("documentation")
        return "_".join(named)

    def get_summary(self) -> str:
        """The definition's title."""
        return self.described.summary

    def get_description(self) -> str:
        """The definition's text, and what else is to be known."""
        return self.described.description

    def get_tags(self) -> list[str]:
        """The definition's, else those of the ViewSet's other operations."""
        return list(self.described.tags) or super().get_tags()  # type: ignore[misc]

    def is_deprecated(self) -> bool:
        """As the definition says."""
        return self.described.is_deprecated

    def get_extensions(self) -> Schema:
        """What programs want to know of the action."""
        return {"x-action": dict(self.described.extension)} if self.described.extension else {}

    def get_override_parameters(self) -> list[OpenApiParameter]:
        """What says which objects are meant, and how it is to be done."""
        writer = self._writer({}, self.described.name)
        return [
            OpenApiParameter(
                parameter.name,
                type=writer.part(parameter.schema),
                location=parameter.place,  # type: ignore[arg-type]
                required=parameter.is_required,
                description=parameter.description,
                style=STYLES[parameter.place] if parameter.is_comma_separated else None,
                explode=False if parameter.is_comma_separated else None,
            )
            for parameter in self.described.parameters
        ]

    def _get_parameters(self) -> list[Schema]:
        """The parameters, those that many operations have as references."""
        shared = {(each.name, each.place): each.component for each in self.described.parameters if each.component}
        return [
            self._shared(ResolvedComponent.PARAMETER, shared.get((written["name"], written["in"]), ""), written)
            for written in super()._get_parameters()  # type: ignore[misc]
        ]

    def get_request_serializer(self) -> dict[str, OpenApiRequest] | None:
        """The payload in each media type that can hold it."""
        body = self.described.body
        if body is None:
            return None
        schema = self._component(body.schema, f"{self.described.name}Payload")
        several = schema
        if body.items is not None:
            several = {"anyOf": [schema, self._component(body.items, body.items_name)]}
        examples = [_example(number, each) for number, each in enumerate(body.examples, 1)]
        return {
            media_type: OpenApiRequest(schema if media_type in FORMS else several, examples=examples)
            for media_type in body.media_types
        }

    def get_response_serializers(self) -> dict[Any, OpenApiResponse]:
        """Success, and every refusal."""
        problem = self._component(PROBLEM, "ActionProblem")
        refusals = {
            (status, PROBLEM_JSON): OpenApiResponse(
                problem,
                refusal.description,
                [OpenApiExample(each["code"], dict(each)) for each in (refusal.example, *refusal.others)],
            )
            for status, refusal in self.described.refusals.items()
        }
        return {**self._successes(), **refusals}

    def _successes(self) -> dict[Any, OpenApiResponse]:
        described, answer = self.described, self.described.answer
        if answer is None:
            return {}
        found: dict[Any, OpenApiResponse] = {}
        examples = [_example(number, each) for number, each in enumerate(described.answer_examples, 1)]
        if answer.shape is Shape.FILE:
            file = {"type": "string", "format": "binary"}
            found[200, "application/octet-stream"] = OpenApiResponse(file, described.answer_text, examples)
            if described.is_previewable:
                found[200, JSON] = OpenApiResponse(self._component(PREVIEW, "ActionPreview"), described.answer_text)
        else:
            found[200] = OpenApiResponse(self._answer(answer), described.answer_text, examples)
        if described.accepted_text:
            found[202] = OpenApiResponse(self._component(ACCEPTED, "ActionAccepted"), described.accepted_text)
        return found

    def _get_response_headers_for_code(self, status_code: str, direction: str = "response") -> Schema:
        found = super()._get_response_headers_for_code(status_code, direction)  # type: ignore[misc]
        for header in self.described.headers.get(int(status_code), ()):
            found[header.name] = self._shared(ResolvedComponent.HEADER, header.component, _header(header))
        return found  # type: ignore[no-any-return]

    def _get_response_bodies(self, direction: str = "response") -> Schema:
        """The answers, those that many operations have as references."""
        written = super()._get_response_bodies(direction)  # type: ignore[misc]
        for status, refusal in self.described.refusals.items():
            written[str(status)] = self._shared(ResolvedComponent.RESPONSE, refusal.component, written[str(status)])
        return written  # type: ignore[no-any-return]

    def _shared(self, kind: str, name: str, written: Schema) -> Schema:
        """A reference to the component of that name, which is made; what differs from it stays where it is."""
        if not name:
            return written
        make: Any = ResolvedComponent
        identity: Any = ComponentIdentity
        component = make(name, kind, written, identity(f"dj-actions {name}"))
        self.registry.register_on_missing(component)
        return component.ref if self.registry[component].schema == written else written

    def _answer(self, answer: Answer) -> Schema:
        described, serializer = self.described, None
        if answer.content is None or isinstance(answer.content, type):
            serializer = answer.content() if answer.content is not None else self._get_serializer()  # type: ignore[attr-defined]
        written = answer.body(self._content(answer))
        if described.alternatives:
            others = [self._component(schema, name) for name, schema in described.alternatives.items()]
            written = {"anyOf": [written, *others]}
        if described.is_previewable:
            keyword = "allOf" if answer.leaves_room(serializer, PREVIEW_MEMBERS) else "anyOf"
            written = {keyword: [written, self._component(PREVIEW, "ActionPreview")]}
        return written

    def _content(self, answer: Answer) -> Schema:
        if answer.content is None or isinstance(answer.content, type):
            return self._serialized(answer.content)
        if self.described.answer_name:
            return self._component(answer.content, self.described.answer_name)
        return self._writer(answer.content, self.described.name).part(answer.content)

    def _serialized(self, serializer_class: type[BaseSerializer[Any]] | None) -> Schema:
        serializer = serializer_class() if serializer_class is not None else self._get_serializer()  # type: ignore[attr-defined]
        component = self.resolve_serializer(serializer, "response") if serializer is not None else None  # type: ignore[attr-defined]
        return component.ref if component else dict(OPEN)

    def _get_request_body(self, direction: str = "request") -> Any:
        """Required where a field is: of a plain schema, drf-spectacular does not look."""
        content = super()._get_request_body(direction)  # type: ignore[misc]
        if content and self.described.body is not None and self.described.body.is_required:
            content["required"] = True
        return content

    def _component(self, schema: Any, name: str) -> Schema:
        return self._writer(schema, name).whole()

    def _writer(self, schema: Any, name: str) -> SchemaWriter:
        is_31 = spectacular_settings.OAS_VERSION.startswith("3.1")
        return SchemaWriter(schema, name, Dialect.OPENAPI_31 if is_31 else Dialect.OPENAPI_30, _Schemas(self.registry))


@cache
def reading_class(base: type) -> type:
    """The class that documents the route of one object, on top of the ViewSet's own."""
    return type("ObjectSpectacularSchema", (ObjectSpectacularSchema, base), {})


class ObjectSpectacularSchema:
    """Adds to drf-spectacular's `AutoSchema` what `actions.etags` adds to the answer."""

    def _get_response_headers_for_code(self, status_code: str, direction: str = "response") -> Schema:
        found = super()._get_response_headers_for_code(status_code, direction)  # type: ignore[misc]
        return {**found, etag().name: _header(etag())} if status_code == "200" else found


class _Schemas:
    """`#/components/schemas/` of the document."""

    def __init__(self, registry: ComponentRegistry) -> None:
        self._registry = registry

    def reference(self, name: str) -> str:
        return f"#/components/{ResolvedComponent.SCHEMA}/{name}"

    def register(self, name: str, schema: Schema) -> None:
        make: Any = ResolvedComponent
        identity: Any = ComponentIdentity
        self._registry.register_on_missing(make(name, ResolvedComponent.SCHEMA, schema, identity(f"dj-actions {name}")))


def _header(header: Header) -> Schema:
    return {"schema": {"type": header.kind}, "description": header.description}


def _example(number: int, example: Example) -> OpenApiExample:
    return OpenApiExample(f"example{number}", example.value, summary=example.title, description=example.description)
