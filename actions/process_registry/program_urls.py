"""Runs of stored programs: `path("api/program_run/", include("actions.process_registry.program_urls"))`."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from actions.process_registry.api.program_runs import ProgramRunViewSet

app_name = "program-runs"

router = SimpleRouter()
router.register("", ProgramRunViewSet, basename="run")

urlpatterns = router.urls
