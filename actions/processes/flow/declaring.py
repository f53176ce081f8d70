"""Makes an automation's class of what is written in it: its nodes in order, those of its bases first, and no clashes.

The class has copies of the nodes, which never change; no run leaves anything there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from actions.exceptions import ConfigurationError
from actions.processes.authoring.yaml_document import slug

from .nodes import Node
from .options import Options

declared: list[Callable[[Any], None]] = []
"""Called with each class that has nodes: see `discovery`."""


class Body(dict[str, Any]):
    """A class's names while it is made; notes where a node takes the name of something else, or loses its own."""

    def __init__(self) -> None:
        super().__init__()
        self.clashes: list[str] = []

    def __setitem__(self, name: str, value: Any) -> None:
        before = self.get(name)
        if name in self and before is not value and (isinstance(before, Node) or isinstance(value, Node)):
            self.clashes.append(name)
        super().__setitem__(name, value)


class BoundModel:
    """A model that an automation is bound to: `issue_list = models.IssueList`.

    Of an instance it is the object whose key is `data["issue_list"]`, read when it is asked for first.
    """

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self.model = model

    def __get__(self, instance: Any, owner: type) -> Any:
        return self.model if instance is None else instance.get_model_instance(self.model, self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.set_model_instance(self.name, value)


class AutomationType(type):
    """Of `Automation` and all that are made of it."""

    nodes: Mapping[str, Node]
    """By name, in order."""
    options: Options
    originals: Mapping[int, tuple[Any, str]]
    """By identity: nodes as they were written, with their names, for `.Next(node)`."""
    reserved: frozenset[str] = frozenset()
    """Names that nodes cannot have."""
    starts: set[str]
    """Nodes that signals begin with."""
    problem: str
    """Why it could not be registered; "" where it is."""

    @classmethod
    def __prepare__(cls, _name: str, _bases: tuple[type, ...], **_options: Any) -> Body:  # type: ignore[override]
        return Body()

    def __new__(mcs, name: str, bases: tuple[type, ...], body: Body, **options: Any) -> Any:
        """Make the class.

        Raises:
            ConfigurationError: With all that is wrong with it.
        """
        path = f"{body.get('__module__')}.{body.get('__qualname__', name)}"
        _refuse_clashes(path, body)
        names = dict(body)
        originals = {id(value): (value, key) for key, value in names.items() if isinstance(value, Node)}
        for key, value in names.items():
            if isinstance(value, Node):
                names[key] = value.bound(key, path)
            elif _is_model(value):
                names[key] = BoundModel(key, value)
        cls = super().__new__(mcs, name, bases, names, **options)
        cls.starts, cls.problem = set(), "it is not registered yet: Django is not ready."
        if not bases:
            cls.nodes, cls.originals, cls.options = MappingProxyType({}), {}, Options()
            return cls
        cls.originals = _merged(cls, "originals") | originals
        cls.nodes = MappingProxyType(_nodes(cls))
        cls.options = Options.read(cls, path)
        if cls.nodes and not cls.options.abstract:
            for tell in declared:
                tell(cls)
        return cls

    @property
    def path(cls) -> str:
        """Where it is: "shop.automations.Signup"."""
        return f"{cls.__module__}.{cls.__qualname__}"

    @property
    def process_id(cls) -> str:
        """What it is started by: "signup"."""
        return cls.options.id or slug(cls.__name__)

    def check_is_registered(cls) -> None:
        """See whether it can be started.

        Raises:
            ConfigurationError: It has no nodes, is abstract, or another process has its id.
        """
        if not cls.nodes or cls.options.abstract:
            raise ConfigurationError(
                f"{cls.path} cannot be started: it {'is abstract' if cls.nodes else 'has no nodes'}."
            )
        if cls.problem:
            raise ConfigurationError(f"{cls.path} cannot be started: {cls.problem}")


def _refuse_clashes(path: str, body: Body) -> None:
    if body.clashes:
        names = ", ".join(f'"{name}"' for name in dict.fromkeys(body.clashes))
        raise ConfigurationError(
            f"{path}: {names} is a node and something else at once. A node and a method cannot have one name: call the "
            f'node otherwise, such as "{body.clashes[0]}_step".'
        )


def _is_model(value: Any) -> bool:
    # Not by `issubclass`: that would load Django's models.
    return isinstance(value, type) and hasattr(value, "_meta") and hasattr(value, "_default_manager")


def _merged(cls: Any, name: str) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        merged |= vars(base).get(name, {})
    return merged


def _nodes(cls: Any) -> dict[str, Node]:
    """Those of the bases first; one that is written again stays where it was, one that is none any more goes."""
    found: dict[str, Node] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Node):
                found[name] = value
            elif name in found:
                del found[name]
    return found


def reserved(base: type) -> Iterator[str]:
    """Names that nodes cannot have: they are those of every automation."""
    yield from (name for each in base.__mro__[:-1] for name in vars(each) if not name.startswith("__"))
    yield from ("check_is_registered", "nodes", "options", "originals", "path", "problem", "process_id", "starts")
