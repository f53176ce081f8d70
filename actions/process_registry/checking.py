"""From what somebody has written to what can be stored: an object or a text in YAML, checked by its kind.

Everything that is wrong is said at once, each with the way to the value, and in a text with line and column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from actions.discovery import load_viewsets
from actions.exceptions import DefinitionError, DefinitionProblem, PayloadTooLargeError
from actions.processes.authoring.yaml_document import Compiled, compile_yaml
from actions.processes.discovery import ProjectNames, named_problems
from actions.processes.folders import process_folders
from actions.processes.graph import OnChange
from actions.processes.process import Process
from actions.programs.definition import check as check_executable
from actions.yaml_source import YamlDocument, load_yaml

from .documents import EXECUTABLE, MAX_SIZE, PROCESS, fingerprint, kind_of, name_of, unstorable
from .exceptions import InvalidDefinitionError

WHERE = "definition"
"""What problems call a definition that has no file."""
ON_CHANGE = "on_change"

Problems = list[DefinitionProblem]


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition that is right, and not stored yet."""

    kind: str
    definition: dict[str, Any]
    text: str
    name: str
    fingerprint: str
    process_id: str | None = None
    graph_fingerprint: str = ""


def read_definition(definition: Any, *, sees: Callable[[str], bool]) -> Draft:
    """Check an object.

    Args:
        definition: As it came.
        sees: Whether the author may name a process of this id as a step.

    Raises:
        InvalidDefinitionError: With all problems.
        PayloadTooLargeError: It is too large.
    """
    if not isinstance(definition, dict):
        message = _("An object was expected, not %(kind)s.") % {"kind": _kind(definition)}
        raise _invalid(message, 'Write {"exec": "/path/to/executable"}, or a process with "name" and "tasks".')
    if why := unstorable(definition):
        if "larger" in why:
            raise PayloadTooLargeError
        raise _invalid(why, "Make it simpler.")
    return _draft(definition, "", None, sees)


def read_text(text: str, *, sees: Callable[[str], bool], file: str = WHERE) -> Draft:
    """Check a text in YAML.

    Args:
        text: As it was written; it is kept so.
        sees: Whether the author may name a process of this id as a step.
        file: What problems call it.

    Raises:
        InvalidDefinitionError: With all problems, by line and column.
        PayloadTooLargeError: It is too large.
    """
    if len(text) > MAX_SIZE:
        raise PayloadTooLargeError
    try:
        document = load_yaml(text, file=file)
    except DefinitionError as error:
        raise InvalidDefinitionError(error.problems) from error
    return _draft(dict(document.value), text, document, sees)


def compile_stored(definition: Mapping[str, Any], text: str, *, file: str) -> Compiled:
    """The process that is stored as an object, or as a text where it was written as one.

    Runs of a stored process are pinned unless it says otherwise: whoever changes it over REST sees no runs.
    """
    # JSON is YAML; what is escaped would be taken apart into halves of characters.
    source = text or json.dumps(definition, ensure_ascii=False)
    compiled = compile_yaml(source, file=file, names=ProjectNames(process_folders()))
    process = compiled.process
    if process is None or ON_CHANGE in definition:
        return compiled
    return replace(compiled, process=replace(process, graph=replace(process.graph, on_change=OnChange.PIN)))


def _draft(definition: dict[str, Any], text: str, document: YamlDocument | None, sees: Callable[[str], bool]) -> Draft:
    kind = kind_of(definition)
    if kind is None:
        message = _('It is neither an executable (it has no "exec") nor a process (it has no "tasks").')
        raise _invalid(message, "Add one of them.")
    draft = Draft(kind, definition, text, name_of(definition), fingerprint(definition, text))
    if kind == EXECUTABLE:
        if problems := check_executable(definition, WHERE):
            raise InvalidDefinitionError(map(_placed(document), problems))
        return draft
    process = _checked_process(draft, sees)
    return replace(draft, process_id=process.id, graph_fingerprint=process.graph.fingerprint)


def _checked_process(draft: Draft, sees: Callable[[str], bool]) -> Process:
    compiled = compile_stored(draft.definition, draft.text, file=WHERE)
    load_viewsets()
    own = compiled.process.id if compiled.process is not None else None
    others = [each for each in compiled.named if each.kind != PROCESS or each.name != own]
    problems = [*compiled.problems, *named_problems(others)]
    hidden = (each for each in others if each.kind == PROCESS and not sees(each.name))
    problems += [each.problem(f'there is no process "{each.name}".', "") for each in hidden]
    if problems or compiled.process is None:
        raise InvalidDefinitionError(problems if draft.text else [_without_place(each) for each in problems])
    return compiled.process


def _placed(document: YamlDocument | None) -> Callable[[DefinitionProblem], DefinitionProblem]:
    """Gives a problem of an object the place that it has in the text."""

    def place(problem: DefinitionProblem) -> DefinitionProblem:
        return problem if document is None else document.problem(problem.path, problem.message, problem.remedy)

    return place


def _without_place(problem: DefinitionProblem) -> DefinitionProblem:
    """A problem of an object: the lines are those of a text that nobody has written."""
    return replace(problem, line=None, column=None)


def _invalid(message: str, remedy: str) -> InvalidDefinitionError:
    return InvalidDefinitionError([DefinitionProblem(WHERE, (), message, remedy)])


def _kind(value: Any) -> str:
    """The JSON type of a value."""
    kinds = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
