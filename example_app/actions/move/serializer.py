"""What `move` takes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from example_app.models import TodoList
from example_app.serializers import VisibleListField


class MoveSerializer(serializers.Serializer[dict[str, Any]]):
    """Names the list that the todos go to."""

    to = VisibleListField(queryset=TodoList.objects.none(), help_text=_("The list that the todos go to."))
