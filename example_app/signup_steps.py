"""Steps of the workflow `SignupApproval`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field

from actions.processes import steps

LARGE = 50
"""People in a company that is approved before it comes in."""


class NeedsApproval(steps.Decision):
    """Large companies are approved by somebody first."""

    def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
        return "then" if self.job.payload["company_size"] >= LARGE else "else"


class Approve(steps.Approval):
    """A company with fifty people or more wants to come in."""

    class UserInputSchema(BaseModel):
        """What somebody decides."""

        is_approved: bool = Field(description="Whether the company may come in.")
        reason: str = Field("", description="For the company.")

    title = "Approve the sign-up"
    groups = ("approvers",)
    register = "approve"
    due_after = timedelta(days=2)
    remind_after = timedelta(days=1)
    remind_every = timedelta(days=1)
    escalate_after = timedelta(days=3)
    escalate_to = {"groups": ["heads"]}
    timeout = timedelta(days=14)


class IsRefused(steps.Decision):
    """What was decided."""

    def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
        return "else" if _input["is_approved"] else "then"


class Prepare(steps.Split):
    """Two people prepare what the company needs."""


class OpenAccount(steps.Approval):
    """Somebody opens an account."""

    class UserInputSchema(BaseModel):
        """The account."""

        number: str = Field(description="The account's number.")

    title = "Open an account"
    groups = ("approvers",)
    register = "open_account"


class SendContract(steps.Approval):
    """Somebody sends the contract."""

    class UserInputSchema(BaseModel):
        """That it is on its way."""

        is_sent: bool = Field(description="Whether it is sent.")

    title = "Send the contract"
    groups = ("approvers",)
    register = "send_contract"


class Prepared(steps.Join):
    """Both are done."""


class NoteIt(steps.Action):
    """The todo is done."""

    action = "todo:mark_done"
    arguments = {"note": "The company is in."}

    def target(self) -> int:
        """The todo's key."""
        key: int = self.job.payload["todo"]
        return key
