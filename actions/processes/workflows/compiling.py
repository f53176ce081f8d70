"""Makes the graph of a workflow, with all that is wrong with it at once."""

from __future__ import annotations

import inspect
from typing import Any

from actions.exceptions import DefinitionError, DefinitionProblem
from actions.payloads import Payload
from actions.processes.graph import NEXT, Edge, Graph, Kind, Node
from actions.processes.process import Process
from actions.processes.steps import Split, Step
from actions.processes.validate import problems as graph_problems

from .declaration import DIGRAPH, PRELUDE, Declaration, has_ways, path_of, read
from .forms import payload_of
from .joins import Joins
from .nodes import NodeMaker, Parts, has_prelude
from .options import Options, read_options
from .settings import STYLE

END = "end"


def compile_workflow(workflow: Any) -> tuple[Process, dict[str, str]]:
    """The process that a class declares, and the paths of the classes of its nodes.

    Raises:
        DefinitionError: With all of its problems.
    """
    said = read(path_of(workflow), workflow.DIGRAPH)
    options = read_options(workflow, said)
    payload = _payload(workflow, said)
    parts = Parts()
    nodes = _Compiler(said, parts).nodes() if said.start is not None else []
    if said.problems or said.start is None:
        raise DefinitionError(said.problems)
    graph = Graph(
        name=options.id,
        start=_entry(said, said.start),
        nodes={node.name: node for node in nodes},
        payload=payload.json_schema(),
        forms={name: form.json_schema() for name, form in parts.forms.items()},
        version=options.version,
        on_change=options.on_change,
        compensates=options.compensates,
        max_running=options.max_running,
        hands_on=True,
    )
    found = [
        DefinitionProblem(said.source, (DIGRAPH, each.node) if each.node else (DIGRAPH,), each.message, each.remedy)
        for each in graph_problems(graph)
    ]
    if found:
        raise DefinitionError(found)
    return _process(workflow, graph, payload, parts, options), {said.names[step]: path_of(step) for step in said.ways}


def _process(workflow: Any, graph: Graph, payload: Payload, parts: Parts, options: Options) -> Process:
    return Process(
        graph=graph,
        payload=payload,
        bodies=parts.bodies,
        forms=parts.forms,
        title=options.title,
        description=inspect.cleandoc(workflow.__dict__.get("__doc__") or ""),
        tags=options.tags,
        sensitive=options.sensitive,
        permissions=options.permissions,
        style=STYLE,
        source=path_of(workflow),
        declared_by=workflow,
    )


def _payload(workflow: Any, said: Declaration) -> Payload:
    try:
        return payload_of(workflow.PayloadSchema)
    except (TypeError, ValueError, ImportError) as error:
        said.problems.append(DefinitionProblem(said.source, ("PayloadSchema",), f"{error}."))
        return payload_of(None)


def _entry(said: Declaration, step: type[Step]) -> str:
    """The node at which a step is come to."""
    return said.names[step] + (PRELUDE if has_prelude(step) else "")


class _Compiler:
    """Makes the nodes of a DIGRAPH that has been read."""

    def __init__(self, said: Declaration, parts: Parts) -> None:
        self._said = said
        self._parts = parts
        self._joins = Joins(said)
        self._end = _free(END, said)

    def nodes(self) -> list[Node]:
        """All of them; what is wrong with a step is reported."""
        made = [node for step in self._said.ways for node in self._of(step)]
        leads_to_end = any(edge.target == self._end for node in made for edge in node.edges)
        return [*made, Node(self._end, Kind.END)] if leads_to_end else made

    def _of(self, step: type[Step]) -> list[Node]:
        join = self._joins.of(step) if issubclass(step, Split) else None
        maker = NodeMaker(step, self._said.names[step], self._parts, self._name_of)
        try:
            return list(maker.make(self._edges(step), self._said.names[join] if join is not None else ""))
        except (TypeError, ValueError, ImportError) as error:
            self._said.report(step, f"{error}".rstrip(".") + ".")
            return []

    def _edges(self, step: type[Step]) -> tuple[Edge, ...]:
        ways = self._said.ways[step]
        if has_ways(step):
            return tuple(Edge(self._target(target), name) for name, target in ways)
        return (Edge(self._target(ways[0][1] if ways else None), NEXT),)

    def _target(self, step: type[Step] | None) -> str:
        return self._end if step is None else _entry(self._said, step)

    def _name_of(self, step: Any) -> str:
        """What the graph calls the step that follows an error: its class, or its name."""
        names = {name: known for known, name in self._said.names.items()}
        found = names.get(step) if isinstance(step, str) else step
        if found not in self._said.ways:
            shown = step if isinstance(step, str) else getattr(step, "__name__", repr(step))
            raise TypeError(f"it goes on after an error to {shown}, which is no key or value of the DIGRAPH")
        return _entry(self._said, found)


def _free(name: str, said: Declaration) -> str:
    while name in said.names.values():
        name += "_"
    return name
