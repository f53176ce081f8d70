"""What a preview found, and how a plan differs from it, as rows to be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

MAX_TITLES = 500
"""Of more objects the others are shown by their keys."""
NO_TITLES: Mapping[tuple[str, str], str] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one object, before and after; of one that is made or deleted, all that it holds."""

    thing: str
    """The object by its key."""
    name: str
    """The field, or what becomes of the whole object."""
    before: str
    after: str
    title: str = ""
    """The object as it calls itself; "" where that is not known."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What an action would do."""

    changes: list[Row] = field(default_factory=list)
    is_complete: bool = True
    others: list[str] = field(default_factory=list)
    """Writes of which only table and number are known."""
    would_send: list[str] = field(default_factory=list)
    plan: str = ""


def effects_of(preview: Any) -> Effects:
    """The `Preview` of an outcome as rows."""
    return Effects(
        changes=rows_of(preview.changes, _titles(preview.changes)),
        is_complete=preview.is_complete,
        others=[_write(each) for each in preview.others],
        would_send=[shown(each) for each in preview.would_send],
        plan=preview.plan or "",
    )


def rows_of(changes: Iterable[Mapping[str, Any]], titles: Mapping[tuple[str, str], str] = NO_TITLES) -> list[Row]:
    """Changes as `{model, key, field, before, after}`; titles by model and key."""
    rows = []
    for change in changes:
        label, key = str(change["model"]), change["key"]
        title = titles.get((label, str(key)), "")
        if change["field"] is None:
            name = _("is deleted") if change["after"] is None else _("is made")
            before, after = _lines(label, change["before"]), _lines(label, change["after"])
        else:
            name, before, after = _field(label, change["field"]), shown(change["before"]), shown(change["after"])
        rows.append(Row(_thing(label, key), name, before, after, title))
    return rows


def differences_of(extra: Mapping[str, Any]) -> list[str]:
    """What the problem document of a plan that does not hold any more says, one sentence for each part."""
    difference = extra.get("difference")
    parts = difference.items() if isinstance(difference, Mapping) else ()
    sentences = []
    for part, sides in parts:
        if part == "versions":
            keys = ", ".join(map(str, sides.get("now") or sides.get("planned") or ()))
            sentence, planned, now = _("Changed since the preview: %(now)s."), "", keys
        elif "planned" in sides:
            planned, now = _side(part, sides["planned"]), _side(part, sides["now"])
            sentence = _("%(part)s: it was to be %(planned)s, it would be %(now)s.")
        else:
            planned, now = "", _side(part, sides.get("now"))
            sentence = _("%(part)s: it would be %(now)s.")
        sentences.append(sentence % {"part": _parts().get(part, part), "planned": planned, "now": now})
    return sentences


def shown(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return value or _("(empty)")
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _parts() -> dict[str, str]:
    return {
        "changes": _("Changes"),
        "others": _("Other writes"),
        "would_send": _("What would be sent"),
    }


def _side(part: str, found: Any) -> str:
    if not found:
        return _("nothing")
    if part == "changes":
        return "; ".join(f"{row.thing}, {row.name}: {row.before} → {row.after}" for row in rows_of(found))
    if part == "others":
        return "; ".join(map(_write, found))
    return shown(found)


def _write(write: Mapping[str, Any]) -> str:
    return _("%(table)s: %(operation)s, rows: %(rows)s") % {
        "table": write.get("table"),
        "operation": write.get("operation"),
        "rows": write.get("rows"),
    }


def _lines(label: str, values: Any) -> str:
    """What a whole row holds, a line for each field."""
    if not isinstance(values, Mapping):
        return shown(values)
    return "\n".join(f"{_field(label, name)}: {shown(value)}" for name, value in values.items())


def _titles(changes: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """What the objects call themselves, one query for each model. After a preview they are still as they were."""
    keys: dict[str, set[str]] = {}
    for change in changes:
        keys.setdefault(str(change["model"]), set()).add(str(change["key"]))
    titles = {}
    for label, wanted in keys.items():
        try:
            found = apps.get_model(label)._base_manager.filter(pk__in=sorted(wanted)[:MAX_TITLES])
            titles.update({(label, str(each.pk)): str(each) for each in found})
        except (LookupError, ValueError, ValidationError):
            # A model that is gone, or rows that are only to be made.
            continue
    return titles


def _thing(label: str, key: Any) -> str:
    try:
        name = str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        name = label
    return f"{name} {shown(key)}"


def _field(label: str, name: Any) -> str:
    try:
        return str(apps.get_model(label)._meta.get_field(str(name)).verbose_name)
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        return shown(name)
