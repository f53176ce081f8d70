"""That an action was refused, and why."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from actions.exceptions import ActionError
from actions.problem import document


def assert_refused(
    response: Any = None, *, code: str | None = None, status: int | None = None, field: str | None = None
) -> Refused:
    """Assert that a call was refused: of a response, or as a context manager around a call without HTTP.

    assert_refused(response, code="invalid_payload", field="note")

    with assert_refused(code="already_done"):
        perform_action(TodoViewSet, "mark_done", todo, actor=user)

    Args:
        response: What the client gave back; None for the context manager.
        code: Of the problem document.
        status: The HTTP status, which an error has at every door.
        field: A field that has an error of its own, in dots.

    Raises:
        AssertionError: It was not refused, or for another reason.
    """
    __tracebackhide__ = True
    refused = Refused(code, status, field)
    if response is not None:
        refused.check(_problem(response))
    return refused


class Refused:
    """What a refusal has to be, and what it was."""

    problem: dict[str, Any]
    """The problem document; there once the call was refused."""

    def __init__(self, code: str | None, status: int | None, field: str | None) -> None:
        self._expected = {"code": code, "status": status}
        self._field = field

    def check(self, problem: dict[str, Any]) -> None:
        """Compare a problem document with what was expected."""
        __tracebackhide__ = True
        self.problem = problem
        for name, expected in self._expected.items():
            if expected is not None and problem.get(name) != expected:
                raise AssertionError(f"Refused with {name} {problem.get(name)!r}, not {expected!r}: {problem}")
        if self._field is not None and self._field not in problem.get("errors", {}):
            raise AssertionError(f'The field "{self._field}" has no error: {problem}')

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        __tracebackhide__ = True
        if error is None:
            raise AssertionError("The action was not refused.")
        if not isinstance(error, ActionError):
            return False
        self.check(document(error))
        return True


def _problem(response: Any) -> dict[str, Any]:
    """The problem document of a response."""
    __tracebackhide__ = True
    if response.status_code < 400:
        raise AssertionError(f"The action was not refused: {response.status_code} {_text(response)}")
    if not response.get("Content-Type", "").startswith("application/problem+json"):
        raise AssertionError(f"{response.status_code} is no problem document: {_text(response)}")
    return response.json()  # type: ignore[no-any-return]


def _text(response: Any, limit: int = 500) -> str:
    content = b"" if response.streaming else response.content
    return str(content[:limit].decode(response.charset or "utf-8", errors="replace"))
