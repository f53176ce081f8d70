"""Operations of processes for drf-yasg: Swagger 2.0."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from django.utils.translation import gettext as _
from drf_yasg import openapi
from drf_yasg.app_settings import swagger_settings

from actions.openapi.operations import Operation
from actions.openapi.yasg import ActionSwaggerSchema

from .openapi import describe
from .run_serializers import ProcessRunDataSerializer


@cache
def schema_class() -> Any:
    """The class that documents processes, on top of the project's own; None where that is None."""
    base = swagger_settings.DEFAULT_AUTO_SCHEMA_CLASS
    return None if base is None else type("ProcessSwaggerSchema", (ProcessSwaggerSchema, base), {})


class ProcessSwaggerSchema(ActionSwaggerSchema):
    """As for actions, with the answers of a start."""

    @cached_property
    def described(self) -> Operation:
        """What there is to write down."""
        return describe(self.view, self.method.upper())

    @property
    def is_plain(self) -> bool:
        """Whether it is the list of runs, of which drf-yasg finds everything out."""
        return hasattr(self.view, "filterset_class") and self.method.upper() == "GET"

    def get_operation(self, operation_keys: list[str] | None = None) -> Any:
        """The operation."""
        if not self.is_plain:
            return super().get_operation(operation_keys)
        plain = swagger_settings.DEFAULT_AUTO_SCHEMA_CLASS(
            *(self.view, self.path, self.method, self.components, self.request, self.overrides),  # type: ignore[attr-defined]
            operation_keys=operation_keys,
        )
        return plain.get_operation(operation_keys)

    def get_operation_id(self, operation_keys: list[str] | None = None) -> str:
        """`processes_signup_request_start`, and `_documentation`."""
        keys = list(operation_keys or self.operation_keys)[:-1]  # type: ignore[attr-defined]
        named = [each.replace("-", "_") for each in keys]
        return "_".join([*named, "start" if self.method.upper() == "POST" else "documentation"])

    def _successes(self) -> dict[int, openapi.Response]:
        if self.method.upper() != "POST":
            return super()._successes()
        run = self.serializer_to_schema(ProcessRunDataSerializer())  # type: ignore[attr-defined]
        texts = {201: _("It has ended, or waits for something."), 202: _("Somebody else goes on with it.")}
        return {
            status: openapi.Response(text, schema=run, headers=self._headers(status)) for status, text in texts.items()
        }
