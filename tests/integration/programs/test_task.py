"""The task `program.run`: a program as a step of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.processes import services
from actions.processes.core_tasks.program import run as module
from actions.processes.core_tasks.program.run import run
from actions.processes.discovery import compile_file
from actions.processes.exceptions import AgainError, StepError
from actions.processes.task_discovery import load_tasks
from actions.programs import stored
from actions.programs.exceptions import InvalidProgramError, ProgramNotPermittedError, UnknownProgramError
from tests.processes import registered
from tests.unit.processes.contexts import make_step

pytestmark = pytest.mark.once

PROCESS = """
name: Shout
payload: [{key: text, type: string, required: true}]
tasks:
  - task: program.run
    args: {program: {exec: /usr/bin/tr, argv: [a-z, A-Z]}, input: payload.text}
    register: capitals
"""
CAPITALS = {"exec": "/usr/bin/tr", "argv": ["a-z", "A-Z"]}


def test_it_runs_a_definition() -> None:
    found = run(CAPITALS, "hello")
    assert found.pop("duration_seconds") > 0
    assert found == {"exit_code": 0, "reason": "exited", "output": "HELLO", "output_size": 5, "log": ""}


def test_it_runs_a_stored_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_find", lambda key, actor: {"capitals": CAPITALS, 7: CAPITALS}[key])
    assert run("capitals", "hello")["output"] == run(7, "hello")["output"] == "HELLO"


def test_without_a_place_for_definitions_none_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_find", None)
    with pytest.raises(UnknownProgramError):
        run("capitals")


def test_a_program_that_does_not_succeed_fails_the_step_with_what_it_said() -> None:
    program = {"exec": "/bin/sh", "argv": ["-c", "echo no disk >&2; exit 3"]}
    with pytest.raises(StepError, match=r"exit code 3\. It said: no disk"):
        run(program)
    assert run(program, raises=False)["exit_code"] == 3


def test_output_that_is_no_text_comes_as_base64_too() -> None:
    found = run({"exec": "/bin/printf", "argv": ["\\000\\377"]})
    assert (found["output"], found["output_base64"]) == ("\\x00\\xff", "AP8=")


def test_what_is_wrong_or_not_permitted_fails_the_step() -> None:
    with pytest.raises(InvalidProgramError):
        run({"argv": []})
    with pytest.raises(ProgramNotPermittedError):
        run({"exec": "/etc/passwd"})
    with pytest.raises(StepError, match="no end"):
        run({"exec": "/bin/true", "process_type": "service"})


def test_a_worker_that_stops_has_the_step_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "should_stop", lambda: True)
    with pytest.raises(AgainError):
        run({"exec": "/bin/sleep", "argv": ["100"]}, context=make_step())


@pytest.mark.django_db(transaction=True)
def test_a_process_runs_a_program_as_a_step(tmp_path: Path) -> None:
    load_tasks()
    (tmp_path / "Shout.yml").write_text(PROCESS)
    compiled = compile_file(tmp_path / "Shout.yml", folders=[])
    assert compiled.problems == ()
    assert compiled.process is not None
    with registered(compiled.process):
        run = services.start("shout", {"text": "hello"})
    assert (run.status, run.state["capitals"]["output"]) == ("succeeded", "HELLO")
