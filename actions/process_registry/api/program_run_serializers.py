"""Runs of programs as JSON."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from actions.process_registry.programs.models import ProgramRun
from actions.processes.api.links import link

from .serializers import ROW

NAMESPACE = "program-runs"


class ProgramRunSerializer(serializers.ModelSerializer[ProgramRun]):
    """A run without what the program wrote."""

    name = serializers.CharField(source="version.name", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    definition = serializers.SerializerMethodField(help_text=_("The path of the stored definition."))
    output_url = serializers.SerializerMethodField(help_text=_("What the program wrote."))
    url = serializers.SerializerMethodField()

    class Meta:
        model = ProgramRun
        fields = [
            *("id", "name", "definition", "version", "is_service", "status", "exit_code", "reason", "error"),
            *("output_size", "log_size", "usage", "restarts", "worker", "queue", "actor_id", "actor_name"),
            *("created_at", "started_at", "ended_at", "stop_requested_at", "output_url", "url"),
        ]
        read_only_fields = fields

    def get_definition(self, run: ProgramRun) -> str | None:
        """Where it is, while it is there."""
        try:
            return reverse(ROW, args=[run.definition_id])
        except NoReverseMatch:
            return None

    def get_output_url(self, run: ProgramRun) -> str | None:
        """Where the output is."""
        return link(self.context.get("request"), f"{NAMESPACE}:run-output", run.pk)

    def get_url(self, run: ProgramRun) -> str | None:
        """Where all of it is."""
        return link(self.context.get("request"), f"{NAMESPACE}:run-detail", run.pk)


class ProgramOutputSerializer(serializers.Serializer[Any]):
    """What a program wrote, as far as it is kept: the end of it."""

    output = serializers.CharField(help_text=_("As text; what is no UTF-8 is escaped."))
    output_base64 = serializers.CharField(required=False, help_text=_("The bytes, where they are no text."))
    output_size = serializers.IntegerField(help_text=_("How many bytes it wrote."))
    is_whole = serializers.BooleanField(help_text=_("Whether all of them are here."))
    log = serializers.CharField(help_text=_("What it wrote to standard error."))
    log_size = serializers.IntegerField()
