"""System checks of processes.

actions.processes.E001  a process or a registry of processes is wrong    (W001 where the project is not strict)
actions.processes.E002  a process names an action, process or error class that there is not, or gives other arguments
                        (W002, as above)
actions.processes.E003  a process uses conditions, and the library for them is not installed
actions.processes.W004  an id of PROCESS_REGISTRY is no path of a URL
automations.E001        ATM_… settings of swapped models that are not given together, or name nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core import checks

from actions.conf import conf
from actions.discovery import load_viewsets
from actions.exceptions import DefinitionProblem

from . import atm_settings
from .discovery import named_problems
from .expressions import TEST, Expression, parts
from .graph import Graph
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
        policy, who = node.policy, node.who
        yield from node.args.values()
        yield from node.selection.values()
        yield from (edge.when for edge in node.edges if edge.when is not None)
        yield from (*policy.skip_if, *policy.as_soon_as)
        single = (node.target, policy.skip_after, policy.wait_until, policy.wait_for)
        yield from (each for each in single if each is not None)
        if who is not None:
            yield from (*who.users, *who.groups)
        if care := node.care:
            given = (care.due_after, care.remind_after, care.remind_every, care.escalate_after)
            yield from (each for each in given if each is not None)
            if care.escalate_to is not None:
                yield from (*care.escalate_to.users, *care.escalate_to.groups)


def _has_test(expression: Expression) -> bool:
    return any(tag == TEST for tag, _content in parts(expression))


def _messages(problems: Iterable[DefinitionProblem], number: int) -> Found:
    level, letter = (checks.Error, "E") if conf.is_strict else (checks.Warning, "W")
    return [
        level(f"{each.where}: {each.message}", hint=each.remedy or None, id=f"actions.processes.{letter}{number:03}")
        for each in problems
    ]
