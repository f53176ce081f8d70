"""A process as it is registered: its graph, and the functions that the graph names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.payloads import Payload

from .context import Body
from .graph import Graph
from .pages import PLAIN_DASHBOARD, Dashboard, Page


@dataclass(frozen=True)
class Process:
    """Something that can be started by its id."""

    graph: Graph
    payload: Payload
    """Checks what a run is started with."""
    bodies: Mapping[str, Body] = field(default_factory=dict)
    """Functions by the names that the graph uses: of nodes, `call` expressions and compensations."""
    forms: Mapping[str, Payload] = field(default_factory=dict)
    """What inputs take, by the names that the graph uses."""
    pages: Mapping[str, Page] = field(default_factory=dict)
    """How inputs are shown, by nodes; those that are not named get a plain page of what they take."""
    dashboard: Dashboard = PLAIN_DASHBOARD
    validations: tuple[Callable[[Mapping[str, Any]], Any], ...] = ()
    """Get the whole payload before anything is written; they raise to refuse it."""
    unique: Callable[[Mapping[str, Any]], str | None] | None = None
    """The unique key of a run that is started with a payload, however it is started; None: there may be any number.

    It raises where the payload lacks what there is one for each of.
    """
    queue: str = "default"
    """Whose workers take its runs, where a start says nothing else."""
    title: str = ""
    """The name that people read: "SignupRequest"."""
    description: str = ""
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    """`{"title", "payload"}` each."""
    sensitive: tuple[str, ...] = ()
    """Names of fields whose values no record, log or page shows."""
    permissions: tuple[str, ...] = ()
    """What whoever starts it has to have, all of them: "app.codename"; () for nothing."""
    style: str = ""
    """How it is written: "yaml", "workflow" or "automation"."""
    source: str = ""
    """The file or class that it comes from."""
    declared_by: type | None = None
    """That class: the sender of signals."""
    hear: Callable[[Any, str, Any, Any], None] | None = None
    """What gets a message that a door has for a run: the run, its name, key and data. None: steps wait for messages."""
    is_open_to: Callable[[Any], bool] | None = None
    """Whether a user may know of it; None: everybody may. Of what is stored and not shared."""

    @property
    def id(self) -> str:
        """What callers name it by."""
        return self.graph.name
