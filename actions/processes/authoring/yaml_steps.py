"""Lists of steps: which verb each has, what may stand beside it, and in which order its parts are wrapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from actions.processes.expressions import Expression

from .source import Path
from .yaml_builder import Builder, Chain, Frame, Part
from .yaml_groups import gate, loop, read_group
from .yaml_keys import VERBS
from .yaml_policy import read_policy
from .yaml_verbs import READERS, read_node

_EVERY = ("id", "name", "description", "when", "loop", "at_once")
_WORK = ("retry", "timeout", "on_error", "skip_after", "wait", "background", "next")
BESIDE: Mapping[str, tuple[str, ...]] = {
    "task": ("args", "register", "compensate", "mode", *_WORK),
    "action": ("args", "register", "on", "selection", "compensate", "mode", *_WORK),
    "process": ("args", "register", "detached", "compensate", *_WORK),
    "input": ("register", *_WORK),
    "receive": ("register", *_WORK),
    "send": _WORK,
    "wait": tuple(key for key in _WORK if key != "wait"),
    "if": ("then", "else", "wait", "next"),
    "switch": ("wait", "next"),
    "decide": ("args", "register", "cases", "else", "mode", *_WORK),
    "split": ("wait", "next"),
    "do": ("on_error", "background", "next"),
    "repeat": (),
    "end": (),
}
"""What may stand beside each verb, besides what may stand beside all of them."""
NESTED = ("do", "then", "else", "switch", "cases", "split", "on_error")
"""Keys that hold steps."""
_GROUPS = ("if", "switch", "decide", "split")
_NOT_SKIPPED = (*_GROUPS, "do", "repeat", "end")
"""What has no single node after it: where it is not to be done, a decision before it goes past it."""
_OF_LOOP = ("id", "name", "description", "loop", "at_once", "register", "next")


def compile_steps(builder: Builder, place: Path, steps: Any, frame: Frame) -> Chain:
    """A list of steps; those whose structure is wrong have been reported and are left out."""
    parts = []
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        where = (*place, index)
        if not isinstance(step, Mapping):
            continue
        if not builder.source.is_right(where, but=NESTED):
            _register_anyway(step, frame)
            continue
        verb = find_verb(builder, where, step)
        if verb is None:
            _register_anyway(step, frame)
        elif (part := compile_step(builder, where, step, verb, frame)) is not None:
            parts.append(part)
    return Chain(parts)


def compile_step(builder: Builder, place: Path, step: Mapping[str, Any], verb: str, frame: Frame) -> Part | None:
    """One step; None for a group without steps."""
    _check_beside(builder, place, step, verb)
    name = builder.claim(place, step, _proposal(step, verb))
    if step.get("next"):
        builder.refer((*place, "next"), step["next"])
    if "loop" in step:
        return _loop(builder, place, step, verb, name, frame)
    return _plain(builder, place, step, verb, name, frame)


def find_verb(builder: Builder, place: Path, step: Mapping[str, Any]) -> str | None:
    """What a step does; None after reporting that it is nothing, or several things."""
    found = [verb for verb in VERBS if verb in step]
    if len(found) > 1 and "wait" in found:
        found.remove("wait")
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = f"Give it one of {', '.join(VERBS)}."
        builder.source.report(place, "this step says not what it does.", remedy)
    else:
        message = f"a step does one thing; this one has {' and '.join(found)}."
        builder.source.report(place, message, "Make several steps of it.")
    return None


def walk_steps(place: Path, steps: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every step of a list, and of the lists within."""
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, Mapping):
            yield (*place, index), step
            for key in NESTED:
                yield from _walk_nested((*place, index, key), step.get(key))


