"""Give a todo to somebody else; the form does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from example_app.models import Todo

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest


class AssignForm(forms.Form):
    """Names the new owner."""

    owner: forms.ModelChoiceField[User] = forms.ModelChoiceField(
        queryset=get_user_model().objects.filter(is_active=True),
        to_field_name="username",
        label=_("owner"),
        help_text=_("The user name of whoever is to do it."),
    )

    def save(self, request: HttpRequest, pk: int) -> tuple[dict[str, Any], Todo]:
        """Hand the todo over; the answer says whose it was."""
        todo = Todo.objects.select_related("owner", "list").get(pk=pk)
        previous = todo.owner
        todo.owner = self.cleaned_data["owner"]
        todo.save(update_fields=["owner", "updated_at"])
        return {"previous_owner": previous.get_username()}, todo
