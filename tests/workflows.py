"""Workflows that tests declare, and what becomes of their jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from actions.processes.registry import processes
from actions.processes.workflows import Job, Workflow, execute_workflow_sync


@contextmanager
def forgotten() -> Iterator[None]:
    """Have processes that are declared in the block be gone afterwards."""
    before = {each.id: each for each in processes.declared()}
    try:
        yield
    finally:
        for each in processes.declared():
            if before.get(each.id) is not each:
                processes.remove(each.id)
        there = {each.id for each in processes.declared()}
        for process_id in set(before) - there:
            processes.register(before[process_id])


def workflow(digraph: Any, name: str = "Declared", **members: Any) -> type[Workflow]:
    """A workflow of a DIGRAPH."""
    return type(name, (Workflow,), {"DIGRAPH": digraph, "__module__": __name__, **members})


def run(declared: Any, payload: Any = None, **options: Any) -> Job:
    """A job that has gone as far as it goes by itself."""
    return Job.objects.get(pk=execute_workflow_sync(declared, payload, **options))


def results(job: Job) -> dict[str, Any]:
    """By steps, what they have answered."""
    return {each["step"].rpartition(".")[2]: each["result"] for each in job.storage["data"]}
