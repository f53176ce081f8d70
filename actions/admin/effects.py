"""What a preview found, and how a plan differs from it, as rows to be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils import timezone
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one object, before and after."""

    thing: str
    """The object."""
    name: str
    """The field."""
    before: str
    after: str


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
        changes=rows_of(preview.changes),
        is_complete=preview.is_complete,
        others=[_write(each) for each in preview.others],
        would_send=[shown(each) for each in preview.would_send],
        plan=preview.plan or "",
    )


def rows_of(changes: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Changes as `{model, key, field, before, after}`."""
    return [
        Row(
            _thing(str(change["model"]), change["key"]),
            _field(str(change["model"]), change["field"]),
            shown(change["before"]),
            shown(change["after"]),
        )
        for change in changes
    ]


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
