"""What the body of a successful answer looks like, as far as definition and function say it."""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from django.db.models import Model
from django.http.response import HttpResponseBase
from rest_framework.serializers import BaseSerializer

from actions.payloads.annotations import AnnotationReader, UnsupportedAnnotationError
from actions.payloads.nodes import declared_fields, together, types_of
from actions.runners import FunctionRunner, SerializerRunner

if TYPE_CHECKING:
    from actions.binding import BoundAction

Schema = dict[str, Any]

OPEN: Mapping[str, Any] = {"type": "object"}
"""An object of which nothing is known."""


class Shape(Enum):
    """Where in the body the content stands; the rules are those of `actions.results`."""

    ITSELF = auto()
    RESULT = auto()
    """`{"result": content}`"""
    RESULTS = auto()
    """`{"results": [content, …]}`"""
    META_AND_RESULTS = auto()
    """`{"meta": {}, "results": [content, …]}`"""
    FILE = auto()
    """A response that the function made itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and what its content is."""

    shape: Shape
    content: Mapping[str, Any] | type[BaseSerializer[Any]] | None = None
    """A JSON Schema, a serializer class; None: the serializer of the ViewSet."""
    is_list: bool = False
    """The schema describes all of the results, not one of them."""

    def body(self, written: Schema) -> Schema:
        """The schema of the body, given its content's as the document has it."""
        if self.shape in (Shape.ITSELF, Shape.FILE):
            return written
        if self.shape is Shape.RESULT:
            return _object({"result": written})
        results = written if self.is_list else {"type": "array", "items": written}
        if self.shape is Shape.RESULTS:
            return _object({"results": results})
        return _object({"meta": dict(OPEN), "results": results})

    def leaves_room(self, serializer: Any, names: Iterable[str]) -> bool:
        """Whether members of these names can be added to the body.

        Args:
            serializer: An instance of what writes the content, None where that is a schema.
            names: Those of the members.
        """
        if self.shape is not Shape.ITSELF:
            return True
        if not isinstance(self.content, Mapping):
            return set(names).isdisjoint(getattr(serializer, "fields", ()))
        closed = ("additionalProperties", "unevaluatedProperties")
        if any(node.get(keyword) is False for node in together(self.content, self.content) for keyword in closed):
            return False
        return set(names).isdisjoint(declared_fields(self.content, self.content))

    def filled(self, example: Any) -> Any:
        """A body, given an example of its content."""
        if self.shape is Shape.RESULT:
            return {"result": example}
        results = example if self.is_list else [example]
        if self.shape is Shape.RESULTS:
            return {"results": results}
        return {"meta": {}, "results": results} if self.shape is Shape.META_AND_RESULTS else example


def answer_of(bound: BoundAction, model: type[Model] | None) -> Answer:
    """What the action answers with; `model` is that of the ViewSet's queryset."""
    runner: Any = bound.runner
    declared, serializer = bound.action.result, bound.result_serializer
    several = Shape.META_AND_RESULTS if bound.has_multiple_results else Shape.ITSELF
    if isinstance(declared, Mapping):
        return _declared(declared, bound.has_multiple_results)
    if isinstance(serializer, type):
        return Answer(several, serializer)
    if isinstance(runner, SerializerRunner):
        # What its save() made, which is one object also where the action is one for the list.
        return Answer(Shape.ITSELF, runner.payload.serializer_class)
    returned = _returned(runner.function, model) if isinstance(runner, FunctionRunner) else None
    if returned is _UNSAID or (returned is None and serializer is False):
        return Answer(Shape.ITSELF, OPEN)
    return Answer(several) if returned is None else _annotated(returned, bound, model)


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _declared(schema: Mapping[str, Any], has_multiple_results: bool) -> Answer:
    """A definition's `result`: the schema of what the function returns."""
    kinds = types_of(schema, schema) - {"null"}
    if not kinds or "object" in kinds:
        return Answer(Shape.ITSELF, schema)
    if kinds == {"array"}:
        return Answer(Shape.META_AND_RESULTS if has_multiple_results else Shape.RESULTS, schema, is_list=True)
    return Answer(Shape.META_AND_RESULTS if has_multiple_results else Shape.RESULT, schema)


