"""The examples of the core concepts as automations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from actions.processes import flow
from actions.processes.flow import this

from . import forms, models

DISCUSSED = timedelta(days=7)
LARGE = 50
"""People in a company that is approved before it comes in."""


class IssueDiscussion(flow.Automation):
    """A week of discussion: mails are moderated, people are warned of the deadline, and there may be a call."""

    issue_list: Any = models.IssueList

    start = flow.Execute(this.publish_announcement)
    parallel = flow.Split().Next(this.moderation).Next(this.warning).Next(this.conf_call)

    moderation = flow.If(this.no_new_mails).Then(this.repeat)
    moderate = flow.Form(forms.MailModeration, description=_("Read the new mails")).Group(name="Moderators")
    repeat = (
        flow.If(this.moderation_deadline_reached)
        .Then(this.join)
        .Else(this.moderation)
    ).AfterWaitingFor(timedelta(hours=1))  # fmt: skip

    warning = (
        flow.Execute(this.send_deadline_warning)
        .AfterWaitingFor(timedelta(days=6))
        .Next(this.join)
    )  # fmt: skip

    conf_call = flow.If(this.conf_call_this_week).Then(this.moderate_call).Else(this.join)
    moderate_call = flow.Execute(this.block_calendar)

    join = flow.Join()
    evaluation = flow.Execute(this.evaluate)
    end = flow.End()

    class Meta:
        verbose_name = _("Issue discussion")
        verbose_name_plural = _("Issue discussions")

    def publish_announcement(self, task: flow.Task) -> None:
        self._change(announced_at=timezone.now())

    def no_new_mails(self, task: flow.Task) -> bool:
        read = self.data.get("moderate", {}).get("up_to", 0)
        return not self.issue_list.mails.filter(pk__gt=read).exists()

    def moderation_deadline_reached(self, task: flow.Task) -> bool:
        return bool(timezone.now() >= self.issue_list.announced_at + DISCUSSED)

    def send_deadline_warning(self, task: flow.Task) -> None:
        self._change(warned_at=timezone.now())

    def conf_call_this_week(self, task: flow.Task) -> bool:
        return bool(self.issue_list.has_call)

    def block_calendar(self, task: flow.Task) -> None:
        self._change(call_at=timezone.now() + timedelta(days=3))

    def evaluate(self, task: flow.Task) -> dict[str, int]:
        count = self.issue_list.mails.count()
        self._change(result=f"{count} mails")
        return {"mails": count}

    def _change(self, **values: Any) -> None:
        models.IssueList.objects.filter(pk=self.issue_list.pk).update(**values)


class Webinar(flow.Automation):
    """Of each session of a webinar: people sign up, are reminded, get the link, and afterwards the recording."""

    session: Any = models.WebinarSession
    unique = ("session",)
    publish_receivers = ("signup",)

    reminder = (
        flow.Execute(this.write, "Your webinar is tomorrow.")
        .SkipIf(this.has_begun)
        .AfterWaitingUntil(this.day_before)
    )  # fmt: skip
    link = flow.Execute(this.write, "Your webinar begins now.").AfterWaitingUntil(this.beginning)
    recorded = (
        flow.Form(forms.Recording, description=_("Say where the recording is"))
        .Permission("example_app.change_webinarsession")
        .AfterWaitingFor(timedelta(hours=2))
        .SkipAfter(timedelta(days=30))
    )
    offer = flow.Execute(this.offer_recording).SkipIf(this.has_no_recording)
    end = flow.End()

    class Meta:
        verbose_name = _("Webinar")

    @flow.require_data_parameters(email=str)
    def receive_signup(self, token: Any, data: Any) -> str:
        self.session.guests.get_or_create(email=data["email"])
        return "received"

    def day_before(self, task: flow.Task) -> datetime:
        return self.beginning(task) - timedelta(days=1)

    def beginning(self, task: flow.Task) -> datetime:
        moment: datetime = self.session.starts_at
        return moment

    def has_begun(self, task: flow.Task) -> bool:
        return timezone.now() >= self.beginning(task)

    def has_no_recording(self, task: flow.Task) -> bool:
        return "recorded" not in self.data

    def write(self, task: flow.Task, text: str) -> int:
        guests = list(self.session.guests.values_list("email", flat=True))
        for email in guests:
            send_mail(self.session.title, text, None, [email])
        return len(guests)

    def offer_recording(self, task: flow.Task) -> int:
        answer: Mapping[str, Any] = self.data["recorded"]
        models.WebinarSession.objects.filter(pk=self.session.pk).update(recording=answer["url"])
        return self.write(task, f"See it again: {answer['url']}")


class SignupApproval(flow.Automation):
    """Takes a company in: the same as process/processes/SignupApproval.yml, and as the workflow of that name."""

    needs_approval = flow.If(this.is_large).Then(this.approve).Else(this.prepare)
    approve = (
        flow.Form(forms.Approval, description=_("Approve the sign-up"))
        .Group(name="approvers")
        .DueAfter(timedelta(days=2))
        .RemindAfter(timedelta(days=1), every=timedelta(days=1))
        .EscalateAfter(timedelta(days=3), group="heads")
        .Timeout(timedelta(days=14))
    )
    is_refused = flow.If(this.was_refused).Then(this.refused).Else(this.prepare)
    refused = flow.End()

    prepare = flow.Split().Next(this.open_account).Next(this.send_contract)
    open_account = flow.Form(forms.Account, description=_("Open an account")).Group(name="approvers").Next(this.join)
    send_contract = (
        flow.Form(forms.Contract, description=_("Send the contract")).Group(name="approvers").Next(this.join)
    )
    join = flow.Join()

    note_it = flow.Action("todo:mark_done", on=this.todo_of, note="The company is in.")
    end = flow.End()

    class Meta:
        id = "signup-approval-flow"
        verbose_name = _("Sign-up with approval")

    def is_large(self, task: flow.Task) -> bool:
        return bool(self.data["company_size"] >= LARGE)

    def was_refused(self, task: flow.Task) -> bool:
        return not self.data["approve"]["is_approved"]

    def todo_of(self, task: flow.Task) -> int:
        key: int = self.data["todo"]
        return key
