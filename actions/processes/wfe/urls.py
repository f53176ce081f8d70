"""Workflows, steps and jobs: `path("wfe/", include("actions.processes.wfe.urls"))`. Each with and without the slash.

GET     workflows/  steps/  jobs/      what there is
POST    jobs/                          {"workflow_id": 1}: starts a job
GET     jobs/7/  jobs/7/logs/          how far it is, and what it has said
GET     jobs/7/input/                  what it waits for, with the schema of the answer
POST    jobs/7/input/                  the answer
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import URLPattern, path

from .jobs import JobViewSet
from .views import StepViewSet, WorkflowViewSet

app_name = "wfe"

LIST: Mapping[str, str] = {"get": "list"}
DETAIL: Mapping[str, str] = {"get": "retrieve"}


def _both(route: str, view: Any, methods: Mapping[str, str], name: str) -> Iterator[URLPattern]:
    """A route with its slash, and without it, which no document shows a second time."""
    options = {"basename": name.partition("-")[0]}
    unlisted: Any = type(view.__name__, (view,), {"schema": None, "swagger_schema": None})
    yield path(f"{route}/", view.as_view(dict(methods), **options), name=name)
    yield path(route, unlisted.as_view(dict(methods), **options))


urlpatterns = [
    *_both("workflows", WorkflowViewSet, LIST, "workflow-list"),
    *_both("workflows/<int:pk>", WorkflowViewSet, DETAIL, "workflow-detail"),
    *_both("steps", StepViewSet, LIST, "step-list"),
    *_both("steps/<int:pk>", StepViewSet, DETAIL, "step-detail"),
    *_both("jobs", JobViewSet, {"get": "list", "post": "create"}, "job-list"),
    *_both("jobs/<int:pk>", JobViewSet, DETAIL, "job-detail"),
    *_both("jobs/<int:pk>/logs", JobViewSet, {"get": "logs"}, "job-logs"),
    *_both("jobs/<int:pk>/input", JobViewSet, {"get": "input", "post": "provide_input"}, "job-input"),
]
