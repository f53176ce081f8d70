"""System checks of DJACTION_RUNNER and DJACTION_QUEUES.

actions.processes.E020  DJACTION_RUNNER names no runner, or one whose library is not installed
actions.processes.E021  DJACTION_QUEUES is wrong, or the runner's backend does not know one of the queues
actions.processes.W022  the runner's backend carries nothing out, or does so in the process of the caller
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.core import checks

from actions.conf import conf
from actions.exceptions import ConfigurationError, MissingExtraError

from .base import DEFAULT_QUEUE, INLINE, KNOWN, get_runner

Found = list[checks.CheckMessage]

_TALES = {
    "DummyBackend": ("carries nothing out", "Use one that has workers, such as that of django-tasks-db."),
    "ImmediateBackend": (
        "carries runs out in the process of the caller",
        'Use one that has workers, such as that of django-tasks-db, or DJACTION_RUNNER = "inline".',
    ),
}


def check_runner(app_configs: Any = None, **kwargs: Any) -> Found:
    """What keeps runs from being carried out, as far as the settings say."""
    found = _check_queues()
    runner: Any = conf.RUNNER
    if not isinstance(runner, str):
        return [*found, _unknown(f"DJACTION_RUNNER is {runner!r}.")]
    if runner == INLINE:
        return found
    try:
        get_runner()
    except MissingExtraError as error:
        return [*found, checks.Error(f"DJACTION_RUNNER is {conf.RUNNER!r}: {error}", id="actions.processes.E020")]
    except ConfigurationError as error:
        return [*found, _unknown(str(error))]
    return found if found or conf.RUNNER != "tasks" else _check_tasks()


def _unknown(message: str) -> checks.CheckMessage:
    near = get_close_matches(str(conf.RUNNER), KNOWN, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else f"Use {', '.join(map(repr, KNOWN))} or the path of a class."
    return checks.Error(message, hint=hint, id="actions.processes.E020")


def _check_queues() -> Found:
    names: Any = conf.QUEUES
    is_names = isinstance(names, list | tuple) and all(isinstance(name, str) and name for name in names)
    if is_names and DEFAULT_QUEUE in names:
        return []
    hint = f'Set it to a list of names, with "{DEFAULT_QUEUE}" among them.'
    return [checks.Error(f"DJACTION_QUEUES is {names!r}.", hint=hint, id="actions.processes.E021")]


def _check_tasks() -> Found:
    from .tasks import backend

    used = backend()
    missing = [name for name in conf.QUEUES if used.queues and name not in used.queues]
    found: Found = []
    if missing:
        message = f'TASKS["{used.alias}"] does not know the queues {", ".join(missing)} of DJACTION_QUEUES.'
        hint = "Add them to its QUEUES, or set QUEUES to [] for any."
        found.append(checks.Error(message, hint=hint, id="actions.processes.E021"))
    kind = type(used).__name__
    if kind in _TALES:
        what, hint = _TALES[kind]
        message = f'DJACTION_RUNNER is "tasks", and the backend of TASKS["{used.alias}"] {what}.'
        found.append(checks.Warning(message, hint=hint, id="actions.processes.W022"))
    return found
