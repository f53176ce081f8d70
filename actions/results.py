"""What an action's function returned, as the body of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from .exceptions import FailedActionError

if TYPE_CHECKING:
    from .binding import BoundAction
    from .resource import ViewResource


def render(result: Any, bound: BoundAction, resource: ViewResource, target: Any) -> Any:
    """The body for a result.

    A mapping is the body as it is. A model instance goes through the result's serializer; None means the object that
    the action was called on. Several objects, or `(meta, results)`, become `{"meta", "results"}`; `(meta, result)` for
    one object becomes its representation with `meta` merged in. A response of Django's or DRF's is passed through.

    Raises:
        FailedActionError: JSON cannot hold the result, or it is a response that says that the action failed.
    """
    if type(result) is dict and not isinstance(bound.result_serializer, type):
        _assert_json(result, bound)
        return result
    if isinstance(result, HttpResponseBase):
        if result.status_code >= 400:
            detail = (
                f"{bound.name} returned a response of status {result.status_code}. Raise an exception: it rolls back."
            )
            raise FailedActionError(detail, code="result_is_error")
        if isinstance(result, Response):
            _assert_json(result.data, bound)
        return result
    meta: Mapping[str, Any] | None = None
    if isinstance(result, tuple) and len(result) == 2 and (result[0] is None or isinstance(result[0], Mapping)):
        meta, result = result[0] or {}, result[1]
    if isinstance(result, Iterator):
        result = list(result)
    if result is None and bound.is_instance:
        result = target
    body = _shape(_represent(result, bound, resource), meta, bound)
    _assert_json(body, bound)
    return body


def _represent(result: Any, bound: BoundAction, resource: ViewResource) -> Any:
    several = isinstance(result, list | tuple | QuerySet | set | frozenset)
    if bound.result_serializer is False:
        return list(result) if several else result
    if bound.result_serializer is not None:
        return resource.serialize(result, several, bound.result_serializer)
    if isinstance(result, Model):
        return resource.serialize(result, False, None)
    if isinstance(result, QuerySet) or (several and any(isinstance(item, Model) for item in result)):
        return resource.serialize(result, True, None)
    if hasattr(result, "model_dump"):
        return result.model_dump(mode="json")
    return list(result) if several else result


def _shape(body: Any, meta: Mapping[str, Any] | None, bound: BoundAction) -> Any:
    if bound.has_multiple_results:
        if body is None:
            return {"meta": meta or {}, "results": []}
        if meta is not None or not isinstance(body, Mapping):
            return {"meta": meta or {}, "results": body if isinstance(body, list) else [body]}
        return body
    if isinstance(body, Mapping):
        return {**body, **meta} if meta else body
    if body is None:
        return dict(meta or {})
    return {"meta": meta or {}, "results": body} if isinstance(body, list) else {**(meta or {}), "result": body}


def _assert_json(body: Any, bound: BoundAction) -> None:
    """Find out before the commit whether the answer can be written, not after it."""
    if type(body) is dict and all(type(value) in _ALWAYS_JSON for value in body.values()) and all(map(_is_text, body)):
        return
    try:
        _encoder.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        detail = f"{bound.name} returned what JSON cannot hold: {error}"
        raise FailedActionError(detail, code="result_not_json") from error


def _is_text(value: object) -> bool:
    return type(value) is str


_ALWAYS_JSON = frozenset({str, int, bool, type(None), datetime, date, UUID, Decimal})


class _Encoder(JSONEncoder):
    """DRF's, for a value that is written twice: into the answer and into the record."""

    def default(self, obj: Any) -> Any:
        if isinstance(obj, Iterator):
            raise TypeError(f"{type(obj).__name__} can be read only once; make it a list")
        return super().default(obj)


_encoder = _Encoder(allow_nan=False)
