"""The same action as somebody writes it without the package: (a) plainly, (b) with a row of an audit table.

What a careful person would write: the object locked and checked in the transaction that changes it, the payload by a
serializer, and in (b) what was asked, what was answered and what changed, secrets masked, failures recorded as well.
"""

from __future__ import annotations

import time
import traceback
import uuid
from typing import Any

from django.db import transaction
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from actions.models import EventAction
from example_app.models import Todo
from example_app.serializers import TodoSerializer

from .payload import MarkDoneSerializer
from .work import is_open, mark_done

SECRETS = {"password", "token", "secret", "api_key"}
TRACKED = [field.attname for field in Todo._meta.concrete_fields]


class PlainViewSet(viewsets.ModelViewSet[Todo]):
    """(a) plainly."""

    queryset = Todo.objects.all()
    serializer_class = TodoSerializer

    @action(detail=True, methods=["post"])
    def mark_done(self, request: Request, pk: str) -> Response:
        with transaction.atomic():
            self.queryset = Todo.objects.select_for_update()
            todo = self.get_object()
            serializer = MarkDoneSerializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            result = mark_done(todo, **serializer.validated_data)
        return Response(result)

    @action(detail=False, methods=["post"])
    def mark_many(self, request: Request) -> Response:
        with transaction.atomic():
            results = mark_each(request, checked_keys(request.data))
        return Response(summary(results))


class AuditedViewSet(viewsets.ModelViewSet[Todo]):
    """(b) with a row of an audit table."""

    queryset = Todo.objects.all()
    serializer_class = TodoSerializer

    @action(detail=True, methods=["post"])
    def mark_done(self, request: Request, pk: str) -> Response:
        started = time.perf_counter()
        facts = {
            "uid": uuid.uuid4(),
            "resource": "todo",
            "action": "mark_done",
            "action_type": "instance",
            "object_id": pk,
            "actor_id": str(request.user.pk),
            "actor_name": request.user.get_username(),
            "door": "rest",
            "correlation_id": uuid.uuid4().hex,
            "request_data": masked(request.data),
        }
        try:
            with transaction.atomic():
                self.queryset = Todo.objects.select_for_update()
                todo = self.get_object()
                before = {name: todo.__dict__[name] for name in TRACKED}
                serializer = MarkDoneSerializer(data=request.data)
                serializer.is_valid(raise_exception=True)
                result = mark_done(todo, **serializer.validated_data)
                changes = {
                    name: {"before": before[name], "after": todo.__dict__[name]}
                    for name in TRACKED
                    if todo.__dict__[name] != before[name]
                }
                EventAction.objects.create(
                    **facts,
                    outcome="succeeded",
                    status_code=200,
                    response_data=masked(result),
                    changes=changes or None,
                    duration_seconds=time.perf_counter() - started,
                )
        except Exception as error:
            EventAction.objects.create(
                **facts,
                outcome="failed",
                status_code=getattr(error, "status_code", 500),
                error={"detail": str(error), "traceback": traceback.format_exc()},
                duration_seconds=time.perf_counter() - started,
            )
            raise
        return Response(result)

    @action(detail=False, methods=["post"])
    def mark_many(self, request: Request) -> Response:
        started = time.perf_counter()
        with transaction.atomic():
            keys = checked_keys(request.data)
            found = locked(keys)
            before = {key: {name: todo.__dict__[name] for name in TRACKED} for key, todo in found.items()}
            body = summary(mark_each(request, keys, found))
            done = {result["id"] for result in body["results"] if result["ok"]}
            EventAction.objects.create(
                uid=uuid.uuid4(),
                resource="todo",
                action="mark_many",
                action_type="bulk",
                selection={"ids": keys},
                actor_id=str(request.user.pk),
                actor_name=request.user.get_username(),
                door="rest",
                correlation_id=uuid.uuid4().hex,
                request_data=masked(request.data),
                outcome="succeeded",
                status_code=200,
                response_data=masked(body),
                changes=[
                    {"model": "todo", "key": str(key), "field": name, "before": values[name], "after": now}
                    for key, values in before.items()
                    if key in done
                    for name in TRACKED
                    if (now := found[key].__dict__[name]) != values[name]
                ],
                duration_seconds=time.perf_counter() - started,
            )
        return Response(body)


def checked_keys(data: Any) -> list[int]:
    """The keys that the body names."""
    keys = data.get("ids")
    if not isinstance(keys, list) or not keys or not all(type(key) is int for key in keys):
        raise ValidationError({"ids": "A list of keys was expected."})
    return list(dict.fromkeys(keys))


def locked(keys: list[int]) -> dict[int, Todo]:
    """The objects by key."""
    return {todo.pk: todo for todo in Todo.objects.select_for_update().filter(pk__in=keys)}


def mark_each(request: Request, keys: list[int], found: dict[int, Todo] | None = None) -> list[dict[str, Any]]:
    """Mark each in a savepoint; what fails for one is done for the others."""
    found = locked(keys) if found is None else found
    payload = {key: value for key, value in request.data.items() if key != "ids"}
    results: list[dict[str, Any]] = []
    for index, key in enumerate(keys):
        about = {"index": index, "id": key}
        try:
            with transaction.atomic():
                if (todo := found.get(key)) is None:
                    raise NotFound
                serializer = MarkDoneSerializer(data=payload)
                serializer.is_valid(raise_exception=True)
                if not is_open(todo):
                    raise ValidationError("The todo was withdrawn.")
                result = mark_done(todo, **serializer.validated_data)
        except APIException as error:
            results.append({**about, "ok": False, "status": error.status_code, "error": error.get_full_details()})
        else:
            results.append({**about, "ok": True, "status": 200, "result": result})
    return results


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """How many went well, and what came of each."""
    succeeded = sum(result["ok"] for result in results)
    status = "success" if succeeded == len(results) else "partial_success" if succeeded else "error"
    counts = {"total": len(results), "succeeded": succeeded, "failed": len(results) - succeeded}
    return {"status": status, "counts": counts, "results": results}


def masked(data: Any) -> Any:
    """Plain data without secrets."""
    if isinstance(data, dict):
        return {key: "***" if key.lower() in SECRETS else masked(value) for key, value in data.items()}
    if isinstance(data, list):
        return [masked(item) for item in data]
    return data
