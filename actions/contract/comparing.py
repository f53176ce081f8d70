"""The differences of two contracts, and which of them break a caller."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils import timezone

from actions.definitions import DEMAND, SELECTION, STATUS
from actions.payloads.nodes import copy_json, declared_fields, walk

from .subsets import UNCLEAR, Subset
from .wording import difference, sentence

Entry = Mapping[str, Any]

_LIFE = [STATUS.TODO.value, STATUS.ALPHA.value, STATUS.BETA.value, STATUS.PROD.value]
_CONDITIONS = frozenset({"not", "if", "oneOf"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    action: str
    """ "todo:mark_done"."""
    path: str
    """Where: "payload.days", "result.results[].id", "max_objects"; "" for the action as a whole."""
    message: str
    is_breaking: bool
    """Whether a caller who relied on the old contract may fail, and might rely on it: the action was `prod`."""
    status: str = ""
    """That of the action in the old contract; "" where it was not there."""


def compare(old: Mapping[str, Any], new: Mapping[str, Any], today: date | None = None) -> list[Change]:
    """All differences, in the order of the old contract, then what is new.

    Args:
        old: What `contract()` returned once.
        new: What it returns now.
        today: Decides what is over; None: today.
    """
    day = today or timezone.localdate()
    olds, news = _entries(old), _entries(new)
    changes = [change for name, entry in olds.items() for change in _action(name, entry, news.get(name), day)]
    added = {name: entry["status"] for name, entry in news.items() if name not in olds}
    return changes + [Change(name, "", f"is new ({status}).", is_breaking=False) for name, status in added.items()]


def _entries(contract: Mapping[str, Any]) -> dict[str, Entry]:
    return {
        f"{resource}:{name}": entry
        for resource, said in contract["resources"].items()
        for name, entry in said["actions"].items()
    }


def _action(name: str, old: Entry, new: Entry | None, today: date) -> Iterator[Change]:
    """The changes of one action. Only what was promised can be broken, and only while it lasts."""
    is_relied_on = old["status"] == STATUS.PROD.value and not _is_over(old, today)
    found = _changes(name, old, new, today) if new is not None else iter([Change(name, "", "was removed.", True)])
    for change in found:
        yield replace(change, is_breaking=change.is_breaking and is_relied_on, status=old["status"])


def _changes(name: str, old: Entry, new: Entry, today: date) -> Iterator[Change]:
    for path, message, is_breaking in (
        *_life(old, new, today),
        *_rules(old, new),
        *_payload(old["payload"], new["payload"]),
        *_result(old["result"], new["result"]),
    ):
        yield Change(name, path, message, is_breaking)


Found = Iterator[tuple[str, str, bool]]


def _life(old: Entry, new: Entry, today: date) -> Found:
    if old["status"] != new["status"]:
        # Each step back breaks: the next contract would not protect what this one promised.
        is_back = _LIFE.index(new["status"]) < _LIFE.index(old["status"])
        yield "status", f"was {old['status']}, is {new['status']}.", is_back
    if old["deprecated"] != new["deprecated"]:
        yield "deprecated", f"was {_said(old['deprecated'])}, is {_said(new['deprecated'])}.", False
    if old["sunset"] != new["sunset"]:
        # One that is announced for later breaks nobody today; but what is announced is a promise, too.
        is_earlier = bool(old["sunset"] and new["sunset"] and new["sunset"] < old["sunset"])
        message = f"was {_said(old['sunset'])}, is {_said(new['sunset'])}."
        yield "sunset", message, is_earlier or _is_over(new, today)


def _rules(old: Entry, new: Entry) -> Found:
    """What a call is and has to say, besides its payload."""
    for key in ("type", "selection", "max_objects", "if_match", "idempotency_key"):
        if old[key] != new[key]:
            yield key, f"was {_said(old[key])}, is {_said(new[key])}.", _BREAKS[key](old[key], new[key])
    for key in ("idempotent", "preview"):
        if old[key] != new[key]:
            yield key, f"was {_said(old[key])}, is {_said(new[key])}.", bool(old[key])
    if old["background"] != new["background"]:
        yield "background", f"was {_said(old['background'])}, is {_said(new['background'])}.", True
    if old["undo"] != new["undo"]:
        yield "undo", f"was {_said(old['undo'])}, is {_said(new['undo'])}.", old["undo"] is not None


_BREAKS: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda old, new: True,
    # Who said nothing was understood as long as that meant all; who said which objects, as long as there were any.
    "selection": lambda old, new: (old, new) != (SELECTION.FILTER.value, SELECTION.ALL.value),
    "max_objects": lambda old, new: new is not None and (old is None or new < old),
    "if_match": lambda old, new: new == DEMAND.REQUIRED.value,
    "idempotency_key": lambda old, new: new == DEMAND.REQUIRED.value,
}


def _payload(old: Any, new: Any) -> Found:
    """What could be sent has to be taken."""
    yield from _schemas(Subset(old, new), Subset(new, old), "payload", is_sent=True)
    before, after = declared_fields(old, old), declared_fields(new, new)
    for name in before:
        if name in after:
            yield from _default(f"payload.{name}", before[name], after[name])


def _result(old: Entry, new: Entry) -> Found:
    """What was answered has to be answered. Callers have to bear with fields that they do not know."""
    if (old["shape"], old["is_list"]) != (new["shape"], new["is_list"]):
        yield "result", f"its shape was {_shape(old)}, is {_shape(new)}.", True
        return
    before, after = _opened(old["schema"]), _opened(new["schema"])
    forward, back = Subset(after, before, needs_fields=True), Subset(before, after, needs_fields=True)
    yield from _schemas(forward, back, "result", is_sent=False)


def _schemas(forward: Subset, back: Subset, path: str, *, is_sent: bool) -> Found:
    breaking = [difference(finding, is_first_old=is_sent) for finding in forward.findings(path)]
    known = {each.place for each in breaking}
    for each in breaking:
        yield each.path, sentence(each), True
    for finding in back.findings(path):
        each = difference(finding, is_first_old=not is_sent)
        if each.kind != UNCLEAR and each.place not in known:
            yield each.path, sentence(each), False


def _default(path: str, old: Any, new: Any) -> Found:
    """What stands in for a field that is not sent. A caller cannot tell, and may not care."""
    before, after = (each.get("default") if isinstance(each, Mapping) else None for each in (old, new))
    if before != after:
        yield path, f"its default was {json.dumps(before)}, is {json.dumps(after)}.", False


def _shape(result: Entry) -> str:
    return f"{result['shape'].replace('_', ' ')}{' of a list' if result['is_list'] else ''}"


def _opened(schema: Any) -> Any:
    """The schema without saying that there are no further fields, except where that tells alternatives apart."""
    copy = copy_json(schema)
    for path, node in walk(copy):
        if _CONDITIONS.isdisjoint(path):
            for key in ("additionalProperties", "unevaluatedProperties"):
                if node.get(key) is False:
                    del node[key]  # type: ignore[attr-defined]  # the copy's are dicts
    return copy


def _is_over(entry: Entry, today: date) -> bool:
    sunset = entry["sunset"]
    return sunset is not None and date.fromisoformat(sunset) <= today


def _said(value: Any) -> str:
    return {None: "none", True: "true", False: "false"}.get(value, str(value))
