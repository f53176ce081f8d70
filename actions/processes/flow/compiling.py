"""Compiles an automation's nodes to the graph, with the functions that it names."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from actions.processes import validate
from actions.processes.constants import DURATION
from actions.processes.expressions import Expression
from actions.processes.graph import NEXT, Edge, Graph, Kind, Mode, Node, OnChange, Schedule
from actions.processes.pages import Page
from actions.processes.policies import DEFAULT_POLL_SECONDS, Policy, Retry

from . import nodes as written
from .asking import care_of, page_of, who_of
from .calling import clause, constant, execution, expression, is_constant
from .forms import Form
from .joining import Joins
from .messages import sending
from .modifiers import plain_seconds
from .names import Names

if TYPE_CHECKING:
    from actions.processes.context import Body

THEN, ELSE = "then", "else"
CALLED = {
    "skip_after": ".SkipAfter",
    "wait_for": ".AfterWaitingFor",
    "wait_until": ".AfterWaitingUntil",
    "timeout": ".Timeout",
    "retry": ".Retry",
    "delay_seconds": ".Retry(delay=)",
    "max_delay_seconds": ".Retry(max_delay=)",
    "on": ".Retry(on=)",
    "schedule": "the interval",
    "permissions": ".Permission",
    "due_after": ".DueAfter",
    "remind_after": ".RemindAfter",
    "remind_every": ".RemindAfter(every=)",
    "escalate_after": ".EscalateAfter",
}
"""By fields of the graph, the modifiers that say them."""


class Compiler(Names):
    """One class on its way to a graph."""

    def __init__(self, automation: Any) -> None:
        super().__init__(automation)
        self.nodes: dict[str, Node] = {}
        self.bodies: dict[str, Body] = {}
        self.pages: dict[str, Page] = {}

    def compile(self) -> Graph:
        """The graph, without what its forms take. What is wrong is in `problems`."""
        self.check_class()
        for name, node in self.automation.nodes.items():
            if name in self.automation.reserved:
                message = f"{name} is the name of something that every automation has."
                self.report(name, message, "Call the node otherwise.")
            self._add(node, name)
        for split, join in self._joins().items():
            self.nodes[split] = replace(self.nodes[split], join=join)
        graph = self._graph()
        if not self.problems:
            self.problems += validate.problems(graph, has_other_starts=True, called=CALLED)
        return graph

    def _graph(self) -> Graph:
        options = self.automation.options
        return Graph(
            name=self.automation.process_id,
            start=self.names[0],
            nodes=self.nodes,
            version=str(options.version),
            on_change=OnChange(options.on_change),
            compensates=False,
            max_running=options.max_running,
        )

    def _joins(self) -> dict[str, str]:
        joins = Joins(self.nodes)
        found = joins.find()
        self.problems += joins.problems
        for split, join in found.items():
            if not join:
                # Each way goes on for ever, so that they never meet.
                found[split] = f"{split}.join"
                self.nodes[found[split]] = Node(found[split], Kind.JOIN)
        return found

    # --- each kind ----------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def _add(self, node: written.Node, name: str) -> None:
        """A node of a kind of its own that does nothing of its own."""
        self._put(node, Kind.WAIT)

    @_add.register
    def _execute(self, node: written.Execute, name: str) -> None:
        if not node.has_work:
            self._put(node, Kind.WAIT, in_background=node.threaded)
            return
        self.check_plain(node, node.method)
        if node.args:
            self.check_function(node, node.args[0], is_method=type(node).method is not written.Execute.method)
        self.bodies[name] = execution(node, self.automation)
        mode = node.said("mode")
        self._put(node, Kind.TASK, in_background=node.threaded, run=name, mode=Mode(mode) if mode else None)

    @_add.register
    def _if(self, node: written.If, name: str) -> None:
        if node.said(THEN) is None:
            self.report(name, "has no .Then.", "Say .Then(…) of every If; .Then() does nothing.")
            return
        when = self._value(node.condition, node, "if")
        after = self._following(node)
        ways = [Edge(self._way(node, key, after), key, when if key == THEN else None) for key in (THEN, ELSE)]
        self._put(node, Kind.DECISION, edges=tuple(ways))

    def _way(self, node: written.If, key: str, after: str) -> str:
        """Where one way of an If goes: a node, or one that is made of a function, or what follows."""
        args, kwargs = node.said(key) or ((), {})
        if not args:
            return after
        if len(args) == 1 and not kwargs and self.is_node(args[0]):
            return self.target(node, args[0])
        name = f"{node.name}.{key}"
        self.check_function(node, args[0])
        self.bodies[name] = clause(args, kwargs, self.automation)
        self.nodes[name] = Node(name, Kind.TASK, (Edge(after),), run=name)
        return name

    @_add.register
    def _split(self, node: written.Split, name: str) -> None:
        targets = [self.target(node, each) for each in node.said("ways", ())]
        self._put(node, Kind.SPLIT, edges=tuple(Edge(each, each) for each in targets))

    @_add.register
    def _join(self, node: written.Join, name: str) -> None:
        self._put(node, Kind.JOIN)

    @_add.register
    def _end(self, node: written.End, name: str) -> None:
        self._put(node, Kind.END, edges=())

    @_add.register
    def _repeat(self, node: written.Repeat, name: str) -> None:
        every = node.said("every")
        if every is None:
            self.report(
                name, "says not how often.", "Say .EveryHour(), .EveryNMinutes(n), .EveryDay() or .EveryNDays(n)."
            )
            return
        back = self.names[0] if node.start is None else self.target(node, node.start)
        schedule = Schedule(every, node.said("at", ""))
        self._put(node, Kind.REPEAT, edges=(Edge(back),), schedule=schedule)

    @_add.register
    def _form(self, node: Form, name: str) -> None:
        self.check_form(node)
        self.pages[name] = page_of(node, self.automation)
        self._put(
            node,
            Kind.INPUT,
            run=name,
            title=str(node.description)[:255],
            register=node.key or name,
            register_by=f"_{name}_validated",
            who=who_of(node, self._value),
            care=care_of(node, self._value),
        )

    @_add.register
    def _send(self, node: written.SendMessage, name: str) -> None:
        self.bodies[name] = sending(node, self.automation)
        self._put(node, Kind.TASK, run=name)

    @_add.register
    def _action(self, node: written.Action, name: str) -> None:
        self._put(
            node,
            Kind.ACTION,
            run=node.action,
            target=None if node.on is None else self._value(node.on, node, "on"),
            args={key: self._value(each, node, key) for key, each in node.payload.items()},
            selection={key: self._value(each, node, f"selection.{key}") for key, each in node.selection.items()},
            register=node.register,
        )

    # --- what all have ------------------------------------------------------------------------------------------------

    def _put(self, node: written.Node, kind: Kind, *, in_background: bool = False, **fields: Any) -> None:
        if "edges" not in fields:
            after = self._following(node)
            fields["edges"] = (Edge(after, NEXT),) if after else ()
        policy = self._policy(node, in_background=in_background)
        fields = {"description": str(node.description), "policy": policy, **fields}
        self.nodes[node.name] = Node(node.name, kind, **fields)

    def _policy(self, node: written.Node, *, in_background: bool) -> Policy:
        retry, poll = node.said("retry"), self.automation.options.poll_seconds
        return Policy(
            skip_if=self._values(node, "skip_if"),
            skip_after=self._said(node, "skip_after"),
            wait_until=self._said(node, "wait_until"),
            wait_for=self._said(node, "wait_for"),
            as_soon_as=self._values(node, "as_soon_as"),
            poll_seconds=DEFAULT_POLL_SECONDS if poll is None else poll,
            timeout_seconds=plain_seconds(node.said("timeout")),
            retry=Retry(**retry) if retry is not None else None,
            on_error=self.target(node, node.said("on_error")) if node.said("on_error") is not None else "",
            in_background=in_background,
        )

    def _said(self, node: written.Node, key: str) -> Expression | None:
        value = node.said(key)
        return None if value is None else self._value(value, node, key)

    def _values(self, node: written.Node, key: str) -> tuple[Expression, ...]:
        return tuple(self._value(each, node, f"{key}.{index}") for index, each in enumerate(node.said(key, ())))

    def _value(self, value: Any, node: written.Node, key: str) -> Expression:
        if key in CALLED and is_constant(value) and constant(value) is None:
            self.report(node.name, f"{CALLED[key]} is {value!r}, a {type(value).__name__}.", DURATION)
        self.check_value(node, value)
        return expression(value, f"{node.name}.{key}", self.automation, self.bodies)

    def _following(self, node: written.Node) -> str:
        """The node that is gone on with: the one that is said, else the next one of the class."""
        said = node.said("next")
        if said is not None:
            return self.target(node, said)
        index = self.names.index(node.name) + 1
        if index < len(self.names):
            return self.names[index]
        self.report(
            node.name, f"No End() node after {node.name}.", "End the automation with flow.End() or flow.Repeat()."
        )
        return ""
