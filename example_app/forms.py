"""Forms that people answer in automations."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class MailModeration(forms.Form):
    """Says of the mails about an issue list that they were read."""

    up_to = forms.IntegerField(label=_("Last mail"), min_value=1, help_text=_("The number of the last mail you read."))
    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea)


class Recording(forms.Form):
    """Where the recording of a webinar is."""

    url = forms.URLField(label=_("Address of the recording"), assume_scheme="https")


class Approval(forms.Form):
    """Says whether a company may come in."""

    is_approved = forms.BooleanField(
        label=_("Approved"), required=False, help_text=_("Whether the company may come in.")
    )
    reason = forms.CharField(label=_("Reason"), required=False, help_text=_("For the company."))


class Account(forms.Form):
    """The account that somebody has opened."""

    number = forms.CharField(label=_("Number"), help_text=_("The account's number."))


class Contract(forms.Form):
    """Says that a contract is on its way."""

    is_sent = forms.BooleanField(label=_("Sent"), required=False, help_text=_("Whether it is sent."))
