"""Operations of processes for drf-spectacular: OpenAPI 3.0 and 3.1."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse

from actions.openapi.operations import Operation
from actions.openapi.spectacular import ActionSpectacularSchema

from .openapi import describe
from .run_serializers import ProcessRunDataSerializer


@cache
def schema_class(base: type) -> type:
    """The class that documents processes, on top of the project's own."""
    return type("ProcessSpectacularSchema", (ProcessSpectacularSchema, base), {})


class ProcessSpectacularSchema(ActionSpectacularSchema):
    """As for actions, with the answers of a start."""

    @cached_property
    def described(self) -> Operation:
        """What there is to write down."""
        return describe(self.view, self.method)

    def get_operation_id(self) -> str:
        """`processes_signup_request_start`, and `_documentation`."""
        named = [part.replace("-", "_") for part in self._tokenize_path()]  # type: ignore[attr-defined]
        return "_".join([*named, "start" if self.method == "POST" else "documentation"])

    def _successes(self) -> dict[Any, OpenApiResponse]:
        if self.method != "POST":
            return super()._successes()
        return {
            201: OpenApiResponse(ProcessRunDataSerializer, _("It has ended, or waits for something.")),
            202: OpenApiResponse(ProcessRunDataSerializer, _("Somebody else goes on with it.")),
        }
