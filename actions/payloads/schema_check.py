"""What is wrong with a JSON Schema itself: found when a definition is loaded, not when somebody calls the action."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from actions.exceptions import ConfigurationError

from .closing import effective
from .explaining import Explainer
from .nodes import SEVERAL, Node, Nodes, at, pointer, target, walk
from .schema import ROOT, make_validator
from .screening import Path, scan
from .wording import must_be, sentence, shown

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
# OpenAPI's own words (the last line of each) are read by documentation tools.
_KEYWORDS = frozenset(
    """
    $schema $id $ref $defs $anchor $dynamicRef $dynamicAnchor $comment $vocabulary allOf anyOf oneOf not if then else
    dependentSchemas prefixItems items contains properties patternProperties additionalProperties propertyNames
    unevaluatedItems unevaluatedProperties type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum
    maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties
    required dependentRequired title description default deprecated readOnly writeOnly examples format contentEncoding
    contentMediaType contentSchema
    example discriminator xml externalDocs
    """.split()  # noqa: SIM905 - fifty words
)
_FORMATS = frozenset(
    """
    date date-time time duration uuid decimal binary email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference
    iri iri-reference uri-template json-pointer relative-json-pointer regex
    int32 int64 float double password byte
    """.split()  # noqa: SIM905 - as above
)

Problem = tuple[Path, str]


def check_schema(schema: Any, *, is_payload: bool = False) -> list[Problem]:
    """Every problem of a JSON Schema (2020-12), each with the path to the value.

    References must lead to a place in the same schema: nothing is ever fetched. Defaults and examples must fit.

    Args:
        is_payload: The schema describes what an action takes, which is an object.
    """
    problems = list(_not_json(schema))
    problems = problems or list(_broken_rules(schema))
    if problems or not isinstance(schema, Mapping):
        return problems
    if is_payload and schema.get("type", "object") != "object":
        problems.append((("type",), must_be('"object"', schema["type"])))
    nodes = list(walk(schema))
    for path, node in nodes:
        problems += _node_problems(schema, path, node)
    problems += _endless(schema, nodes)
    return problems or list(_wrong_values(schema, nodes, is_payload))


def _not_json(schema: Any) -> Iterator[Problem]:
    """Values that only Python has: YAML may make some. jsonschema-rs reads nothing but JSON."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield (), must_be(_("a mapping"), schema)
        return
    is_plain, problems = scan(schema)
    yield from problems
    if is_plain or problems:
        return
    pending: list[tuple[Path, Any]] = [((), schema)]
    for path, node in pending:
        for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
            if type(value) in (dict, list):
                pending.append(((*path, key), value))
            elif type(value) not in (str, int, float, bool, type(None)):
                sentence = _("%(value)s is no JSON value, but of the type %(kind)s: put it into quotes.")
                yield (*path, key), sentence % {"value": value, "kind": type(value).__name__}


@cache
def _meta_validator() -> Draft202012Validator:
    return make_validator({"$ref": META_SCHEMA})


def _broken_rules(schema: Any) -> Iterator[Problem]:
    """Where the schema breaks the rules for schemas. The meta-schema meets itself, so errors come several times."""
    if _meta_validator().is_valid(schema):
        return
    found = (_rule_problem(error, schema) for error in _meta_validator().iter_errors(schema))
    yield from dict.fromkeys(found)


def _rule_problem(error: ValidationError, schema: Any) -> Problem:
    path = tuple(error.instance_path)
    value = at(schema, path)
    if path[-1:] == ("type",) and error.kind.name == "anyOf":
        guess = difflib.get_close_matches(str(value), _TYPES, n=1)
        return path, sentence("enum", list(_TYPES), value, {}) + (f" {_guess(guess[0])}" if guess else "")
    if error.kind.value == "regex":
        return path, _bad_pattern(value)
    return path, sentence(error.kind.name, error.kind.value, value, {})


def _guess(name: str) -> str:
    return _("Did you mean '%(name)s'?") % {"name": name}


def _node_problems(root: Node, path: Path, node: Node) -> Iterator[Problem]:
    for key in ("$ref", "$dynamicRef"):
        if isinstance(node.get(key), str):
            yield from _reference(root, (*path, key), node[key])
    if node.get("$schema", META_SCHEMA).rstrip("#") != META_SCHEMA:
        yield (*path, "$schema"), must_be(shown(META_SCHEMA), node["$schema"])
    if path and "$id" in node:
        yield (*path, "$id"), _("Only the whole schema may have an $id; use $anchor.")
    yield from _patterns(path, node)
    yield from _misspelled(path, node)


