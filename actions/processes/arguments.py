"""Which arguments of a step are left out: look-ups of optional keys of the payload that were not given.

The task's own default applies then, as if nobody had written the argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .expressions import PATH, Expression
from .graph import Graph

_ROOT = "payload."


def is_left_out(graph: Graph, expression: Expression, payload: Mapping[str, Any]) -> bool:
    """Whether an argument looks up a declared, optional key that the payload does not have."""
    where = expression.get(PATH)
    if not isinstance(where, str) or not where.startswith(_ROOT):
        return False
    key = where.split(".")[1]
    schema = graph.payload
    return key not in payload and key in schema.get("properties", {}) and key not in schema.get("required", ())
