"""Definitions and versions as JSON."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from actions.process_registry.models import DefinitionVersion, ProcessDefinition
from actions.processes.api.links import link, process_link

NAMESPACE = "process-registry"
ROW = f"{NAMESPACE}:definition-detail"


class ProcessDefinitionSerializer(serializers.Serializer[ProcessDefinition]):
    """A row of the contract: these three members, and nothing else."""

    definition = serializers.DictField(help_text=_("As it was sent; keys that nobody knows are kept."))
    id = serializers.IntegerField(read_only=True)
    resource_uri = serializers.CharField(read_only=True)

    def to_representation(self, instance: ProcessDefinition) -> dict[str, Any]:
        """The row, with the path that it is at."""
        place = reverse(ROW, args=[instance.pk])
        return {"definition": instance.definition, "id": instance.pk, "resource_uri": place}


class EnvelopeMetaSerializer(serializers.Serializer[Any]):
    """Which part of the list it is."""

    limit = serializers.IntegerField()
    next = serializers.CharField(allow_null=True, help_text=_("The path of the next part."))
    offset = serializers.IntegerField()
    previous = serializers.CharField(allow_null=True, help_text=_("The path of the part before."))
    total_count = serializers.IntegerField()


class ProcessDefinitionEnvelopeSerializer(serializers.Serializer[Any]):
    """A part of the list."""

    # drf-spectacular takes what a list answers for a list of these. (Its decorator writes this, too.)
    _spectacular_annotation = {"many": False}

    meta = EnvelopeMetaSerializer()
    objects = ProcessDefinitionSerializer(many=True)


class DefinitionVersionSerializer(serializers.ModelSerializer[DefinitionVersion]):
    """A version without its content."""

    kind = serializers.CharField(read_only=True, help_text=_("executable or process"))
    author = serializers.CharField(source="author_name", read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = DefinitionVersion
        fields = [
            *("number", "kind", "name", "process_id", "fingerprint", "author", "author_id"),
            *("note", "restored_from", "created_at", "url"),
        ]
        read_only_fields = fields

    def get_url(self, version: DefinitionVersion) -> str | None:
        """Where its content is."""
        return link(self.context.get("request"), f"{NAMESPACE}:definition-version", version.of_id, version.number)


class DefinitionVersionContentSerializer(DefinitionVersionSerializer):
    """A version with its content."""

    definition = serializers.DictField(read_only=True)
    text = serializers.CharField(read_only=True, help_text=_('The YAML that it was written in; "" for JSON.'))

    class Meta(DefinitionVersionSerializer.Meta):
        fields = [*DefinitionVersionSerializer.Meta.fields, "definition", "text"]
        read_only_fields = fields


class DefinitionVersionPageSerializer(serializers.Serializer[Any]):
    """A page of versions."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = DefinitionVersionSerializer(many=True)


class AboutDefinitionSerializer(serializers.ModelSerializer[ProcessDefinition]):
    """What is known of a definition besides its content."""

    kind = serializers.CharField(read_only=True, help_text=_("executable or process"))
    owner = serializers.CharField(source="owner_name", read_only=True)
    resource_uri = serializers.SerializerMethodField()
    versions_url = serializers.SerializerMethodField()
    run_url = serializers.SerializerMethodField(help_text=_("POST here to run it."))
    process_url = serializers.SerializerMethodField(help_text=_("Of a process: where it is documented."))

    class Meta:
        model = ProcessDefinition
        fields = [
            *("id", "kind", "name", "process_id", "version", "fingerprint", "owner", "owner_id", "is_shared", "file"),
            *("created_at", "changed_at", "resource_uri", "versions_url", "run_url", "process_url"),
        ]
        read_only_fields = fields

    def get_resource_uri(self, row: ProcessDefinition) -> str:
        """Its path."""
        return reverse(ROW, args=[row.pk])

    def get_versions_url(self, row: ProcessDefinition) -> str | None:
        """Its versions."""
        return link(self.context.get("request"), f"{NAMESPACE}:definition-versions", row.pk)

    def get_run_url(self, row: ProcessDefinition) -> str | None:
        """Where it is run."""
        return link(self.context.get("request"), f"{NAMESPACE}:definition-run", row.pk)

    def get_process_url(self, row: ProcessDefinition) -> str | None:
        """The process that can be started by its id."""
        return process_link(self.context.get("request"), row.process_id) if row.process_id is not None else None


class DefinitionDifferenceSerializer(serializers.Serializer[Any]):
    """One value that is not the same."""

    path = serializers.ListField(help_text=_("The way to the value."))
    change = serializers.ChoiceField(["added", "removed", "changed"])
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class DefinitionComparisonSerializer(serializers.Serializer[Any]):
    """What is different between two versions."""

    from_version = serializers.IntegerField(help_text=_("Its number."))
    to_version = serializers.IntegerField(help_text=_("Its number."))
    changes = DefinitionDifferenceSerializer(many=True)
    text_diff = serializers.CharField(help_text=_("A unified diff of their texts, as far as they have any."))
