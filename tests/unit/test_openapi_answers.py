"""What is documented of an answer: the definition's word, else what the function says it returns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

import pytest
from django import forms
from django.http import FileResponse
from pydantic import BaseModel
from rest_framework import serializers

from actions.binding import BoundAction, bind
from actions.definitions import Action
from actions.openapi.answers import OPEN, Answer, Shape, answer_of
from example_app.models import Todo
from example_app.serializers import TodoSerializer

if TYPE_CHECKING:
    from elsewhere import Something, TodoQuerySet


class Counted(TypedDict):
    done: int


class Marked(BaseModel):
    id: int


class Calling(BaseModel):
    back: Callable[[], None]


class Result(serializers.Serializer[Any]):
    id = serializers.IntegerField()

    def save(self, **kwargs: Any) -> None: ...


class SavingForm(forms.Form):
    def save(self, request: Any, pk: Any) -> None: ...


def bound(function: Any = None, **keys: Any) -> BoundAction:
    definition = Action(id="act", function=function, **keys)
    made, problems = bind(definition, "todo")
    assert made is not None, problems
    return made


def answer(function: Any = None, **keys: Any) -> Answer:
    return answer_of(bound(function, **keys), Todo)


def nothing(target: Any) -> None: ...
def unsaid(target: Any): ...  # type: ignore[no-untyped-def]
def one_todo(target: Any) -> Todo: ...
def perhaps_a_todo(target: Any) -> Todo | None: ...
def todos(target: Any) -> list[Todo]: ...
def with_meta(target: Any) -> tuple[dict[str, Any], Todo]: ...
def mapping(target: Any) -> dict[str, Any]: ...
def typed(target: Any) -> Counted: ...
def model(target: Any) -> Marked: ...
def calling(target: Any) -> Calling: ...
def number(target: Any) -> int: ...
def moment(target: Any) -> dt.datetime | None: ...
def texts(target: Any) -> list[str]: ...
def mappings(target: Any) -> list[dict[str, Any]]: ...
def unknown(target: Any) -> Something: ...
def unknown_part(target: Any) -> dict[str, Something]: ...
def queryset(target: Any) -> TodoQuerySet[Something]: ...
def file(target: Any) -> FileResponse: ...


@pytest.mark.parametrize("function", [nothing, one_todo, perhaps_a_todo, with_meta])
def test_an_object_is_written_by_the_viewsets_serializer(function: Any) -> None:
    assert answer(function) == Answer(Shape.ITSELF, None)


@pytest.mark.parametrize("function", [nothing, todos])
def test_several_objects_of_a_bulk_action_stand_under_results(function: Any) -> None:
    assert answer(function, type="bulk") == Answer(Shape.META_AND_RESULTS, None)


@pytest.mark.parametrize("type_", ["instance", "bulk"])
def test_a_function_that_does_not_say_what_it_returns_may_answer_with_any_object(type_: str) -> None:
    assert answer(unsaid, type=type_) == Answer(Shape.ITSELF, OPEN)


def test_a_form_that_does_the_work_leaves_the_answer_to_the_viewsets_serializer() -> None:
    assert answer(form=SavingForm) == Answer(Shape.ITSELF, None)


def test_several_objects_of_an_instance_action_stand_under_results_without_meta() -> None:
    assert answer(todos) == Answer(Shape.RESULTS, None)


@pytest.mark.parametrize("type_", ["instance", "bulk"])
def test_a_mapping_is_the_body_itself(type_: str) -> None:
    assert answer(mapping, type=type_).shape is Shape.ITSELF
    assert answer(mapping, type=type_).content == {"type": "object", "additionalProperties": {}}


def test_a_typed_mapping_shows_its_fields() -> None:
    content = answer(typed).content
    assert isinstance(content, dict)
    assert content["$defs"]["Counted"]["properties"] == {"done": {"type": "integer", "title": "Done"}}


def test_a_pydantic_model_shows_its_fields() -> None:
    content = answer(model).content
    assert isinstance(content, dict)
    assert content["properties"]["id"]["type"] == "integer"


def test_a_pydantic_model_that_has_no_schema_may_be_any_object() -> None:
    assert answer(calling) == Answer(Shape.ITSELF, OPEN)


def test_a_value_stands_under_result() -> None:
    assert answer(number) == Answer(Shape.RESULT, {"type": "integer"})
    assert answer(number, type="bulk") == Answer(Shape.META_AND_RESULTS, {"type": "integer"})


def test_a_value_that_may_be_missing_stands_under_result() -> None:
    assert answer(moment) == Answer(Shape.RESULT, {"type": "string", "format": "date-time"})


def test_values_stand_under_results() -> None:
    assert answer(texts) == Answer(Shape.RESULTS, {"type": "string"})
    assert answer(mappings, type="bulk").shape is Shape.META_AND_RESULTS


@pytest.mark.parametrize("function", [unknown, queryset])
def test_a_type_for_type_checkers_only_may_be_any_object(function: Any) -> None:
    assert answer(function) == Answer(Shape.ITSELF, OPEN)


def test_a_mapping_of_an_unknown_type_is_still_one() -> None:
    assert answer(unknown_part) == Answer(Shape.ITSELF, OPEN)


def test_the_models_name_is_known_without_its_import() -> None:
    def named(target: Any): ...  # type: ignore[no-untyped-def]

    named.__annotations__["return"] = "Todo"
    named = type(named)(named.__code__, {"__builtins__": {}}, "named")
    named.__annotations__["return"] = "Todo"
    assert answer(named) == Answer(Shape.ITSELF, None)


def test_a_response_of_the_functions_own_is_a_file() -> None:
    assert answer(file).shape is Shape.FILE


def test_the_definitions_schema_goes_before_the_annotation() -> None:
    schema = {"type": "object", "properties": {"done": {"type": "integer"}}}
    assert answer(number, result=schema) == Answer(Shape.ITSELF, schema)


def test_a_declared_list_is_all_of_the_results() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    found = answer(mapping, type="bulk", result=schema)
    assert found == Answer(Shape.META_AND_RESULTS, schema, is_list=True)
    assert found.body(schema)["properties"]["results"] == schema


def test_a_declared_value_stands_under_result() -> None:
    assert answer(mapping, result={"type": "string"}) == Answer(Shape.RESULT, {"type": "string"})


def test_a_result_serializer_writes_the_answer() -> None:
    assert answer(one_todo, result=Result) == Answer(Shape.ITSELF, Result)
    assert answer(todos, type="bulk", result=Result) == Answer(Shape.META_AND_RESULTS, Result)


def test_a_serializer_that_does_the_work_writes_the_answer() -> None:
    assert answer(serializer=TodoSerializer, type="bulk") == Answer(Shape.ITSELF, TodoSerializer)


def test_a_raw_result_is_never_written_by_the_viewsets_serializer() -> None:
    assert answer(todos, serializer=False, type="bulk") == Answer(Shape.META_AND_RESULTS, {})
    assert answer(nothing, serializer=False) == Answer(Shape.ITSELF, OPEN)


@pytest.mark.parametrize(
    ("shape", "fields"),
    [(Shape.RESULT, ["result"]), (Shape.RESULTS, ["results"]), (Shape.META_AND_RESULTS, ["meta", "results"])],
)
def test_all_fields_around_the_content_are_there(shape: Shape, fields: list[str]) -> None:
    assert Answer(shape).body({})["required"] == fields


@pytest.mark.parametrize(
    ("found", "body"),
    [
        (Answer(Shape.ITSELF), 1),
        (Answer(Shape.RESULT), {"result": 1}),
        (Answer(Shape.RESULTS), {"results": [1]}),
        (Answer(Shape.RESULTS, is_list=True), {"results": 1}),
        (Answer(Shape.META_AND_RESULTS), {"meta": {}, "results": [1]}),
    ],
)
def test_an_example_of_the_content_stands_where_the_content_does(found: Answer, body: Any) -> None:
    assert found.filled(1) == body
