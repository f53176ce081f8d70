"""The keys of a definition: what each may hold, every problem of those that are wrong, and the action that they make.

Nothing here imports what a definition names; `actions.binding` does that later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from .definitions import ACTION_TYPE, DEMAND, INTERRUPTED, SELECTION, STATUS, Action, Places
from .exceptions import DefinitionProblem
from .payloads import check_schema

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z")
RATE = re.compile(r"[1-9]\d*/(s|sec|second|m|min|minute|h|hour|d|day)\Z")

Check = Callable[[Any], str]
"""What a value should have been, or "" when it is that."""


def _is(kind: type | tuple[type, ...], expected: str) -> Check:
    return lambda value: "" if isinstance(value, kind) else expected


def _one_of(enum: type[StrEnum]) -> Check:
    values = [member.value for member in enum]
    return lambda value: "" if value in values else f"one of {', '.join(values)}"


def _matches(pattern: re.Pattern[str], expected: str) -> Check:
    return lambda value: "" if isinstance(value, str) and pattern.match(value) else expected


@dataclass(frozen=True, slots=True)
class _Each:
    """A list, every item of which passes `check`."""

    check: Check

    def __call__(self, value: Any) -> str:
        if isinstance(value, list | tuple) and not any(map(self.check, value)):
            return ""
        return f"a list, each item {self.check(None)}"


def _either(*checks: Check) -> Check:
    """One of `checks` is content."""

    def checked(value: Any) -> str:
        wrong = [check(value) for check in checks]
        return "" if "" in wrong else " or ".join(wrong)

    return checked


def _positive(value: Any) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) and value > 0 else "a whole number above 0"


def _day(value: Any) -> str:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "a date"
    return ""


def _callable(value: Any) -> str:
    return "" if callable(value) else "a function"


RETENTION_KEYS = frozenset({"succeeded", "refused", "failed", "default"})
"""Outcomes for which records may have a time of their own, and what holds for the others."""


def _retention(value: Any) -> str:
    if not isinstance(value, Mapping) or set(value) - RETENTION_KEYS:
        return "minutes by outcome (succeeded, refused, failed, default)"
    return "minutes by outcome, each a whole number above 0" if any(map(_positive, value.values())) else ""


def _example(value: Any) -> str:
    known = {"title", "description", "payload", "response"}
    is_example = isinstance(value, Mapping) and not set(value) - known
    return "" if is_example else "a mapping with title, description, payload, response"


HOOK_KEYS = frozenset({"hook", "when", "outcomes", "options"})
HOOK_NAME = re.compile(r"[^:]{1,100}\Z")
HOOK_TIMES = ("before", "after")
HOOK_OUTCOMES = frozenset({"succeeded", "refused", "failed"})
_A_HOOK = "the name of a hook, or a mapping with hook, when (before, after), outcomes, options"


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _hook(value: Any) -> str:
    if isinstance(value, str):
        return "" if HOOK_NAME.match(value) else _A_HOOK
    if not isinstance(value, Mapping) or set(value) - HOOK_KEYS or not HOOK_NAME.match(str(value.get("hook", ""))):
        return _A_HOOK
    outcomes = value.get("outcomes", [])
    is_right = (
        value.get("when", "after") in HOOK_TIMES
        and isinstance(outcomes, list | tuple)
        and set(map(str, outcomes)) <= HOOK_OUTCOMES
        and isinstance(value.get("options", {}), Mapping)
        and _is_json(value.get("options", {}))
    )
    return "" if is_right else _A_HOOK


_TEXT = _is(str, "a text")
_FLAG = _is(bool, "true or false")
_NAMES = _Each(_TEXT)
_PATH = _matches(DOTTED, "a dotted path")
_SCHEMA = _is(Mapping, "a JSON Schema")
_CLASS = _is(type, "a class")

KEYS: dict[str, Check] = {
    "title": _TEXT,
    "description": _TEXT,
    "version": _TEXT,
    "function": _either(_PATH, _callable),
    "schema": _either(_SCHEMA, _PATH, _CLASS),
    "form": _either(_PATH, _CLASS),
    "serializer": _either(_PATH, _CLASS, lambda value: "" if value is False else "false"),
    "result": _either(_SCHEMA, _PATH, _CLASS),
    "multiple_results": _FLAG,
    "permissions": _Each(_either(_matches(DOTTED, "app_label.codename, the dotted path of a DRF class"), _CLASS)),
    "conditions": _Each(_either(_PATH, _callable)),
    "atomic": _FLAG,
    "lock": _FLAG,
    "selection": _one_of(SELECTION),
    "max_objects": _positive,
    "idempotent": _FLAG,
    "destructive": _FLAG,
    "preview": _FLAG,
    "undo": _matches(IDENTIFIER, "the id of an instance action of the same resource"),
    "if_match": _one_of(DEMAND),
    "idempotency_key": _one_of(DEMAND),
    "background": _FLAG,
    "interrupted": _one_of(INTERRUPTED),
    "throttle": _matches(RATE, "a rate"),
    "deprecated": _either(_FLAG, _day),
    "sunset": _day,
    "sensitive": _NAMES,
    "retention": _retention,
    "hooks": _Each(_hook),
    "tags": _NAMES,
    "capabilities": _NAMES,
    "commands": _NAMES,
    "examples": _Each(_example),
    "example_payload": lambda value: "",
}
"""What a definition.yaml may say, and what each value has to be."""

REGISTRY_KEYS: dict[str, Check] = {
    "id": _matches(IDENTIFIER, 'an identifier of letters, digits and "_"'),
    "type": _one_of(ACTION_TYPE),
    "status": _one_of(STATUS),
}
"""What stands in the registry's list rather than in the definition."""

