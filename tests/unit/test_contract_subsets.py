"""Whether all values of one schema fit another: what is found, and that nothing is overlooked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.contract.subsets import Finding, Subset
from actions.exceptions import InvalidPayloadError
from actions.payloads import SchemaPayload
from actions.payloads.schema import make_validator

Schema = Any

NAMES = ["a", "b", "c"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 6)
    | st.sampled_from([0.5, 1.0, 2.5, "", "a", "b", "aa", "abc", "2026-11-21"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "d"]), inner, max_size=3),
    max_leaves=6,
)


SMALL = st.integers(0, 4)
LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
    "enum": st.lists(st.sampled_from([None, True, 0, 1, 1.0, 0.5, "a", "b", [], {"a": 1}]), min_size=1, max_size=3),
    "const": st.sampled_from([1, "a", None]),
    **dict.fromkeys(
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], SMALL | st.sampled_from([0.5, 2.5])
    ),
    **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"], SMALL),
    "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
    "pattern": st.sampled_from(["^a", "b$"]),
    "format": st.sampled_from(["date", "password"]),
    "uniqueItems": st.booleans(),
    "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
    "dependentRequired": st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=1)),
}


def limits() -> st.SearchStrategy[dict[str, Any]]:
    """A few keywords that say nothing of parts."""
    chosen = st.lists(st.sampled_from(sorted(LIMITS)), max_size=3, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: LIMITS[name] for name in names}))


def composed(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    several = st.lists(inner, min_size=1, max_size=3)
    fields = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    keywords: dict[str, Any] = {
        "properties": fields,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c"]), inner, max_size=2),
        "additionalProperties": inner,
        "unevaluatedProperties": inner,
        "items": inner,
        "prefixItems": several,
        **dict.fromkeys(["anyOf", "oneOf", "allOf"], several),
        **dict.fromkeys(["not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems"], inner),
        "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two", "#/$defs/none"]),
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=3, unique=True)
    return st.builds(
        lambda plain, more: {**plain, **more},
        limits(),
        chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names})),
    )


parts = st.recursive(st.booleans() | limits(), composed, max_leaves=5)


@st.composite
def documents(draw: st.DrawFn) -> Schema:
    root = draw(parts)
    # References without a loop in place: one that only leads to itself says nothing, and no validator bears with it.
    plain = parts.filter(lambda part: "$ref" not in str(part))
    nested = {"type": "array", "items": {"$ref": "#/$defs/one"}, "maxItems": 2}
    one = draw(st.just({"anyOf": [{"type": "integer"}, nested]}) | plain)
    return {**({"allOf": [root]} if isinstance(root, bool) else root), "$defs": {"one": one, "two": draw(plain)}}


@st.composite
def changed(draw: st.DrawFn, schema: Schema) -> Schema:
    """The schema with one part replaced, which is what happens to schemas."""
    if not isinstance(schema, dict) or not schema or draw(st.integers(0, 3)) == 0:
        return draw(parts)
    key = draw(st.sampled_from(sorted(schema)))
    value = schema[key]
    if key != "$defs" and draw(st.integers(0, 3)) == 0:
        return {name: inner for name, inner in schema.items() if name != key}
    if key in LIMITS:
        made = draw(LIMITS[key])
    elif key in ("properties", "patternProperties", "$defs") and value:
        name = draw(st.sampled_from(sorted(value)))
        made = {**value, name: draw(changed(value[name]))}
    elif isinstance(value, list):
        index = draw(st.integers(0, len(value) - 1))
        made = [*value[:index], draw(changed(value[index])), *value[index + 1 :]]
    elif isinstance(value, str):
        made = "#/$defs/two"
    else:
        made = draw(changed(value)) if isinstance(value, bool) or value else value
    return {**schema, key: made}


@st.composite
def limited(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """Two schemas with the same keyword, plain or for a part of the value."""
    key = draw(st.sampled_from(sorted(LIMITS)))
    first, second = ({**draw(limits()), key: draw(LIMITS[key])} for _ in range(2))
    second = draw(st.sampled_from([second, {**first, key: second[key]}]))
    wrap = draw(st.sampled_from(WRAPS))
    return wrap(first), wrap(second)


WRAPS: list[Callable[[Schema], Schema]] = [
    lambda schema: schema,
    lambda schema: {"properties": {"a": schema}},
    lambda schema: {"additionalProperties": schema, "properties": {"b": True}},
    lambda schema: {"items": schema},
    lambda schema: {"anyOf": [{"type": "null"}, schema]},
    lambda schema: {"oneOf": [{"const": "a"}, {"type": ["integer", "array", "object"], **schema}]},
    lambda schema: {"properties": {"a": {}}, "allOf": [{"properties": {"b": schema}}], "unevaluatedProperties": False},
    lambda schema: {"properties": {"a": {}}, "anyOf": [{"required": ["c"]}, schema], "unevaluatedProperties": schema},
]


def found(first: Schema, second: Schema, **options: Any) -> list[Finding]:
    return Subset(first, second, **options).findings("it")


pairs = limited() | documents().flatmap(lambda first: st.tuples(st.just(first), changed(first) | documents()))


def loops(schema: Schema) -> bool:
    """Whether one of the made references is broken, or leads nowhere but to itself."""
    return "$ref" in str(schema) and "$defs" not in schema


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs, st.lists(values, min_size=20, max_size=40))
def test_where_nothing_is_found_every_value_fits(pair: tuple[Schema, Schema], samples: list[Any]) -> None:
    first, second = pair
    if "#/$defs/none" in str(pair) or loops(first) or loops(second):
        # No validator takes it. That it is not taken for anything else is all that can be wanted.
        found(first, second)
        return
    if found(first, second):
        return
    fits_first, fits_second = make_validator(first), make_validator(second)
    for value in samples:
        if fits_first.is_valid(value):
            assert fits_second.is_valid(value), value


payload_schemas = st.fixed_dictionaries(
    {"properties": st.dictionaries(st.sampled_from(NAMES), limits() | st.just({"type": "string"}), max_size=3)},
    optional={
        "required": LIMITS["required"],
        "additionalProperties": st.booleans(),
        "anyOf": st.lists(
            st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from(NAMES), limits())}), min_size=1
        ),
    },
)


def is_payload(schema: Schema) -> bool:
    return isinstance(schema, dict) and "$ref" not in str(schema)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    payload_schemas.flatmap(lambda old: st.tuples(st.just(old), changed(old).filter(is_payload))),
    st.lists(st.dictionaries(st.sampled_from([*NAMES, "d"]), values, max_size=3), min_size=10, max_size=30),
)
def test_what_a_payload_took_it_takes_unless_that_is_said(pair: tuple[Schema, Schema], samples: list[Any]) -> None:
    old, new = (SchemaPayload({**schema, "type": "object"}) for schema in pair)
    if found(old.json_schema(), new.json_schema()):
        return
    for data in samples:
        try:
            old.validate(data)
        except InvalidPayloadError:
            continue
        new.validate(data)
