"""Starts automations when signals are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actions.exceptions import ConfigurationError

from .keys import database
from .names import TOLD_OF_SIGNALS
from .nodes import Node
from .starting import begin
from .this import referred


def on_signal(signal: Any, start: Any = None, **options: Any) -> Callable[[Any], Any]:
    """Decorate an automation that is to be started by a signal; see `Automation.on`."""

    def decorate(automation: Any) -> Any:
        automation.on(signal, start, **options)
        return automation

    return decorate


def connect(automation: Any, signal: Any, start: Any, options: Mapping[str, Any]) -> Callable[..., Any]:
    """Have an automation started by a signal; its receiver."""
    node = _name(automation, start)

    def receiver(sender: Any, **kwargs: Any) -> None:
        _start(automation, node, sender, kwargs)

    signal.connect(receiver, **{"weak": False, **options})
    if node is not None:
        automation.starts.add(node)
    return receiver


def _name(automation: Any, start: Any) -> str | None:
    if start is None:
        return None
    name = start.name if isinstance(start, Node) else referred(start) or start
    if name not in automation.nodes:
        raise ConfigurationError(f"{automation.path} cannot start with {start!r}, which is no node of it.")
    return str(name)


def _start(automation: Any, node: str | None, sender: Any, kwargs: dict[str, Any]) -> None:
    """Make one, tell it what was sent, and only then have it run."""
    from django.db import transaction

    using = database()
    with transaction.atomic(using=using):
        run_id, _is_new = begin(automation, {}, using, autorun=False, node=node)
        instance = automation(automation=run_id)
        tell = getattr(instance, TOLD_OF_SIGNALS, None)
        if callable(tell):
            tell(sender, kwargs)
            instance.save()
    if not instance.finished():
        instance.run()
