"""Fields for what a JSON Schema declares, as the admin shows them."""

from __future__ import annotations

from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget

from actions.forms.schema_fields import SchemaField


class AdminSchemaField(SchemaField):
    """One field of a payload, with the admin's widgets."""

    text_widget = AdminTextInputWidget
    area_widget = AdminTextareaWidget
    password_attributes = {**SchemaField.password_attributes, "class": "vTextField"}
