"""The actions of one resource, and the catalogue of all registries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from inspect import getdoc
from types import MappingProxyType
from typing import Any, TypeVar, overload
from weakref import WeakSet

from django.core.signals import request_started

from .binding import BoundAction, bind
from .conf import conf
from .definition_keys import KEYS, REGISTRY_KEYS, check_keys, document, unknown_keys
from .definitions import Action, Source
from .exceptions import ConfigurationError, DefinitionError, DefinitionProblem

logger = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


class ActionRegistry(Mapping[str, Any]):
    """The actions of one resource, in the order in which they were listed.

    Read it as the mapping of the documentation (`registry["actions"]["mark_done"]["title"]`) or by its typed members
    (`registry.definitions["mark_done"].title`). It can be added to until something is called through it; from then on
    it is frozen.
    """

    def __init__(
        self,
        resource: str,
        basepath: str = "",
        actions: Iterable[Action] = (),
        *,
        problems: Iterable[DefinitionProblem] = (),
        unusable: Iterable[Action] = (),
        source: str = "",
        extra: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Take the actions.

        Args:
            resource: The name of what the actions are done to, unique in a project: "todo".
            basepath: Where the resource is served, for documentation.
            actions: Checked already where they came from files.
            problems: What was wrong with others, which are left out.
            unusable: What is right of those: what it names is imported all the same, so that all problems are known.
            source: The file that makes the registry, for messages.
            extra: Further keys of the registry's mapping.

        Raises:
            DefinitionError: Actions given here are wrong; all problems together.
        """
        self.resource = resource
        self.basepath = basepath
        self.source = source or resource
        self._is_served = False
        self.viewset: Any = None
        """The ViewSet that serves the registry: the first one that it was given to."""
        self._extra = dict(extra)
        self._definitions: dict[str, Action] = {}
        self._unusable = list(unusable)
        self.reading_problems = list(problems)
        """What was wrong before anything that the definitions name was imported."""
        wrong: list[DefinitionProblem] = []
        for definition in actions:
            try:
                self.add(definition)
            except DefinitionError as error:
                wrong += error.problems
        if wrong:
            raise DefinitionError(wrong)
        catalogue.register(self)

    @property
    def definitions(self) -> Mapping[str, Action]:
        """The usable definitions by id."""
        return MappingProxyType(self._definitions)

    def add(self, definition: Action) -> None:
        """Append an action.

        Raises:
            DefinitionError: It is wrong, or its id is taken.
            ConfigurationError: The registry is in use already.
        """
        if "_bindings" in self.__dict__:
            remedy = "Add it where the registry is made."
            raise ConfigurationError(f"{self.source}: {definition.id} comes too late: the registry is in use. {remedy}")
        problems = []
        place = Source(f"{self.source} > {definition.id}")
        if not definition.source:
            problems = check_keys({key: getattr(definition, key) for key in (*KEYS, *REGISTRY_KEYS)}, place)
        if not problems and definition.id in self._definitions:
            problems = [place.problem((), "the id is listed twice.", "Remove or rename one of them.")]
        if problems:
            raise DefinitionError(problems)
        if not definition.documentation:
            definition = replace(definition, documentation=document(definition))
        self._definitions[definition.id] = definition

    @overload
    def action(self, function: F, /) -> F: ...

    @overload
    def action(self, function: None = None, /, **keys: Any) -> Callable[[F], F]: ...

    def action(self, function: F | None = None, /, **keys: Any) -> Any:
        """Decorate a function that is an action; id, title and description come from it where `keys` are silent.

        @todos.action(type="instance", permissions=["todos.change_todo"])
        def mark_done(todo, *, note: str = "", context): ...
        """

        def decorate(function: F) -> F:
            self.add(define(function, **keys))
            return function

        return decorate if function is None else decorate(function)

    @cached_property
    def _bindings(self) -> tuple[dict[str, BoundAction], list[DefinitionProblem]]:
        bound: dict[str, BoundAction] = {}
        problems: list[DefinitionProblem] = []
        for definition in self._definitions.values():
            binding, wrong = bind(definition, self.resource)
            problems += wrong
            if binding is not None:
                bound[definition.id] = binding
        for definition in self._unusable:
            # Only what its right keys name: that others are missing has been said.
            wrong = bind(definition, self.resource)[1]
            problems += [problem for problem in wrong if problem.path and problem.path[0] in definition.documentation]
        catalogue.log(problems)
        return bound, problems

    @property
    def bound(self) -> Mapping[str, BoundAction]:
        """The actions that can be called, by id. The first access imports all that the definitions name."""
        return MappingProxyType(self._bindings[0])

    @property
    def problems(self) -> list[DefinitionProblem]:
        """All that is wrong with the registry, what its definitions name included."""
        return self.reading_problems + self._bindings[1]

    def attach(self, viewset: type, *, is_served: bool = False) -> None:
        """Make `viewset` the one through which other doors than REST reach the resource, unless one is there.

        Args:
            viewset: It, or a class that it inherits from, was given the registry.
            is_served: A router has made its routes. The first that is served takes the place of one that only declares
                the registry: rules that callers of REST meet hold at every door.
        """
        if self.viewset is None or (is_served and not self._is_served):
            self.viewset = viewset
            self._is_served = is_served

    def as_dict(self) -> dict[str, Any]:
        """The registry as plain data, made anew at each call."""
        actions = {key: _copy(definition.documentation) for key, definition in self._definitions.items()}
        return {**self._about, "actions": actions}

    @property
    def _about(self) -> dict[str, Any]:
        return {**self._extra, "resource": self.resource, "basepath": self.basepath}

    def __getitem__(self, key: str) -> Any:
        return self.as_dict()[key] if key == "actions" else self._about[key]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._about, "actions"])

    def __len__(self) -> int:
        return len(self._about) + 1

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<ActionRegistry {self.resource}: {', '.join(self._definitions) or 'no actions'}>"


