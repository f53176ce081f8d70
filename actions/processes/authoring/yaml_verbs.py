"""Steps that are one node: task, action, process, input, send, receive, wait, repeat, end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from actions.payloads import Payload, SchemaPayload, check_schema
from actions.processes.graph import Edge, Kind, Mode, Node, Schedule, Who
from actions.processes.policies import Policy

from .names import mode_of
from .source import Path
from .yaml_arguments import check_arguments
from .yaml_builder import Builder, Frame, Part
from .yaml_payload import read_payload
from .yaml_people import read_care, read_who

Fields = dict[str, Any]
Reader = Callable[[Builder, Path, Mapping[str, Any], Frame, str], Fields]


def read_node(
    builder: Builder, place: Path, step: Mapping[str, Any], verb: str, name: str, frame: Frame, policy: Policy
) -> Part:
    """One node, and what it registers."""
    kind, read = READERS[verb]
    fields = read(builder, place, step, frame, name)
    register = step.get("register", "")
    if register:
        frame.scope.state.add(register)
    fields |= {"register": register, "policy": policy, "title": step.get("name", ""), "kind": kind}
    fields |= {"description": step.get("description", "")}
    fields |= {"mode": Mode(step["mode"])} if "mode" in step else {}
    return Part(name, partial(_finish, builder, name, fields, step.get("next")))


def _finish(builder: Builder, name: str, fields: Fields, goes_on: str | None, after: str) -> None:
    fields = dict(fields)
    if fields["kind"] is Kind.REPEAT:
        fields["edges"] = (Edge(fields.pop("back_to") or builder.start),)
    elif fields["kind"] is not Kind.END:
        fields["edges"] = (Edge(goes_on or after),)
    builder.add(Node(name=name, **fields))


def _task(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    args = builder.values.mapping((*place, "args"), step.get("args"), frame.scope)
    task = builder.task((*place, "task"), step["task"])
    if task is None:
        return {"run": step["task"], "args": args}
    check_arguments(builder.source, place, task, args)
    builder.bodies[task.name] = task.body
    frame.scope.is_open = frame.scope.is_open or (task.takes_context and not task.is_core)
    return {"run": task.name, "args": args, **mode_of(task)}


def _action(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    values = builder.values
    args = values.mapping((*place, "args"), step.get("args"), frame.scope)
    builder.refer_with("action", step, place, args)
    if "on" in step and "selection" in step:
        message = "an action is done to one object, or to a selection of them."
        builder.source.report((*place, "selection"), message, "Keep on or selection.", at_key=True)
    return {
        "run": step["action"],
        "args": args,
        "target": values.read((*place, "on"), step["on"], frame.scope) if step.get("on") is not None else None,
        "selection": values.mapping((*place, "selection"), step.get("selection"), frame.scope),
    }


def _process(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    args = builder.values.mapping((*place, "args"), step.get("args"), frame.scope)
    builder.refer_with("process", step, place, args)
    return {
        "run": step["process"],
        "args": args,
        "is_detached": step.get("detached", False),
    }


def _input(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, name: str) -> Fields:
    asked = step["input"]
    asked = {"form": asked} if isinstance(asked, str) else asked
    where = (*place, "input")
    form = _form(builder, where, asked)
    if form is not None:
        builder.forms[name] = form
    who = read_who(builder, where, asked, frame)
    return {"run": name, "who": None if who == Who() else who, "care": read_care(builder, where, asked, frame)}


def _form(builder: Builder, place: Path, asked: Mapping[str, Any]) -> Payload | None:
    """What an input takes: an empty object where nothing says it, as for a plain confirmation."""
    said = [key for key in ("form", "schema", "fields") if key in asked]
    if len(said) > 1:
        message = f"what is asked is said {len(said)} times: {', '.join(said)}."
        builder.source.report((*place, said[1]), message, "Keep one of them.", at_key=True)
        return None
    if "schema" in asked:
        wrong = check_schema(asked["schema"], is_payload=True)
        for path, message in wrong:
            builder.source.report((*place, "schema", *path), message, "Write a JSON Schema (2020-12).")
        return None if wrong else SchemaPayload(asked["schema"])
    if "form" not in asked:
        return read_payload(builder.source, (*place, "fields"), asked.get("fields"), builder.names)
    where = (*place, "form") if isinstance(builder.source.at(place), Mapping) else place
    try:
        return builder.names.form(asked["form"])
    except Exception as error:  # noqa: BLE001 - whatever a module of the project raises is told with its place
        message = f'the form "{asked["form"]}" cannot be used: {type(error).__name__}: {error}.'
        builder.source.report(where, message, "Name a Django form, a DRF serializer or a pydantic model.")
        return None


def _send(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    said = step["send"]
    said = {"message": said} if isinstance(said, str) else said
    where = (*place, "send")
    if "to" in said:
        builder.refer_to("process", said["to"], (*where, "to"))
    key = said.get("key")
    return {
        "run": said["message"],
        "args": builder.values.mapping((*where, "data"), said.get("data"), frame.scope),
        "target": None if key is None else builder.values.read((*where, "key"), key, frame.scope),
        "is_broadcast": said.get("broadcast", False),
        "process": said.get("to", ""),
    }


def _receive(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    said = step["receive"]
    said = {"message": said} if isinstance(said, str) else said
    key = said.get("key")
    target = None if key is None else builder.values.read((*place, "receive", "key"), key, frame.scope)
    return {"run": said["message"], "target": target}


def _repeat(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    said, where = step["repeat"], (*place, "repeat")
    every = builder.values.seconds((*where, "every"), said["every"])
    if every is not None and every <= 0:
        builder.source.report((*where, "every"), "it would go back without end.", 'Say how often: "1 hour".')
    if "at" in said and every is not None and every % 86_400:
        message = "a time of day belongs to whole days."
        builder.source.report((*where, "at"), message, 'Write every: "1 day", or remove at.')
    back_to = builder.refer((*where, "from"), said["from"]) if "from" in said else ""
    return {"schedule": Schedule(every or 1.0, said.get("at", "")), "back_to": back_to}


def _end(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, _name: str) -> Fields:
    result = step["end"]
    if result is None or result is True:
        return {}
    return {"args": {"result": builder.values.read((*place, "end"), result, frame.scope)}}


def _wait(*_arguments: Any) -> Fields:
    return {}


READERS: Mapping[str, tuple[Kind, Reader]] = {
    "task": (Kind.TASK, _task),
    "action": (Kind.ACTION, _action),
    "process": (Kind.PROCESS, _process),
    "input": (Kind.INPUT, _input),
    "send": (Kind.SEND, _send),
    "receive": (Kind.RECEIVE, _receive),
    "repeat": (Kind.REPEAT, _repeat),
    "end": (Kind.END, _end),
    "wait": (Kind.WAIT, _wait),
}
"""By verb."""
