"""YAML to plain values, with the place of every value and without YAML's surprises.

What comes out is what JSON can say: dict with string keys, list, str, int, float, bool, None. PyYAML finds the
structure; what a scalar without quotes means is decided here, by somewhat less than YAML 1.2's core schema:

    null     null, Null, NULL, ~ and nothing at all
    boolean  true, True, TRUE, false, False, FALSE; yes, no, on and off are strings
    integer  decimal without leading zeros; 012, 0x1f, 0o17, 1_000 and 12:30 are strings
    float    1.5, .5, 1., 1e3; .inf and .nan are strings, since JSON has no word for them
    string   everything else, dates too

Refused, each with its place: a key that is written twice or is no string, every tag but !!str, !!map and !!seq, merge
keys (`<<`), more than one document, text that is not UTF-8 or has control characters, and whatever exceeds
`YamlLimits`. Anchors and aliases work; each alias becomes a value of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isinf
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .exceptions import DefinitionError, DefinitionProblem
from .yaml_errors import Mark
from .yaml_nodes import (
    MAPPING_TAG,
    PLAIN_TAG,
    SEQUENCE_TAG,
    STRING_TAG,
    UNPRINTABLE,
    YamlLimits,
    code_point,
    compose,
    decode,
    mark_of,
    too_deep,
    too_many_nodes,
)

__all__ = ["DEFAULT_LIMITS", "Mark", "YamlDocument", "YamlLimits", "load_yaml"]

DEFAULT_LIMITS = YamlLimits()


@dataclass(frozen=True, eq=False)
class YamlDocument:
    """One loaded document, which knows where each of its values stands."""

    file: str
    value: Any
    _source: str = field(repr=False)
    _limits: YamlLimits = field(repr=False)

    @cached_property
    def _root(self) -> Node | None:
        # Places are needed only for messages. Reading the text once more then costs less than to keep the nodes of
        # all documents, which more than doubles the time of loading a thousand by the work it makes for the collector.
        return compose(self._source, self.file, self._limits)

    def mark(self, path: Sequence[str | int]) -> Mark | None:
        """Where the value at `path` begins, or else the nearest value around it; None in an empty document.

        The place of an alias is that of its anchor.
        """
        return _mark(self._find(path)[1])

    def key_mark(self, path: Sequence[str | int]) -> Mark | None:
        """Where the key of the value at `path` begins; for an item of a list, the item."""
        key, value = self._find(path)
        return _mark(key or value)

    def problem(
        self, path: Sequence[str | int], message: str, remedy: str = "", at_key: bool = False
    ) -> DefinitionProblem:
        """A problem with the place of the value at `path`, or of its key."""
        mark = self.key_mark(path) if at_key else self.mark(path)
        return DefinitionProblem(self.file, tuple(path), message, remedy, *(mark or ()))

    def _find(self, path: Sequence[str | int]) -> tuple[Node | None, Node | None]:
        """Nodes of the key and of the value at `path`, as far as the document has it."""
        key, value = None, self._root
        for part in path:
            step = _step(value, part)
            if step is None:
                break
            key, value = step
        return key, value


def load_yaml(
    text: str | bytes, *, file: str, limits: YamlLimits = DEFAULT_LIMITS, mapping: bool = True
) -> YamlDocument:
    """Read the one document in `text`.

    Args:
        text: A file's content; bytes have to be UTF-8.
        file: The file as messages call it.
        limits: How large, deep and numerous the content may be.
        mapping: Whether the top has to be a mapping.

    Raises:
        DefinitionError: With all problems found. After a syntax error or an exceeded limit nothing further is found.
    """
    source = decode(text, file, limits)
    root = compose(source, file, limits)
    builder = _Builder(file, limits)
    value = None if root is None else builder.build(root, ())
    problems = builder.finish()
    if mapping and not isinstance(root, MappingNode):
        problems.append(_no_mapping(root, value, file))
    if problems:
        raise DefinitionError(problems)
    return YamlDocument(file, value, source, limits)


def _no_mapping(root: Node | None, value: Any, file: str) -> DefinitionProblem:
    message = "The file is empty."
    if root is not None and value is not None:
        message = f"The top is {_KINDS[type(root)]}, not a mapping."
    return DefinitionProblem(file, (), message, 'Begin with a key, such as "title: …".', *(_mark(root) or ()))


def _mark(node: Node | None) -> Mark | None:
    return None if node is None else mark_of(node.start_mark)


def _step(node: Node | None, part: str | int) -> tuple[Node | None, Node] | None:
    """Key and value that `part` names in `node`."""
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and 0 <= part < len(node.value):
        return None, node.value[part]
    return None


_KINDS: dict[type[Node], str] = {MappingNode: "a mapping", SequenceNode: "a list", ScalarNode: "a single value"}
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER = re.compile(r"([-+]?(?:0|[1-9][0-9]*))|[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 300
"""Digits; a float ends at 308, and Python refuses to read an integer of more than 4300."""
_LONGEST_QUOTE = 40
"""Characters of a value that a message shows."""


class _Builder:
    """Makes values of nodes and collects what is wrong with them."""

    def __init__(self, file: str, limits: YamlLimits) -> None:
        self._problems: list[DefinitionProblem] = []
        self._file = file
        self._limits = limits
        self._nodes = 1
        self._size = 0

    def finish(self) -> list[DefinitionProblem]:
        """All problems, after everything is built."""
        if self._size > self._limits.size:
            message = f"With every alias written out, the text is longer than {self._limits.size} characters."
            self._problems.append(DefinitionProblem(self._file, (), message, "Use fewer aliases."))
        return self._problems

    def build(self, node: Node, path: tuple[str | int, ...]) -> Any:
        """The value of `node`, which stands at `path`."""
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._check_limits(node, path)
        if isinstance(node, MappingNode):
            self._check_tag(node, path, MAPPING_TAG)
            return self._mapping(node, path)
        self._check_tag(node, path, SEQUENCE_TAG)
        return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: Node, path: tuple[str | int, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                self.build(value_node, (*path, "?"))  # for the problems in it
                continue
            if key in mapping:
                self._report_duplicate(node, key_node, (*path, key))
            mapping[key] = self.build(value_node, (*path, key))
        return mapping

    def _key(self, node: Node, path: tuple[str | int, ...]) -> str | None:
        """The key, or None after reporting why it cannot be one."""
        if not isinstance(node, ScalarNode):
            message = f"The key is {_KINDS[type(node)]}, not a string."
            self._report(node, path, message, 'If this is meant as a look-up, put it in quotes: "{{ name }}".')
            return None
        if node.tag == PLAIN_TAG and node.value == "<<":
            self._report(node, path, "Merge keys (<<) are not supported.", "Write the keys out.")
            return None
        key = self._scalar(node, path)
        if isinstance(key, str):
            return key
        shown = _shown(node.value)
        self._report(node, path, f"The key {shown} is not a string.", f"Put it in quotes: {shown}.")
        return None

    def _scalar(self, node: Node, path: tuple[str | int, ...]) -> Any:
        text: str = node.value
        self._size += len(text)
        if node.tag == PLAIN_TAG:
            return self._plain(node, path)
        self._check_tag(node, path, STRING_TAG)
        unprintable = UNPRINTABLE.search(text)  # the file has none, but an escape such as "\0" can stand for one
        if unprintable:
            message = f"The text contains the character {code_point(unprintable.group())}."
            self._report(node, path, message, "Remove the escape.")
        return text

    def _plain(self, node: Node, path: tuple[str | int, ...]) -> Any:
        text: str = node.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        number = _NUMBER.fullmatch(text)
        if number is None:
            return text
        if len(text) > _LONGEST_NUMBER or isinf(float(text)):
            self._report(node, path, f"The number {_shown(text)} is too large.", "Put it in quotes, as text.")
            return text
        return int(text) if number[1] else float(text)

    def _check_tag(self, node: Node, path: tuple[str | int, ...], expected: str) -> None:
        if node.tag != expected:
            tag = _cut(node.tag.replace("tag:yaml.org,2002:", "!!", 1))
            self._report(node, path, f"The tag {tag} is not supported here.", "Remove the tag.")

    def _check_limits(self, node: Node, path: tuple[str | int, ...]) -> None:
        limits = self._limits
        if len(path) >= limits.depth:
            self._stop(too_deep(self._file, node, limits))
        self._nodes += len(node.value) * (2 if isinstance(node, MappingNode) else 1)
        if self._nodes > limits.nodes:
            self._stop(too_many_nodes(self._file, node, limits))

    def _report_duplicate(self, mapping: Node, second: Node, path: tuple[str | int, ...]) -> None:
        first = next(key for key, _value in mapping.value if key.value == second.value)
        lines = f"lines {first.start_mark.line + 1} and {second.start_mark.line + 1}"
        self._report(second, path, f"The key {_shown(second.value)} stands twice, on {lines}.", "Keep one of them.")

    def _report(self, node: Node, path: tuple[str | int, ...], message: str, remedy: str) -> None:
        problem = DefinitionProblem(self._file, path, message, remedy, *mark_of(node.start_mark))
        self._problems.append(problem)
        if len(self._problems) >= self._limits.problems:
            self._stop(DefinitionProblem(self._file, (), "What follows was not looked at.", "Mend these first."))

    def _stop(self, problem: DefinitionProblem) -> None:
        raise DefinitionError([*self._problems, problem])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _shown(text: str) -> str:
    return f'"{_cut(text)}"'
