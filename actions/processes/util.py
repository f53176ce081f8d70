"""Look-ups as process files write them, for the project's own code and its tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.lookups import LookUpError, NoPartsError

from .authoring.yaml_values import is_look_up
from .values import look_up, rendered

__all__ = ["extract_arguments", "recursive_lookup"]


def recursive_lookup(key: str, data: Any, default: Any = None, *, using: str = "default") -> Any:
    """The value at a path: `recursive_lookup("a.b", {"a": {"b": 1}}, None)` is 1.

    Args:
        key: Keys of mappings, positions of lists and fields of models, with dots between them; never attributes.
        data: Where it begins.
        default: What is answered where something on the way is not there, or is null.
        using: The database of models that references stand for.

    Raises:
        LookUpError: The path goes through a text, a number or another plain value.
    """
    try:
        return look_up(key, data, using)
    except NoPartsError:
        raise
    except LookUpError:
        return default


def extract_arguments(
    payload: Mapping[str, Any],
    definition: Mapping[str, Any],
    *,
    state: Mapping[str, Any] | None = None,
    using: str = "default",
) -> dict[str, Any]:
    """The values of arguments that are written as in `args` of a process file.

    `{"name": "payload.user.name", "text": "Hello {{ payload.user.name }}", "count": 3}`: a look-up, a text with
    look-ups, and what stands for itself. What is found is data: it is never read as a look-up or a template again.

    Args:
        payload: What `payload.…` leads into.
        definition: Names and what is written for each.
        state: What `state.…` leads into.
        using: The database of models that references stand for.

    Raises:
        LookUpError: A look-up leads nowhere, or is written wrongly.
    """
    scope = {"payload": payload, "state": state or {}}
    return {name: _value(written, scope, using) for name, written in definition.items()}


def _value(written: Any, scope: Mapping[str, Any], using: str) -> Any:
    if is_look_up(written):
        return look_up(written, scope, using)
    if isinstance(written, str):
        return rendered(written, lambda path: look_up(path, scope, using))
    if isinstance(written, Mapping):
        return {key: _value(each, scope, using) for key, each in written.items()}
    if isinstance(written, list | tuple):
        return [_value(each, scope, using) for each in written]
    return written
