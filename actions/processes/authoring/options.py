"""What a class may say of its process in `class Meta`: the same for workflows and automations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.functional import Promise

from actions.processes.constants import are_texts, is_count, is_number, is_permission, is_poll
from actions.processes.graph import OnChange

ID: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"
"""It stands in addresses and in columns of 200 characters."""
MAX_QUEUE: Final = 100


def expected(option: str, value: Any) -> str:
    """What an option takes, as a sentence; "" where the value is that, or no rule is known of it."""
    rule = _RULES.get(option)
    return "" if rule is None or rule[0](value) else f"Expected was {rule[1]}."


def is_text(value: Any) -> bool:
    """Whether people can read it: a text, which may be translated later."""
    return isinstance(value, str | Promise)


def _is_id(value: Any) -> bool:
    return value == "" or (isinstance(value, str) and re.fullmatch(ID, value) is not None)


def _is_queue(value: Any) -> bool:
    return value is None or (isinstance(value, str) and 0 < len(value) <= MAX_QUEUE)


def _is_interval(value: Any) -> bool:
    return value is None or is_poll(value)


def _are_permissions(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(is_permission, value))


def _are_examples(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, Mapping) for each in value)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


_TEXT = (is_text, "a text")
_TEXTS = (are_texts, 'a list of texts: ("first", "second")')
_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "id": (_is_id, 'a text of at most 200 letters of ASCII, digits, "-", "_" and ".": "signup-request"'),
    "title": (lambda value: isinstance(value, str), "a text"),
    "verbose_name": _TEXT,
    "verbose_name_plural": _TEXT,
    "version": (lambda value: is_text(value) or is_number(value), "a text"),
    "abstract": (_is_bool, "True or False"),
    "compensates": (_is_bool, "True or False"),
    "dashboard_template": (lambda value: value is None or isinstance(value, str), "the name of a template, or None"),
    "tags": _TEXTS,
    "sensitive": _TEXTS,
    "permissions": (_are_permissions, 'a list of apps with codenames: ("todos.change_todo",)'),
    "examples": (_are_examples, 'a list of mappings: ({"payload": {…}},)'),
    "on_change": (
        lambda value: isinstance(value, str) and value in tuple(OnChange), f"one of {', '.join(OnChange)}"
    ),
    "max_running": (lambda value: value is None or is_count(value), "a whole number from 1 on, or None"),
    "queue": (_is_queue, f"the name of a queue, at most {MAX_QUEUE} characters, or None"),
    "poll_seconds": (_is_interval, "a number of seconds from 1 on, or None"),
}  # fmt: skip
