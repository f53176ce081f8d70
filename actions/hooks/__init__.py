"""Hooks: which events go where, and as which message.

A hook has a name and stands in the setting DJACTION_HOOKS; a definition's `hooks` adds to what it is for.
"""

from .matching import AFTER, BEFORE, before_hook, hooks_for, named_hooks, unanswering
from .messages import Message, describe
from .settings import ENDPOINTS, Hook, all_hooks, find_hook, hook_problems, is_named, option_problems

__all__ = [
    "AFTER",
    "BEFORE",
    "ENDPOINTS",
    "Hook",
    "Message",
    "all_hooks",
    "before_hook",
    "describe",
    "find_hook",
    "hook_problems",
    "hooks_for",
    "is_named",
    "named_hooks",
    "option_problems",
    "unanswering",
]
