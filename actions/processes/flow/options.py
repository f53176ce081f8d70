"""What an automation's `Meta` says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Self

from actions.exceptions import ConfigurationError
from actions.processes.authoring.options import expected
from actions.processes.graph import OnChange

TEMPLATE = "_template"


@dataclass(frozen=True)
class Options:
    """Read once, when the class is made."""

    id: str = ""
    """Of the process; "" for the one that is made of the class's name: IssueDiscussion is issue-discussion."""
    verbose_name: Any = ""
    verbose_name_plural: Any = ""
    abstract: bool = False
    """Whether it is there for others to be made of it, and cannot be started."""
    dashboard_template: str | None = ""
    """Of its part of the dashboard; None hides it, "" is the usual one."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Others by their names: `status_template` is `templates["status_template"]`."""
    payload: Any = None
    """What it takes: a pydantic model, a serializer, a form or a JSON Schema; None: anything."""
    on_change: str = OnChange.AUTO.value
    max_running: int | None = None
    version: str = ""
    queue: str | None = None
    """Whose workers take it when it is started by its class."""
    poll_seconds: float | None = None
    """How often its conditions are looked at again."""
    sensitive: tuple[str, ...] = ()
    """Names whose values no record, log or page shows."""
    permissions: tuple[str, ...] = ()
    """What whoever starts it has to have, all of them: "app.codename"."""
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def read(cls, owner: type, path: str) -> Self:
        """What a class says: its own Meta, and for what that leaves out the nearest one of its bases.

        Raises:
            ConfigurationError: With all options that there are not, and all values that make no sense.
        """
        said: dict[str, Any] = {}
        for base in reversed(owner.__mro__):
            meta = vars(base).get("Meta")
            own = {name: getattr(meta, name) for name in dir(meta) if not name.startswith("_")} if meta else {}
            said.pop("abstract", None)
            if base is not owner:
                # What names a class is not its heirs'.
                own = {name: each for name, each in own.items() if name not in ("id", "verbose_name", "examples")}
                own.pop("verbose_name_plural", None)
            said |= own
        known = {each.name for each in fields(cls)} - {"templates"}
        templates = {name: said.pop(name) for name in list(said) if name.endswith(TEMPLATE) and name not in known}
        problems = [each for name, value in said.items() if (each := _problem(path, name, value, known))]
        problems += [
            f"{path}.Meta.{name} is {each!r}. Expected was the name of a template."
            for name, each in templates.items()
            if not isinstance(each, str)
        ]
        if problems:
            raise ConfigurationError("\n".join(problems))
        for name in ("examples", "permissions", "sensitive", "tags"):
            if name in said:
                said[name] = tuple(said[name])
        return cls(**said, templates=templates)


def _problem(path: str, name: str, value: Any, known: Collection[str]) -> str:
    """What is wrong with an option; "" where nothing is."""
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
        return f"{path}.Meta.{name} is no option. {hint}"
    remedy = expected(name, value)
    return f"{path}.Meta.{name} is {value!r}. {remedy}" if remedy else ""
