"""The process of an automation: its graph with what its forms take, and what a run is started with."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import partial
from typing import Any

from django import forms
from rest_framework.serializers import BaseSerializer

from actions.django_payloads import FormPayload, SerializerPayload
from actions.exceptions import ConfigurationError
from actions.payloads import Payload, PydanticPayload, SchemaPayload, check_schema, is_pydantic_model
from actions.processes.pages import Dashboard
from actions.processes.process import Process

from .compiling import Compiler
from .forms import Form
from .messages import hear
from .starting import unique_key

STYLE = "automation"
ANYTHING = {"type": "object", "additionalProperties": True}


def process_of(automation: Any) -> Process:
    """A class as a process."""
    compiler, options = Compiler(automation), automation.options
    graph = compiler.compile()
    taken = {name: _form(node) for name, node in automation.nodes.items() if isinstance(node, Form)}
    payload = _payload(automation)
    schemas = {name: each.json_schema() for name, each in taken.items()}
    return Process(
        graph=replace(graph, payload=payload.json_schema(), forms=schemas),
        payload=payload,
        bodies=compiler.bodies,
        forms=taken,
        pages=compiler.pages,
        dashboard=Dashboard(
            template_name=options.dashboard_template or "",
            is_hidden=options.dashboard_template is None,
            context=automation.get_dashboard_context,
        ),
        unique=partial(unique_key, automation) if automation.unique else None,
        queue=options.queue or "default",
        title=automation.get_verbose_name(),
        description=inspect.cleandoc(vars(automation).get("__doc__") or ""),
        tags=options.tags,
        examples=options.examples,
        sensitive=options.sensitive,
        permissions=options.permissions,
        style=STYLE,
        source=automation.path,
        declared_by=automation,
        hear=partial(hear, automation),
    )


def _form(node: Form) -> Payload:
    """What an input takes, as far as it is known before it is reached."""
    if isinstance(node.form, type):
        return FormPayload(node.form)
    return SchemaPayload(ANYTHING)


def _payload(automation: Any) -> Payload:
    said = automation.options.payload
    if said is None:
        return SchemaPayload(ANYTHING)
    if isinstance(said, dict):
        problems = "; ".join(f"{'.'.join(map(str, path))}: {sentence}" for path, sentence in check_schema(said))
        if problems:
            raise ConfigurationError(f"{automation.path}.Meta.payload is no JSON Schema: {problems}")
        return SchemaPayload(said)
    if is_pydantic_model(said):
        return PydanticPayload(said)
    if isinstance(said, type) and issubclass(said, forms.Form | forms.ModelForm):
        return FormPayload(said)
    if isinstance(said, type) and issubclass(said, BaseSerializer):
        return SerializerPayload(said)
    raise ConfigurationError(
        f"{automation.path}.Meta.payload is {said!r}. Give a pydantic model, a serializer, a form or a JSON Schema."
    )
