"""DJACTION_HOOKS, read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from django.utils.module_loading import import_string

from actions.conf import conf
from actions.exceptions import ConfigurationError, MissingExtraError
from actions.models import Outcome
from actions.senders import Problem, sender_of

ENDPOINTS = "endpoints"
"""The type of a hook that stands for the webhooks in the database."""
SETTING = "DJACTION_HOOKS"
OUTCOMES = (Outcome.SUCCEEDED.value, Outcome.REFUSED.value, Outcome.FAILED.value)
"""Ends that can be told."""
ABOUT_DELIVERIES = ("delivery:", "webhook:")
COMMON = ("type", "actions", "outcomes", "ordered", "message")
"""What every hook may say; the rest are the sender's options."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A receiver of events."""

    name: str
    type: str
    """A key of `actions.senders.SENDERS`, "endpoints", or the path of a class."""
    actions: tuple[str, ...] = ("*",)
    """Which ones it is for, besides those whose definition names it: "todo:mark_done", "todo:*", "*"."""
    outcomes: frozenset[str] = frozenset({Outcome.SUCCEEDED.value})
    ordered: bool = False
    """Whether events of one object arrive in their order: one that fails then holds up those behind it."""
    message: str = ""
    """Path of a function `(event, message) -> Message | None` that words it otherwise; None: nothing is sent."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The sender's."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Options that a definition says otherwise."""

    def is_for(self, action: str) -> bool:
        """Whether the settings send events of the action ("todo:mark_done") here."""
        return is_named(action, self.actions)


def is_named(action: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns means the action: "todo:mark_done", "todo:*", or "*" for all of the project's.

    What is done to deliveries and webhooks themselves has to be named: told by "*", each retry would be news again.
    """
    own = action.startswith(ABOUT_DELIVERIES)
    return any(fnmatchcase(action, pattern) for pattern in patterns if not (own and pattern.startswith("*")))


_parsed: tuple[Any, dict[str, Hook]] = ({}, {})


def all_hooks() -> dict[str, Hook]:
    """The hooks of the settings by name; those that are wrong are left out, see `hook_problems`."""
    global _parsed  # noqa: PLW0603 - a cache: the setting is the same object as long as nobody overrides it
    source, hooks = _parsed
    if conf.HOOKS is source:
        return hooks
    hooks = {}
    source = _setting()
    if isinstance(source, Mapping):
        for name, value in source.items():
            if not any(_wrong(name, value)):
                hooks[name] = _hook(name, value)
    _parsed = source, hooks
    return hooks


def find_hook(name: str) -> Hook:
    """The hook with this name.

    Raises:
        ConfigurationError: The setting has none, or what it says of it is wrong.
    """
    hook = all_hooks().get(name)
    if hook is None:
        setting = _setting()
        value = setting.get(name) if isinstance(setting, Mapping) else None
        wrong = f"{', '.join(f'{option} {message}' for option, message, _ in _wrong(name, value))}" if value else ""
        raise ConfigurationError(f'{SETTING} has no hook "{name}".' if not wrong else f'{SETTING}["{name}"]: {wrong}.')
    return hook


def hook_problems() -> Iterator[tuple[str, str]]:
    """(problem, remedy) of each thing in DJACTION_HOOKS that is wrong."""
    setting = _setting()
    if not isinstance(setting, Mapping):
        yield f"{SETTING} is {type(setting).__name__}.", 'Set it to a dict: {"crm": {"type": "webhook", …}}.'
        return
    for name, value in setting.items():
        where = f'{SETTING}["{name}"]'
        wrong = list(_wrong(name, value))
        for option, message, remedy in wrong:
            yield f"{where}: {option} {message}." if option else f"{where} {message}.", remedy
        if not wrong and value.get("actions", COMMON):
            # One that is for no action by itself may get the rest from definitions.
            for problem in option_problems(_hook(name, value)):
                yield f"{where}: {problem.option} {problem.message}.", problem.remedy


def _setting() -> Any:
    """As the project wrote it, which may be anything."""
    return conf.HOOKS


def _hook(name: str, value: Mapping[str, Any]) -> Hook:
    options = {key: option for key, option in value.items() if key not in COMMON}
    said: dict[str, Any] = {}
    if "actions" in value:
        said["actions"] = tuple(value["actions"])
    if "outcomes" in value:
        said["outcomes"] = frozenset(value["outcomes"])
    elif value["type"] == ENDPOINTS:
        # Each of them says for itself which it wants.
        said["outcomes"] = frozenset(OUTCOMES)
    return Hook(
        name=name,
        type=value["type"],
        ordered=value.get("ordered", False),
        message=value.get("message", ""),
        options=options,
        **said,
    )


def _wrong(name: Any, value: Any) -> Iterator[tuple[str, str, str]]:
    """(option, what is wrong, remedy) of what every hook has."""
    if not isinstance(name, str) or not 0 < len(name) <= 100 or ":" in name:
        yield "", "is no name for a hook", 'Name it by letters, digits, "-" and "_".'
    if not isinstance(value, Mapping):
        yield "", "is no dict", 'Write {"type": "webhook", "url": …}.'
        return
    if not isinstance(value.get("type"), str):
        yield "type", "is missing", "Set it to webhook, endpoints, stream, airflow, or the path of a class."
    if not _is_names(value.get("actions", ())):
        yield "actions", "is no list of names", 'Write ["todo:mark_done", "list:*"]; ["*"] are all.'
    outcomes = value.get("outcomes", ())
    if not _is_names(outcomes) or set(outcomes) - set(OUTCOMES):
        yield "outcomes", f"is {outcomes!r}", f"Write a list of {', '.join(OUTCOMES)}."
    if not isinstance(value.get("ordered", False), bool):
        yield "ordered", "is neither True nor False", "Set it to True or False."
    if not isinstance(value.get("message", ""), str):
        yield "message", "is no path", "Name a function (event, message) -> Message | None by its path."


def option_problems(hook: Hook) -> Iterator[Problem]:
    """What is wrong with what the sender reads, a definition's options included."""
    if hook.message:
        try:
            import_string(hook.message)
        except Exception as error:  # noqa: BLE001 - whatever a module of the project raises is told
            yield Problem("message", f"cannot be imported: {error}", "Correct the path.")
    if hook.type == ENDPOINTS:
        return
    try:
        yield from list(sender_of(hook.type).check({**hook.options, **hook.overrides}))
    except MissingExtraError as error:
        yield Problem("type", f"{hook.type!r} cannot be used: {error}", "Install it.")
    except ConfigurationError as error:
        yield Problem("type", f"is {hook.type!r}: {error}", "Correct it.")
    except Exception as error:  # noqa: BLE001 - whatever a class of the project raises is told
        yield Problem("type", f"is {hook.type!r}, whose check() breaks: {type(error).__name__}", "Mend its check().")


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(isinstance(each, str) for each in value)
