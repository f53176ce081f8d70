"""The one graph that YAML, workflows and automations compile to: nodes, edges, policies. Frozen, and JSON both ways.

What the fields of a node mean for its kind; those that are not named stay empty:

| kind | `run` | `args` | `target` | else |
|---|---|---|---|---|
| task | the function | its arguments | | `mode`, `register` |
| action | "todo:mark_done" | its payload | the object's key (none: a bulk action) | `selection`, `register` |
| decision | a function that names or counts the edge; "": the first edge that is true | its arguments | | `register` |
| split | | | | an edge to each branch; `join` |
| each | | | the list | an edge "body"; `join`, `at_once`, `register` (a list of the results) |
| join | | | | |
| wait | | | | the policy says what for |
| input | a form of the process: form, serializer, pydantic or schema | | | `who`, `care`, `register`, `register_by` |
| receive | the message's name | | its key | `register` |
| send | the message's name | its data | its key | `is_broadcast`, `process` |
| process | the process's id | its payload | | `is_detached`, `register` |
| repeat | | | | `schedule`; its edge leads back |
| end | | `{"result": …}` | | |

Edges: "next" where there is one way on; a split's edges and a decision's have names of their own, "body" leads into an
`each`. A branch ends where it reaches the `join` of its split or each; so does an item. A node without an edge ends the
run, as `end` does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

from .expressions import Expression
from .policies import PLAIN, Policy, Retry

NEXT = "next"
BODY = "body"
FORMAT = 1
"""Of the JSON."""


class Kind(StrEnum):
    """What a node is."""

    TASK = "task"
    ACTION = "action"
    DECISION = "decision"
    SPLIT = "split"
    EACH = "each"
    JOIN = "join"
    WAIT = "wait"
    INPUT = "input"
    RECEIVE = "receive"
    SEND = "send"
    PROCESS = "process"
    REPEAT = "repeat"
    END = "end"


class Mode(StrEnum):
    """What a step touches, and so with what it may share a commit."""

    DATABASE = "database"
    """The default: its writes and the fact that it ran commit in a transaction of its own. Exactly once."""
    LOCAL = "local"
    """As `database`, and it is sure to touch nothing else: may share a commit with its neighbours. Exactly once."""
    EXTERNAL = "external"
    """Acts outside of the database, and outside of a transaction. At least once, with a stable key."""
    PURE = "pure"
    """Has no effect but its result: any number may share a commit."""


class OnChange(StrEnum):
    """What becomes of runs in flight when the definition changes."""

    AUTO = "auto"
    """They move on to the new one where their nodes are all still there."""
    PIN = "pin"
    """They end by the one that they began with."""
    ASK = "ask"
    """They wait until somebody decides."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node to another."""

    target: str
    name: str = NEXT
    when: Expression | None = None
    """Of a decision without a function: whether it is taken. None: in any case."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who may answer an input: each that is given has to hold. None: everybody who is logged in."""

    users: tuple[Expression, ...] = ()
    """One of them: names, keys, users; see `people_names`. Where none of them is anybody, the step fails."""
    groups: tuple[Expression, ...] = ()
    """Names of groups, all of them."""
    permissions: tuple[str, ...] = ()
    """"app.codename", all of them."""
    user_filter: Mapping[str, Any] = field(default_factory=dict)
    """Look-ups of Django that the user fulfils: `{"is_staff": true}`. They are asked again each time."""
    group_filter: Mapping[str, Any] = field(default_factory=dict)
    """Look-ups that one of the user's groups fulfils."""


@dataclass(frozen=True, slots=True)
class TaskPolicy:
    """What is done while an input waits for an answer. Durations are seconds since it began to wait."""

    due_after: Expression | None = None
    """When an answer is wanted. Then it is overdue, and no more; when it is too late says `timeout_seconds`."""
    remind_after: Expression | None = None
    """When those who may answer are reminded."""
    remind_every: Expression | None = None
    """How often they are after that; without `remind_after`, the first time as well."""
    escalate_after: Expression | None = None
    """When `escalate_to` may answer as well."""
    escalate_to: Who | None = None
    notify: bool = False
    """Whether those who may answer are sent a mail when it begins to wait."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a repeat goes back."""

    every_seconds: float
    at: str = ""
    """A time of day, "08:30", for intervals of whole days."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a process; see the table above."""

    name: str
    kind: Kind
    edges: tuple[Edge, ...] = ()
    title: str = ""
    description: str = ""
    run: str = ""
    args: Mapping[str, Expression] = field(default_factory=dict)
    target: Expression | None = None
    selection: Mapping[str, Expression] = field(default_factory=dict)
    """Of a bulk action: `{"ids": …}`, `{"all": …}` or `{"filter": …}`."""
    register: str = ""
    """The key of `state` that gets the result."""
    register_by: str = ""
    """Of an input: the key of `state` that gets the key of the user who answered."""
    mode: Mode | None = None
    """None: what the task itself says."""
    join: str = ""
    at_once: int | None = None
    """How many items of an `each` are worked on at the same time; None: all."""
    who: Who | None = None
    is_prelude: bool = False
    """Of an input where results are handed on: the answer is for the next node alone, as `context.input`."""
    care: TaskPolicy | None = None
    is_broadcast: bool = False
    process: str = ""
    """To runs of which process a message goes; "" for any."""
    is_detached: bool = False
    """Whether the run does not wait for the process it starts."""
    schedule: Schedule | None = None
    policy: Policy = PLAIN

    @property
    def is_waited_for(self) -> bool:
        """Whether it is a process of its own that the run waits for."""
        return self.kind is Kind.PROCESS and not self.is_detached

    def edge(self, name: str = NEXT) -> Edge | None:
        """The edge of a name."""
        for edge in self.edges:
            if edge.name == name:
                return edge
        return None


