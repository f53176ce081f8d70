"""Workflows: found by `WFE_WORKFLOWS` in the settings, and started by their numbers, or by their classes.

from actions.processes import order_workflow_execution

job_id = order_workflow_execution(workflow_id=1)
"""

# ruff: noqa: F405 - names of that import

from __future__ import annotations

from pydantic import BaseModel

from actions.processes import steps, workflows

from .my_steps import *  # noqa: F403 - any import does: workflows are those that are defined here
from .signup_steps import (
    Approve,
    IsRefused,
    NeedsApproval,
    NoteIt,
    OpenAccount,
    Prepare,
    Prepared,
    SendContract,
)


class MyWorkflow(workflows.Workflow):
    """Decides by what the first step says."""

    DIGRAPH = {
        steps.__start__: [Step1],
        Step1: [Decision1],
        Decision1: [Step2a, Step2b],
        Step2a: [Step3],
        Step2b: [Step3],
    }


class AskingWorkflow(workflows.Workflow):
    """Asks for a number before it decides; the ways have names, so that nobody is rerouted when they are reordered."""

    DIGRAPH = {
        steps.__start__: [Step1],
        Step1: [Step2],
        Step2: [Decision1],
        Decision1: {"even": Step2a, "odd": Step2b},
    }


class FileWorkflow(workflows.Workflow):
    """Handles a file by its kind."""

    DIGRAPH = {
        steps.__start__: [FilePathStep],
        FilePathStep: [FileTypeDecision],
        FileTypeDecision: [JsonFileHandleStep, OtherFileHandleStep],
    }


class SignupApproval(workflows.Workflow):
    """Takes a company in: the same as process/processes/SignupApproval.yml, and as the automation of that name."""

    class PayloadSchema(BaseModel):
        """A company."""

        email: str
        name: str
        company_size: int
        todo: int

    class Meta:
        id = "signup-approval-workflow"
        title = "Sign-up with approval"

    DIGRAPH = {
        steps.__start__: [NeedsApproval],
        NeedsApproval: {"then": Approve, "else": Prepare},
        Approve: [IsRefused],
        IsRefused: {"then": None, "else": Prepare},
        Prepare: {"open_account": OpenAccount, "send_contract": SendContract},
        OpenAccount: [Prepared],
        SendContract: [Prepared],
        Prepared: [NoteIt],
    }
