"""`manage.py list_actions`."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from actions.definitions import Action
from actions.exceptions import DefinitionProblem
from actions.registry import ActionRegistry

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> str:
    """What the command prints."""
    output = StringIO()
    call_command("list_actions", *arguments, stdout=output)
    return output.getvalue()


def test_each_action_has_a_line_with_its_real_path() -> None:
    lines = {tuple(line.split()[:2]): line.split() for line in run().splitlines()}
    assert lines["resource", "action"] == ["resource", "action", "type", "status", "path", "title"]
    assert lines["todo", "mark_done"][2:5] == ["instance", "prod", "/todos/{pk}/mark_done/"]
    assert lines["todo", "mark_all_done"][2:5] == ["bulk", "prod", "/todos/mark_all_done/"]
    assert lines["actionevent", "archive_actions"][4:] == [
        "/dj-actions/actionevents/archive_actions/",
        "Archive",
        "records",
    ]


def test_an_action_that_no_url_serves_has_no_path() -> None:
    registry = ActionRegistry("unserved", actions=[Action(id="ship", function=len)])
    document = json.loads(run("--json"))
    (row,) = [row for row in document["actions"] if row["resource"] == registry.resource]
    assert (row["action"], row["path"]) == ("ship", "-")


def test_json_holds_the_same_for_programs() -> None:
    document = json.loads(run("--json"))
    assert {
        "resource": "todo",
        "action": "mark_done",
        "type": "instance",
        "status": "prod",
        "path": "/todos/{pk}/mark_done/",
        "title": "Mark a todo as done",
    } in document["actions"]


def test_problems_stand_at_the_end_and_fail_where_that_is_wanted() -> None:
    problem = DefinitionProblem("attic/definition.yaml", ("schema",), "is upside down.", "Turn it round.", line=3)
    registry = ActionRegistry("attic", problems=[problem])
    assert run().splitlines()[-1] == str(problem)
    assert json.loads(run("--json"))["problems"] == [str(problem)]
    assert "attic" in run("--json")
    with pytest.raises(CommandError, match="1 problem"):
        run("--fail-on-problems")
    assert registry.problems == [problem]


@pytest.mark.once
def test_the_example_project_has_no_problems() -> None:
    # In a process of its own: other tests make registries that have some.
    command = [sys.executable, "manage.py", "list_actions", "--fail-on-problems"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("resource")
