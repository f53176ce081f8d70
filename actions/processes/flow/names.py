"""What the nodes of an automation name: other nodes, functions, attributes; and what is wrong with that."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from actions.processes.validate import Problem

from . import nodes as written
from .calling import is_constant
from .this import referred


class Names:
    """The names of one class."""

    def __init__(self, automation: Any) -> None:
        self.automation = automation
        self.names: list[str] = list(automation.nodes)
        """Of its nodes, in their order."""
        self.problems: list[Problem] = []

    def is_node(self, value: Any) -> bool:
        """Whether something is a node, or means one."""
        name = referred(value) or value
        return isinstance(value, written.Node) or (isinstance(name, str) and name in self.names)

    def target(self, node: written.Node, value: Any) -> str:
        """The name of a node that another one goes on to; what is none is reported."""
        if isinstance(value, written.Node):
            known = self.automation.originals.get(id(value))
            name = known[1] if known is not None else value.name
        else:
            name = referred(value) or (value if isinstance(value, str) else "")
        if name in self.names:
            return str(name)
        self.report(node.name, f"goes on to {value!r}, which is no node.", self._guess(name))
        return node.name

    def _guess(self, name: str) -> str:
        if name and callable(getattr(self.automation, name, None)):
            return f"{name} is a method: declare a node flow.Execute(this.{name}), and go on to that."
        near = get_close_matches(name, self.names, n=1)
        return f"Did you mean this.{near[0]}?" if near else f"There are: {', '.join(self.names)}."

    def check_function(self, node: written.Node, value: Any, *, is_method: bool = False) -> None:
        """A function, or what stands for one. The first argument of a method of the node's own may be anything."""
        if referred(value):
            self.check_attribute(node, value)
        elif is_constant(value) and not is_method:
            kind = type(value).__name__
            self.report(node.name, f"calls {value!r}, a {kind}.", "Give it a function, or this.<name of a method>.")

    def check_attribute(self, node: written.Node, value: Any) -> None:
        """Something that a reference can stand for at run time; a node cannot."""
        name = referred(value)
        if name in self.automation.nodes:
            message = (
                f"calls {value!r}, which is the node itself." if name == node.name else f"calls {value!r}, a node."
            )
            remedy = "A node and a method cannot have one name: call one of them otherwise."
            self.report(node.name, message, remedy)
        elif not hasattr(self.automation, name):
            methods = [each for each in dir(self.automation) if not each.startswith("__")]
            near = get_close_matches(name, methods, n=1)
            hint = f"Did you mean this.{near[0]}?" if near else "Define a method of this name."
            self.report(node.name, f"names {value!r}, which is not there.", hint)

    def report(self, name: str, message: str, remedy: str) -> None:
        """Note what is wrong with a node; once."""
        problem = Problem(name, message, remedy)
        if problem not in self.problems:
            self.problems.append(problem)
