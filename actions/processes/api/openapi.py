"""The operations of processes, as neither drf-yasg nor drf-spectacular says it: each has its own payload's schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from actions.exceptions import InvalidPayloadError, NotPossibleError, RefusedError
from actions.openapi.answers import Answer, Shape
from actions.openapi.bodies import FORM, Body, Example
from actions.openapi.dialects import camelized
from actions.openapi.errors import Refusal, refusals_of_view
from actions.openapi.headers import Header, retry_after
from actions.openapi.operations import Operation, anonymous_request
from actions.openapi.parameters import HEADER, Parameter
from actions.openapi.texts import needs
from actions.problem import document, to_error
from actions.processes.exceptions import UnknownProcessError
from actions.processes.process import Process
from actions.processes.registry import processes

from .starting import MAX_PRIORITY, PRIORITY, PROCESS_ID, QUEUE, UNIQUE_KEY

JSON = "application/json"
TAG = "processes"
_OPEN: Mapping[str, Any] = {"type": "object", "additionalProperties": True}


def describe(view: Any, method: str) -> Operation:
    """The operation of a process's route, or of the one that starts any."""
    if view.request is None:
        view.request = anonymous_request(method)
    process = processes.get(view.process_id) if view.process_id is not None else None
    return _starting(view, process) if method == "POST" else _documenting(view, process)


def _starting(view: Any, process: Process | None) -> Operation:
    return Operation(
        name=camelized(process.id) if process is not None else "AnyProcess",
        summary=_("Start: %(process)s") % {"process": _title(process)},
        description=_description(process),
        tags=(TAG,),
        parameters=tuple(_parameters(process)),
        body=_body(process),
        answer=None,
        headers={
            201: (_location(), Header("Idempotent-Replayed", _("`true`: the run was started before with this key."))),
            202: (_location(), retry_after()),
        },
        refusals=_refusals(view),
    )


def _documenting(view: Any, process: Process | None) -> Operation:
    return Operation(
        name=camelized(process.id) if process is not None else "AnyProcess",
        summary=_("Documentation: %(process)s") % {"process": _title(process)},
        description=_("What the process takes and does. Nothing is started."),
        tags=(TAG,),
        answer=Answer(Shape.ITSELF, _documentation()),
        answer_name="ProcessDocumentation",
        answer_text=_("The documentation."),
        refusals=refusals_of_view(view),
    )


def _title(process: Process | None) -> str:
    return _("any process") if process is None else process.title or process.id


def _description(process: Process | None) -> str:
    if process is None:
        return _("Starts the process that `process_id` names.")
    asked = needs(f"`{name}`" for name in process.permissions) if process.permissions else ""
    return "\n\n".join(filter(None, [process.description, asked]))


def _body(process: Process | None) -> Body:
    if process is None:
        name = {"type": "string", "description": _("The id of the process, unless the query has it.")}
        schema: dict[str, Any] = {**_OPEN, "properties": {PROCESS_ID: name}}
        first = next(iter(processes), None)
        value = {PROCESS_ID: first.id if first is not None else "signup-request"}
        return Body(schema, (JSON, FORM), (Example(_("A start"), value),), is_required=False, has_files=False)
    schema = process.payload.json_schema()
    examples = tuple(
        Example(str(each.get("title") or process.title), each["payload"])
        for each in process.examples
        if "payload" in each
    )
    return Body(schema, (JSON, FORM), examples, is_required=bool(schema.get("required")), has_files=False)


def _parameters(process: Process | None) -> list[Parameter]:
    text = {"type": "string", "minLength": 1, "maxLength": 255}
    prefer = {"type": "array", "items": {"type": "string", "enum": ["respond-async"]}, "minItems": 1}
    number = {"type": "integer", "minimum": -MAX_PRIORITY, "maximum": MAX_PRIORITY}
    queue = {"type": "string", "maxLength": 100}
    found = [
        Parameter(
            "Prefer",
            prefer,
            _("`respond-async`: the caller does not wait for any step (RFC 7240)."),
            is_comma_separated=True,
            place=HEADER,
        ),
        Parameter("Idempotency-Key", text, _("Started once for each key, however often it is sent."), place=HEADER),
        Parameter("scheduled_time", {"type": "string", "format": "date-time"}, _("Not before this moment.")),
        Parameter(UNIQUE_KEY, text, _("Of unfinished runs with this key there is one at the most.")),
        Parameter(QUEUE, queue, _("Whose workers take it. For staff who may change runs.")),
        Parameter(PRIORITY, number, _("Minutes of head start in the queue. For staff who may change runs.")),
    ]
    if process is None:
        found.insert(0, Parameter(PROCESS_ID, {"type": "string"}, _("The id of the process, or in the body.")))
    return found


def _location() -> Header:
    return Header("Location", _("The run: everything about it."))


def _refusals(view: Any) -> dict[int, Refusal]:
    invalid = InvalidPayloadError(errors={"username": [_("What is wrong with it.")]})
    is_running = RefusedError(code="already_running")
    is_reused = RefusedError(code="key_reused", status=422)
    found = {
        **refusals_of_view(view),
        400: _refusal(_("The payload is not valid, or the body or a header cannot be read."), invalid),
        404: _refusal(_("There is no such process (`unknown_process`)."), UnknownProcessError()),
        409: _refusal(_("A run with this `unique_key` is not over (`already_running`)."), is_running),
        422: _refusal(_("The key was used with another payload (`key_reused`)."), is_reused),
        501: _refusal(_("It cannot be started in this way (`not_possible`)."), NotPossibleError()),
    }
    return dict(sorted(found.items()))


def _refusal(text: str, error: Exception) -> Refusal:
    return Refusal(text, document(to_error(error)))


_TEXT = {"type": "string"}


def _documentation() -> dict[str, Any]:
    return {
        "type": "object",
        "description": _("What a process takes and does."),
        "required": ["id", "title", "payload", "steps"],
        "properties": {
            **dict.fromkeys(("id", "title", "description", "version", "style", "source", "fingerprint"), _TEXT),
            "tags": {"type": "array", "items": _TEXT},
            "payload": {"type": "object", "description": _("JSON Schema (2020-12) of what a run takes.")},
            "examples": {"type": "array", "items": {"type": "object"}},
            "steps": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "kind", "next"],
                    "properties": {
                        "name": _TEXT,
                        "kind": _TEXT,
                        "next": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
            "tasks": {"type": "array", "items": _TEXT},
            "permissions": {"type": "array", "items": _TEXT, "description": _("What whoever starts it has to have.")},
            "available": {"type": "boolean", "description": _("Whether the caller may start it.")},
            "reasons": {"type": "array", "items": {"type": "object"}, "description": _("Why not.")},
            **{name: {"type": ["string", "null"]} for name in ("url", "picture", "mermaid")},
        },
    }
