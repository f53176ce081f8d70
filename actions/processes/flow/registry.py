"""The classes of automations, by the ids of their processes and by their paths."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

_by_id: dict[str, Any] = {}


def remember(automation: Any) -> None:
    """Have a class be found by its process."""
    _by_id[automation.process_id] = automation


def forget(process_id: str) -> None:
    """Have it not be found any more."""
    _by_id.pop(process_id, None)


def class_of(process_id: str) -> Any:
    """The class of a process; None where it is none of an automation, or is gone."""
    return _by_id.get(process_id)


def classes() -> list[Any]:
    """All of them."""
    return list(_by_id.values())


def get_automation_class(name: Any) -> Any:
    """The class of an automation.

    Args:
        name: Its dotted path, or the id of its process; the class itself is answered as it is.

    Raises:
        ImportError: There is none.
    """
    if isinstance(name, type):
        return name
    known = _by_id.get(str(name))
    return known if known is not None else import_string(str(name))
