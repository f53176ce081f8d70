"""What a workflow says in its `class Meta`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.exceptions import DefinitionProblem
from actions.processes.authoring.source import did_you_mean
from actions.processes.authoring.yaml_document import slug
from actions.processes.graph import OnChange
from actions.processes.validate import no_permissions

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


KINDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "title": (str,),
    "version": (str,),
    "tags": (list, tuple),
    "sensitive": (list, tuple),
    "on_change": (str,),
    "compensates": (bool,),
    "max_running": (int, type(None)),
    "permissions": (list, tuple),
}


def read_options(workflow: Any, said: Declaration) -> Options:
    """What `Meta` says; an id is not inherited."""
    options = Options()
    own = vars(workflow).get(META)
    for name, value in _said(getattr(workflow, META, None)).items():
        if name not in KINDS:
            _report(said, name, "is no option.", did_you_mean(name, KINDS))
        elif not isinstance(value, KINDS[name]) or (name == "max_running" and isinstance(value, bool)):
            _report(said, name, f"is {value!r}.", f"Expected was {' or '.join(each.__name__ for each in KINDS[name])}.")
        elif name == "id" and own is None:
            continue
        else:
            _set(options, name, value, said)
    for wrong in no_permissions(options.permissions):
        _report(said, "permissions", f"has {wrong!r}, which is none.", 'Write app and codename: "todos.add_todo".')
    options.id = options.id or slug(workflow.__name__)
    options.title = options.title or workflow.__name__
    if not options.id:
        _report(said, "id", f"cannot be made of {workflow.__name__!r}.", 'Say one: id = "my-workflow".')
    return options


def _said(meta: Any) -> dict[str, Any]:
    return {name: getattr(meta, name) for name in dir(meta) if not name.startswith("_")} if meta is not None else {}


def _set(options: Options, name: str, value: Any, said: Declaration) -> None:
    if name == "on_change":
        try:
            options.on_change = OnChange(value)
        except ValueError:
            _report(said, name, f"is {value!r}.", f"Expected was one of {', '.join(OnChange)}.")
    else:
        setattr(options, name, tuple(value) if isinstance(value, list) else value)


def _report(said: Declaration, name: str, message: str, remedy: str) -> None:
    said.problems.append(DefinitionProblem(said.source, (META, name), message, remedy))