def define(function: Callable[..., Any], **keys: Any) -> Action:
    """The definition of a function; id, title and description come from it where `keys` are silent.

    Raises:
        DefinitionError: A key is unknown.
    """
    name = getattr(function, "__name__", "")
    if problems := unknown_keys(keys, Source(name), with_registry_keys=True):
        raise DefinitionError(problems)
    title, _, description = (getdoc(function) or "").partition("\n")
    said: dict[str, Any] = {
        "id": name,
        "title": title.rstrip(".") or name.replace("_", " ").capitalize(),
        "description": description.strip(),
        **{key: tuple(value) if isinstance(value, list) else value for key, value in keys.items()},
    }
    own = {key: said.pop(key) for key in list(said) if key.startswith("x-")}
    action = Action(**{**said, "function": function})
    return replace(action, documentation={**document(action), **own})


def _copy(value: Any) -> Any:
    """Nested mappings and lists made anew, so that nobody writes into a definition by way of its documentation."""
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(item) for item in value]
    return value


class Catalogue:
    """All registries of the project.

    In a project that is not strict, problems are logged when it is first used: at the first request, or when a registry
    is looked up. Until then they wait, for `check`, `runserver` and `list_actions` show them by themselves, and would
    show each of them twice.
    """

    def __init__(self) -> None:
        self._registries: WeakSet[ActionRegistry] = WeakSet()
        self._obstacles: list[DefinitionProblem] = []
        self._is_collecting = False
        self._is_in_use = False
        self._unsaid: list[DefinitionProblem] = []

    def register(self, registry: ActionRegistry) -> None:
        """Remember a registry for as long as somebody else does."""
        self._registries.add(registry)

    def __iter__(self) -> Iterator[ActionRegistry]:
        return iter(sorted(self._registries, key=lambda registry: (registry.resource, registry.source)))

    def find(self, resource: str) -> ActionRegistry | None:
        """The registry of `resource`; one that a ViewSet serves goes before others of the name."""
        self.use()
        found = [registry for registry in self if registry.resource == resource]
        return next((registry for registry in found if registry.viewset), found[0] if found else None)

    def problems(self) -> list[DefinitionProblem]:
        """All that is wrong with any registry, and what kept others from being made, for the caller to show."""
        found = [*self._obstacles, *(problem for registry in self for problem in registry.problems)]
        self._unsaid.clear()
        return found

    def reading_problems(self) -> list[DefinitionProblem]:
        """The same without what is found only by importing what definitions name."""
        return [*self._obstacles, *(problem for registry in self for problem in registry.reading_problems)]

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep problems of the registries that are made inside, for all of them to be reported together."""
        self._is_collecting = True
        try:
            yield
        finally:
            self._is_collecting = False

    def obstruct(self, problems: Iterable[DefinitionProblem]) -> None:
        """Remember why a registry could not be made at all; each reason once."""
        self._obstacles += [problem for problem in problems if problem not in self._obstacles]

    def report(self, problems: list[DefinitionProblem]) -> None:
        """Raise the problems where the project is strict, else log them, unless somebody is collecting.

        Raises:
            DefinitionError: There are problems, and the project is strict.
        """
        if problems and conf.stops_start and not self._is_collecting:
            raise DefinitionError(problems)
        self.log(problems)

    def log(self, problems: list[DefinitionProblem]) -> None:
        """Log the problems as soon as the project is in use, unless somebody is collecting them."""
        if self._is_collecting:
            return
        self._unsaid += problems
        if self._is_in_use:
            self.use()

    def use(self, **kwargs: Any) -> None:
        """Log what waits, and from now on at once; a receiver of Django's `request_started`."""
        self._is_in_use = True
        request_started.disconnect(self.use)
        unsaid, self._unsaid = self._unsaid, []
        for problem in unsaid:
            logger.error("%s", problem)


catalogue = Catalogue()
request_started.connect(catalogue.use)
