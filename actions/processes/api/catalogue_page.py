"""The catalogue as its page shows it: sections of entries, each with an anchor, a table of fields and facts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from actions.payloads.nodes import declared_fields, together, types_of

from .catalogue import ACTIONS, PROCESSES, TASKS

_CODE = re.compile(r"`+([^`\n]+)`+")
_SECTION = re.compile(r"^(Args|Arguments|Returns|Raises|Yields):\s*$", re.MULTILINE)
"""Where a docstring begins to say what the table of fields says as well."""


def page(found: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The sections of a page.

    Args:
        found: Parts of the catalogue.
    """
    made = []
    if PROCESSES in found:
        made.append(_section(PROCESSES, _("Processes"), [{"entries": [_process(each) for each in found[PROCESSES]]}]))
    if TASKS in found:
        groups = [
            {
                "title": module["name"],
                "description": text(module["description"]),
                "facts": _meta(module["meta"]),
                "entries": [_task(each) for each in module["tasks"]],
            }
            for module in found[TASKS]
        ]
        made.append(_section(TASKS, _("Tasks"), groups))
    if ACTIONS in found:
        groups = [
            {"title": each["resource"], "description": "", "entries": [_action(action) for action in each["actions"]]}
            for each in found[ACTIONS]
        ]
        made.append(_section(ACTIONS, _("Actions"), groups))
    return made


def _section(name: str, title: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
    count = sum(len(group["entries"]) for group in groups)
    return {"name": name, "title": title, "groups": [group for group in groups if group["entries"]], "count": count}


def _process(each: Mapping[str, Any]) -> dict[str, Any]:
    facts = [
        (_("Version"), each["version"]),
        (_("Written as"), each["style"]),
        (_("Source"), each["source"]),
        (_("Permissions"), ", ".join(each["permissions"])),
        (_("Not for you"), " ".join(reason["detail"] for reason in each["reasons"])),
    ]
    return {
        "anchor": f"process-{each['id']}",
        "name": each["id"],
        "title": each["title"],
        "description": text(each["description"]),
        "call": f"POST {each['url']}" if each["url"] else "",
        "tags": each["tags"],
        "picture": each["picture"],
        "mermaid": each["mermaid"],
        "steps": [_step(step) for step in each["steps"]],
        "examples": [_example(example) for example in each["examples"]],
        **_payload(each["payload"], facts),
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": step["name"],
        "title": step.get("title", ""),
        "kind": step["kind"],
        "run": step.get("run", ""),
        "next": ", ".join(edge["target"] for edge in step["next"]),
    }


def _task(each: Mapping[str, Any]) -> dict[str, Any]:
    facts = [
        (_("Mode"), each["mode"]),
        (_("Environment"), ", ".join(each["environment"])),
        (_("Deprecated"), each["deprecated"]),
        *_meta(each["meta"]),
    ]
    return {
        "anchor": f"task-{each['short_name']}",
        "name": each["short_name"],
        "title": each["title"],
        "description": text(_SECTION.split(each["docs"])[0].rstrip()),
        "call": f"task: {each['short_name']}",
        "behaviours": each["behaviour"],
        "examples": [_example(example) for example in each["examples"]],
        **_payload(each["payload"], facts),
    }


def _action(each: Mapping[str, Any]) -> dict[str, Any]:
    facts = [(_("Kind"), each["type"]), (_("Status"), each["status"]), (_("Version"), each.get("version", ""))]
    return {
        "anchor": f"action-{each['name']}",
        "name": each["name"],
        "title": each.get("title") or each["id"],
        "description": text(each.get("description", "")),
        "call": f"POST {each['url']}",
        "tags": each.get("tags", ()),
        "examples": [_example(example) for example in each.get("examples", ())],
        **_payload(each["payload"], facts),
    }


def _payload(schema: Mapping[str, Any], facts: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "fields": fields_of(schema),
        "schema": _json(schema),
        "facts": [(name, value) for name, value in facts if value not in ("", None)],
    }


def fields_of(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table of fields."""
    required = {name for node in together(schema, schema) for name in node.get("required", ())}
    return [
        {
            "name": name,
            "type": " | ".join(sorted(types_of(schema, field))) or _("anything"),
            "is_required": name in required,
            "default": _json(field["default"]) if isinstance(field, Mapping) and "default" in field else "",
            "description": text(field.get("description", "")) if isinstance(field, Mapping) else "",
            "limits": _limits(field),
        }
        for name, field in declared_fields(schema, schema).items()
    ]


def text(said: Any) -> SafeString:
    """A text escaped, and what stands between backticks as code: Swagger reads the same texts as Markdown."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(said)))  # noqa: S308 - escaped before


LIMITS = ("enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")


def _limits(field: Any) -> str:
    if not isinstance(field, Mapping):
        return ""
    return ", ".join(f"{name} {_json(field[name])}" for name in LIMITS if name in field)


def _example(example: Mapping[str, Any]) -> dict[str, Any]:
    named = {"title", "description"}
    if "payload" in example:
        return {"title": example.get("title", ""), "payload": _json(example["payload"])}
    return {"title": example.get("title", ""), "payload": _json({k: v for k, v in example.items() if k not in named})}


def _meta(meta: Any) -> list[tuple[str, Any]]:
    if not isinstance(meta, Mapping):
        return []
    return [(name, value if isinstance(value, str) else _json(value)) for name, value in meta.items()]


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