def _reference(root: Node, path: Path, reference: str) -> Iterator[Problem]:
    if not reference.startswith("#"):
        text = _("%(reference)s lies outside of this schema, and nothing is ever fetched.")
        yield path, text % {"reference": shown(reference)}
    elif target(root, reference) is None:
        yield path, _("There is nothing at %(reference)s.") % {"reference": shown(reference)}


def _patterns(path: Path, node: Node) -> Iterator[Problem]:
    places = [((*path, "patternProperties", pattern), pattern) for pattern in node.get("patternProperties", {})]
    if "pattern" in node:
        places.append(((*path, "pattern"), node["pattern"]))
    for place, pattern in places:
        try:
            make_validator({"pattern": pattern})
        except ConfigurationError:
            yield place, _bad_pattern(pattern)


def _bad_pattern(pattern: str) -> str:
    return _(
        "%(pattern)s is not possible as a pattern: it is no regular expression, or has look-around or back references, "
        "which could take endless time."
    ) % {"pattern": shown(pattern)}


def _misspelled(path: Path, node: Node) -> Iterator[Problem]:
    """JSON Schema ignores what it does not know, and so a typing mistake would go unnoticed."""
    for key in node:
        close = () if key in _KEYWORDS or key.startswith("x-") else _close(key, _KEYWORDS)
        for guess in close:
            yield (*path, key), f"{_('%(key)s is no keyword of JSON Schema.') % {'key': shown(key)}} {_guess(guess)}"
    name = node.get("format", "")
    for guess in () if not name or name in _FORMATS else _close(name, _FORMATS):
        yield (*path, "format"), f"{_('%(name)s is no known format.') % {'name': shown(name)}} {_guess(guess)}"


def _close(word: str, known: Collection[str]) -> list[str]:
    return difflib.get_close_matches(word, known, n=1, cutoff=0.8)


def _endless(root: Node, nodes: Nodes) -> Iterator[Problem]:
    """References that lead back to themselves without going into the value: they say nothing and end nowhere."""
    done: set[str] = set()
    for path, node in nodes:
        if "$ref" in node and pointer(path) not in done:
            trail = _loop(root, pointer(path), node, (), done)
            if trail:
                yield (*path, "$ref"), _("Leads back to itself: %(trail)s.") % {"trail": " → ".join(trail)}


def _loop(root: Node, place: str, node: Any, trail: tuple[str, ...], done: set[str]) -> tuple[str, ...]:
    """The way from a schema back to itself; empty if there is none."""
    if place in trail:
        return (*trail[trail.index(place) :], place)
    if place in done or not isinstance(node, Mapping):
        return ()
    parts = [(f"{place}/{key}/{index}", part) for key in SEVERAL for index, part in enumerate(node.get(key, ()))]
    parts += [(f"{place}/{key}", node[key]) for key in ("not", "if", "then", "else") if key in node]
    found = target(root, node["$ref"]) if isinstance(node.get("$ref"), str) else None
    if found is not None:
        parts.append(found)
    for inner_place, part in parts:
        loop = _loop(root, inner_place, part, (*trail, place), done)
        if loop:
            done.update(loop)
            return loop
    done.add(place)
    return ()


def _wrong_values(schema: Node, nodes: Nodes, is_payload: bool) -> Iterator[Problem]:
    """Defaults and examples that their own schema refuses. One validator looks at all of them."""
    values: list[tuple[Path, Path, Any]]
    values = [(path, ("default",), node["default"]) for path, node in nodes if "default" in node]
    for path, node in nodes:
        values += [(path, ("examples", index), value) for index, value in enumerate(node.get("examples", ()))]
    root = effective(schema) if is_payload else dict(schema)
    try:
        make_validator(root)
        wanted = {
            str(index): {"$ref": ROOT + quote(pointer(path), safe="#/~")}
            for index, (path, _key, _value) in enumerate(values)
        }
        validator = make_validator({"properties": wanted}, {ROOT: root})
    except ConfigurationError as error:
        yield (), str(error)
        return
    data = {str(index): value for index, (_path, _key, value) in enumerate(values)}
    if validator.is_valid(data):
        return
    explainer = Explainer(root)
    for found in validator.iter_errors(data):
        path, key, _value = values[int(found.instance_path[0])]
        inner = tuple(found.instance_path[1:])
        texts = [text for _place, text in explainer.problems([found], data)]
        reason = _("Does not fit its own schema: %(reason)s") % {"reason": " ".join(texts)}
        yield (*path, *key, *inner), reason
