"""Makes the row of a new run: the process found, the payload checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as _

from actions.moments import now
from actions.processes.exceptions import UnknownProcessError
from actions.processes.models import Run
from actions.processes.notes import PREVIOUS
from actions.processes.process import Process
from actions.processes.registry import processes
from actions.processes.store import definition_id, new_run
from actions.processes.values import refuse_references


def find_process(process_id: str, user: Any = None) -> Process:
    """The process of an id.

    Args:
        process_id: Such as "signup-request".
        user: Who has to be allowed to know of it; None: nobody is asked.

    Raises:
        UnknownProcessError: There is none, for this user.
    """
    process = processes.get(process_id)
    if process is None or not (user is None or process.is_open_to is None or process.is_open_to(user)):
        near = processes.near(process_id)
        detail = _('There is no process "%(process)s".') % {"process": process_id}
        hint = _("Did you mean %(names)s?") % {"names": _(" or ").join(near)} if near else ""
        raise UnknownProcessError(f"{detail} {hint}".rstrip())
    return process


def unique_key_of(process_id: str, key: str) -> str:
    """A unique key as the row of a run has it."""
    return hash_of(process_id, key)


def hash_of(*parts: str | None) -> str:
    """Of what has to be told apart, however long it is."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def own_unique_key(process: Process, payload: Mapping[str, Any]) -> str | None:
    """The same of a process that says itself what there may be one of; None: it does not."""
    key = process.unique(payload) if process.unique is not None else None
    return None if key is None else unique_key_of(process.id, key)


def prepare(process_id: str, payload: Mapping[str, Any] | None, *, using: str) -> Run:
    """A run that is not written yet.

    Raises:
        UnknownProcessError: There is no such process.
        InvalidPayloadError: The payload does not fit, or has what stands for an instance of a model.
        ActionError: It lacks what there is one run for each of.
    """
    process = find_process(process_id)
    values = process.payload.validate(payload or {})
    refuse_references(values)
    for validate in process.validations:
        validate(values)
    uid, present, unique_key = uuid4(), now(), own_unique_key(process, values)
    return new_run(
        uid=uid,
        process=process.id,
        definition_id=definition_id(process, using),
        node=process.graph.start,
        note={PREVIOUS: None} if process.graph.hands_on else None,
        payload=values,
        queue=process.queue,
        unique_key=unique_key,
        retry_key=unique_key,
        correlation_id=uid.hex,
        due_at=None,
        entered_at=present,
        created_at=present,
    )
