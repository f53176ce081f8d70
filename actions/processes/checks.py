"""System checks of processes.

actions.processes.E001  a process or a registry of processes is wrong    (W001 where the project is not strict)
actions.processes.E002  a process names an action, process or error class that there is not, or gives other arguments
                        (W002, as above)
actions.processes.E003  a process uses conditions, and the library for them is not installed
actions.processes.W004  an id of PROCESS_REGISTRY is no path of a URL
actions.processes.W005  a process asks for permissions of an app that is not installed
actions.processes.W006  a process looks for people by what the project's users or groups do not have
automations.E001        ATM_… settings of swapped models that are not given together, or name nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks

from actions.conf import conf
from actions.discovery import load_viewsets
from actions.exceptions import DefinitionProblem

from . import atm_settings
from .authoring.source import did_you_mean
from .discovery import named_problems
from .expressions import TEST, Expression, parts
from .graph import Graph, Node, Who
from .people_filters import GROUP, USER, wrong_look_up
from .process import Process
from .registry import processes

Found = list[checks.CheckMessage]
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_processes(app_configs: Any = None, **kwargs: Any) -> Found:
    """Every problem of every process."""
    return _messages(processes.problems, 1)


def check_names(app_configs: Any = None, **kwargs: Any) -> Found:
    """Actions and processes that are named: there are none, or they take other arguments."""
    load_viewsets()
    return _messages(named_problems(), 2)


def check_conditions(app_configs: Any = None, **kwargs: Any) -> Found:
    """Whether conditions can be evaluated here."""
    if find_spec("cel") is not None:
        return []
    declared = processes.declared()
    using = [process.id for process in declared if any(_has_test(each) for each in expressions(process.graph))]
    if not using:
        return []
    message = f"{', '.join(using)}: there are conditions, and common-expression-language is not installed."
    hint = 'pip install "dj-actions[processes]"'
    return [checks.Error(message, hint=hint, id="actions.processes.E003")]


def check_ids(app_configs: Any = None, **kwargs: Any) -> Found:
    """Ids stand in URLs."""
    return [
        checks.Warning(
            f'{process.source}: "{process.id}" cannot stand in a URL.',
            hint='Use letters, digits and "-": "signup-request".',
            id="actions.processes.W004",
        )
        for process in processes.declared()
        if not ID.fullmatch(process.id)
    ]


def check_permissions(app_configs: Any = None, **kwargs: Any) -> Found:
    """Permissions to start a process, and to answer what it asks: nobody has one of an app that there is not."""
    labels = {app.label for app in apps.get_app_configs()}
    return [
        checks.Warning(
            f"{process.source or process.id}{place}: it asks for {name}, and no installed app has that name.",
            hint=did_you_mean(name.partition(".")[0], sorted(labels)),
            id="actions.processes.W005",
        )
        for process in processes.declared()
        for place, names in _permissions(process)
        for name in names
        if name.partition(".")[0] not in labels
    ]


def _permissions(process: Process) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "", process.permissions
    for node in process.graph.nodes.values():
        yield from ((f" > {node.name}", who.permissions) for who in _whos(node))


def _whos(node: Node) -> list[Who]:
    """Those who may answer a node, and those who may later."""
    every = [node.who, node.care.escalate_to if node.care is not None else None]
    return [who for who in every if who is not None]


def check_filters(app_configs: Any = None, **kwargs: Any) -> Found:
    """Look-ups of users and groups: nobody is found by one that there is not. Those of files are checked in them."""
    found: Found = []
    for process in processes.declared():
        for node in process.graph.nodes.values():
            for kind, name, value in _look_ups(node):
                wrong = wrong_look_up(kind, name, value)
                if wrong is not None:
                    message = f"{process.source or process.id} > {node.name}: {wrong[0]}"
                    found.append(checks.Warning(message, hint=wrong[1], id="actions.processes.W006"))
    return found


def _look_ups(node: Node) -> Iterator[tuple[str, str, Any]]:
    for who in _whos(node):
        for kind, look_ups in ((USER, who.user_filter), (GROUP, who.group_filter)):
            yield from ((kind, name, value) for name, value in look_ups.items())


def check_atm_settings(app_configs: Any = None, **kwargs: Any) -> Found:
    """Settings of Django Automations that belong together."""
    missing = [name for name in atm_settings.TOGETHER if getattr(settings, name, None) is None]
    if len(missing) == len(atm_settings.TOGETHER):
        return []
    wrong = [f"{name} is not set." for name in missing]
    for read in (atm_settings.group_model, atm_settings.users_of_form, atm_settings.users_of_task):
        try:
            read()
        except (ImportError, LookupError, ValueError) as error:
            wrong.append(str(error))
    hint = f"Give all of {', '.join(atm_settings.TOGETHER)}, or none of them."
    return [checks.Error(each, hint=hint, id="automations.E001") for each in wrong]


def expressions(graph: Graph) -> Iterable[Expression]:
    """Every expression of a graph."""
    for node in graph.nodes.values():
        policy = node.policy
        yield from node.args.values()
        yield from node.selection.values()
        yield from (edge.when for edge in node.edges if edge.when is not None)
        yield from (*policy.skip_if, *policy.as_soon_as)
        single = (node.target, policy.skip_after, policy.wait_until, policy.wait_for)
        yield from (each for each in single if each is not None)
        for who in _whos(node):
            yield from (*who.users, *who.groups)
        if care := node.care:
            given = (care.due_after, care.remind_after, care.remind_every, care.escalate_after)
            yield from (each for each in given if each is not None)


def _has_test(expression: Expression) -> bool:
    return any(tag == TEST for tag, _content in parts(expression))


def _messages(problems: Iterable[DefinitionProblem], number: int) -> Found:
    level, letter = (checks.Error, "E") if conf.is_strict else (checks.Warning, "W")
    return [
        level(f"{each.where}: {each.message}", hint=each.remedy or None, id=f"actions.processes.{letter}{number:03}")
        for each in problems
    ]
