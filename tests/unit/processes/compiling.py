"""Compiles process files with a few tasks, for tests of the format."""

from __future__ import annotations

from difflib import get_close_matches
from textwrap import dedent
from typing import Any

from actions.payloads import Payload
from actions.processes.authoring.validations import Validation, from_function
from actions.processes.authoring.yaml_document import Compiled, compile_yaml
from actions.processes.context import StepContext
from actions.processes.graph import Node
from actions.processes.process import Process
from actions.processes.tasks import Task, make_task, task
from actions.processes.validation import BUILTIN


def say_hello(message: str = "hello world") -> str:
    return message


def charge(amount: float, currency: str = "EUR") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def refund(amount: float, result: Any) -> None: ...


def level(amount: float) -> str:
    return "high" if amount > 100 else "low"


@task(mode="external")
def ask_bank(amount: float) -> bool:
    return amount < 100


def collect(context: StepContext) -> None: ...


def is_new(payload: Any) -> bool:
    return bool(payload.get("name") != "taken")


TASKS: dict[str, Task] = {
    "io.say_hello": make_task(say_hello, "io.say_hello"),
    "bank.charge": make_task(charge, "bank.charge"),
    "bank.refund": make_task(refund, "bank.refund"),
    "bank.ask": make_task(ask_bank, "bank.ask"),
    "risk.level": make_task(level, "risk.level"),
    "data.collect": make_task(collect, "data.collect"),
}


class SomeNames:
    """These tasks, the built-in validations, and one of a whole payload."""

    def task(self, name: str) -> Task | None:
        return TASKS.get(name.removeprefix("process.tasks."))

    def near_tasks(self, name: str) -> list[str]:
        return get_close_matches(name, TASKS)

    def validation(self, name: str) -> Validation | None:
        short = name.removeprefix("validation.")
        if short == "broken":
            raise SyntaxError("no Python")
        return from_function(short, is_new) if short == "is_new" else BUILTIN.get(short)

    def near_validations(self, name: str) -> list[str]:
        return get_close_matches(name.removeprefix("validation."), BUILTIN)

    def app_labels(self) -> list[str]:
        return ["auth", "orders"]

    def wrong_look_up(self, kind: str, name: str, value: Any) -> tuple[str, str] | None:
        return None if name in ("is_staff", "name__in") else (f"{name} is none.", "Remove it.")

    def form(self, path: str) -> Payload:
        raise ImportError(f"No module named {path!r}")


def compiled(text: str, **options: Any) -> Compiled:
    """What a text becomes; it is indented as the test is."""
    return compile_yaml(dedent(text).removeprefix("\n"), file="test.yml", names=SomeNames(), **options)


def process(text: str, **options: Any) -> Process:
    """The process of a text that is right."""
    found = compiled(text, **options)
    assert not found.problems, [str(problem) for problem in found.problems]
    assert found.process is not None
    return found.process


def nodes(text: str) -> dict[str, Node]:
    """The nodes of a process of these tasks."""
    return dict(process(f"name: Test\npayload: {PAYLOAD}\n{dedent(text).strip()}\n").graph.nodes)


def problems(text: str) -> list[str]:
    """All problems of a text, as people read them."""
    return [str(problem) for problem in compiled(text).problems]


def step_problems(text: str) -> list[str]:
    """Problems of these tasks, without file and place."""
    found = compiled(f"name: Test\npayload: {PAYLOAD}\n{dedent(text).strip()}\n").problems
    return [f"{problem.message} {problem.remedy}".strip() for problem in found]


PAYLOAD = "[{key: amount, type: number, required: true}, {key: name, type: string}, {key: items, type: list}]"
"""Of the processes above."""
