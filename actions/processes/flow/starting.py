"""Starts runs of automations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from actions.processes.notes import MODELS

from .exceptions import ParameterError


def begin(
    automation: Any, data: dict[str, Any], using: str, *, autorun: bool, node: str | None = None
) -> tuple[int, bool]:
    """Start a run, or find the one that is under way of a class that is unique.

    Args:
        automation: The class.
        data: What it is started with.
        using: The database.
        autorun: Whether it runs; else it waits until it is resumed.
        node: Where it begins; None: with the first node.

    Returns:
        Its id, and whether it is new.

    Raises:
        ParameterError: A unique one is under way and there are other data, or these lack what it is unique by.
    """
    from actions.exceptions import RefusedError
    from actions.processes import services

    automation.check_is_registered()
    payload = _plain(data)
    known = _known(automation, unique_key(automation, data), using)
    if known is None:
        try:
            run = services.start(
                automation.process_id,
                payload,
                state=_state(automation, data),
                is_paused=not autorun,
                node=node,
                using=using,
            )
        except RefusedError as error:
            # Somebody else has started it since then.
            known = (error.extra or {}).get("run")
            if error.code != "already_running" or known is None:
                raise
        else:
            return run.pk, True
    _refuse_others(automation, data, known)
    return known, False


def _state(automation: Any, data: dict[str, Any]) -> dict[str, Any]:
    """The models of the objects that no attribute of the class names: not in the payload, which others may send."""
    models = {
        name: each._meta.label_lower
        for name, each in data.items()
        if hasattr(each, "_meta") and not hasattr(automation, name)
    }
    return {MODELS: models} if models else {}


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """What it is started with as JSON has it: of an object its key."""
    payload = {name: getattr(each, "pk", each) if hasattr(each, "_meta") else each for name, each in data.items()}
    unsaved = [name for name, each in data.items() if hasattr(each, "_meta") and each.pk is None]
    if unsaved:
        raise ParameterError(f"{', '.join(unsaved)}: save the object before an automation is started with it.")
    from actions.processes.exceptions import StepError
    from actions.processes.values import dump, load

    try:
        plain: dict[str, Any] = load(dump(payload))
    except StepError as error:
        raise ParameterError(f"An automation is started with JSON values and objects of models. {error}") from error
    return plain


def unique_key(automation: Any, data: Mapping[str, Any]) -> str | None:
    """What there may be one of; None where there may be any number.

    Raises:
        ParameterError: The data lack what there is one for each of.
    """
    if automation.unique is False or automation.unique is None:
        return None
    if automation.unique is True:
        return ""
    missing = [name for name in automation.unique if name not in data]
    if missing:
        names = ", ".join(missing)
        raise ParameterError(f"There is one {automation.__name__} for each {names}. Start it with {names}=….")
    from actions.processes.values import dump

    values = dump([_plain({name: data[name]})[name] for name in automation.unique])
    return hashlib.sha256(values.encode()).hexdigest()


def _known(automation: Any, key: str | None, using: str) -> int | None:
    from actions.processes.executor import unique_key_of
    from actions.processes.models import Run

    if key is None:
        return None
    rows = Run._base_manager.using(using).filter(unique_key=unique_key_of(automation.process_id, key))
    return rows.values_list("pk", flat=True).first()


def _refuse_others(automation: Any, data: dict[str, Any], run_id: int) -> None:
    own = automation.unique if isinstance(automation.unique, tuple | list) else ()
    others = [name for name in data if name not in own]
    if others:
        raise ParameterError(
            f"{automation.__name__} {run_id} is under way, and there is only one. It takes no other data any more: "
            f"{', '.join(others)}."
        )
