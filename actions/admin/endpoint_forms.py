"""The form of a stored webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from actions.api.endpoint_serializers import ACTION_PATTERN, MAX_PATTERN, MAX_PATTERNS, NO_PATTERN, check_url
from actions.hooks.settings import OUTCOMES
from actions.models import Outcome, WebhookEndpoint

if TYPE_CHECKING:
    Base = forms.ModelForm[WebhookEndpoint]
else:
    Base = forms.ModelForm


class PatternsField(forms.CharField):
    """Names of actions, one on each line."""

    widget = AdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """A line for each."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The lines.

        Raises:
            ValidationError: One is no name.
        """
        lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        if len(lines) > MAX_PATTERNS or not all(
            ACTION_PATTERN.match(line) and len(line) <= MAX_PATTERN for line in lines
        ):
            raise forms.ValidationError(NO_PATTERN, code="invalid")
        return lines


class WebhookEndpointForm(Base):
    """As REST takes it: the same URLs and names."""

    url = forms.CharField(
        label=_("URL"),
        max_length=500,
        widget=AdminTextInputWidget(attrs={"type": "url"}),
        validators=[check_url],
        help_text=_("Takes the messages. Redirects are not followed."),
    )
    actions = PatternsField(
        label=_("actions"), required=False, help_text=_('One on each line: "todo:mark_done", "todo:*". None for all.')
    )
    outcomes = forms.MultipleChoiceField(
        label=_("outcomes"),
        choices=[(value, Outcome(value).label) for value in OUTCOMES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None for those that succeeded."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["url", "description", "actions", "outcomes", "is_ordered", "is_active"]

    def _get_validation_exclusions(self) -> set[str]:
        """The model's own field knows no hosts of the project's own network, as in "http://crm/"."""
        return {*super()._get_validation_exclusions(), "url"}  # type: ignore[misc]
