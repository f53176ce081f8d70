"""The class in docs/automations.md can be declared as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.auth.models import User

from actions.processes.graph import Kind
from actions.processes.registry import processes

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "automations.md"


def test_the_first_example_compiles() -> None:
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {"User": User, "ApprovalForm": forms.Form, "__name__": __name__}
    exec(compile(code[1], str(DOCUMENT), "exec"), names)  # noqa: S102 - it is what is tested
    process = next(each for each in processes.declared() if each.id == "signup")
    kinds = [node.kind for node in process.graph.nodes.values()]
    assert kinds == [Kind.TASK, Kind.DECISION, Kind.TASK, Kind.INPUT, Kind.END]
