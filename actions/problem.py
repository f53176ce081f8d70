"""Errors as callers see them: any exception becomes an `ActionError`, any `ActionError` a problem document.

Source of the document's shape: RFC 9457, with the members `code` and `errors` added.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_exceptions
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from rest_framework import exceptions as drf_exceptions

from .exceptions import (
    NON_FIELD_ERRORS,
    ActionError,
    FailedActionError,
    InvalidPayloadError,
    PayloadTooLargeError,
    UnavailableError,
)

PROBLEM_JSON = "application/problem+json"

RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Titles as RFC 9110 has them; Python before 3.13 says them in the words of its predecessors."""

UNREADABLE = (
    ValueError,
    LookupError,
    RecursionError,
    MultiPartParserError,
    UnreadablePostError,
    django_exceptions.SuspiciousOperation,
    zlib.error,
)
"""What parsers and codecs raise for a body that makes no sense, or ends too early."""


def document(error: ActionError) -> dict[str, Any]:
    """The problem document of an error."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(error.status),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.errors:
        body["errors"] = error.errors
    return {**body, **error.extra}


def to_error(error: Exception) -> ActionError:
    """What the caller is told of any exception. What nobody expected becomes a `FailedActionError` with it as cause."""
    if isinstance(error, ActionError):
        return error
    if isinstance(error, drf_exceptions.APIException):
        return _of_rest_framework(error)
    for kind, translate in _TRANSLATIONS:
        if isinstance(error, kind):
            return _caused(translate(error), error)
    return _caused(FailedActionError(), error)


def to_body_error(error: Exception) -> ActionError:
    """What the caller is told when the body of the request could not be read."""
    if isinstance(error, django_exceptions.RequestDataTooBig):
        return _caused(PayloadTooLargeError(), error)
    if isinstance(error, UNREADABLE):
        detail = _("The request body cannot be read. Send valid data of the content type that the request names.")
        return _caused(ActionError(detail, status=400, code="malformed"), error)
    return to_error(error)


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as sentences by dotted path.

    `{"address": {"city": ["Required."]}}` becomes `{"address.city": ["Required."]}`; what belongs to no field stands
    under `non_field_errors`.
    """
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            place = path if key == NON_FIELD_ERRORS and path else f"{path}.{key}" if path else str(key)
            for field, sentences in flatten(value, place).items():
                found.setdefault(field, []).extend(sentences)
        return found
    if isinstance(detail, list | tuple):
        if any(isinstance(item, Mapping | list | tuple) for item in detail):
            items = {str(index): item for index, item in enumerate(detail) if item}
            return flatten(items, path)
        return {path or NON_FIELD_ERRORS: [str(item) for item in detail]}
    return {path or NON_FIELD_ERRORS: [str(detail)]}


def _title(status: int) -> str:
    try:
        return RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return _("Error")


def _caused(error: ActionError, cause: Exception) -> ActionError:
    error.__cause__ = cause
    return error


def _of_rest_framework(error: drf_exceptions.APIException) -> ActionError:
    """A DRF exception, its headers as DRF's own handler would set them."""
    if isinstance(error, drf_exceptions.ValidationError):
        return _caused(InvalidPayloadError(errors=flatten(error.detail)), error)
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    detail = error.detail
    errors = flatten(detail) if isinstance(detail, Mapping | list) else {}
    sentence = str(error.default_detail) if errors else str(detail)
    code = getattr(detail, "code", None) or error.default_code
    return _caused(
        ActionError(sentence, errors=errors, code=str(code), status=error.status_code, headers=headers), error
    )


def _invalid(error: django_exceptions.ValidationError) -> ActionError:
    errors = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    errors = {NON_FIELD_ERRORS if key == "__all__" else key: value for key, value in errors.items()}
    # One sentence about no field in particular is the detail itself.
    alone = errors.get(NON_FIELD_ERRORS, []) if len(errors) == 1 else []
    return InvalidPayloadError(alone[0] if len(alone) == 1 else None, errors=errors)


def _too_big(error: Exception) -> ActionError:
    return PayloadTooLargeError()


def _denied(error: Exception) -> ActionError:
    return ActionError(str(error) or _("Permission denied."), status=403, code="permission_denied")


def _not_found(error: Exception) -> ActionError:
    # Django words a missing object for developers ("No Todo matches the given query"); a caller reads DRF's sentence.
    return ActionError(str(drf_exceptions.NotFound.default_detail), status=404, code="not_found")


def _suspicious(error: Exception) -> ActionError:
    return ActionError(_("The request is not valid."), status=400, code="malformed")


def _out_of_range(error: Exception) -> ActionError:
    detail = _("A value does not fit into the database: too large, too long or of the wrong kind.")
    return InvalidPayloadError(detail, code="out_of_range")


def _conflict(error: Exception) -> ActionError:
    detail = _("This contradicts what is in the database already. Nothing was changed.")
    return ActionError(detail, status=409, code="conflict")


def _unavailable(error: Exception) -> ActionError:
    return UnavailableError(headers={"Retry-After": "1"})


_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], ActionError]], ...] = (
    (Http404, _not_found),
    (django_exceptions.PermissionDenied, _denied),
    (django_exceptions.ValidationError, _invalid),
    (django_exceptions.RequestDataTooBig, _too_big),
    (django_exceptions.SuspiciousOperation, _suspicious),
    (DataError, _out_of_range),
    (IntegrityError, _conflict),
    ((OperationalError, InterfaceError), _unavailable),
)
