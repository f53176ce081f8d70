"""The nodes of an automation: what its steps are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeAlias

from django.utils.functional import Promise

from actions.exceptions import ConfigurationError
from actions.processes.constants import LONGEST, SHORTEST_INTERVAL, is_number

from .modifiers import Modifiers

MODES = ("database", "local", "external", "pure")
Text: TypeAlias = str | Promise
"""What people read; may be lazily translated."""


class Node(Modifiers):
    """A step of an automation."""

    def __init__(self, *, description: Text = "") -> None:
        """Declare it.

        Args:
            description: For people: stands in task lists and in the history.
        """
        super().__init__()
        self.description = description

    def __repr__(self) -> str:
        return f"<{self.owner}.{self.name}>" if self.owner else f"<{type(self).__name__}>"


class Execute(Node):
    """Calls a function with the task. Without one it does nothing, and can be waited at.

    `flow.Execute(this.send_mail, "welcome", to=this.address)` calls `self.send_mail(task, "welcome", to=self.address)`.
    A subclass may have a `method` of its own, which gets the task and the arguments.
    """

    def __init__(self, *args: Any, threaded: bool = False, description: Text = "", **kwargs: Any) -> None:
        """Declare it.

        Args:
            args: The function, and what it gets after the task.
            threaded: Whether it is left to a worker: whoever starts the automation does not wait for it.
            description: See `Node`.
            kwargs: More for the function.
        """
        super().__init__(description=description)
        self.args = args
        self.kwargs = kwargs
        self.threaded = threaded

    def method(self, task: Any, *args: Any, **kwargs: Any) -> Any:
        """What it does; references among the arguments are what they stand for."""
        function, *others = args
        return function(task, *others, **kwargs)

    @property
    def has_work(self) -> bool:
        """Whether there is anything to be called."""
        return bool(self.args) or type(self).method is not Execute.method

    def Mode(self, mode: str) -> Self:
        """What it touches: "database" (the default), "local", "external" or "pure"; see docs/processes.md."""
        if mode not in MODES:
            raise ConfigurationError(f".Mode({mode!r}) is none. There are: {', '.join(MODES)}.")
        return self._once("mode", mode, ".Mode")

    def OnError(self, node: Any) -> Self:
        """See `Modifiers.OnError`."""
        if self.threaded:
            raise ConfigurationError(".OnError cannot be said of a threaded node.")
        return super().OnError(node)


class If(Node):
    """Goes one of two ways. Without Else, the other one is the node that follows."""

    def __init__(self, condition: Any, *, description: Text = "") -> None:
        super().__init__(description=description)
        self.condition = condition

    def Then(self, *args: Any, **kwargs: Any) -> Self:
        """Where it goes if the condition holds: a node, or a function with its arguments, or nothing."""
        return self._once("then", (args, kwargs), ".Then")

    def Else(self, *args: Any, **kwargs: Any) -> Self:
        """The same if it does not."""
        return self._once("else", (args, kwargs), ".Else")


class Split(Node):
    """Goes several ways at once, which meet in a `Join`."""

    def Next(self, node: Any) -> Self:
        """One more way."""
        return self._more("ways", node)


class Join(Node):
    """Waits for all ways of its `Split`."""


class Repeat(Node):
    """Goes back to a node, again and again: `flow.Repeat(this.look).EveryDay().At(8, 30)`.

    Whole intervals are counted from when the automation comes here for the first time.
    """

    def __init__(self, start: Any = None, *, description: Text = "") -> None:
        """Declare it.

        Args:
            start: Where it goes back to; None: the first node.
            description: See `Node`.
        """
        super().__init__(description=description)
        self.start = start

    def EveryHour(self, hours: float = 1) -> Self:
        """Every so many hours."""
        return self._every(hours, 3600)

    def EveryNMinutes(self, minutes: float) -> Self:
        """Every so many minutes."""
        return self._every(minutes, 60)

    def EveryNDays(self, days: float) -> Self:
        """Every so many days."""
        return self._every(days, 86_400)

    def EveryDay(self) -> Self:
        """Every day."""
        return self.EveryNDays(1)

    def At(self, hour: int, minute: int = 0) -> Self:
        """At that time of the day, in the current time zone; said after an interval of whole days."""
        every = self.said("every")
        if every is None:
            raise ConfigurationError("Repeat().At: say the interval before it.")
        if every < 86_400 or every % 86_400:
            raise ConfigurationError("Repeat().At: a time of day belongs to an interval of whole days.")
        if not (_is_whole(hour, 24) and _is_whole(minute, 60)):
            raise ConfigurationError(f"Repeat().At({hour!r}, {minute!r}) is no time of day: hour and minute.")
        return self._once("at", f"{hour:02}:{minute:02}", ".At")

    def _every(self, count: float, unit: int) -> Self:
        if not (is_number(count) and SHORTEST_INTERVAL <= count * unit <= LONGEST):
            raise ConfigurationError(
                f"Repeat(): {count!r} is no interval. Expected was a number, more than none and at the most a hundred "
                f"years."
            )
        return self._once("every", float(count * unit), "interval")


def _is_whole(value: Any, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit


class SendMessage(Node):
    """Sends a message to other automations: to all of a class, or to one of them."""

    def __init__(
        self,
        target: Any,
        message: str,
        token: Any = None,
        data: Any = None,
        *,
        allow_multiple_receivers: bool = True,
        description: Text = "",
        **kwargs: Any,
    ) -> None:
        """Declare it.

        Args:
            target: An automation's class or its dotted path: all that are under way. Or one of them, its id or its key,
                or a reference to any of these.
            message: Calls its method `receive_<message>`.
            token: For that method.
            data: For that method; a mapping.
            allow_multiple_receivers: Whether more than the first one gets it.
            description: See `Node`.
            kwargs: More for `data`.
        """
        super().__init__(description=description)
        self.target = target
        self.message = message
        self.token = token
        self.data = data
        self.allow_multiple_receivers = allow_multiple_receivers
        self.kwargs = kwargs


class Action(Node):
    """Does an action of a resource, as the one who started the automation.

    `flow.Action("todo:mark_done", on=this.todo, note="Done")`
    """

    def __init__(
        self,
        action: str,
        *,
        on: Any = None,
        selection: Mapping[str, Any] | None = None,
        register: str = "",
        description: Text = "",
        **payload: Any,
    ) -> None:
        """Declare it.

        Args:
            action: Its resource and name: "todo:mark_done".
            on: The object or its key.
            selection: Of a bulk action: `{"ids": …}`, `{"filter": …}` or `{"all": True}`.
            register: The key of `data` that gets its answer.
            description: See `Node`.
            payload: What the action takes.
        """
        super().__init__(description=description)
        self.action = action
        self.on = on
        self.selection = dict(selection or {})
        self.register = register
        self.payload = payload


class End(Node):
    """Ends the automation. There may be several."""
