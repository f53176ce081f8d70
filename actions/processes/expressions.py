"""What stands for a value in a graph: a literal, a look-up, a text with look-ups, a condition, a call.

An expression is JSON, so that a graph can be stored; a tag says which kind it is:

    {"value": 5}                              the value itself
    {"path": "payload.user.name"}             a look-up: keys, positions, fields of models; never attributes or calls
    {"text": "Hello {{ state.user.name }}"}   a text with look-ups
    {"test": "payload.total > 100"}           a condition in the Common Expression Language (CEL)
    {"call": "approve.skip_if.0"}             a function of the process, by the name that the process gives it
    {"list": [expression, …]}                 a list of them
    {"map": {"key": expression, …}}           a mapping of them

Data is data: what a look-up finds is a value, and never read as an expression again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

Expression: TypeAlias = Mapping[str, Any]
"""One of the tagged mappings above."""

VALUE: Final = "value"
PATH: Final = "path"
TEXT: Final = "text"
TEST: Final = "test"
CALL: Final = "call"
LIST: Final = "list"
MAP: Final = "map"
TAGS: Final = (VALUE, PATH, TEXT, TEST, CALL, LIST, MAP)


def literal(value: Any) -> Expression:
    """The value itself; JSON."""
    return {VALUE: value}


def path(where: str) -> Expression:
    """A look-up: "payload.user.name"."""
    return {PATH: where}


def text(template: str) -> Expression:
    """A text with look-ups in double braces."""
    return {TEXT: template}


def condition(source: str) -> Expression:
    """A condition in CEL."""
    return {TEST: source}


def call(name: str) -> Expression:
    """A function of the process."""
    return {CALL: name}


def is_expression(value: Any) -> bool:
    """Whether something is one of the tagged mappings, as far as its outside tells."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in TAGS


def parts(expression: Expression) -> Iterator[tuple[str, Any]]:
    """Every tag with its content, of the expression and of all within it."""
    ((tag, content),) = expression.items()
    yield tag, content
    inner = content if tag == LIST else content.values() if tag == MAP else ()
    for each in inner:
        yield from parts(each)


def evaluate(expression: Expression, look: Callable[[str, Any], Any]) -> Any:
    """The value of an expression.

    Args:
        expression: What to evaluate.
        look: Answers what is no value yet: gets a tag of PATH, TEXT, TEST or CALL and its content.

    Raises:
        LookUpError: A look-up leads nowhere; and whatever `look` raises.
    """
    ((tag, content),) = expression.items()
    if tag == VALUE:
        return content
    if tag == LIST:
        return [evaluate(each, look) for each in content]
    if tag == MAP:
        return {key: evaluate(each, look) for key, each in content.items()}
    return look(tag, content)
