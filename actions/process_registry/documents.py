"""Definitions as plain JSON: what kind one is, its fingerprint, and what no database or client should meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

EXECUTABLE, PROCESS = "executable", "process"
EXEC = "exec"
STEPS = ("tasks", "tasks_async", "tasks_scheduled")
"""Keys by one of which a process is known: an executable has `exec`."""
OF_EXECUTABLES = ("argv", "environment", "process_type", "input_adapter", "output_adapter")
"""Keys by which an executable is known whose `exec` was forgotten."""
MAX_SIZE = 1024 * 1024
"""Characters of a definition as JSON, and bytes of a text."""
MAX_DEPTH = 100
MAX_NAME = 200


def kind_of(definition: Mapping[str, Any]) -> str | None:
    """What a definition describes; None where nothing tells."""
    if EXEC in definition:
        return EXECUTABLE
    if any(key in definition for key in STEPS):
        return PROCESS
    return EXECUTABLE if any(key in definition for key in OF_EXECUTABLES) else None


def name_of(definition: Mapping[str, Any]) -> str:
    """What people call it: as it says itself, else of an executable its file's name."""
    for key in ("name", "process_name"):
        if isinstance(name := definition.get(key), str) and name.strip():
            return _printable(name)
    path = definition.get(EXEC)
    return _printable(PurePosixPath(path).name) if isinstance(path, str) else ""


def _printable(name: str) -> str:
    """The name as every database takes it."""
    return "".join(character for character in name if character.isprintable()).strip()[:MAX_NAME]


def canonical(definition: Any) -> str:
    """The one text that equal definitions have, whatever the order of their keys."""
    return json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def fingerprint(definition: Any, text: str = "") -> str:
    """SHA-256 over the canonical JSON, and the text where there is one: comments are content, too."""
    found = hashlib.sha256(canonical(definition).encode())
    if text:
        found.update(b"\n" + text.encode())
    return found.hexdigest()


def unstorable(value: Any) -> str:
    """Why a definition cannot be kept; "" where it can. Does not recurse: whatever was parsed can be asked about."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        if isinstance(found, dict | list):
            if depth > MAX_DEPTH:
                return f"it is nested more than {MAX_DEPTH} levels deep."
            waiting += [(each, depth + 1) for each in (found.values() if isinstance(found, dict) else found)]
        elif isinstance(found, float) and not isfinite(found):
            return "it has a number that JSON cannot write."
    return "" if len(canonical(value)) <= MAX_SIZE else f"it is larger than {MAX_SIZE} characters."
