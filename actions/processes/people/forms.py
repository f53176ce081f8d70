"""The form of a task, made to be shown: what is sent is checked by `services.provide_input`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.datastructures import MultiValueDict

from actions.forms.schema_fields import SchemaField
from actions.forms.shown import SchemaForm, shown
from actions.inputs import KIND, inputs_of
from actions.processes.api.masking import sensitive_of
from actions.processes.services.asked import making_form
from actions.redaction import secret_names

if TYPE_CHECKING:
    from django.http import HttpRequest

    from actions.processes.services.asked import Asked

CONTROLS = ("csrfmiddlewaretoken", "djaction-step")
"""Names in a page's form that are none of the task's."""


def task_form(asked: Asked, request: HttpRequest) -> Any:
    """The form, filled in with what the request sends if it is a POST.

    Its `found` takes the errors of a refused answer.

    Raises:
        BrokenFormError: The process cannot make it.
    """
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form_class = asked.form_class
    if form_class is not None:
        kwargs = asked.form_kwargs()
        with making_form(asked.task):
            return shown(form_class)(*sent, **kwargs)
    form = SchemaForm(*sent)
    payload = asked.payload
    secret = secret_names(sensitive_of(asked.process.id))
    for each in inputs_of(payload.json_schema()) if payload is not None else ():
        kind = KIND.PASSWORD if each.name.lower() in secret and each.kind is KIND.TEXT else each.kind
        form.fields[each.name] = SchemaField(replace(each, kind=kind))
    return form


def answer_of(asked: Asked, form: Any, request: HttpRequest) -> Any:
    """What was sent: of a Django form as the browser sent it, else JSON values.

    Raises:
        InvalidPayloadError: A text that has to be JSON is none.
    """
    if asked.form_class is None:
        return form.payload()
    data: MultiValueDict[str, Any] = MultiValueDict()
    for sent in (request.POST, request.FILES):
        for name in sent:
            if name not in CONTROLS:
                data.setlist(name, sent.getlist(name))
    return data
