"""Operations of actions for drf-yasg: Swagger 2.0."""

from __future__ import annotations

import json
from functools import cache, cached_property
from typing import Any

from django.utils.translation import gettext as _
from drf_yasg import openapi
from drf_yasg.app_settings import swagger_settings
from rest_framework.serializers import BaseSerializer

from actions.problem import PROBLEM_JSON

from .answers import OPEN, Answer, Shape
from .bodies import FORM, MULTIPART, Body, Example
from .dialects import Dialect, Schema, SchemaWriter
from .errors import PROBLEM
from .headers import Header, etag
from .lowering import NUMBERS, SIZES, VALUES
from .operations import Operation, describe
from .schemas import ACCEPTED, PREVIEW, PREVIEW_MEMBERS
from .visibility import is_left_out

JSON = "application/json"
FORMS = frozenset({FORM, MULTIPART})
PARAMETER_KEYWORDS = frozenset({*VALUES, *NUMBERS, *SIZES, "items", "default", "description", "x-nullable"})
"""What Swagger 2.0 lets a parameter outside of the body say."""


def schema_class(own: Any) -> Any:
    """The class that documents actions, on top of the ViewSet's or else the project's own; None where that is None."""
    return _on_top_of(own or swagger_settings.DEFAULT_AUTO_SCHEMA_CLASS, ActionSwaggerSchema)


def reading_class(own: Any) -> Any:
    """The class that documents the route of one object, on top of the ViewSet's or else the project's own."""
    return _on_top_of(own or swagger_settings.DEFAULT_AUTO_SCHEMA_CLASS, ObjectSwaggerSchema)


@cache
def _on_top_of(base: type | None, ours: type) -> Any:
    return None if base is None else type(ours.__name__, (ours, base), {})


class ActionSwaggerSchema:
    """Overrides steps of drf-yasg's `SwaggerAutoSchema`."""

    view: Any
    method: str
    components: openapi.ReferenceResolver

    @cached_property
    def described(self) -> Operation:
        """What there is to write down."""
        return describe(self.view, self.method.upper())

    def get_operation(self, operation_keys: list[str] | None = None) -> Any:
        """The operation, with what programs want to know of the action; None where the document is not to have it."""
        if is_left_out(self.view):
            return None
        operation = super().get_operation(operation_keys)  # type: ignore[misc]
        if self.described.extension:
            operation["x-action"] = dict(self.described.extension)
        return operation

    def get_operation_id(self, operation_keys: list[str] | None = None) -> str:
        """`todos_mark_done`, `todos_mark_done_documentation`, `todos_actions`: what the path says, without the verb."""
        # The last key is the verb, of the list of actions the handler.
        named = list(operation_keys or self.operation_keys)[:-1]  # type: ignore[attr-defined]
        if self.view.shown_action is None:
            named.append("available_actions" if self.view.detail else "actions")
        elif self.method.upper() == "GET":
            named.append("documentation")
        return "_".join(named)

    def get_summary_and_description(self) -> tuple[str, str]:
        """Title and text of the definition, with all examples: Swagger 2.0 knows one of a body."""
        body = self.described.body
        examples = _told(body.examples) if body is not None else []
        return self.described.summary, "\n\n".join([self.described.description, *examples])

    def get_tags(self, operation_keys: list[str] | None = None) -> list[str]:
        """The definition's, else those of the ViewSet's other operations."""
        return list(self.described.tags) or super().get_tags(operation_keys)  # type: ignore[misc]

    def is_deprecated(self) -> bool | None:
        """True, or nothing at all."""
        return self.described.is_deprecated or None

    def get_consumes(self) -> list[str]:
        """JSON, or where there are files multipart: an operation of Swagger 2.0 takes a body or a form, not both."""
        body = self.described.body
        if body is None:
            return []
        forms = [media_type for media_type in body.media_types if media_type in FORMS]
        others = [media_type for media_type in body.media_types if media_type not in FORMS]
        return (forms or others) if body.has_files else (others or forms)

    def get_produces(self) -> list[str]:
        """The view's media types, and that of problem documents."""
        answer = self.described.answer
        if answer is not None and answer.shape is Shape.FILE:
            return ["application/octet-stream", PROBLEM_JSON]
        return [*super().get_produces(), PROBLEM_JSON]  # type: ignore[misc]

    def get_request_body_parameters(self, consumes: list[str]) -> list[openapi.Parameter]:
        """The payload, as one body or as the fields of a form."""
        body = self.described.body
        if body is None:
            return []
        name = f"{self.described.name}Payload"
        if FORMS.intersection(consumes):
            return self._form_parameters(body, name)
        example = next((each.value for each in body.examples if each.value), None)
        schema = body.schema if example is None else {**body.schema, "example": example}
        written = self._component(schema, name)
        return [openapi.Parameter("data", openapi.IN_BODY, required=body.is_required, schema=written)]

    def get_query_parameters(self) -> list[openapi.Parameter]:
        """What says which objects are meant, and how it is to be done."""
        writer = self._writer({}, self.described.name)
        found = []
        for parameter in self.described.parameters:
            options = _parameter(writer.part(parameter.schema))
            if parameter.is_comma_separated:
                options["collectionFormat"] = "csv"
            options["description"] = parameter.description
            found.append(_made(parameter.name, parameter.place, parameter.is_required, options))
        return found

    def get_responses(self) -> openapi.Responses:
        """Success, and every refusal."""
        problem = self._component(PROBLEM, "ActionProblem")
        refusals = {
            status: openapi.Response(
                refusal.description,
                schema=dict(problem),
                examples={PROBLEM_JSON: dict(refusal.example)},
                headers=self._headers(status),
            )
            for status, refusal in self.described.refusals.items()
        }
        return openapi.Responses({**self._successes(), **refusals})

    def _successes(self) -> dict[int, openapi.Response]:
        described, answer = self.described, self.described.answer
        if answer is None:
            return {}
        shown = {JSON: described.answer_examples[0].value} if described.answer_examples else None
        found = {200: openapi.Response(described.answer_text, self._answer(answer), shown, self._headers(200))}
        if described.accepted_text:
            schema = self._component(ACCEPTED, "ActionAccepted")
            found[202] = openapi.Response(described.accepted_text, schema=schema, headers=self._headers(202))
        return found

    def _headers(self, status: int) -> Schema | None:
        return {each.name: _header(each) for each in self.described.headers.get(status, ())} or None

    def _answer(self, answer: Answer) -> Schema:
        if answer.shape is Shape.FILE:
            return {"type": "file"}
        serializer = None
        if answer.content is None or isinstance(answer.content, type):
            serializer = self._serializer(answer.content)
        written = answer.body(self._content(answer))
        if self.described.is_previewable and answer.leaves_room(serializer, PREVIEW_MEMBERS):
            written = {"allOf": [written, self._component(PREVIEW, "ActionPreview")]}
        return written

    def _content(self, answer: Answer) -> Schema:
        if answer.content is None or isinstance(answer.content, type):
            serializer = self._serializer(answer.content)
            return self.serializer_to_schema(serializer) if serializer is not None else dict(OPEN)  # type: ignore[attr-defined]
        if self.described.answer_name:
            return self._component(answer.content, self.described.answer_name)
        return self._writer(answer.content, self.described.name).part(answer.content)

    def _serializer(self, serializer_class: type[BaseSerializer[Any]] | None) -> Any:
        return serializer_class() if serializer_class is not None else self.get_view_serializer()  # type: ignore[attr-defined]

    def _form_parameters(self, body: Body, name: str) -> list[openapi.Parameter]:
        writer = self._writer(body.schema, name)
        required = body.schema.get("required", ())
        return [
            _made(field, openapi.IN_FORM, field in required, _parameter(writer.part(schema)))
            for field, schema in body.schema.get("properties", {}).items()
        ]

    def _component(self, schema: Any, name: str) -> Schema:
        return self._writer(schema, name).whole()

    def _writer(self, schema: Any, name: str) -> SchemaWriter:
        return SchemaWriter(schema, name, Dialect.SWAGGER_20, _Definitions(self.components))


