"""What tasks take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet

from actions.exceptions import InvalidPayloadError
from actions.processes.task_payload import TaskPayload
from example_app.models import Todo

if TYPE_CHECKING:
    from actions.processes.context import StepContext


def _errors(function: Callable[..., Any], data: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(InvalidPayloadError) as refused:
        TaskPayload(function).validate(data)
    return refused.value.errors


def with_user(user: User, note: str = "") -> None:
    """Do something.

    Args:
        user: Whose it is.
    """


def with_everything(user: User | None, more: dict[str, Any], rows: list[Any], on: date, **rest: Any) -> None: ...


def plain(message, channel="general", *args, **kwargs): ...


def test_an_instance_of_a_model_is_given_as_it_is() -> None:
    user = User(username="ada")
    assert TaskPayload(with_user).validate({"user": user})["user"] is user


def test_anything_else_in_its_place_is_refused() -> None:
    assert _errors(with_user, {"user": 7}) == {"user": ["Must be an instance of auth.user, not int."]}
    assert _errors(with_user, {"user": Todo()}) == {
        "user": ["Must be an instance of auth.user, not an instance of example_app.todo."]
    }


def test_all_errors_are_told_at_once() -> None:
    assert set(_errors(with_user, {"note": 7, "colour": "red"})) == {"user", "note", "colour"}


def test_the_schema_tells_of_a_model() -> None:
    schema = TaskPayload(with_user).json_schema()
    assert schema["properties"]["user"] == {"description": "Whose it is.", "x-model": "auth.user"}
    assert list(schema["properties"]) == ["user", "note"]
    assert schema["required"] == ["user"]


def test_instances_may_stand_in_lists_and_objects() -> None:
    user = User(username="ada")
    values = TaskPayload(with_everything).validate(
        {"user": None, "more": {"owner": user}, "rows": [user], "on": "2025-01-31", "further": user}
    )
    assert values["more"]["owner"] is values["rows"][0] is values["further"] is user
    assert values["on"] == date(2025, 1, 31)


def test_lists_and_objects_have_to_be_that() -> None:
    data = {"user": "ada", "more": [], "rows": "abc", "on": "2025-01-31"}
    assert _errors(with_everything, data) == {
        "user": ["Must be an instance of auth.user or null, not str."],
        "more": ["Must be an object, not a list."],
        "rows": ["Must be a list, not str."],
    }


def test_values_of_python_fit_where_their_texts_do() -> None:
    def book(at: datetime, on: date, price: Decimal) -> None: ...

    given = {
        "at": datetime.fromisoformat("2025-01-31T08:00:00+00:00"),
        "on": date(2025, 1, 31),
        "price": Decimal("9.90"),
    }
    assert TaskPayload(book).validate(given) == given


def test_a_function_without_annotations_takes_anything() -> None:
    payload = TaskPayload(plain)
    assert payload.problems == []
    assert payload.validate({"message": 7, "mood": "good"}) == {"message": 7, "mood": "good"}
    assert payload.json_schema()["properties"] == {"message": {}, "channel": {"default": "general"}}
    assert _errors(plain, {}) == {"message": ["This field is required."]}


def test_a_queryset_is_a_list() -> None:
    def close(todos: QuerySet[Todo]) -> None: ...

    rows = Todo.objects.none()
    assert TaskPayload(close).validate({"todos": rows})["todos"] is rows


def test_a_context_that_only_type_checkers_know_hides_no_other_annotation() -> None:
    def own(user: User, context: StepContext) -> None: ...

    assert _errors(own, {"user": 7}) == {"user": ["Must be an instance of auth.user, not int."]}
    assert list(TaskPayload(own).json_schema()["properties"]) == ["user"]


def test_an_annotation_that_cannot_be_resolved_is_a_problem() -> None:
    def own(user: Usr) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - that is the point

    [(name, message, _)] = TaskPayload(own).problems
    assert name == "user"
    assert "Usr" in message


def test_a_secret_is_not_repeated_in_errors() -> None:
    def log_in(pin: int) -> None: ...

    with pytest.raises(InvalidPayloadError) as refused:
        TaskPayload(log_in, sensitive=("pin",)).validate({"pin": "hunter2"})
    assert "hunter2" not in str(refused.value)
