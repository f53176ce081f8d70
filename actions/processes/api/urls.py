"""Runs, inputs, schedules and the catalogue: `path("", include("actions.processes.api.urls"))`.

Beside `actions.processes.urls`, which has the processes themselves.
"""

from __future__ import annotations

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from .catalogue_views import CataloguePartView, CatalogueView, FormatView
from .inputs import InputViewSet
from .missing import MissingView
from .runs import RunViewSet
from .schedules import ScheduleViewSet

app_name = "process-runs"

router = SimpleRouter()
router.register("runs", RunViewSet, basename="run")
router.register("inputs", InputViewSet, basename="input")
router.register("schedules", ScheduleViewSet, basename="schedule")

PICTURE = {"detail": True, "basename": "run"}

urlpatterns = [
    path("runs/<int:pk>/picture.svg", RunViewSet.as_view({"get": "picture"}, **PICTURE), name="run-picture"),
    path("runs/<int:pk>/picture.mmd", RunViewSet.as_view({"get": "picture_mmd"}, **PICTURE), name="run-picture-mmd"),
    path("docs/registry/", CatalogueView.as_view(), name="catalogue"),
    path("docs/registry/actions/", CataloguePartView.as_view(part="actions"), name="catalogue-actions"),
    path("docs/registry/tasks/", CataloguePartView.as_view(part="tasks"), name="catalogue-tasks"),
    path("docs/registry/processes/", CataloguePartView.as_view(part="processes"), name="catalogue-processes"),
    path("docs/registry/process-format.json", FormatView.as_view(), name="process-format"),
    *router.urls,
    # What is no number, and what there is not of one: Django would answer with a page.
    re_path(r"^(?:runs|inputs|schedules)/[^/]+/(?:[^/]+/)?$", MissingView.as_view()),
]
