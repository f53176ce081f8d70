"""What automations say and hear: messages, signals; and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import messages
from .declaring import AutomationType
from .signals import connect


class Speaking(metaclass=AutomationType):
    """Messages to automations, and signals that start them."""

    publish_receivers: tuple[str, ...] | list[str] = ()
    """Messages that are offered outside, such as in menus of messages to be sent."""

    def send_message(self, message: str, token: Any = None, data: Any = None) -> Any:
        """Call its method `receive_<message>`, and look at what it waits for.

        Args:
            message: The message's name.
            token: For the receiver: who sends it, or which one it is.
            data: For the receiver: a mapping, or a request.

        Returns:
            What the receiver returns; None where there is none, the data are not enough, or it is over.
        """
        return messages.send(self, message, token, data)

    @classmethod
    def dispatch_message(cls, automation: Any, message: str, token: Any = None, data: Any = None) -> Any:
        """Send a message to an automation, its row, its id or its key; None where there is none.

        Raises:
            WrongAutomationError: It is of another class.
        """
        return messages.dispatch(cls, automation, message, token, data)

    @classmethod
    def broadcast_message(cls, message: str, token: Any = None, data: Any = None) -> list[Any]:
        """Send a message to all of this class that are under way; stops after one that answers "received".

        A receiver that fails keeps it from nobody else: its error is logged, and stands in the place of its answer.
        """
        return messages.broadcast(cls, message, token, data)

    @classmethod
    def create_on_message(cls, message: str, token: Any = None, data: Any = None) -> Any:
        """Start one with a message, which it gets before its first node; None where nothing was started."""
        return messages.create(cls, message, token, data)

    @classmethod
    def satisfies_data_requirements(cls, message: str, data: Any = None) -> bool:
        """Whether a message of this name, with these data, would be received."""
        return messages.satisfies(cls, message, data)

    @classmethod
    def get_public_receivers(cls) -> list[str]:
        """The messages that it offers outside."""
        return [name for name in cls.publish_receivers if messages.receiver_of(cls, name)]

    @classmethod
    def on(cls, signal: Any, start: Any = None, **options: Any) -> Callable[..., Any]:
        """Start one whenever a signal is sent.

        Its method `started_by_signal(sender, kwargs)`, if it has one, is called before the first node.

        Args:
            signal: Django's, or the project's own.
            start: The node to begin with; None: the first one.
            options: For `signal.connect`: `sender`, `dispatch_uid`.

        Returns:
            The receiver, for `signal.disconnect`.
        """
        return connect(cls, signal, start, options)


class Naming(metaclass=AutomationType):
    """What an automation is called, and what its part of the dashboard shows."""

    @classmethod
    def get_verbose_name(cls) -> str:
        """What it is called."""
        return str(cls.options.verbose_name or f"Automation {cls.__name__}")

    @classmethod
    def get_verbose_name_plural(cls) -> str:
        """What several of them are called."""
        return str(cls.options.verbose_name_plural or f"Automations {cls.__name__}")

    @classmethod
    def get_dashboard_context(cls, queryset: Any) -> Mapping[str, Any]:
        """More for its part of the dashboard.

        Args:
            queryset: The rows that are shown there.
        """
        return {}

    @classmethod
    def get_automation_class_name(cls) -> str:
        """Its dotted path."""
        return cls.path
