"""A form field for several texts in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _


class CommaSeparatedInput(forms.TextInput):
    """One line with commas; also takes a field that repeats (`ids=1&ids=2`) and a list from JSON."""

    def value_from_datadict(self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str) -> Any:
        """The one value, or the list of several."""
        if isinstance(data, MultiValueDict):
            values = data.getlist(name)
            return values if len(values) > 1 else next(iter(values), None)
        return data.get(name)

    def format_value(self, value: Any) -> str | None:
        """The items joined by commas."""
        text: str | None = super().format_value(
            ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        )
        return text


class CommaSeparatedCharField(forms.CharField):
    """Texts separated by commas: "1, 2,," becomes ["1", "2"].

    Also takes a JSON list, whose items may hold commas. Empty items are left out, and a required field needs one item.
    `max_length` and `min_length` hold for each item.
    """

    widget = CommaSeparatedInput
    default_error_messages = {"invalid_item": _("Each item must be a text or a number.")}
    takes_list = True
    """Read by `FormPayload`: a list from JSON reaches `to_python` as it is."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """The items without the spaces around them.

        Raises:
            ValidationError: The list holds something other than texts and numbers.
        """
        if value in self.empty_values:
            return []
        if not isinstance(value, list | tuple):
            value = str(value).split(",")
        elif any(isinstance(item, bool) or not isinstance(item, str | int | float) for item in value):
            raise ValidationError(self.error_messages["invalid_item"], code="invalid_item")
        items = (str(item).strip() if self.strip else str(item) for item in value)
        return [item for item in items if item]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without the limits of the whole line, which CharField would set."""
        attributes = super().widget_attrs(widget)
        return {name: value for name, value in attributes.items() if name not in ("maxlength", "minlength")}

    def run_validators(self, value: Any) -> None:
        """Each item for itself."""
        for item in value:
            super().run_validators(item)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the items differ."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True