class _Unknown:
    """Stands for a name of an annotation that only type checkers import."""

    def __class_getitem__(cls, _item: Any) -> type[_Unknown]:
        return cls


_UNSAID = object()
"""The function does not say what it returns."""


def _returned(function: Callable[..., Any], model: type[Model] | None) -> Any:
    """The type that a function says it returns, None for nothing.

    Names that only type checkers import are unknown, except the model's.
    """
    try:
        annotation = getattr(function, "__annotations__", {}).get("return", _UNSAID)
        if isinstance(annotation, str):
            names = {node.id for node in ast.walk(ast.parse(annotation, mode="eval")) if isinstance(node, ast.Name)}
            known = {**vars(builtins), **getattr(function, "__globals__", {})}
            known |= dict.fromkeys(names - set(known), _Unknown)
            if model is not None:
                known[model.__name__] = model
            holder = types.SimpleNamespace(__annotations__={"return": annotation})
            annotation = get_type_hints(holder, known)["return"]
    except (NameError, TypeError, AttributeError, SyntaxError):
        return _Unknown
    return None if annotation is type(None) else annotation


def _annotated(annotation: Any, bound: BoundAction, model: type[Model] | None) -> Answer:
    """The answer of a function that returns this type."""
    annotation = _without_none(_without_meta(annotation))
    if isinstance(annotation, type) and issubclass(annotation, HttpResponseBase):
        return Answer(Shape.FILE)
    if bound.result_serializer is False:
        # Nobody writes the model's objects as something else.
        model = None
    items = _items(annotation)
    if items is not None:
        return Answer(Shape.META_AND_RESULTS if bound.has_multiple_results else Shape.RESULTS, _content(items, model))
    content = _content(annotation, model)
    return Answer(Shape.ITSELF) if content is None else _declared(content or OPEN, bound.has_multiple_results)


def _content(annotation: Any, model: type[Model] | None) -> Mapping[str, Any] | None:
    """The schema of one object; None where the ViewSet's serializer writes it."""
    if model is not None and annotation is model:
        return None
    if hasattr(annotation, "model_json_schema"):
        return _of_pydantic(annotation)
    reader = AnnotationReader()
    try:
        schema = reader.read(annotation, "#")
    except UnsupportedAnnotationError:
        return OPEN if _is_mapping(annotation) else {}
    return {**schema, "$defs": reader.definitions} if reader.definitions else schema


def _of_pydantic(model: Any) -> Mapping[str, Any]:
    """The schema of a pydantic model; an open object where a field of it has none."""
    from pydantic import PydanticUserError

    try:
        return model.model_json_schema(mode="serialization")  # type: ignore[no-any-return]
    except PydanticUserError:
        return OPEN


def _is_mapping(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, Mapping)


def _without_meta(annotation: Any) -> Any:
    """`(meta, result)`: the result's type."""
    parts = get_args(annotation)
    is_pair = get_origin(annotation) is tuple and len(parts) == 2 and _is_mapping(parts[0])
    return parts[1] if is_pair else annotation


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    others = [part for part in get_args(annotation) if part is not type(None)]
    return others[0] if len(others) == 1 else _Unknown


def _items(annotation: Any) -> Any:
    """The type of what a list, set or queryset holds; None for a type that holds no items."""
    kind = get_origin(annotation) or annotation
    if not isinstance(kind, type) or issubclass(kind, str | bytes | Mapping) or hasattr(kind, "model_json_schema"):
        return None
    if not issubclass(kind, Iterable):
        return None
    parts = get_args(annotation)
    return parts[0] if parts else _Unknown
