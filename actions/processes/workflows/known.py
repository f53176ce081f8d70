"""Keeps the rows of workflows and steps as the classes are: found ones, vanished ones, ones that are back."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import router

from actions.processes.process import Process
from actions.processes.registry import processes
from actions.processes.steps import Action, Approval, Decision, Join, Split, Step, Wait

from .declaration import path_of, read
from .models import KnownStep, KnownWorkflow
from .settings import STYLE, workflow_modules

logger = logging.getLogger(__name__)

KINDS = ((Split, "split"), (Join, "join"), (Wait, "wait"), (Action, "action"), (Approval, "approval"))


@dataclass(slots=True)
class Synced:
    """What has become of rows."""

    added: int = 0
    returned: int = 0
    deleted: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.returned or self.deleted)


def found_workflows() -> list[Process]:
    """The registered workflows of the modules that the settings name, by their ids."""
    modules = workflow_modules()
    every = (each for each in processes.declared() if each.style == STYLE and each.declared_by is not None)
    return sorted((each for each in every if _is_in(each.declared_by, modules)), key=lambda each: each.id)


def _is_in(declared: Any, modules: Iterable[str]) -> bool:
    name = declared.__module__
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def found_steps(workflows: Iterable[Process]) -> dict[str, type[Step]]:
    """The steps of workflows by their paths."""
    steps = (step for each in workflows for step in steps_of(each))
    return {path_of(step): step for step in steps}


def steps_of(workflow: Process) -> Iterator[type[Step]]:
    """The steps of a workflow, in the order of their declaration."""
    declared: Any = workflow.declared_by
    yield from read(workflow.source, declared.DIGRAPH).ways


def kind_of(step: type[Step]) -> str:
    """What lists call it."""
    for base, kind in KINDS:
        if issubclass(step, base):
            return kind
    return "decision" if issubclass(step, Decision) else "step"


def sync(using: str = "default", *, unreadable: Collection[str] = (), only_new: bool = False) -> Synced:
    """Bring the rows of a database up to date.

    Args:
        using: The database.
        unreadable: Modules that could not be imported: what was known of them stays as it is.
        only_new: Whether rows that there are stay as they are.
    """
    workflows = found_workflows()
    synced = Synced()
    wanted = {each.source: {"name": _class_name(each.source), "process": each.id} for each in workflows}
    _add(KnownWorkflow, wanted, using, synced)
    if not only_new:
        _update(KnownWorkflow, wanted, using, synced, tuple(f"{module}." for module in unreadable))
    steps = found_steps(workflows)
    wanted = {path: {"name": step.__name__, "kind": kind_of(step)} for path, step in steps.items()}
    _add(KnownStep, wanted, using, synced)
    if not only_new:
        # Steps may be defined anywhere: those of a workflow that could not be read are among them.
        _update(KnownStep, wanted, using, synced, ("",) if unreadable else ())
    if synced:
        logger.info("Workflows and steps: %s new, %s back, %s gone.", synced.added, synced.returned, synced.deleted)
    return synced


Wanted = Mapping[str, Mapping[str, str]]
"""Columns by paths."""


def _add(model: type[Any], wanted: Wanted, using: str, synced: Synced) -> None:
    known = set(model._base_manager.using(using).values_list("path", flat=True))
    new = [model(path=path, **columns) for path, columns in wanted.items() if path not in known]
    # Another process may be doing the same.
    model._base_manager.using(using).bulk_create(new, ignore_conflicts=True)
    synced.added += len(new)


def _update(model: type[Any], wanted: Wanted, using: str, synced: Synced, kept: tuple[str, ...]) -> None:
    """Write what has changed; what is gone is not marked where its path begins with one of `kept`."""
    for row in model._base_manager.using(using).all():
        path = row.path
        columns = {**wanted[path], "deleted": False} if path in wanted else {"deleted": True}
        changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
        if not changed or (path not in wanted and path.startswith(kept)):
            continue
        model._base_manager.using(using).filter(pk=row.pk).update(**changed)
        synced.returned += changed.get("deleted") is False
        synced.deleted += changed.get("deleted") is True


def add_missing(using: str) -> None:
    """Have a row for each workflow of this process that has none yet.

    Those that are marked as gone stay so: this process may be older than the files.
    """
    known = set(KnownWorkflow._base_manager.using(using).values_list("path", flat=True))
    if any(each.source not in known for each in found_workflows()):
        sync(using, only_new=True)


def row_of(process: Process, using: str) -> KnownWorkflow:
    """The row of a workflow, which is made where there is none, as for one of a module that no setting names."""
    columns = {"name": _class_name(process.source), "process": process.id}
    rows = KnownWorkflow._base_manager.using(using)
    row, _is_new = rows.get_or_create(path=process.source, defaults=columns)
    if row.deleted and not _is_in(process.declared_by, workflow_modules()):
        # No file that is looked at says so: whoever has the class knows better.
        rows.filter(pk=row.pk).update(deleted=False)
        row.deleted = False
    return row


def sync_after_migrate(*, using: str, **_kwargs: Any) -> None:
    """When the tables are there: a receiver of `post_migrate`."""
    if router.allow_migrate_model(using, KnownWorkflow):
        sync(using)


def _class_name(path: str) -> str:
    return path.rpartition(".")[2]
