"""What surrounds a step of a process file: conditions, waiting, retries, what follows an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.processes import cel
from actions.processes.expressions import Expression, condition, literal
from actions.processes.policies import DEFAULT_POLL_SECONDS, UNDO, Policy, Retry

from .durations import PERIODS
from .source import Path
from .yaml_builder import Builder, Frame
from .yaml_values import as_cel

IGNORE = "ignore"


def read_policy(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, *, handler: str = "") -> Policy:
    """The policy of a step's node.

    Args:
        handler: The node that handles its errors, where these are steps of its own.
    """
    values, scope = builder.values, frame.scope
    on_error, ignores = _on_error(builder, place, step, frame, handler)
    gates = _gates(builder, place, step, frame)
    skip_after = values.seconds((*place, "skip_after"), step["skip_after"]) if "skip_after" in step else None
    return Policy(
        skip_if=values.none_of((*place, "when"), step.get("when", True), scope),
        skip_after=None if skip_after is None else literal(skip_after),
        timeout_seconds=_seconds(builder, (*place, "timeout"), step.get("timeout")),
        retry=_retry(builder, (*place, "retry"), step.get("retry")),
        on_error=on_error,
        ignore_errors=ignores,
        compensate=_compensate(builder, place, step),
        in_background=step.get("background", frame.in_background),
        **gates,
    )


def _seconds(builder: Builder, place: Path, value: Any) -> float | None:
    seconds = None if value is None else builder.values.seconds(place, value)
    if seconds == 0:
        builder.source.report(place, "it takes no time at all.", 'Write a duration: "5 minutes".')
        return None
    return seconds


def _retry(builder: Builder, place: Path, value: Any) -> Retry | None:
    if value is None:
        return None
    if isinstance(value, int):
        return Retry(attempts=value)
    plain = Retry()
    for number, name in enumerate(value.get("on", ())):
        builder.refer_to("error", str(name), (*place, "on", number))
    delay = builder.values.seconds((*place, "delay"), value["delay"]) if "delay" in value else None
    longest = builder.values.seconds((*place, "max_delay"), value["max_delay"]) if "max_delay" in value else None
    return Retry(
        attempts=value.get("attempts", plain.attempts),
        delay_seconds=plain.delay_seconds if delay is None else delay,
        max_delay_seconds=max(plain.max_delay_seconds, delay or 0) if longest is None else longest,
        on=tuple(value.get("on") or plain.on),
    )


def _on_error(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, handler: str) -> tuple[str, bool]:
    """The node to go on with, and whether errors are ignored."""
    said = step.get("on_error")
    if handler:
        return handler, False
    if said is None or isinstance(said, list):
        return frame.on_error, frame.ignores_errors and not frame.on_error
    if said == IGNORE:
        return "", True
    return builder.refer((*place, "on_error"), said), False


def _compensate(builder: Builder, place: Path, step: Mapping[str, Any]) -> str:
    """The function that takes the step back."""
    said = step.get("compensate")
    if said is None:
        return ""
    builder.compensates = True
    where = (*place, "compensate")
    if said == UNDO:
        if "action" not in step:
            builder.source.report(where, "only actions have an undo.", "Name a task that takes the step back.")
        return UNDO
    task = builder.task(where, said)
    if task is None:
        return ""
    name = f"compensation:{task.name}"
    builder.bodies[name] = with_known_arguments(task)
    return name


def with_known_arguments(task: Any) -> Any:
    """A task's body that leaves out arguments which the task does not take."""
    schema = task.payload.json_schema()
    known = schema.get("properties", {})
    takes_all = schema.get("additionalProperties", True) is not False

    def body(context: Any, arguments: dict[str, Any]) -> Any:
        return task.body(context, {key: value for key, value in arguments.items() if takes_all or key in known})

    return body


def _gates(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame) -> dict[str, Any]:
    """What a step waits for."""
    if "schedule" in step:
        if "wait" in step:
            builder.source.report((*place, "wait"), "a scheduled step waits already.", "Remove wait.", at_key=True)
        return _scheduled(builder, (*place, "schedule"), step["schedule"], frame)
    wait = step.get("wait")
    if wait is None:
        return {}
    values, scope, where = builder.values, frame.scope, (*place, "wait")
    if not isinstance(wait, Mapping):
        return {"wait_for": values.duration(where, wait, scope)}
    gates: dict[str, Any] = {}
    if "for" in wait:
        gates["wait_for"] = values.duration((*where, "for"), wait["for"], scope)
    if "until" in wait:
        gates["wait_until"] = values.moment((*where, "until"), wait["until"], scope)
    if "as_soon_as" in wait:
        found = values.conditions((*where, "as_soon_as"), wait["as_soon_as"], scope)
        gates["as_soon_as"] = tuple(condition(each) for each in found)
        every = _seconds(builder, (*where, "every"), wait.get("every"))
        gates["poll_seconds"] = every or DEFAULT_POLL_SECONDS
    elif "every" in wait:
        builder.source.report((*where, "every"), "nothing is looked at again.", "Say as_soon_as, or remove it.")
    if not gates:
        builder.source.report(where, "it waits for nothing.", "Say for, until or as_soon_as.")
    return gates


def _scheduled(builder: Builder, place: Path, schedule: Mapping[str, Any], frame: Frame) -> dict[str, Any]:
    """The moment of a scheduled step: a time before or after what a field says."""
    seconds = schedule["time"] * PERIODS[schedule["period"]]
    has_object, has_field = "object" in schedule, "field" in schedule
    is_before = schedule.get("schedule") == "before"
    if not has_object and not has_field:
        if is_before:
            remedy = "Say object and field, or schedule: after."
            builder.source.report((*place, "schedule"), "there is no moment before which it could be.", remedy)
        return {"wait_for": literal(seconds)}
    if not has_object:
        builder.source.report((*place, "field"), "there is no object with this field.", "Say object: state.user.")
        return {}
    look_up = f"{schedule['object']}.{schedule['field']}" if has_field else schedule["object"]
    where = (*place, "object")
    return _moment(builder, where, look_up, seconds, frame, is_before=is_before)


def _moment(
    builder: Builder, place: Path, look_up: str, seconds: float, frame: Frame, *, is_before: bool
) -> dict[str, Any]:
    before = len(builder.source.problems)
    plain: Expression = builder.values.read(place, look_up, frame.scope)
    if len(builder.source.problems) > before:
        return {}
    if "path" not in plain:
        builder.source.report(place, f'"{look_up}" is no look-up.', "Name what has the moment: state.user.")
        return {}
    length = int(seconds) if seconds == int(seconds) else seconds
    source = f"moment({as_cel(plain['path'])}) {'-' if is_before else '+'} duration('{length}s')"
    cel.compile(source)  # says what is missing where the library is not installed
    return {"wait_until": condition(source)}
