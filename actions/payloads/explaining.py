"""The validator's errors as sentences by field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from .nodes import Node, at, declared_fields
from .screening import MAX_PROBLEMS, Path, dotted
from .wording import REQUIRED, alternatives, expected, must_be, sentence, unknown_field

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

Problem = tuple[Path, str]


class Explainer:
    """Words the errors of one schema."""

    def __init__(self, schema: Node, sensitive: Collection[str] = ()) -> None:
        self._schema = schema
        self._sensitive = frozenset(sensitive)

    def errors(self, errors: Iterable[ValidationError], data: Any) -> dict[str, list[str]]:
        """All errors, at most `MAX_PROBLEMS`, by dotted path."""
        found: dict[str, list[str]] = {}
        for path, text in islice(self.problems(errors, data), MAX_PROBLEMS):
            sentences = found.setdefault(dotted(path), [])
            if text not in sentences:
                sentences.append(text)
        return found or {dotted(()): [_("Is not possible here.")]}

    def problems(self, errors: Iterable[ValidationError], data: Any) -> Iterator[Problem]:
        """Each error's path and sentence."""
        for error in errors:
            yield from self._problem(error, data)

    def _problem(self, error: ValidationError, data: Any) -> Iterator[Problem]:
        keyword, limit, path = error.kind.name, error.kind.value, tuple(error.instance_path)
        if keyword in ("anyOf", "oneOf"):
            yield from self._alternatives(error, data)
        elif keyword == "required":
            yield (*path, limit), str(REQUIRED)
        elif keyword in ("additionalProperties", "unevaluatedProperties"):
            yield from self._unknown(error)
        elif keyword == "propertyNames":
            reason = sentence(limit.kind.name, limit.kind.value, limit.instance, self._node(limit))
            yield (*path, limit.instance), f"{_('A field of this name is not possible here.')} {reason}"
        else:
            node = self._node(error)
            value = at(data, path)
            yield path, sentence(keyword, limit, value, node, is_secret=self._is_secret(path, node))

    def _node(self, error: ValidationError) -> Node:
        """The schema in which the rule stands that was broken."""
        found = at(self._schema, error.schema_path[:-1])
        return found if isinstance(found, dict) else {}

    def _is_secret(self, path: Path, node: Node) -> bool:
        is_declared = bool(node.get("writeOnly")) or node.get("format") == "password"
        return is_declared or any(str(part).lower() in self._sensitive for part in path)

    def _unknown(self, error: ValidationError) -> Iterator[Problem]:
        """Fields that are not declared.

        Where a declared field fails in one part of a composed schema, JSON Schema counts it as not looked at; its own
        error says what is wrong with it.
        """
        fields = declared_fields(self._schema, self._node(error))
        for name in error.kind.value:
            if name not in fields:
                yield (*error.instance_path, name), unknown_field(name, fields)

    def _alternatives(self, error: ValidationError, data: Any) -> Iterator[Problem]:
        """The errors of the alternative that was meant, where that can be told, else what is possible."""
        path = tuple(error.instance_path)
        meant, possible = [], []
        for errors in error.kind.value:
            mismatch = next((inner for inner in errors if self._is_other_kind(inner, path)), None)
            if mismatch is None:
                meant.append(errors)
            elif mismatch.kind.name == "type":
                possible.append(expected(self._node(mismatch), mismatch.kind.value))
        if len(meant) == 1 and meant[0]:
            yield from self.problems(meant[0], data)
        elif not meant and len(possible) == len(error.kind.value):
            yield path, must_be(alternatives(possible), at(data, path))
        elif formats := self._formats(meant, path):
            what = alternatives([*formats, *possible])
            is_secret = self._is_secret(path, {})
            yield path, _("Must be %(expected)s.") % {"expected": what} if is_secret else must_be(what, at(data, path))
        else:
            yield path, sentence(error.kind.name, None, None, {})

    def _formats(self, meant: list[Any], path: Path) -> list[str]:
        """What is possible in words, where all alternatives that may be meant ask for nothing but another format."""
        errors = [error for of_alternative in meant for error in of_alternative]
        is_plain = all(error.kind.name == "format" and tuple(error.instance_path) == path for error in errors)
        if not is_plain or len(errors) != len(meant):
            return []
        return [expected(self._node(error)) or str(error.kind.value) for error in errors]

    @staticmethod
    def _is_other_kind(error: ValidationError, path: Path) -> bool:
        """Whether the error says that another alternative was meant: by another type, or by a tag in one field."""
        depth = len(error.instance_path) - len(path)
        return (error.kind.name == "type" and depth == 0) or (error.kind.name == "const" and depth <= 1)
