"""Every process that the documents show compiles as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from actions.processes.authoring.yaml_document import compile_yaml
from actions.processes.tasks import Task, make_task

from .compiling import SomeNames


def charge(amount: float, note: str = "", literal: str = "", lines: Any = None) -> dict[str, Any]:
    return {"at": "2026-05-01", "todo": 7}


class Names(SomeNames):
    """With a bank that takes what the documents give it."""

    def task(self, name: str) -> Task | None:
        return make_task(charge, name) if name == "bank.charge" else super().task(name)


ROOT = Path(__file__).resolve().parents[3]
BLOCKS = [
    (page, block)
    for page in ("README.md", "docs/processes.md")
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    if re.search(r"^tasks:", block, re.MULTILINE)
]


@pytest.mark.parametrize("page", ["README.md", "docs/processes.md"])
def test_the_page_shows_processes(page: str) -> None:
    assert [block for shown_in, block in BLOCKS if shown_in == page]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_process_of_the_documents_compiles(number: int) -> None:
    page, block = BLOCKS[number]
    compiled = compile_yaml(block, file=page, names=Names())
    assert [str(problem) for problem in compiled.problems] == []
    assert compiled.process is not None
