"""Answers addresses beside the routes, such as `/runs/abc/`, as all other refusals are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from .problems import ProblemMixin, named

if TYPE_CHECKING:
    from rest_framework.request import Request


class MissingView(ProblemMixin, APIView):
    """404, whatever is asked for and whoever asks."""

    schema = None
    """It stands in no document."""
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse it.

        Raises:
            ActionError: Always (404).
        """
        super().initial(request, *args, **kwargs)
        raise named(_("There is nothing at %(path)s."), path=request.path)
