"""Functions that a process calls: plain ones, whose answer is there when they return."""

from __future__ import annotations

import inspect
from typing import Any


def why_not_called(function: Any) -> str:
    """Why calling a function does nothing, as the end of a sentence about it; "" where it does."""
    if inspect.iscoroutinefunction(function):
        return "is a coroutine, which nobody waits for"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "is a generator, whose values nobody asks for"
    return ""


REMEDY = "Make it a plain function."
