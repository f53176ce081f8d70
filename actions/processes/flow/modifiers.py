"""What can be said of every node: what follows, what it waits for, when it is left out, what follows an error."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self, TypeAlias

from actions.exceptions import ConfigurationError

Duration: TypeAlias = timedelta | float
"""Numbers are seconds."""


def plain_seconds(value: Any) -> Any:
    """A timedelta in seconds; anything else as it is: the graph is checked when the class is made."""
    return value.total_seconds() if isinstance(value, timedelta) else value


class Modifiers:
    """Each modifier answers the node: `flow.Execute(this.pay).AfterWaitingFor(timedelta(days=1)).Next(this.end)`.

    Conditions and moments are constants, references, or functions of the task. A node can be said more of until its
    class is made; the class has a copy of its own, which does not change any more.
    """

    name: str = ""
    """In its automation."""
    owner: str = ""
    """The automation's dotted path; "" until its class is made."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        self._check_is_open()
        super().__setattr__(name, value)

    # --- the way ------------------------------------------------------------------------------------------------------

    def Next(self, node: Any) -> Self:
        """Go on there, and not with the node that follows in the class."""
        return self._once("next", node, ".Next")

    def OnError(self, node: Any) -> Self:
        """Go on there when this fails for good; else the automation fails."""
        return self._once("on_error", node, ".OnError")

    # --- time and conditions ------------------------------------------------------------------------------------------

    def AsSoonAs(self, condition: Any) -> Self:
        """Wait until it is true; of several, all of them."""
        return self._more("as_soon_as", condition)

    def AfterWaitingUntil(self, moment: Any) -> Self:
        """Wait until a moment; one without a time zone is in the current one."""
        return self._wait("wait_until", moment)

    def AfterWaitingFor(self, duration: Any) -> Self:
        """Wait so long, from when the automation has come to this node."""
        return self._wait("wait_for", duration)

    AfterPausingFor = AfterWaitingFor

    def SkipIf(self, condition: Any) -> Self:
        """Leave it out where that is true, before or while it waits; of several, any of them."""
        return self._more("skip_if", condition)

    def SkipAfter(self, duration: Any) -> Self:
        """Leave it out when it has not begun, or a form was not answered, within that time."""
        return self._once("skip_after", duration, ".SkipAfter")

    # --- trying -------------------------------------------------------------------------------------------------------

    def Retry(
        self,
        attempts: int = 3,
        *,
        delay: Duration = timedelta(seconds=1),
        max_delay: Duration = timedelta(minutes=10),
        on: Sequence[str] = ("*",),
    ) -> Self:
        """Try it again when it fails.

        Args:
            attempts: Tries in all.
            delay: Before the second try; it doubles with each one.
            max_delay: The longest one.
            on: Names of error classes; "*" is every error.
        """
        retry: dict[str, Any] = {"attempts": attempts, "delay_seconds": plain_seconds(delay)}
        retry |= {"max_delay_seconds": plain_seconds(max_delay), "on": tuple(on) if isinstance(on, list) else on}
        return self._once("retry", retry, ".Retry")

    def Timeout(self, duration: Duration) -> Self:
        """Fail when one try takes longer, or when what it waits for does not come within that time."""
        return self._once("timeout", duration, ".Timeout")

    # --- how it is kept -----------------------------------------------------------------------------------------------

    def said(self, key: str, default: Any = None) -> Any:
        """What was said by a modifier."""
        return self._said.get(key, default)

    def bound(self, name: str, owner: str) -> Self:
        """The copy that a class has of it, which does not change any more."""
        made = copy.copy(self)
        said = {key: tuple(each) if isinstance(each, list) else each for key, each in self._said.items()}
        made.__dict__.update(_said=said, name=name, owner=owner)
        return made

    def _wait(self, key: str, value: Any) -> Self:
        other = {"wait_until": "wait_for", "wait_for": "wait_until"}[key]
        if other in self._said:
            raise ConfigurationError("Only one of .AfterWaitingUntil and .AfterWaitingFor can be said of a node.")
        return self._once(key, value, f".AfterWaiting{'Until' if key == 'wait_until' else 'For'}")

    def _once(self, key: str, value: Any, label: str) -> Self:
        self._check_is_open()
        if key in self._said:
            raise ConfigurationError(f"Multiple {label} statements: it is said once of a node.")
        self._said[key] = value
        return self

    def _more(self, key: str, value: Any) -> Self:
        self._check_is_open()
        self._said.setdefault(key, []).append(value)
        return self

    def _check_is_open(self) -> None:
        if self.owner:
            raise ConfigurationError(f"{self.owner}.{self.name} is declared, and does not change any more.")
