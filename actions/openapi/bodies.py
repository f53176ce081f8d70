"""What the body of a call holds, in which media types, with which examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.conf import conf
from actions.definitions import SELECTION, STATUS
from actions.payloads.nodes import declared_fields, together, types_of, walk
from actions.selection import IDS, ITEMS

from .dialects import camelized
from .parameters import keys_of
from .schemas import items_of

if TYPE_CHECKING:
    from actions.binding import BoundAction

Schema = dict[str, Any]

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Example:
    """One example of the definition: a payload or an answer."""

    title: str
    value: Any
    description: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent."""

    schema: Schema
    media_types: tuple[str, ...]
    examples: tuple[Example, ...]
    is_required: bool
    has_files: bool
    items_name: str = ""
    items: Schema | None = None
    """What may be sent in its place, as JSON, with a payload for each object; and the name of its component."""


def body_of(bound: BoundAction, view: Any) -> Body:
    """The payload, and for an action on objects their `ids`."""
    schema = bound.payload.json_schema()
    fields = declared_fields(schema, schema)
    required = {name for node in together(schema, schema) for name in node.get("required", ())}
    with_files = {name for name, field in fields.items() if _holds_file(schema, field)}
    takes_ids = not bound.action.is_instance and bound.selection != SELECTION.NONE.value
    if takes_ids and IDS not in fields:
        schema["properties"] = {IDS: _ids(view), **schema.get("properties", {})}
    accepted = [parser.media_type for parser in view.get_parsers()]
    is_flat = all(_is_flat(schema, field) for field in fields.values())
    takes_items = takes_ids and ITEMS not in fields and bound.action.status != STATUS.TODO.value
    name = f"{camelized(bound.resource)}ActionItems{'WithVersions' if bound.needs_version else ''}"
    return Body(
        schema=schema,
        media_types=tuple(_offered(accepted, bool(with_files), bool(with_files & required), is_flat)),
        examples=tuple(_payloads(bound)),
        is_required=bool(schema.get("required")),
        has_files=bool(with_files),
        items_name=name,
        items=items_of(keys_of(view), bound.needs_version) if takes_items else None,
    )


def answers_of(bound: BoundAction) -> tuple[Example, ...]:
    """The answers of the definition's examples."""
    return tuple(_examples(bound, "response"))


def _ids(view: Any) -> Schema:
    return {
        "type": "array",
        "items": keys_of(view),
        "minItems": 1,
        "maxItems": conf.MAX_IDS,
        "description": _("Keys of the objects that are meant. Without them the query says which."),
    }


def _offered(accepted: Iterable[str], has_files: bool, needs_file: bool, is_flat: bool) -> list[str]:
    """The media types that can say all that the payload may hold."""
    offered = []
    for media_type in accepted:
        if media_type == MULTIPART:
            is_fit = has_files
        elif media_type == FORM:
            is_fit = is_flat and not needs_file
        else:
            is_fit = not needs_file
        if is_fit and media_type not in offered:
            offered.append(media_type)
    return offered


def _holds_file(root: Schema, field: Any) -> bool:
    return any(part.get("format") == "binary" for node in together(root, field) for _path, part in walk(node))


def _is_flat(root: Schema, field: Any) -> bool:
    """Whether a form can say it: a value, or several of one kind."""
    kinds = types_of(root, field) - {"null"}
    if kinds == {"array"}:
        items = [node["items"] for node in together(root, field) if "items" in node]
        return all(types_of(root, item) and not types_of(root, item) & {"array", "object"} for item in items)
    return bool(kinds) and not kinds & {"array", "object"}


def _payloads(bound: BoundAction) -> list[Example]:
    found = _examples(bound, "payload")
    given = bound.action.example_payload
    if given is not None and all(example.value != given for example in found):
        found.insert(0, Example(bound.action.title or bound.id, given))
    return found


def _examples(bound: BoundAction, key: str) -> list[Example]:
    return [_example(number, each, key) for number, each in enumerate(bound.action.examples, 1) if key in each]


def _example(number: int, example: Mapping[str, Any], key: str) -> Example:
    title = str(example.get("title") or _("Example %(number)s") % {"number": number})
    return Example(title, example[key], str(example.get("description", "")))
