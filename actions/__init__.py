"""DJ Actions: write a function once, call it through every door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import perform as perform
    from .conditions import condition as condition
    from .context import ActionContext as ActionContext
    from .context import Refusal as Refusal
    from .definitions import Action as Action
    from .mixins import ActionMixin as ActionMixin
    from .mixins import ActionViews as ActionViews
    from .registry import ActionRegistry as ActionRegistry

__version__ = "0.1.0"

__all__ = [
    "Action",
    "ActionContext",
    "ActionMixin",
    "ActionRegistry",
    "ActionViews",
    "Refusal",
    "__version__",
    "condition",
    "perform",
]

_MODULES = {
    "Action": "definitions",
    "ActionContext": "context",
    "ActionMixin": "mixins",
    "ActionRegistry": "registry",
    "ActionViews": "mixins",
    "Refusal": "context",
    "condition": "conditions",
    "perform": "call",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are used: some of them need Django's settings."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