_QUOTES = "Quotes make a text of what YAML reads as something else:"
_LIST = "Write it in brackets, also where there is only one:"
_CODE = "Name it by module and name:"

REMEDIES = {
    "title": f'{_QUOTES} title: "Mark as done".',
    "description": f'{_QUOTES} description: "Nobody has to do it any more."',
    "version": f'{_QUOTES} version: "1.2".',
    "function": f"{_CODE} function: example_app.todos.mark_done.",
    "schema": "For example: schema: {type: object, properties: {note: {type: string}}}.",
    "form": f"{_CODE} form: example_app.forms.MarkDone.",
    "serializer": f"{_CODE} serializer: example_app.serializers.MarkDone.",
    "result": f"{_CODE} result: example_app.serializers.Todo.",
    "multiple_results": 'With true, the answer is {"meta": …, "results": […]}.',
    "permissions": f"{_LIST} permissions: [todos.change_todo].",
    "conditions": f"{_LIST} conditions: [example_app.conditions.is_open].",
    "atomic": "With true, what an action has saved is undone where it fails.",
    "lock": "With true, nobody else changes the object meanwhile.",
    "selection": "filter: the caller says which objects; all: silence means all of them; none: the action has none.",
    "max_objects": "For example: max_objects: 500.",
    "idempotent": "True says that a second call changes nothing more.",
    "destructive": "True says that something is lost for good.",
    "preview": "False says that it acts outside of the database and cannot be tried.",
    "undo": "For example: undo: reopen.",
    "if_match": "With required, a call without If-Match is refused (428).",
    "idempotency_key": "With required, a call without Idempotency-Key is refused (400).",
    "background": "With true, a worker does it and the caller is answered at once (202).",
    "interrupted": "retry: it is done again where a worker died in the middle; fail: it counts as failed.",
    "throttle": 'Calls and s, min, hour or day: throttle: "10/min".',
    "deprecated": "For example: deprecated: 2026-05-01.",
    "sunset": "The first day on which the action is gone: sunset: 2026-11-01.",
    "sensitive": f"{_LIST} sensitive: [iban].",
    "retention": "For example: retention: {failed: 43200, default: 1440}.",
    "hooks": "For example: hooks: [crm, {hook: stock, when: before}]. Hooks stand in the setting DJACTION_HOOKS.",
    "tags": f"{_LIST} tags: [todos].",
    "capabilities": f"{_LIST} capabilities: [mail].",
    "commands": f"{_LIST} commands: [send_mail].",
    "examples": "For example: examples: [{title: With a note, payload: {note: Hello.}}].",
    "id": 'It is the name of a function and stands in URLs: "mark_done".',
    "type": '"instance" is called on one object, "bulk" on a set of them or on none.',
    "status": '"todo" promises it and answers 501; the others say how far it may be trusted.',
}
"""An example or the reason of what each key may hold."""


_CHECKS = KEYS | REGISTRY_KEYS


def check_keys(values: Mapping[str, Any], places: Places) -> list[DefinitionProblem]:
    """Every problem of the values; a key of the definition that is absent or None says nothing."""
    problems = []
    for key, value in values.items():
        check = _CHECKS.get(key)
        if check is None or (value is None and key in KEYS):
            continue
        if check(value):
            problems += [
                places.problem((key, *path), f"{_shown(wrong)} is not {expected}.", REMEDIES[key])
                for path, wrong, expected in _faults(check, value)
            ]
        elif key in ("schema", "result") and isinstance(value, Mapping):
            problems += [
                places.problem((key, *path), message, "Write a JSON Schema (2020-12).")
                for path, message in check_schema(value, is_payload=key == "schema")
            ]
    return problems + _contradictions(values, places)


def _faults(check: Check, value: Any) -> Iterator[tuple[tuple[int, ...], Any, str]]:
    """Where a value is wrong, what stands there, and what was expected: of a list its items, each by itself."""
    if isinstance(check, _Each) and isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if expected := check.check(item):
                yield (index,), item, expected
    else:
        yield (), value, check(value)


