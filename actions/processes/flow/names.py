"""What the nodes of an automation name: other nodes, functions, attributes; and what is wrong with that."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from actions.processes.authoring.functions import REMEDY, why_not_called
from actions.processes.constants import are_texts
from actions.processes.validate import Problem

from . import nodes as written
from .calling import is_constant
from .forms import Form
from .this import referred

RECEIVER = "receive_"
"""Begins the names of methods that get messages."""
TOLD_OF_SIGNALS = "started_by_signal"


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
        if is_constant(value) and not is_method:
            kind = type(value).__name__
            self.report(node.name, f"calls {value!r}, a {kind}.", "Give it a function, or this.<name of a method>.")
        self.check_value(node, value)

    def check_value(self, node: written.Node, value: Any) -> None:
        """A constant, a function, or a reference."""
        if referred(value):
            self.check_attribute(node, value)
        elif callable(value):
            self.check_plain(node, value)

    def check_plain(self, node: written.Node, function: Any) -> None:
        """A function that is called: one that would only begin is reported."""
        if reason := why_not_called(function):
            self.report(node.name, f"calls {getattr(function, '__name__', function)}, which {reason}.", REMEDY)

    def check_class(self) -> None:
        """What the class says besides its nodes."""
        automation = self.automation
        unique = automation.unique
        if not (unique is None or isinstance(unique, bool) or (unique and are_texts(unique))):
            self.report("unique", f"is {unique!r}.", 'Expected was True, or a list of names: ("email",).')
        published = automation.publish_receivers
        if not are_texts(published):
            self.report("publish_receivers", f"is {published!r}.", 'Expected was a list of messages: ("paid",).')
        for name in dir(automation):
            is_called = name.startswith(RECEIVER) or name == TOLD_OF_SIGNALS
            if is_called and (reason := why_not_called(getattr(automation, name))):
                self.report(name, f"{reason}.", REMEDY)

    def check_form(self, node: Form) -> None:
        """A form's class, or what answers one."""
        needed = "_meta" if node.key else "base_fields"
        kind = "ModelForm" if node.key else "form"
        if isinstance(node.form, type) and not (hasattr(node.form, needed) and hasattr(node.form, "base_fields")):
            self.report(node.name, f"asks for {node.form!r}, which is no {kind}'s class.", f"Give it a {kind}'s class.")
        elif not isinstance(node.form, type) and is_constant(node.form):
            remedy = f"Give it a {kind}'s class, or this.<name of a method that answers one>."
            self.report(node.name, f"asks for {node.form!r}, a {type(node.form).__name__}.", remedy)
        elif not isinstance(node.form, type):
            self.check_value(node, node.form)

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
        else:
            self.check_plain(node, getattr(self.automation, name))

    def report(self, name: str, message: str, remedy: str) -> None:
        """Note what is wrong with a node; once."""
        problem = Problem(name, message, remedy)
        if problem not in self.problems:
            self.problems.append(problem)
