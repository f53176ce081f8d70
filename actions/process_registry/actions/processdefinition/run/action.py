"""Run a definition."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.response import Response

from actions.exceptions import InvalidPayloadError, RefusedError
from actions.process_registry import services
from actions.process_registry.api.program_run_serializers import ProgramRunSerializer
from actions.process_registry.documents import EXECUTABLE
from actions.process_registry.programs import services as programs
from actions.process_registry.stored import stored
from actions.processes import services as process_services
from actions.processes.api.run_serializers import ProcessRunDataSerializer
from actions.processes.registry import processes
from actions.processes.states import Status

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.process_registry.models import ProcessDefinition

CHECK_AGAIN = "2"
INPUT, INPUT_BASE64, PAYLOAD = "input", "input_base64", "payload"


def run(row: ProcessDefinition, *, payload: Mapping[str, Any], context: ActionContext) -> Response:
    """Start a program or a process.

    Args:
        payload: All that was sent: `input` or `input_base64` of a program, `payload` of a process.
    """
    if row.kind == EXECUTABLE:
        _refuse(payload, PAYLOAD, _("It is an executable, which takes an input."))
        return _run_program(row, _input(payload), context)
    for name in (INPUT, INPUT_BASE64):
        _refuse(payload, name, _("It is a process, which takes a payload."))
    return _start_process(row, payload.get(PAYLOAD), context)


def _run_program(row: ProcessDefinition, given: bytes | None, context: ActionContext) -> Response:
    made = programs.run(row, input=given, actor=context.actor)
    return _answer(ProgramRunSerializer(made, context={"request": context.request}).data, is_over=False)


def _start_process(row: ProcessDefinition, payload: dict[str, Any] | None, context: ActionContext) -> Response:
    stored.look_again()
    process = processes.get(row.process_id or "")
    if process is None or process is not stored.get(row.process_id or ""):
        # Says what is wrong with it, if it is that: something that it names is gone.
        services.check(row.definition, text=row.text or None)
        raise RefusedError(_('The code has a process "%(id)s", too.') % {"id": row.process_id}, code="taken")
    made = process_services.start(process.id, payload, actor=context.actor, key=context.idempotency_key)
    data = ProcessRunDataSerializer(made, context={"request": context.request}).data
    return _answer(data, is_over=made.status not in (Status.PENDING.value, Status.RUNNING.value))


def _answer(data: Any, *, is_over: bool) -> Response:
    """201 for what has ended, or waits; 202 for what somebody else goes on with."""
    headers = {} if is_over else {"Retry-After": CHECK_AGAIN}
    if data["url"] is not None:
        headers["Location"] = data["url"]
    return Response(data, status=(HTTPStatus.CREATED if is_over else HTTPStatus.ACCEPTED).value, headers=headers)


def _input(sent: Mapping[str, Any]) -> bytes | None:
    if INPUT_BASE64 not in sent:
        return _encoded(sent.get(INPUT))
    _refuse(sent, INPUT, _("Leave out one of them."))
    try:
        return b64decode(sent[INPUT_BASE64], validate=True)
    except ValueError as error:
        raise InvalidPayloadError(errors={INPUT_BASE64: [_("Base64 was expected.")]}) from error


def _encoded(text: str | None) -> bytes | None:
    try:
        return None if text is None else text.encode()
    except UnicodeEncodeError as error:
        raise InvalidPayloadError(errors={INPUT: [_("It has half a character. Send input_base64.")]}) from error


def _refuse(sent: Mapping[str, Any], name: str, sentence: str) -> None:
    if name in sent:
        raise InvalidPayloadError(errors={name: [sentence]})