@dataclass(frozen=True)
class Graph:
    """A process that can be run."""

    name: str
    """The process's id: "signup-request"."""
    start: str
    nodes: Mapping[str, Node]
    """By name, in the order of their declaration."""
    payload: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    """JSON Schema of what a run takes."""
    forms: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of each input, by what its node's `run` names."""
    version: str = ""
    on_change: OnChange = OnChange.AUTO
    compensates: bool = False
    """Whether steps are taken back when the run fails."""
    max_running: int | None = None
    """How many runs may be under way at once; further ones wait for their turn."""
    hands_on: bool = False
    """Whether each step gets the result of the one before it on its path, as `context.previous`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", MappingProxyType(dict(self.nodes)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over nodes, edges, policies, forms, schemas; not over texts for people or bodies of functions."""
        plain = self.as_json()
        for node in plain["nodes"]:
            node.pop("title", None)
            node.pop("description", None)
        plain.pop("version", None)
        canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @cached_property
    def keeps_originals(self) -> bool:
        """Whether what steps get is kept for functions that may take them back."""
        return any(node.policy.compensation for node in self.nodes.values())

    @cached_property
    def started(self) -> frozenset[str]:
        """Ids of the processes that its nodes start and wait for."""
        return frozenset(node.run for node in self.nodes.values() if node.is_waited_for)

    def as_json(self) -> dict[str, Any]:
        """JSON values of which `from_json` makes an equal graph. What is as by default is left out."""
        plain = {
            "format": FORMAT,
            "name": self.name,
            "start": self.start,
            "nodes": [_plain(node) for node in self.nodes.values()],
            "payload": dict(self.payload),
            "forms": dict(self.forms),
            "version": self.version,
            "on_change": str(self.on_change),
            "compensates": self.compensates,
            "max_running": self.max_running,
        }
        return {**plain, "hands_on": True} if self.hands_on else plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The graph that `as_json` has written.

        Raises:
            ValueError: It is of another format, or no graph.
        """
        if plain.get("format") != FORMAT:
            raise ValueError(f"A graph of format {plain.get('format')!r}; this release reads {FORMAT}.")
        try:
            nodes = [_node(each) for each in plain["nodes"]]
            return cls(
                name=plain["name"],
                start=plain["start"],
                nodes={node.name: node for node in nodes},
                payload=plain["payload"],
                forms=plain["forms"],
                version=plain["version"],
                on_change=OnChange(plain["on_change"]),
                compensates=plain["compensates"],
                max_running=plain["max_running"],
                hands_on=plain.get("hands_on", False),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"This is no graph: {error!r}.") from error


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass as JSON values, without what is as by default."""
    plain = {}
    for each in fields(value):
        content = getattr(value, each.name)
        default = each.default_factory() if callable(each.default_factory) else each.default
        if content != default:
            plain[each.name] = _jsonable(content)
    return plain


def _jsonable(content: Any) -> Any:
    if isinstance(content, Edge | Policy | TaskPolicy):
        return _plain(content)
    if isinstance(content, Who | Schedule | Retry):
        # Filters are new: what was written without them stays what it was.
        said = asdict(content).items()
        return {key: _jsonable(each) for key, each in said if each or key not in ("user_filter", "group_filter")}
    if isinstance(content, StrEnum):
        return str(content)
    if isinstance(content, Mapping):
        return {key: _jsonable(each) for key, each in content.items()}
    if isinstance(content, tuple | list):
        return [_jsonable(each) for each in content]
    return content


def _node(plain: Mapping[str, Any]) -> Node:
    values = dict(plain)
    values["kind"] = Kind(values["kind"])
    values["edges"] = tuple(Edge(**edge) for edge in values.get("edges", ()))
    if "mode" in values:
        values["mode"] = Mode(values["mode"])
    if "who" in values:
        values["who"] = _who(values["who"])
    if "care" in values:
        values["care"] = _care(values["care"])
    if "schedule" in values:
        values["schedule"] = Schedule(**values["schedule"])
    if "policy" in values:
        values["policy"] = _policy(values["policy"])
    return Node(**values)


def _who(plain: Mapping[str, Any]) -> Who:
    values: dict[str, Any] = {key: each if isinstance(each, Mapping) else tuple(each) for key, each in plain.items()}
    return Who(**values)


def _care(plain: Mapping[str, Any]) -> TaskPolicy:
    to = plain.get("escalate_to")
    return TaskPolicy(**{**plain, "escalate_to": _who(to) if to is not None else None})


def _policy(plain: Mapping[str, Any]) -> Policy:
    values = dict(plain)
    for name in ("skip_if", "as_soon_as"):
        values[name] = tuple(values.get(name, ()))
    if values.get("retry"):
        retry = dict(values["retry"])
        values["retry"] = Retry(**{**retry, "on": tuple(retry["on"])})
    return Policy(**values)
