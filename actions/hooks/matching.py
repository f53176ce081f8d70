"""Which hooks an execution concerns: those of the settings, and those that its definition names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actions.conf import conf
from actions.exceptions import ConfigurationError
from actions.senders import sender_of

from .settings import ENDPOINTS, Hook, all_hooks

if TYPE_CHECKING:
    from actions.definitions import Action

AFTER = "after"
BEFORE = "before"


def hooks_for(action: Action | None, name: str, outcome: str) -> list[Hook]:
    """The hooks that get an execution that has ended so.

    Args:
        action: The definition, None where it is gone.
        name: Resource and id: "todo:mark_done".
        outcome: How it ended.
    """
    named = named_hooks(action, AFTER) if action is not None and action.hooks else {}
    if not conf.HOOKS and not named:
        return []
    wide = {hook.name: hook for hook in all_hooks().values() if hook.is_for(name) and not is_only_before(action, hook)}
    return [hook for hook in {**wide, **named}.values() if outcome in hook.outcomes]


def before_hook(action: Action) -> Hook | None:
    """The hook that is asked before the work, if the definition names one."""
    return next(iter(named_hooks(action, BEFORE).values()), None) if action.hooks else None


def named_hooks(action: Action, when: str) -> dict[str, Hook]:
    """The hooks of a definition by name, each as the settings have it but for what the definition says otherwise."""
    found = {}
    for said in action.hooks:
        entry: Mapping[str, Any] = {"hook": said} if isinstance(said, str) else said
        if entry.get("when", AFTER) == when:
            found[entry["hook"]] = _adapted(entry)
    return found


def is_only_before(action: Action | None, hook: Hook) -> bool:
    """Whether the definition wants the hook before the work, and so not after it as well."""
    if action is None or not action.hooks:
        return False
    return hook.name in named_hooks(action, BEFORE)


def unanswering(action: Action) -> Hook | None:
    """The hook that the definition asks before the work, where its kind of receiver answers nothing."""
    hook = before_hook(action)
    if hook is None or not hook.type:
        return None
    try:
        return None if hasattr(sender_of(hook.type), "ask") else hook
    except ConfigurationError:
        # Said of the hook itself; of the endpoints there is no single one to ask.
        return hook if hook.type == ENDPOINTS else None


def _adapted(entry: Mapping[str, Any]) -> Hook:
    # A name that the settings do not have is kept: a check tells it, and its deliveries wait for it.
    hook = all_hooks().get(entry["hook"]) or Hook(entry["hook"], "")
    said: dict[str, Any] = {}
    if "outcomes" in entry:
        said["outcomes"] = frozenset(entry["outcomes"])
    if entry.get("options"):
        said["overrides"] = dict(entry["options"])
    return replace(hook, **said) if said else hook
