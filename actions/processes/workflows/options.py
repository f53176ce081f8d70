"""What a workflow says in its `class Meta`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from actions.exceptions import DefinitionProblem
from actions.processes.authoring.options import expected
from actions.processes.authoring.source import did_you_mean
from actions.processes.authoring.yaml_document import slug
from actions.processes.graph import OnChange

if TYPE_CHECKING:
    from .declaration import Declaration

META = "Meta"


@dataclass
class Options:
    """The options of a workflow; those that are not said."""

    id: str = ""
    """"": made of the class's name, MyWorkflow is my-workflow."""
    title: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    """Names of fields whose values no record, log or page shows."""
    on_change: OnChange = OnChange.AUTO
    compensates: bool = False
    max_running: int | None = None
    permissions: tuple[str, ...] = ()
    """"app.codename", all of which whoever orders it has."""


NAMES = tuple(each.name for each in fields(Options))


def read_options(workflow: Any, said: Declaration) -> Options:
    """What `Meta` says; an id is not inherited."""
    options = Options()
    own = vars(workflow).get(META)
    for name, value in _said(getattr(workflow, META, None)).items():
        if name not in NAMES:
            _report(said, name, "is no option.", did_you_mean(name, NAMES))
        elif remedy := expected(name, value):
            _report(said, name, f"is {value!r}.", remedy)
        elif name == "id" and own is None:
            continue
        else:
            setattr(options, name, _READ.get(name, _as_it_is)(value))
    options.id = options.id or slug(workflow.__name__)
    options.title = options.title or workflow.__name__
    if not options.id:
        _report(said, "id", f"cannot be made of {workflow.__name__!r}.", 'Say one: id = "my-workflow".')
    return options


def _said(meta: Any) -> dict[str, Any]:
    return {name: getattr(meta, name) for name in dir(meta) if not name.startswith("_")} if meta is not None else {}


def _as_it_is(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "on_change": OnChange,
    "version": str,
    **dict.fromkeys(("tags", "sensitive", "permissions"), tuple),
}


def _report(said: Declaration, name: str, message: str, remedy: str) -> None:
    said.problems.append(DefinitionProblem(said.source, (META, name), message, remedy))
