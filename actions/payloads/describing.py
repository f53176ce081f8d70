"""What documentation says about each field: from docstrings, names and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING
from enum import Enum
from inspect import cleandoc
from typing import Any

from .formats import as_text

Schema = dict[str, Any]

_SECTION = re.compile(r"(Args|Arguments|Parameters|Keyword Args|Keyword Arguments|Attributes|Fields):")
_ENTRY = re.compile(r"\*{0,2}(\w+)(?: \([^)]*\))?:(?: +(.*))?")


def argument_descriptions(docstring: str | None) -> dict[str, str]:
    """What a docstring of Google's form says about each argument, on one line each.

    Further lines about an argument are indented more than its name.
    """
    found: dict[str, list[str]] = {}
    section_indent: int | None = None
    entry_indent = 0
    current: list[str] | None = None
    for line in cleandoc(docstring or "").splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if text and section_indent is not None and indent <= section_indent:
            section_indent = None
        if section_indent is None:
            section_indent = indent if _SECTION.fullmatch(text) else None
            entry_indent, current = 0, None
            continue
        entry_indent = entry_indent or indent
        entry = _ENTRY.fullmatch(text) if indent == entry_indent else None
        if entry is not None:
            current = found.setdefault(entry[1], [])
            current.append(entry[2] or "")
        elif current is not None and text:
            current.append(text)
    return {name: " ".join(filter(None, lines)) for name, lines in found.items()}


def describe(schema: Schema, name: str, description: str | None, default: Any = MISSING) -> None:
    """Add what documentation shows: a title, a description, the default where JSON can say it."""
    schema.setdefault("title", name.replace("_", " ").strip().capitalize())
    if description:
        schema.setdefault("description", description)
    value = json_default(default)
    if value is not MISSING and not (value is None and not _takes_null(schema)):
        schema["default"] = value


def json_default(value: Any) -> Any:
    """A default as JSON; MISSING where JSON cannot say it."""
    if isinstance(value, Enum):
        return json_default(value.value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        items = {key: json_default(inner) for key, inner in value.items()}
        return MISSING if MISSING in items.values() else items
    if isinstance(value, list | tuple | set | frozenset):
        values = [json_default(item) for item in value]
        return MISSING if MISSING in values else values
    text = as_text(value)
    return MISSING if text is None else text


def _takes_null(schema: Schema) -> bool:
    if "anyOf" in schema:
        return any(_takes_null(part) for part in schema["anyOf"])
    if "enum" in schema:
        return None in schema["enum"]
    return ("type" not in schema and "$ref" not in schema) or "null" in schema.get("type", "")
