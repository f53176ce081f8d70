"""What an action_registry.py imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from inspect import currentframe
from linecache import getlines
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from .definition_keys import check_keys, parse_action
from .definitions import ACTION_TYPE, STATUS, Action
from .exceptions import ConfigurationError, DefinitionError, DefinitionProblem
from .layout import Caller, action_folder, definition_layouts, definition_paths, package_of, resolve_base
from .lookups import render_tree
from .registry import ActionRegistry, catalogue
from .yaml_source import YamlDocument, load_yaml

__all__ = [
    "ACTION_TYPE",
    "STATUS",
    "enrich_actions",
    "get_action_docs",
    "get_action_form",
    "get_instance_action_path",
]


def enrich_actions(
    base: str | Path,
    registry: MutableMapping[str, Any],
    action_list: Iterable[tuple[str, str, str]],
    environment: Mapping[str, Any] | None = None,
) -> ActionRegistry:
    """Load the definitions of the listed actions.

    Args:
        base: The app's folder or the resource's; absolute, or relative to the project (never to the working directory).
        registry: `{"resource": "todo", "basepath": "/todos/", "actions": {}}`; its `actions` are filled, too.
        action_list: `(id, type, status)` each, in the order in which they are to be shown.
        environment: Values that strings of the definitions may name: `"{{ environment.support_mail }}"`.

    Returns:
        The registry for `action_registry` of a ViewSet with `ActionMixin`.

    Raises:
        DefinitionError: Something is wrong with definitions and the project is strict (DJACTION_STRICT; by default
            where DEBUG is off). All problems of all definitions together. Otherwise they are logged, `manage.py check`
            shows them, and the actions that are right can be called.
    """
    caller = _caller(currentframe())
    source = _shown(Path(caller.file)) if caller.file else str(base)
    problems = _registry_problems(registry, source)
    definitions: dict[str, Action] = {}
    seen: set[str] = set()
    reader = _Reader(resolve_base(str(base), caller), caller, source, environment or {})
    for row in action_list:
        definition, wrong = reader.read(row, seen)
        problems += wrong
        if definition is not None:
            definitions[definition.id] = definition
    catalogue.report(problems)
    enriched = ActionRegistry(
        str(registry.get("resource", "")),
        str(registry.get("basepath") or ""),
        definitions.values(),
        problems=problems,
        unusable=reader.unusable,
        source=source,
        extra={key: value for key, value in registry.items() if key != "actions"},
    )
    registry.setdefault("actions", {}).update(enriched["actions"])
    return enriched


def get_action_docs(base: str | Path, action_id: str, environment: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the definition of an action says, as plain data.

    Raises:
        DefinitionError: The file is missing (every path that was tried is named), or cannot be read.
    """
    caller = _caller(currentframe())
    _, keys = _read_definition(_find(resolve_base(str(base), caller), action_id), environment or {})
    return keys


def get_action_form(registry: ActionRegistry | Mapping[str, Any], action_id: str) -> type:
    """The form class that an action's definition names.

    Raises:
        ConfigurationError: There is no such action, or it has no form.
    """
    resource, actions = registry["resource"], registry["actions"]
    if action_id not in actions:
        raise ConfigurationError(f'{resource} has no action "{action_id}". It has {", ".join(actions)}.')
    form = actions[action_id].get("form")
    if not form:
        raise ConfigurationError(f"{resource} > {action_id} has no form. Name one in its definition: form: …")
    return form if isinstance(form, type) else import_string(form)


def get_instance_action_path(context: str | None, collection: str, id: object, action: str) -> str:
    """`/api/v3/{context}/{collection}/{id}/actions/{action}/`, without the context's part where there is none."""
    return "/".join(["/api/v3", *filter(None, [context]), collection, str(id), "actions", action, ""])


def _caller(frame: FrameType | None) -> Caller:
    """The module that calls the function of `frame`."""
    return Caller.of(frame.f_back if frame else None)