def _walk_nested(place: Path, value: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Steps of a list of steps, of lists by name, of a list of lists, or of the cases of a switch."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from walk_steps((*place, key), each)
        return
    if not isinstance(value, list):
        return
    if place[-1] == "switch":
        for index, case in enumerate(value):
            for key in ("do", "else") if isinstance(case, Mapping) else ():
                yield from walk_steps((*place, index, key), case.get(key))
    elif place[-1] == "split":
        for index, each in enumerate(value):
            yield from walk_steps((*place, index), each)
    else:
        yield from walk_steps(place, value)


def _plain(builder: Builder, place: Path, step: Mapping[str, Any], verb: str, name: str, frame: Frame) -> Part | None:
    """A step that is not done for each item of a list."""
    if verb == "do":
        return _do(builder, place, step, name, frame)
    condition = _condition(builder, place, step, frame) if verb in _NOT_SKIPPED else None
    if condition is None:
        return _inner(builder, place, step, verb, name, frame)
    inner = _inner(builder, place, {**step, "when": True, "next": None}, verb, builder.claim_inner(f"{name}.do"), frame)
    return gate(builder, step, name, condition, Chain([inner]))


def _inner(builder: Builder, place: Path, step: Mapping[str, Any], verb: str, name: str, frame: Frame) -> Part:
    step = {key: value for key, value in step.items() if key != "next" or value is not None}
    handler = _handler(builder, place, step, frame)
    entry = handler.parts[0].entry if handler.parts else ""
    policy = read_policy(builder, place, step, frame, handler=entry)
    if verb in READERS:
        part = read_node(builder, place, step, verb, name, frame, policy)
    else:
        part = read_group(builder, place, step, verb, name, frame, policy, compile_steps)
    return _with_handler(part, handler, step.get("next"))


def _handler(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame) -> Chain:
    """The steps that are done after an error."""
    if not isinstance(step.get("on_error"), list):
        return Chain([])
    branch = replace(frame, scope=frame.scope.branch())
    return compile_steps(builder, (*place, "on_error"), step["on_error"], branch)


def _with_handler(part: Part, handler: Chain, goes_on: str | None = None) -> Part:
    if not handler.parts:
        return part

    def finish(after: str) -> None:
        part.finish(after)
        handler.finish(goes_on or after)

    return Part(part.entry, finish)


def _do(builder: Builder, place: Path, step: Mapping[str, Any], name: str, frame: Frame) -> Part | None:
    """Steps as one: a decision goes before them where they have a condition, or an id to go to."""
    condition = _condition(builder, place, step, frame)
    handler = _handler(builder, place, step, frame)
    said = step.get("on_error")
    if handler.parts:
        frame = replace(frame, on_error=handler.parts[0].entry)
    elif said == "ignore":
        frame = replace(frame, ignores_errors=True, on_error="")
    elif isinstance(said, str):
        frame = replace(frame, on_error=builder.refer((*place, "on_error"), said))
    if "background" in step:
        frame = replace(frame, in_background=step["background"])
    chain = compile_steps(builder, (*place, "do"), step["do"], frame)
    if not chain.parts:
        if not step["do"]:
            builder.source.report((*place, "do"), "there are no steps.", "Add one, or remove it.")
        return None
    goes_on = step.get("next")
    if condition is None and "id" not in step:
        flat = Part(chain.parts[0].entry, lambda after: chain.finish(goes_on or after))
        return _with_handler(flat, handler, goes_on)
    return _with_handler(gate(builder, step, name, condition, chain), handler, goes_on)


def _loop(builder: Builder, place: Path, step: Mapping[str, Any], verb: str, name: str, frame: Frame) -> Part | None:
    """A step for each item. What is not said of the list is said of each of its items."""
    branch = replace(frame, scope=frame.scope.branch(has_item=True), on_error="")
    inner_step = {key: value for key, value in step.items() if key not in _OF_LOOP}
    inner = _plain(builder, place, inner_step, verb, builder.claim_inner(f"{name}.item"), branch)
    frame.scope.join(branch.scope)
    if inner is None:
        return None
    return loop(builder, place, step, name, frame, Chain([inner]))


def _condition(builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame) -> Expression | None:
    when = step.get("when", True)
    return None if when is True else builder.values.all_of((*place, "when"), when, frame.scope)


def _check_beside(builder: Builder, place: Path, step: Mapping[str, Any], verb: str) -> None:
    """Report keys that have no meaning beside a verb."""
    known = {verb, *_EVERY, *BESIDE[verb], *(["schedule"] if place[0] == "tasks_scheduled" and len(place) == 2 else [])}
    if "loop" in step:
        known |= {"register", "next"}
    for key in step:
        if key not in known:
            message = f'"{key}" has no meaning for a step with {verb}.'
            builder.source.report((*place, key), message, f"It takes {', '.join(sorted(known - {verb}))}.", at_key=True)
    if "at_once" in step and "loop" not in step:
        builder.source.report((*place, "at_once"), "at_once belongs to loop.", "Add loop, or remove it.", at_key=True)


def _proposal(step: Mapping[str, Any], verb: str) -> str:
    """A name for a step that has none: what it does."""
    said = step[verb]
    if verb in ("send", "receive"):
        return str(said if isinstance(said, str) else said["message"])
    if verb in ("task", "action", "process", "decide"):
        return str(said).rpartition(":")[2].rpartition(".")[2]
    return "finish" if verb == "end" else verb


def _register_anyway(step: Mapping[str, Any], frame: Frame) -> None:
    """So that one mistake is told once: what a wrong step registers is there for those after it."""
    if isinstance(step.get("register"), str):
        frame.scope.state.add(step["register"])
