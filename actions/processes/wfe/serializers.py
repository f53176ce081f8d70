"""Workflows, steps and jobs as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from actions.processes.api.access import is_staff
from actions.processes.api.links import link, picture_link, process_link, run_link
from actions.processes.api.masking import Masking
from actions.processes.registry import processes
from actions.processes.workflows.known import found_steps, found_workflows, steps_of
from actions.processes.workflows.models import Job, KnownStep, KnownWorkflow
from actions.processes.workflows.states import JobState


class WfeWorkflowSerializer(serializers.ModelSerializer[KnownWorkflow]):
    """A workflow, and where it is started."""

    title = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(help_text=_("The paths of its steps, in the order of their declaration."))
    schema = serializers.SerializerMethodField(help_text=_("JSON Schema of what a job is ordered with."))
    permissions = serializers.SerializerMethodField(help_text=_("What whoever orders it has to have, all of them."))
    url = serializers.SerializerMethodField(help_text=_("Where it is started and documented as a process."))
    picture_url = serializers.SerializerMethodField()

    class Meta:
        model = KnownWorkflow
        fields = [
            *("id", "name", "path", "deleted", "process", "title", "description"),
            *("steps", "schema", "permissions", "url", "picture_url"),
        ]
        read_only_fields = fields

    def get_title(self, row: KnownWorkflow) -> str:
        """What people call it."""
        process = processes.get(row.process)
        return process.title if process is not None else row.name

    def get_description(self, row: KnownWorkflow) -> str:
        """What it does."""
        process = processes.get(row.process)
        return process.description if process is not None else ""

    def get_steps(self, row: KnownWorkflow) -> list[str]:
        """Their paths."""
        process = next((each for each in found_workflows() if each.source == row.path), None)
        return [f"{step.__module__}.{step.__qualname__}" for step in steps_of(process)] if process is not None else []

    def get_schema(self, row: KnownWorkflow) -> dict[str, Any] | None:
        """What it takes."""
        process = processes.get(row.process)
        return dict(process.payload.json_schema()) if process is not None else None

    def get_permissions(self, row: KnownWorkflow) -> list[str]:
        """Their names: "app.codename"."""
        process = processes.get(row.process)
        return list(process.permissions) if process is not None else []

    def get_url(self, row: KnownWorkflow) -> str | None:
        """As a process."""
        return process_link(self.context.get("request"), row.process)

    def get_picture_url(self, row: KnownWorkflow) -> str | None:
        """Its picture."""
        return picture_link(self.context.get("request"), row.process)


class WfeStepSerializer(serializers.ModelSerializer[KnownStep]):
    """A step that some workflow has."""

    description = serializers.SerializerMethodField()
    asks = serializers.SerializerMethodField(help_text=_("Whether somebody has to say something first."))

    class Meta:
        model = KnownStep
        fields = ["id", "name", "path", "kind", "deleted", "description", "asks"]
        read_only_fields = fields

    def get_description(self, row: KnownStep) -> str:
        """What it does."""
        step = self._classes.get(row.path)
        return (vars(step).get("__doc__") or "").strip() if step is not None else ""

    def get_asks(self, row: KnownStep) -> bool:
        """Whether it waits for an input."""
        step = self._classes.get(row.path)
        return step is not None and step.UserInputSchema is not None

    @cached_property
    def _classes(self) -> Mapping[str, Any]:
        return found_steps(found_workflows())


class WfeJobSerializer(serializers.ModelSerializer[Job]):
    """A job without its data."""

    uuid = serializers.UUIDField(read_only=True)
    workflow = serializers.SerializerMethodField(help_text=_("The workflow's number."))
    workflow_name = serializers.SerializerMethodField()
    current_step = serializers.CharField(read_only=True)
    current_step_number = serializers.IntegerField(read_only=True)
    state = serializers.SerializerMethodField(help_text=", ".join(JobState))
    logfile = serializers.SerializerMethodField(help_text=_("The name of its log, where logs are kept as files."))
    logs_url = serializers.SerializerMethodField()
    input_url = serializers.SerializerMethodField()
    run_url = serializers.SerializerMethodField(help_text=_("Everything about it."))

    class Meta:
        model = Job
        fields = [
            *("id", "uuid", "workflow", "workflow_name", "state", "current_step", "current_step_number", "logfile"),
            *("created_at", "ended_at", "logs_url", "input_url", "run_url"),
        ]
        read_only_fields = fields

    def get_workflow(self, job: Job) -> int | None:
        """Its number."""
        row = self._workflow(job)
        return row.pk if row is not None else None

    def get_workflow_name(self, job: Job) -> str:
        """Its name."""
        row = self._workflow(job)
        return row.name if row is not None else job.process

    def _workflow(self, job: Job) -> KnownWorkflow | None:
        known = self._workflows
        if job.process not in known:
            known[job.process] = job.workflow
        return known[job.process]

    @cached_property
    def _workflows(self) -> dict[str, KnownWorkflow | None]:
        """Those of the jobs that are shown, by their processes."""
        return {}

    def get_state(self, job: Job) -> str:
        """How far it is."""
        return job.job_state

    def get_logfile(self, job: Job) -> str:
        """Without the folder, which is the server's."""
        return Path(job.logfile).name

    def get_logs_url(self, job: Job) -> str | None:
        """What it has said."""
        return link(self.context.get("request"), "wfe:job-logs", job.pk)

    def get_input_url(self, job: Job) -> str | None:
        """Where it is answered."""
        return link(self.context.get("request"), "wfe:job-input", job.pk)

    def get_run_url(self, job: Job) -> str | None:
        """As a run."""
        return run_link(self.context.get("request"), job.pk)


class WfeJobDetailSerializer(WfeJobSerializer):
    """A job with what it has done; secrets are masked."""

    storage = serializers.SerializerMethodField(help_text=_('`{"data": [{"step", "result", "external_data"}]}`'))
    error = serializers.SerializerMethodField()

    class Meta(WfeJobSerializer.Meta):
        fields = [*WfeJobSerializer.Meta.fields, "storage", "error"]
        read_only_fields = fields

    def get_storage(self, job: Job) -> dict[str, Any]:
        """What its steps have answered."""
        return dict(self._masking(job).shown(job.storage))

    def get_error(self, job: Job) -> Any:
        """Why it has failed, or does not go on."""
        return self._masking(job).error(job.error)

    def _masking(self, job: Job) -> Masking:
        request = self.context.get("request")
        return Masking(job, is_for_staff=is_staff(getattr(request, "user", None)))


class WfeJobOrderSerializer(serializers.Serializer[Any]):
    """What starts a job."""

    workflow_id = serializers.IntegerField(help_text=_("The workflow's number."))
    payload = serializers.DictField(required=False, help_text=_("What it takes."))


class WfeJobInputSerializer(serializers.Serializer[Any]):
    """What a job waits for."""

    job = serializers.IntegerField()
    step = serializers.CharField(help_text=_("The path of the step's class."))
    node = serializers.CharField(help_text=_("The name of what waits: `?step=` where several do."))
    title = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.JSONField(help_text=_("JSON Schema of the answer, to make a form of."))
    form_error = serializers.CharField(allow_null=True, help_text=_("Why its form cannot be made; null where it can."))
    is_mine = serializers.BooleanField(help_text=_("Whether the caller may answer."))
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    form_url = serializers.CharField(allow_null=True, help_text=_("A page with that form."))
    url = serializers.CharField(help_text=_("POST the answer here."))


class WfeJobAnswerSerializer(serializers.Serializer[Any]):
    """What a job's `input` says that it is."""