def _registry_problems(registry: Mapping[str, Any], source: str) -> list[DefinitionProblem]:
    if registry.get("resource"):
        return []
    remedy = 'Give it a name: {"resource": "todo", "basepath": "/todos/", "actions": {}}.'
    return [DefinitionProblem(source, ("resource",), "the registry has no resource.", remedy)]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the definitions of one registry."""

    bases: list[Path]
    caller: Caller
    source: str
    environment: Mapping[str, Any]
    unusable: list[Action] = field(default_factory=list)
    """What is right of definitions that are wrong elsewhere."""

    def read(self, row: Any, seen: set[str]) -> tuple[Action | None, list[DefinitionProblem]]:
        """The definition of one row of the list, or all that is wrong with the row and its file."""
        if not isinstance(row, tuple | list) or len(row) != 3:
            expected = "(id, type, status), as in ('mark_done', ACTION_TYPE.INSTANCE.value, STATUS.ALPHA.value)"
            return None, [DefinitionProblem(self.source, ("action_list",), f"{row!r} is not {expected}.")]
        action_id, type_, status = row
        row_place = _Row(self.source, self.caller.file, action_id)
        wrong = check_keys({"id": action_id, "type": type_, "status": status}, row_place)
        if not wrong and action_id in seen:
            wrong.append(row_place.problem((), "the id is listed twice.", "Remove one row."))
        if wrong:
            return None, wrong
        seen.add(action_id)
        try:
            path = _find(self.bases, action_id)
            document, keys = _read_definition(path, self.environment)
        except DefinitionError as error:
            return None, list(error.problems)
        module = package_of(action_folder(path, action_id), self.caller)
        definition, wrong = parse_action(
            keys, document, id=action_id, type=str(type_), status=str(status), source=_shown(path), module=module
        )
        if wrong:
            self.unusable.append(definition)
            return None, wrong
        return definition, []


@dataclass(frozen=True, slots=True)
class _Row:
    """The place of one row of a registry's list."""

    name: str
    file: str
    action_id: Any

    def problem(
        self, path: Sequence[str | int], message: str, remedy: str = "", at_key: bool = False
    ) -> DefinitionProblem:
        """A problem of the row, with the last line on which its id stands in quotes."""
        line = None
        if isinstance(self.action_id, str):
            quoted = f'"{self.action_id}"', f"'{self.action_id}'"
            lines = [
                number for number, text in enumerate(getlines(self.file), 1) if any(name in text for name in quoted)
            ]
            line = lines[-1] if lines else None
        return DefinitionProblem(self.name, ("action_list", str(self.action_id), *path), message, remedy, line)


def _find(bases: list[Path], action_id: str) -> Path:
    tried = []
    for path in definition_paths(bases, action_id):
        if path.is_file():
            return path
        tried.append(str(path))
    paths = ", ".join(tried) or "nothing: the base is relative, and there is no project to count it from"
    near = get_close_matches(action_id, _defined(bases), n=1)
    remedy = f'There is one for "{near[0]}".' if near else "Write one of these files, or correct the base."
    raise DefinitionError([DefinitionProblem(action_id, (), f"no definition found. Tried {paths}.", remedy)])


def _defined(bases: list[Path]) -> set[str]:
    """The ids that definitions were found for, in any place."""
    layouts = definition_layouts("*")
    files = (file for base in bases for layout in layouts for file in base.glob(layout))
    return {file.parent.name if file.name == "definition.yaml" else file.stem for file in files}


def _read_definition(path: Path, environment: Mapping[str, Any]) -> tuple[YamlDocument, dict[str, Any]]:
    file = _shown(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DefinitionError([DefinitionProblem(file, (), f"cannot be read: {error.strerror}.")]) from error
    document = load_yaml(text, file=file)
    keys, problems = render_tree(document.value, {**environment, "environment": environment})
    if problems:
        raise DefinitionError([document.problem(place, str(error)) for place, error in problems])
    return document, keys


def _shown(path: Path) -> str:
    """The path as people of the project write it: from its BASE_DIR on."""
    root = getattr(settings, "BASE_DIR", None)
    return str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
