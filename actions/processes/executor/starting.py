"""Makes the row of a new run: the process found, the payload checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from actions.processes.exceptions import UnknownProcessError
from actions.processes.models import Run
from actions.processes.process import Process
from actions.processes.registry import processes
from actions.processes.store import definition_id


def find_process(process_id: str) -> Process:
    """The process of an id.

    Raises:
        UnknownProcessError: There is none.
    """
    process = processes.get(process_id)
    if process is None:
        near = processes.near(process_id)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UnknownProcessError(f'There is no process "{process_id}".{hint}')
    return process


def prepare(process_id: str, payload: Mapping[str, Any] | None, *, using: str) -> Run:
    """A run that is not written yet.

    Raises:
        UnknownProcessError: There is no such process.
        InvalidPayloadError: The payload does not fit.
    """
    process = find_process(process_id)
    values = process.payload.validate(payload or {})
    for validate in process.validations:
        validate(values)
    uid = uuid4()
    return Run(
        uid=uid,
        process=process.id,
        definition_id=definition_id(process.graph, using),
        node=process.graph.start,
        payload=values,
        correlation_id=uid.hex,
        due_at=None,
    )
