"""What an action is: a frozen definition.

Nothing here imports what a definition names or touches the database; `actions.binding` does that later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from .exceptions import DefinitionProblem


class STATUS(StrEnum):
    """Where an action stands in its life."""

    TODO = "todo"
    """Promised; calling it answers 501."""
    ALPHA = "alpha"
    BETA = "beta"
    PROD = "prod"


class ACTION_TYPE(StrEnum):
    """What an action is called on."""

    INSTANCE = "instance"
    """One object: `POST /todos/7/mark_done/`."""
    BULK = "bulk"
    """A set of objects, or none: `POST /todos/mark_all_done/`."""


class SELECTION(StrEnum):
    """How a bulk action comes to its objects."""

    FILTER = "filter"
    """The caller says which: `ids`, a filter of the list, or `all=true`."""
    ALL = "all"
    """Where the caller says nothing, all are meant."""
    NONE = "none"
    """The action takes no objects."""


class DEMAND(StrEnum):
    """Whether a call has to say something."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class INTERRUPTED(StrEnum):
    """What becomes of a call whose worker died in the middle. Its transaction was rolled back."""

    RETRY = "retry"
    """It is done again: at least once, for what is outside of the database."""
    FAIL = "fail"
    """It counts as failed, and somebody looks."""


class Places(Protocol):
    """Knows where in a file a value stands; a `YamlDocument` does."""

    def problem(
        self, path: Sequence[str | int], message: str, remedy: str = "", at_key: bool = False
    ) -> DefinitionProblem:
        """A problem with the place of the value at `path`."""


Class = type
"""A class; `type` is a field of the definition below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action of a resource, frozen. A registry checks it when it is added."""

    id: str
    """Its name in routes and records: an identifier."""
    type: str = ACTION_TYPE.INSTANCE.value
    status: str = STATUS.PROD.value
    title: str = ""
    description: str = ""
    version: str = ""
    function: str | Callable[..., Any] | None = None
    """The function or its dotted path; None: `action.py` beside the definition, or the form or serializer."""
    schema: Mapping[str, Any] | str | Class | None = None
    """The payload: a JSON Schema, or (the path of) a pydantic model."""
    form: str | Class | None = None
    """The payload: (the path of) a Django form. With a `save()` and no function, the form is the action itself."""
    serializer: str | Class | bool | None = None
    """The payload: (the path of) a DRF serializer. Beside a form, the result's serializer; False: the raw result."""
    result: Mapping[str, Any] | str | Class | None = None
    """What is answered: a JSON Schema for the documentation, or a serializer for the function's result."""
    multiple_results: bool | None = None
    """Whether the answer is `{"meta", "results"}`; None: for a bulk action."""
    permissions: tuple[str | Class, ...] = ()
    """Paths of DRF permission classes, or Django permissions ("todos.change_todo"); in addition to the ViewSet's."""
    conditions: tuple[str | Callable[..., Any], ...] = ()
    """Functions `(object, context) -> None | Refusal`, for a bulk action with the queryset."""
    atomic: bool = True
    """Whether the function runs in one transaction with its record."""
    lock: bool = True
    """Whether the object is read with `select_for_update`."""
    selection: str | None = None
    """For a bulk action, see `SELECTION`; None: "filter" for a function, "none" for a form or serializer."""
    max_objects: int | None = None
    """How many objects one call may name."""
    idempotent: bool = False
    """Whether a second call with the same payload changes nothing more. For documentation."""
    destructive: bool = False
    """Whether something is lost for good: doors to people and agents show a preview first and ask."""
    preview: bool | None = None
    """Whether it can be tried and rolled back; None: where it is atomic. False for what acts outside the database."""
    undo: str | None = None
    """The id of the instance action of the same resource that takes it back; None: the recorded changes do."""
    if_match: str = DEMAND.OPTIONAL.value
    """Whether callers have to say which version of the object they mean."""
    idempotency_key: str = DEMAND.OPTIONAL.value
    """Whether callers have to give an Idempotency-Key."""
    background: bool = False
    """Whether it is always done later, by a worker."""
    interrupted: str = INTERRUPTED.RETRY.value
    """What becomes of it where a worker died in the middle."""
    throttle: str | None = None
    """Calls by one caller, as in DRF: "10/min"."""
    deprecated: bool | str = False
    """True, or the date since when ("2026-05-01")."""
    sunset: str | None = None
    """The first day on which the action answers 410."""
    sensitive: tuple[str, ...] = ()
    """Names of fields whose values never reach a record; in addition to DJACTION_SENSITIVE_FIELDS."""
    retention: Mapping[str, int] = field(default_factory=dict)
    """Minutes until its records are archived, by outcome: `{"failed": 43200, "default": 1440}`."""
    hooks: tuple[str | Mapping[str, Any], ...] = ()
    """Hooks of DJACTION_HOOKS besides those that are for all: "crm", or `{"hook", "when", "outcomes", "options"}`."""
    tags: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    """`{"title", "payload", "response"}` each."""
    example_payload: Any = None
    source: str = ""
    """The file that the definition was read from."""
    module: str = ""
    """The package of the action's folder: "example_app.actions.mark_done"."""
    documentation: Mapping[str, Any] = field(default_factory=dict)
    """The definition as it was written, look-ups done."""
    places: Places | None = field(default=None, repr=False, compare=False)
    """Where in the file each value stands; None for a definition that was written in Python."""

    def problem(self, key: str, message: str, remedy: str = "") -> DefinitionProblem:
        """A problem of the value of `key`."""
        return (self.places or Source(self.source or self.id)).problem((key,), message, remedy)

    @property
    def is_instance(self) -> bool:
        """Whether it is called on one object."""
        return self.type == ACTION_TYPE.INSTANCE.value

    @property
    def is_previewable(self) -> bool:
        """Whether it can be tried and rolled back."""
        return (self.atomic and not self.asks_before) if self.preview is None else self.preview

    @property
    def asks_before(self) -> bool:
        """Whether a hook is asked before the work, which cannot be rolled back there."""
        return any(isinstance(hook, Mapping) and hook.get("when") == "before" for hook in self.hooks)

    @property
    def sunset_on(self) -> date | None:
        """The first day on which the action answers 410."""
        return None if self.sunset is None else date.fromisoformat(self.sunset)


@dataclass(frozen=True, slots=True)
class Source:
    """Places of a definition that stands in no YAML file: a name only."""

    name: str

    def problem(
        self, path: Sequence[str | int], message: str, remedy: str = "", at_key: bool = False
    ) -> DefinitionProblem:
        return DefinitionProblem(self.name, tuple(path), message, remedy)