class ObjectSwaggerSchema:
    """Adds to drf-yasg's `SwaggerAutoSchema` what `actions.etags` adds to the answer."""

    def get_response_schemas(self, response_serializers: Any) -> Any:
        found = super().get_response_schemas(response_serializers)  # type: ignore[misc]
        for status, response in found.items():
            if str(status) == "200" and isinstance(response, openapi.Response):
                response.headers = {**(response.get("headers") or {}), etag().name: _header(etag())}
        return found


def _header(header: Header) -> Schema:
    return {"type": header.kind, "description": header.description}


def _told(examples: tuple[Example, ...]) -> list[str]:
    """Payloads to read."""
    lines = [f"- {each.title}: `{json.dumps(each.value, ensure_ascii=False, default=str)}`" for each in examples]
    return [_("**Examples:**") + "\n" + "\n".join(lines)] if len(lines) > 1 else []


class _Definitions:
    """`#/definitions/` of the document."""

    def __init__(self, components: openapi.ReferenceResolver) -> None:
        self._resolver = components.with_scope(openapi.SCHEMA_DEFINITIONS)

    def reference(self, name: str) -> str:
        return f"#/{openapi.SCHEMA_DEFINITIONS}/{name}"

    def register(self, name: str, schema: Schema) -> None:
        if self._resolver.getdefault(name) is None:
            self._resolver.set(name, schema)


def _made(name: str, place: str, is_required: bool, options: Schema) -> openapi.Parameter:
    made = openapi.Parameter(name, place, required=is_required, type=options["type"], items=options.get("items"))
    made.update({key: value for key, value in options.items() if not (key == "default" and is_required)})
    return made


def _parameter(schema: Schema) -> Schema:
    """A schema as Swagger 2.0 writes it for a value outside of the body: of a simple type, without references."""
    options = {key: value for key, value in schema.items() if key in PARAMETER_KEYWORDS}
    options.setdefault("type", "string")
    if options["type"] == "object":
        return {"type": "string", "description": options.get("description", "")}
    if options["type"] == "array":
        items = _parameter(options.get("items", {}))
        options["items"] = {
            key: value for key, value in items.items() if key not in ("description", "collectionFormat")
        }
        options["collectionFormat"] = "multi"
        if options["items"]["type"] == "file":
            # A parameter is one file; several are sent under the same name.
            return {**options["items"], "description": options.get("description", "")}
    if options.get("format") == "binary":
        options = {"type": "file", "description": options.get("description", "")}
    return options
