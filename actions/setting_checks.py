"""System checks of the settings.

actions.E003  a DJACTION_… setting does not exist
actions.E007  a setting has a value that it cannot have
actions.W013  a budget for a resource or action that there is not
actions.E014  a hook in DJACTION_HOOKS is wrong
actions.E015  a definition names a hook that DJACTION_HOOKS does not have, or with options that are wrong
actions.E016  a definition asks a hook before the work that answers nothing
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import getaddresses
from math import inf
from typing import Any

from django.conf import settings
from django.core import checks

from .budgets import EVERYTHING, parse_budget
from .conf import PREFIX, conf, setting_names
from .definitions import Action
from .discovery import load_viewsets
from .exceptions import ConfigurationError
from .hooks import AFTER, BEFORE, hook_problems, named_hooks, option_problems, unanswering
from .models import UNFINISHED, Outcome
from .programs.setting_values import program_settings
from .registry import catalogue
from .senders.addresses import bad_entries

ARCHIVES = ("table", "files", "nowhere")
DELIVERS = ("worker", "commit")
POSITIVE = (
    *("TTL_MINUTES", "ARCHIVE_BATCH_SIZE", "ARCHIVE_INTERVAL_MINUTES", "MAX_IDS"),
    *("DELIVERY_TIMEOUT_SECONDS", "DELIVERY_RETRY_MINUTES", "DELIVERY_TTL_MINUTES"),
    *("PLAN_SECONDS", "KEY_WAIT_SECONDS", "LEASE_SECONDS", "MAX_ATTEMPTS", "WORKER_TIMEOUT_SECONDS", "POLL_SECONDS"),
    "STOP_SECONDS",
    "PROGRAM_SERVICES",
)
"""Settings that are a number."""

Found = list[checks.CheckMessage]


def check_settings(app_configs: Any = None, **kwargs: Any) -> Found:
    """Settings that do not exist, and values that a setting cannot have."""
    known = setting_names()
    found: Found = []
    for name in dir(settings):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
            found.append(checks.Error(f"{name} is not a setting of this package.", hint=hint, id="actions.E003"))
    found += [
        checks.Error(f"{PREFIX}{name} is {getattr(conf, name)!r}.", hint=f"Set it to {expected}.", id="actions.E007")
        for name, is_right, expected in _values()
        if not is_right
    ]
    return found + _unspent_budgets(conf.BUDGETS) + _hooks()


def _values() -> Iterable[tuple[str, bool, str]]:
    """(setting, whether its value is possible, what is expected) of each setting that can be wrong."""
    yield "TRACK_ACTIONS", isinstance(conf.TRACK_ACTIONS, bool), "True or False"
    yield "STRICT", conf.STRICT is None or isinstance(conf.STRICT, bool), "True, False or None"
    yield "ARCHIVE", conf.ARCHIVE in ARCHIVES, " or ".join(map(repr, ARCHIVES))
    yield "TELEMETRY", isinstance(conf.TELEMETRY, bool), "True or False"
    yield "SHOW_ALPHA", isinstance(conf.SHOW_ALPHA, bool), "True or False"
    yield "DEFINITIONS_NEED_IF_MATCH", isinstance(conf.DEFINITIONS_NEED_IF_MATCH, bool), "True or False"
    yield "NOTIFY", isinstance(conf.NOTIFY, bool), "True or False"
    yield "TASK_MAILS", conf.TASK_MAILS is None or isinstance(conf.TASK_MAILS, bool), "True, False or None"
    yield "TASK_MAIL_FROM", _is_sender(conf.TASK_MAIL_FROM), 'an address, "Shop <shop@example.com>", or None'
    is_site = conf.SITE_URL == "" or str(conf.SITE_URL).startswith(("http://", "https://"))
    yield "SITE_URL", is_site, 'such as "https://example.com", or "" for none'
    yield "DELIVER", conf.DELIVER in DELIVERS, " or ".join(map(repr, DELIVERS))
    hosts: Any = conf.PRIVATE_HOSTS
    is_hosts = isinstance(hosts, list | tuple | set | frozenset) and all(isinstance(host, str) for host in hosts)
    is_right = is_hosts and not bad_entries(hosts)
    yield "PRIVATE_HOSTS", is_right, 'a list of "host", "host:port" or networks such as "10.1.0.0/16"'
    for name in POSITIVE:
        yield name, _is_positive(getattr(conf, name)), "a number above 0"
    yield (
        "BUDGETS",
        _are_budgets(conf.BUDGETS),
        'rows and time by scope, such as {"*": "500/day", "todo": "100/hour"}',
    )
    yield (
        "ARCHIVE_STORAGE",
        conf.ARCHIVE != "files" or conf.ARCHIVE_STORAGE in settings.STORAGES,
        'an alias of STORAGES, such as an "archive" that you add; not the one that serves media',
    )
    retention: Any = conf.RETENTION
    ends = [outcome for outcome in Outcome.values if outcome not in UNFINISHED]
    is_retention = isinstance(retention, Mapping) and set(retention) <= set(ends)
    is_right = is_retention and all(map(_is_positive, retention.values()))
    yield "RETENTION", is_right, f"minutes by outcome ({', '.join(ends)})"
    yield from program_settings()
    names: Any = conf.SENSITIVE_FIELDS
    is_names = isinstance(names, list | tuple | set | frozenset) and all(isinstance(name, str) for name in names)
    yield "SENSITIVE_FIELDS", is_names, "a list of names"


def _hooks() -> Found:
    """Hooks that are wrong, and names of hooks that there are not."""
    found: Found = [checks.Error(message, hint=remedy, id="actions.E014") for message, remedy in hook_problems()]
    setting: Any = conf.HOOKS
    if not isinstance(setting, Mapping):
        return found
    load_viewsets()
    known = list(map(str, setting))
    for registry in catalogue:
        for action in registry.definitions.values():
            if action.hooks:
                found += _hooks_of(action, known)
    return found


def _hooks_of(action: Action, known: list[str]) -> Found:
    """What is wrong with the hooks of one definition."""
    found: Found = []

    def say(number: str, message: str, hint: str) -> None:
        problem = action.problem("hooks", message, hint)
        found.append(checks.Error(f"{problem.where}: {problem.message}", hint=hint, id=number))

    named = {**named_hooks(action, BEFORE), **named_hooks(action, AFTER)}
    for hook in named.values():
        if hook.name not in known:
            near = get_close_matches(hook.name, known, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else "Add it there, or remove it here."
            say("actions.E015", f'{PREFIX}HOOKS has no hook "{hook.name}".', hint)
        elif hook.type and (hook.overrides or not hook.actions):
            for problem in option_problems(hook):
                say("actions.E015", f"{hook.name}: {problem.option} {problem.message}.", problem.remedy)
    if (silent := unanswering(action)) is not None:
        message = f'"{silent.name}" is asked before the work, and a receiver of type {silent.type} answers nothing.'
        say("actions.E016", message, "Ask a webhook, or tell it afterwards: when: after.")
    return found


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf


def _is_sender(value: Any) -> bool:
    """Whether it is one address, perhaps with a name; as mails take it. Also one without a dot: "shop@localhost"."""
    if value is None:
        return True
    if not isinstance(value, str) or len(value.splitlines()) != 1:
        return False
    found = [address for _name, address in getaddresses([value])]
    if len(found) != 1 or "@" not in found[0]:
        return False
    try:
        Address(addr_spec=found[0])
    except (MessageError, ValueError):
        return False
    return True


def _are_budgets(budgets: Any) -> bool:
    if not isinstance(budgets, Mapping):
        return False
    try:
        return all(isinstance(scope, str) and parse_budget(scope, rate) for scope, rate in budgets.items())
    except ConfigurationError:
        return False


def _unspent_budgets(budgets: Any) -> Found:
    """Budgets that nothing ever spends."""
    if not isinstance(budgets, Mapping) or not budgets:
        return []
    load_viewsets()
    known = [EVERYTHING]
    for registry in catalogue:
        known += [registry.resource, *(f"{registry.resource}:{name}" for name in registry.definitions)]
    found: Found = []
    for scope in budgets:
        if scope not in known:
            near = get_close_matches(str(scope), known, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"Known are {', '.join(known)}."
            message = f'{PREFIX}BUDGETS has a budget for "{scope}", which is no resource and no action.'
            found.append(checks.Warning(message, hint=hint, id="actions.W013"))
    return found
