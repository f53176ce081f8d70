"""What can go wrong with workflows, besides what `actions.processes.exceptions` has."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from actions.exceptions import ActionError


class WorkflowDeleted(ActionError):  # noqa: N818 - the name that it has always had
    """The class of a workflow is gone; its jobs stay."""

    status = 409
    code = "workflow_deleted"
    default_detail = _("This workflow is not there any more.")
