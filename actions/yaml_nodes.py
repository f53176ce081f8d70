"""From a YAML text to PyYAML's nodes, within limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from .exceptions import DefinitionError, DefinitionProblem
from .yaml_errors import Mark, place_after, syntax_problem

PLAIN_TAG = "plain"
"""Tag of a scalar without quotes or tag, whose text says what type it is."""
STRING_TAG = "tag:yaml.org,2002:str"
SEQUENCE_TAG = "tag:yaml.org,2002:seq"
MAPPING_TAG = "tag:yaml.org,2002:map"

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""What YAML allows in no text, and DEL. A byte order mark is allowed once, at the beginning."""


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """How much one document may ask of the machine."""

    size: int = 1024 * 1024
    """Bytes of the file (characters of a str), and characters of all scalars once every alias is written out."""
    depth: int = 50
    """Mappings and lists inside one another. Both the parser and what follows recurse: stay far below 1000."""
    nodes: int = 100_000
    """Keys and values once every alias is written out."""
    problems: int = 100
    """Problems reported of one document."""


def decode(text: str | bytes, file: str, limits: YamlLimits) -> str:
    """The text without its byte order mark, if it can be YAML at all.

    Raises:
        DefinitionError: It is too large, no UTF-8, or has control characters.
    """
    if len(text) > limits.size:
        raise _refusal(file, None, f"The file is larger than {limits.size} bytes.", "Split it or shorten it.")
    source = _from_utf8(text, file) if isinstance(text, bytes) else text
    source = source.removeprefix("\ufeff")
    found = UNPRINTABLE.search(source)
    if found:
        mark = place_after(source[: found.start()])
        raise _refusal(file, mark, f"The character {code_point(found.group())} is not allowed in YAML.", "Remove it.")
    return source


def code_point(character: str) -> str:
    """The character's name in Unicode's notation, for what cannot be shown: `U+0007`."""
    return f"U+{ord(character):04X}"


def compose(source: str, file: str, limits: YamlLimits) -> Node | None:
    """The nodes of the one document in `source`; None if there is nothing but comments.

    Raises:
        DefinitionError: A syntax error, a second document, or a limit is exceeded.
    """
    loader = _Loader(source.encode())
    loader.file, loader.limits = file, limits
    try:
        root = loader.get_node() if loader.check_node() else None
        if root is not None and loader.check_node():
            mark = place_after(source[: source.find("---", root.end_mark.index)])
            message = "A second document begins here; a file holds one."
            raise _refusal(file, mark, message, 'Remove the "---" between them, or use two files.')
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: PyYAML's own scanner does not catch what chr() says of "\U7fffffff".
        raise DefinitionError([syntax_problem(error, source, file)]) from error
    finally:
        loader.dispose()
    return root


def mark_of(mark: yaml.Mark) -> Mark:
    """PyYAML's mark, counted from 1."""
    return Mark(mark.line + 1, mark.column + 1)


def too_deep(file: str, node: Node, limits: YamlLimits) -> DefinitionProblem:
    """The problem of a mapping or list that stands too deep, or that contains itself."""
    message = f"Mappings and lists stand more than {limits.depth} deep inside one another."
    remedy = "Write it flatter; an alias may not refer to what it stands in."
    return DefinitionProblem(file, (), message, remedy, *mark_of(node.start_mark))


def too_many_nodes(file: str, node: Node, limits: YamlLimits) -> DefinitionProblem:
    """The problem of a document whose keys and values are too many."""
    message = f"There are more than {limits.nodes} keys and values, counting every use of an alias."
    return DefinitionProblem(file, (), message, "Split the file or use fewer aliases.", *mark_of(node.start_mark))


def _from_utf8(text: bytes, file: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        mark = place_after(text[: error.start].decode())
        message = f"The byte 0x{text[error.start]:02X} is not UTF-8."
        raise _refusal(file, mark, message, "Save the file as UTF-8.") from error


def _refusal(file: str, mark: Mark | None, message: str, remedy: str) -> DefinitionError:
    return DefinitionError([DefinitionProblem(file, (), message, remedy, *(mark or ()))])


class _LimitedLoader:
    """Replaces PyYAML's resolver: the composer calls these three for every node.

    The depth has to be watched here, before there is a tree: libyaml's composer recurses in C without a guard, and
    some ten thousand "[" in a row end the whole process.
    """

    file: str
    limits: YamlLimits
    level = 0
    count = 0

    def descend_resolver(self, current_node: Node | None, current_index: Any) -> None:
        self.level += 1
        self.count += 1
        if current_node is None:
            return
        if self.level > self.limits.depth + 1:  # a scalar in the deepest collection is one level further
            raise DefinitionError([too_deep(self.file, current_node, self.limits)])
        if self.count > self.limits.nodes:
            raise DefinitionError([too_many_nodes(self.file, current_node, self.limits)])

    def ascend_resolver(self) -> None:
        self.level -= 1

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            return PLAIN_TAG if implicit[0] else STRING_TAG
        return MAPPING_TAG if kind is MappingNode else SEQUENCE_TAG


class _PythonLoader(_LimitedLoader, yaml.SafeLoader):
    """Where PyYAML was built without libyaml."""


if yaml.__with_libyaml__:

    class _CLoader(_LimitedLoader, yaml.CSafeLoader):
        """Some ten times as fast."""

    _Loader: type[_CLoader | _PythonLoader] = _CLoader
else:
    _Loader = _PythonLoader
