"""`@task`: what a task says of itself besides its signature and its docstring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from .graph import Mode

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = "__task__"
"""The attribute of a function that holds what `@task` said."""


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What `@task` can say."""

    mode: Mode = Mode.DATABASE
    title: str = ""
    environment: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()
    deprecated: str = ""


@overload
def task(function: F, /) -> F: ...
@overload
def task(
    *,
    mode: Mode | str = ...,
    title: str = ...,
    environment: Iterable[str] = ...,
    examples: Iterable[Mapping[str, Any]] = ...,
    meta: Mapping[str, Any] | None = ...,
    sensitive: Iterable[str] = ...,
    deprecated: str = ...,
) -> Callable[[F], F]: ...
def task(
    function: Any = None,
    /,
    *,
    mode: Mode | str = Mode.DATABASE,
    title: str = "",
    environment: Iterable[str] = (),
    examples: Iterable[Mapping[str, Any]] = (),
    meta: Mapping[str, Any] | None = None,
    sensitive: Iterable[str] = (),
    deprecated: str = "",
) -> Any:
    """Say more of a task than its signature and docstring do. The function itself stays as it is.

    Args:
        mode: What it touches: "database" (the default), "local", "external" or "pure"; see `graph.Mode`.
        title: For people; made from the name where it is not given.
        environment: Environment variables that have to be set where it runs.
        examples: `{"title", "payload"}` each; `description` may be added.
        meta: Whatever else its page is to show; it goes over the file's `__meta`.
        sensitive: Names of arguments whose values no record shows.
        deprecated: What to use in its place.

    Raises:
        ValueError: There is no such mode.
    """
    options = TaskOptions(
        mode=Mode(mode),
        title=title,
        environment=names_of(environment, "environment"),
        examples=tuple(examples),
        meta=dict(meta or {}),
        sensitive=names_of(sensitive, "sensitive"),
        deprecated=deprecated,
    )

    def keep(function: F) -> F:
        setattr(function, OPTIONS, options)
        return function

    return keep if function is None else keep(function)


def names_of(given: Iterable[str], option: str) -> tuple[str, ...]:
    """A tuple of names; a single text is a mistake, because it would be taken for its letters.

    Raises:
        TypeError: It is one.
    """
    if isinstance(given, str):
        raise TypeError(f"{option} is the text {given!r}. Give a list of names: [{given!r}].")
    return tuple(given)
