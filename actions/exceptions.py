"""Every error class of the package.

ActionsError
├── ConfigurationError (also Django's ImproperlyConfigured): the project is set up wrongly
│   ├── DefinitionError: problems found in definitions and registries, all of them together
│   └── MissingExtraError: an optional dependency is not installed
└── ActionError: one call was refused or failed; carries what the caller is told
    ├── UnknownActionError              404
    ├── WrongActionTypeError            404
    ├── NotImplementedActionError       501
    ├── RetiredActionError              410
    ├── InvalidPayloadError             400
    ├── InvalidSelectionError           400
    ├── ObjectsNotFoundError            404
    ├── TooManyObjectsError             400
    ├── PayloadTooLargeError            413
    ├── UnsupportedEncodingError        415
    ├── RefusedError                    409 or the refusal's own status
    ├── InvalidTermError                400
    ├── IdempotencyError                409, 422
    ├── PreconditionFailedError         412
    ├── PreconditionRequiredError       428
    ├── BudgetExceededError             429
    ├── NotPossibleError                501
    ├── UnavailableError                503
    └── FailedActionError               500
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

NON_FIELD_ERRORS = "non_field_errors"
"""Key of errors that belong to the payload as a whole."""


class ActionsError(Exception):
    """Base of every error that this package raises."""


class ConfigurationError(ActionsError, ImproperlyConfigured):
    """The project is set up wrongly; nothing a caller sent can cause or cure it."""


@dataclass(frozen=True, slots=True)
class DefinitionProblem:
    """One thing that is wrong in a definition, said so that it can be mended at once."""

    file: str
    """The file as the developer knows it, or the name of the registry where there is no file."""
    path: tuple[str | int, ...]
    """The way from the top of the file to the value: `("schema", "properties", "note")`."""
    message: str
    """What is wrong, with the offending value, and what was expected."""
    remedy: str = ""
    """What to do."""
    line: int | None = None
    """Counted from 1."""
    column: int | None = None
    """Counted from 1."""

    @property
    def where(self) -> str:
        """File, line, column and path in the form that editors and terminals make clickable."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {' > '.join(map(str, self.path))}" if self.path else place

    def __str__(self) -> str:
        return f"{self.where}: {self.message} {self.remedy}".rstrip()


class DefinitionError(ConfigurationError):
    """Definitions that cannot be used, with all their problems."""

    def __init__(self, problems: Iterable[DefinitionProblem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} in action definitions:\n{lines}")


class MissingExtraError(ConfigurationError):
    """An optional part was used whose dependency is not installed."""

    def __init__(self, module: str, extra: str) -> None:
        self.module = module
        self.extra = extra
        super().__init__(f'{module} is not installed. Install it with: pip install "dj-actions[{extra}]"')


class ActionError(ActionsError):
    """A call that was refused or failed. Every door shows the same five facts of it."""

    status: int = 500
    """HTTP status, also where the door is not HTTP."""
    code: str = "error"
    """Stable, for programs."""
    default_detail: Any = _("The action failed.")

    def __init__(
        self,
        detail: Any = None,
        *,
        errors: Mapping[str, Sequence[Any]] | None = None,
        code: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Say what happened.

        Args:
            detail: One sentence for a person.
            errors: Sentences by dotted field path, whole-payload ones under `non_field_errors`.
            code: Replaces the class's own.
            status: Replaces the class's own.
            headers: For the answer over HTTP, such as `Retry-After`.
            extra: Further members of the problem document.
        """
        self.detail = str(self.default_detail if detail is None else detail)
        self.errors = {key: [str(sentence) for sentence in sentences] for key, sentences in (errors or {}).items()}
        self.headers = dict(headers or {})
        self.correlation_id = ""
        self.extra = dict(extra or {})
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        super().__init__(self.detail)

    def __str__(self) -> str:
        fields = "; ".join(f"{key}: {' '.join(sentences)}" for key, sentences in self.errors.items())
        return f"{self.detail} ({fields})" if fields else self.detail


class UnknownActionError(ActionError):
    """No such action on this resource."""

    status = 404
    code = "unknown_action"
    default_detail = _("There is no such action.")


class WrongActionTypeError(ActionError):
    """An instance action was called on the list, or a bulk action on one object."""

    status = 404
    code = "wrong_action_type"
    default_detail = _("The action exists, but not here.")


class NotImplementedActionError(ActionError):
    """The registry promises the action (status `todo`), but it does not exist yet."""

    status = 501
    code = "not_implemented"
    default_detail = _("This action is planned and cannot be called yet.")


class RetiredActionError(ActionError):
    """The action's sunset has passed."""

    status = 410
    code = "retired"
    default_detail = _("This action has been retired.")


class InvalidPayloadError(ActionError):
    """The payload does not fit the action's declaration."""

    status = 400
    code = "invalid_payload"
    default_detail = _("The payload is not valid.")


class InvalidSelectionError(ActionError):
    """A bulk action was not told which objects it means, or in a way that is not understood."""

    status = 400
    code = "invalid_selection"
    default_detail = _("Say which objects are meant.")


class ObjectsNotFoundError(ActionError):
    """Some of the objects named by `ids` do not exist for this caller."""

    status = 404
    code = "objects_not_found"
    default_detail = _("Some of the objects were not found.")


class TooManyObjectsError(ActionError):
    """More objects than the action's `max_objects`."""

    status = 400
    code = "too_many_objects"
    default_detail = _("Too many objects.")


class PayloadTooLargeError(ActionError):
    """The body is larger than Django's DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status = 413
    code = "payload_too_large"
    default_detail = _("The request body is too large.")


class UnsupportedEncodingError(ActionError):
    """The body's charset is not a text encoding."""

    status = 415
    code = "unsupported_encoding"
    default_detail = _("The charset of the request is not supported.")


class RefusedError(ActionError):
    """A condition said no: the object is not in a state for this."""

    status = 409
    code = "refused"
    default_detail = _("The action is not possible now.")


class InvalidTermError(ActionError):
    """A header or parameter that says how to carry out the call cannot be understood; `errors` names it."""

    status = 400
    code = "invalid_term"
    default_detail = _("A header or parameter is not understood.")


class IdempotencyError(ActionError):
    """The Idempotency-Key belongs to another request (422), or to one that has not ended (409)."""

    status = 409
    code = "in_progress"
    default_detail = _("A call with this Idempotency-Key is still running.")


class PreconditionFailedError(ActionError):
    """The object is not in the version that the caller means, or a plan would not do any more what it said."""

    status = 412
    code = "version_changed"
    default_detail = _("The object has been changed since. Nothing was done.")


class PreconditionRequiredError(ActionError):
    """The action is done only to a version that the caller names."""

    status = 428
    code = "version_required"
    default_detail = _("Say which version of the object you mean: send If-Match with its ETag.")


class BudgetExceededError(ActionError):
    """The caller would change more rows than the setting DJACTION_BUDGETS allows."""

    status = 429
    code = "budget_exceeded"
    default_detail = _("You would change more rows than you may.")


class NotPossibleError(ActionError):
    """The call asks for something that this action, or this installation, cannot do."""

    status = 501
    code = "not_possible"
    default_detail = _("This cannot be done with this action.")


class UnavailableError(ActionError):
    """The database could not do it now: a lock was not free, a deadlock, a lost connection. Trying again may help."""

    status = 503
    code = "unavailable"
    default_detail = _("The database is busy. Nothing was changed; try again.")


class FailedActionError(ActionError):
    """The action's own code raised an unexpected error; `__cause__` has it."""

    status = 500
    code = "failed"
    default_detail = _("The action failed. Nothing was changed.")
