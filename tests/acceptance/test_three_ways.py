"""The example's sign-up with approval, as YAML, as an automation and as a workflow: one graph, and the same rows.

What differs is what each language names: its steps, and the values that only it keeps in the state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from actions.models import EventAction
from actions.processes.graph import Graph, Kind, Node
from actions.processes.models import OpenTask, Run, StepRun, TaskCandidate
from actions.processes.registry import processes
from actions.processes.services import provide_input, start
from example_app.models import Todo, TodoList

pytestmark = pytest.mark.django_db(transaction=True)

IDS = ("signup-approval", "signup-approval-flow", "signup-approval-workflow")
LARGE = {"email": "ada@example.com", "name": "Analytical Engines", "company_size": 80}
SMALL = {**LARGE, "company_size": 3}
END = "the end"


# --- the graphs -------------------------------------------------------------------------------------------------------


def shape(graph: Graph) -> list[dict[str, Any]]:
    """A graph without the names of its nodes: they are numbered in the order in which edges lead to them."""
    order = list(_reached(graph))
    return [_shape(graph, graph.nodes[name], order) for name in order]


def _reached(graph: Graph) -> Iterator[str]:
    seen, waiting = set[str](), [graph.start]
    while waiting:
        name = waiting.pop(0)
        if name in seen or _is_end(graph.nodes[name]):
            continue
        seen.add(name)
        yield name
        waiting += [edge.target for edge in graph.nodes[name].edges]


def _is_end(node: Node) -> bool:
    return node.kind is Kind.END and not node.args and not node.policy.has_gates


def _shape(graph: Graph, node: Node, order: list[str]) -> dict[str, Any]:
    edges = [(edge.name, END if _is_end(graph.nodes[edge.target]) else order.index(edge.target)) for edge in node.edges]
    return {
        "kind": str(node.kind),
        "edges": edges,
        "policy": node.policy,
        "join": order.index(node.join) if node.join else None,
        "who": node.who,
        "care": node.care,
        "register": node.register,
        "action": (node.run, dict(node.args)) if node.kind is Kind.ACTION else None,
    }


def test_the_three_make_one_graph() -> None:
    first, *others = [_registered(process_id).graph for process_id in IDS]
    assert [each["kind"] for each in shape(first)] == [
        "decision",
        "input",
        "split",
        "decision",
        "input",
        "input",
        "join",
        "action",
    ]
    for other in others:
        assert shape(other) == shape(first)


def _registered(process_id: str) -> Any:
    process = processes.get(process_id)
    assert process is not None
    return process


# --- the runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def people() -> dict[str, Any]:
    users = {name: get_user_model().objects.create_user(name) for name in ("alice", "bob")}
    Group.objects.create(name="approvers").user_set.add(users["bob"])
    return users


@pytest.mark.parametrize(
    ("payload", "answers"),
    [
        (
            LARGE,
            [
                ("approve", {"is_approved": True, "reason": "Well known"}),
                ("send_contract", {"is_sent": True}),
                ("open_account", {"number": "DE1"}),
            ],
        ),
        (LARGE, [("approve", {"is_approved": False, "reason": "No"})]),
        (SMALL, [("open_account", {"number": "DE2"}), ("send_contract", {"is_sent": True})]),
    ],
    ids=["approved", "refused", "small"],
)
def test_the_three_leave_the_same_rows(payload: Any, answers: Any, people: dict[str, Any]) -> None:
    first, *others = [left_by(process_id, payload, answers, people) for process_id in IDS]
    assert first["run"]["status"] == "succeeded"
    for process_id, other in zip(IDS[1:], others, strict=True):
        for part, rows in first.items():
            assert other[part] == rows, (process_id, part)


def left_by(process_id: str, payload: Any, answers: Any, people: dict[str, Any]) -> dict[str, Any]:
    """All rows of a run, without ids and times, with those of what it asked."""
    todo = Todo.objects.create(
        title="Take the company in",
        owner=people["alice"],
        list=TodoList.objects.create(owner=people["alice"], name="x"),
    )
    run = start(process_id, {**payload, "todo": todo.pk}, actor=people["alice"])
    assert run.status == "waiting", run.error
    asked = []
    for node, answer in answers:
        tree = Run.objects.tree_of(run.pk).values("pk")
        tasks = {_snake(each.node): each for each in OpenTask.objects.filter(run_id__in=tree)}
        asked.append({name: _asked(each) for name, each in sorted(tasks.items())})
        provide_input(tasks[node].run_id, answer, actor=people["bob"])
    run.refresh_from_db()
    todo.refresh_from_db()
    tree = Run.objects.tree_of(run.pk).order_by("root_id", "place", "id")
    return {
        "run": _run(run, todo),
        "branches": [_run(each, todo) for each in tree.exclude(pk=run.pk)],
        "steps": sorted(
            (_step(each, todo) for each in StepRun.objects.filter(root_id=run.pk)),
            key=lambda each: (each["node"], each["number"]),
        ),
        "asked": asked,
        "open": OpenTask.objects.filter(run_id__in=tree.values("pk")).count(),
        "events": list(
            EventAction.objects.filter(object_id=str(todo.pk), resource="todo").values_list(
                "action", "outcome", "door", "actor_name", "request_data"
            )
        ),
        "todo": (todo.is_done, todo.note),
    }


def _run(run: Run, todo: Todo) -> dict[str, Any]:
    columns = ("kind", "status", "number", "tries", "waiting_for", "place", "open_children", "error", "actor_name")
    return {
        **{name: getattr(run, name) for name in columns},
        "payload": {**run.payload, "todo": None} if run.payload else {},
        "state": {key: value for key, value in run.state.items() if not key.startswith("_")},
        "result": _same(run.result, todo),
        "node": _snake(run.node) if run.status != "succeeded" else None,
    }


def _step(step: StepRun, todo: Todo) -> dict[str, Any]:
    columns = ("number", "attempt", "status", "edge", "is_undoing", "input", "error", "log")
    return {
        "node": _snake(step.node),
        **{name: getattr(step, name) for name in columns},
        "result": _same(step.result, todo),
        "has_event": step.event_uid is not None,
    }


def _asked(task: OpenTask) -> dict[str, Any]:
    candidates = TaskCandidate.objects.filter(run_id=task.run_id).order_by("kind", "value").values_list("kind", "value")
    moments = {
        name: None if getattr(task, name) is None else round((getattr(task, name) - task.created_at).total_seconds())
        for name in ("expires_at", "wanted_at", "due_at")
    }
    return {"groups": task.groups, "candidates": list(candidates), **moments}


def _same(value: Any, todo: Todo) -> Any:
    """A result without what differs between any two todos."""
    if isinstance(value, dict):
        return {key: _same(each, todo) for key, each in value.items() if not key.endswith("_at")}
    return None if type(value) is int and value in (todo.pk, todo.list_id) else value


def _snake(name: str) -> str:
    """The name of a step as all three might write it: a workflow's steps are classes."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
