"""What the commands say at their end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .action_files import NewAction
from .names import camel
from .places import MODULE, Place


def made(heading: str, new: Iterable[Path], changed: Iterable[Path] = ()) -> str:
    """The files that are written, and those that are changed."""
    lines = [f"{heading}:", *(f"  {_shown(path)}" for path in new)]
    return "\n".join([*lines, *(f"  {_shown(path)} (one action more)" for path in changed)])


def to_do(action: NewAction) -> str:
    """What remains to be done for an action."""
    steps = [f"Write what it does: {_shown(action.folder / action.code_file)}, and its definition.yaml."]
    if not action.is_served:
        steps.append(viewset_lines(action.place, action.resource, action.registry_name))
    steps.append(f"Run its tests: python manage.py test {action.package}")
    return numbered(steps)


def numbered(steps: Iterable[str]) -> str:
    """The steps under a heading."""
    return "\n".join(["", "To do:", *(f"{number}. {step}" for number, step in enumerate(steps, 1))])


def viewset_lines(place: Place, resource: str, registry_name: str) -> str:
    """How a ViewSet comes to serve a registry."""
    return f"""Give the registry to the ViewSet that a router serves:

    from actions.mixins import ActionMixin
    from {place.package}.{MODULE} import {registry_name}

    class {camel(resource)}ViewSet(ActionMixin, viewsets.ModelViewSet):
        ...
        action_registry = {registry_name}
"""


def _shown(path: Path) -> str:
    """The path from the working directory on, where it is below that."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
