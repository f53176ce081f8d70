"""System checks of the registry."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.urls import include, path

from actions.process_registry.checks import check_mounts

pytestmark = pytest.mark.once

urlpatterns: list[Any] = []


def test_a_project_that_is_complete_has_no_warnings() -> None:
    assert check_mounts() == []


@pytest.mark.urls(__name__)
def test_a_list_without_its_second_address_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = path("api/registry/", include("actions.process_registry.urls"))
    monkeypatch.setattr("tests.integration.process_registry.test_registry_checks.urlpatterns", [mounted])
    (warning,) = check_mounts()
    assert warning.id == "actions.process_registry.W001"
    assert 'path("api/registry", without_slash)' in str(warning.hint)


@pytest.mark.urls(__name__)
def test_a_project_may_serve_no_rest() -> None:
    assert check_mounts() == []


def test_whether_versions_are_asked_for_is_yes_or_no(settings: Any) -> None:
    settings.DJACTION_DEFINITIONS_NEED_IF_MATCH = "yes"
    found = [each for each in run_checks(databases=[]) if "DEFINITIONS_NEED_IF_MATCH" in each.msg]
    assert [each.id for each in found] == ["actions.E007"]
