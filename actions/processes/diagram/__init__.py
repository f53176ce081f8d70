"""Pictures of a process, and of a run: `mermaid` for what draws flowcharts from text, `svg` for everything else.

Both are functions of a graph alone, and of what has been done where a run is meant: they read no clock and no database.

    from actions.processes.diagram import NodeState, mermaid, svg
    svg(process.graph)
    svg(process.graph, {"charge": NodeState(Status.SUCCEEDED, count=3, edges=("next",))})

Texts of definitions end up in both as text: whatever a name, a title or a condition holds.
"""

from .mermaid import mermaid
from .outline import ON_ERROR, NodeState
from .svg import svg

__all__ = ["ON_ERROR", "NodeState", "mermaid", "svg"]