def _contradictions(values: Mapping[str, Any], places: Places) -> list[DefinitionProblem]:
    """What each key allows and all together do not."""
    problems = []
    form, schema, serializer = values.get("form"), values.get("schema"), values.get("serializer")
    sources = [key for key, value in (("schema", schema), ("form", form)) if value]
    if serializer and not form:
        sources.append("serializer")
    if len(sources) > 1:
        problems.append(
            places.problem(
                (sources[-1],),
                f"the payload is declared {len(sources)} times: {', '.join(sources)}.",
                "Keep one of them. The serializer of the answer is named by result.",
                at_key=True,
            )
        )
    if values.get("type") == ACTION_TYPE.INSTANCE.value and values.get("selection") is not None:
        message = "selection has a meaning for bulk actions only."
        problems.append(places.problem(("selection",), message, "Remove it.", at_key=True))
    befores = [hook for hook in values.get("hooks") or () if isinstance(hook, Mapping) and hook.get("when") == "before"]
    if len(befores) > 1:
        message = f"{len(befores)} hooks are asked before the work."
        problems.append(places.problem(("hooks",), message, "Keep one: their answers could contradict.", at_key=True))
    deprecated, sunset = values.get("deprecated"), values.get("sunset")
    if isinstance(deprecated, str) and not _day(deprecated) and not _day(sunset) and str(sunset) < deprecated:
        message = f"the action is gone on {sunset}, before it is deprecated on {deprecated}."
        problems.append(places.problem(("sunset",), message, "Give callers time: name a later day."))
    return problems


def unknown_keys(keys: Iterable[str], places: Places, *, with_registry_keys: bool = False) -> list[DefinitionProblem]:
    """A problem for every key that no definition has; `x-…` keys are the project's own.

    Args:
        keys: What the definition says.
        places: Where in the file each value stands.
        with_registry_keys: Whether id, type and status belong here, as in Python, where there is no other place.
    """
    known = _CHECKS if with_registry_keys else KEYS
    problems = []
    for key in keys:
        if key in known or key.startswith("x-"):
            continue
        if key in REGISTRY_KEYS:
            message, remedy = f'"{key}" stands in the registry.', "Remove it here."
        else:
            near = get_close_matches(key, known, n=1)
            message = f'"{key}" is not a key of a definition.'
            everything = f"Known are {', '.join(known)}, and keys that begin with x-."
            remedy = f'Did you mean "{near[0]}"?' if near else everything
        problems.append(places.problem((key,), message, remedy, at_key=True))
    return problems


def parse_action(
    keys: Mapping[str, Any], places: Places, *, id: str, type: str, status: str, source: str = "", module: str = ""
) -> tuple[Action, list[DefinitionProblem]]:
    """The definition that `keys` make, and all that is wrong with them.

    Where something is, the definition is made of the keys that are right: nobody may call it, but what these name can
    be looked at as well.

    Args:
        keys: What definition.yaml says, look-ups done.
        places: Where in the file each value stands.
        id: The action's name, as `type` and `status` from the registry's list.
        source: The file, for people.
        module: The package of the action's folder, "" where it is not known.
    """
    listed: dict[str, Any] = {"id": id, "type": type, "status": status}
    problems = unknown_keys(keys, places) + check_keys({**keys, **listed}, places)
    right = _right(keys, {problem.path[:2] for problem in problems})
    known = {key: _frozen(key, value) for key, value in right.items() if key in KEYS and value is not None}
    action = Action(**known, **listed, source=source, module=module, documentation={**right, **listed}, places=places)
    return action, problems


def _right(keys: Mapping[str, Any], wrong: set[tuple[str | int, ...]]) -> dict[str, Any]:
    """The keys without those that are wrong; of a list, without the items that are."""
    right = {}
    for key, value in keys.items():
        places = [place for place in wrong if place[:1] == (key,)]
        if not places:
            right[key] = value
        elif isinstance(value, list) and all(len(place) == 2 and isinstance(place[1], int) for place in places):
            right[key] = [item for index, item in enumerate(value) if (key, index) not in places]
    return right


def document(action: Action) -> dict[str, Any]:
    """What an action that was written in Python says, as its definition.yaml would say it."""
    said = {}
    for key in (*KEYS, *REGISTRY_KEYS):
        value = getattr(action, key)
        if key != "function" and value is not None and value != _DEFAULTS[key]:
            said[key] = list(value) if isinstance(value, tuple) else value
    return {**said, "id": action.id, "type": str(action.type), "status": str(action.status)}


_DEFAULTS = {
    key.name: key.default_factory() if key.default_factory is not MISSING else key.default for key in fields(Action)
}


def _frozen(key: str, value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and key != "example_payload" else value


def _shown(value: object, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
