"""An automation and a workflow whose runs meet in the middle of a step: each waits there until the other one has come.

Workers of the test import it; the test itself calls `declare`, and forgets them afterwards.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from actions.processes import flow, steps, workflows
from actions.processes.flow import this

PATIENCE_SECONDS = 60
ROUNDS = 3


def meet(number: int, step: str) -> int:
    """Wait until the run with the other number is in the same step; who does it here."""
    folder = Path(os.environ["SIDE_BY_SIDE_FOLDER"])
    (folder / f"{number} {step}").touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (folder / f"{1 - number} {step}").exists():
        assert time.monotonic() < deadline, "the other one has not come"
        time.sleep(0.01)
    return os.getpid()


class Note(steps.Step):
    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
        self.note = self.job.payload["number"]
        self.job.data["seen"] = [*self.job.data.get("seen", []), self.note]
        return len(self.job.data["seen"])


class Meet(steps.Step):
    mode = "external"

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
        print(f"{self.job.payload['number']} is here")  # noqa: T201 - it is what the log of its job has
        return meet(self.job.payload["number"], f"round {_input}")


class Keep(steps.Decision):
    def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
        self.job.data["pids"] = [*self.job.data.get("pids", []), _input]
        if len(self.job.data["seen"]) < ROUNDS:
            return "again"
        return "odd" if self.job.payload["number"] % 2 else "even"


class Even(steps.Step):
    text = "even"

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
        self.job.data["said"] = self.text
        return self.text


class Odd(Even):
    text = "odd"


def declare() -> tuple[Any, Any]:
    """The two classes, registered."""

    class SideBySide(flow.Automation):
        start = flow.Execute(this.note)
        meet = flow.Execute(this.meeting).Mode("external")
        again = flow.If(this.is_under_way).Then(this.start).Else(this.choose)
        choose = flow.If(this.is_even).Then(this.even).Else(this.odd)
        even = flow.Execute(this.say, "even").Next(this.end)
        odd = flow.Execute(this.say, "odd")
        end = flow.End()

        def note(self, task: Any) -> None:
            self.data["seen"] = [*self.data.get("seen", []), self.data["number"]]

        def meeting(self, task: Any) -> None:
            pid = meet(self.data["number"], f"round {len(self.data['seen'])}")
            self.data["pids"] = [*self.data.get("pids", []), pid]

        def is_under_way(self, task: Any) -> bool:
            return len(self.data["seen"]) < ROUNDS

        def is_even(self, task: Any) -> bool:
            return bool(self.data["number"] % 2 == 0)

        def say(self, task: Any, text: str) -> None:
            self.data["said"] = text

    class SideBySideWorkflow(workflows.Workflow):
        DIGRAPH = {
            steps.__start__: [Note],
            Note: [Meet],
            Meet: [Keep],
            Keep: {"again": Note, "even": Even, "odd": Odd},
        }
        PayloadSchema = {"type": "object", "properties": {"number": {"type": "integer"}}}

    return SideBySide, SideBySideWorkflow
