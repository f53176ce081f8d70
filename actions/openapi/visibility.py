"""Which operations a document leaves out: those of alpha actions, unless they are asked for."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError

from actions import lifecycle
from actions.exceptions import InvalidTermError


def is_left_out(view: Any) -> bool:
    """Whether the document is made without the operations of this route.

    Of a document that nobody requests, as a command writes it, the setting DJACTION_SHOW_ALPHA decides.

    Args:
        view: The ViewSet, made for documentation only.

    Raises:
        ValidationError: The request for the document says `alpha` in a way that cannot be understood.
    """
    bound = view.shown_action
    if bound is None:
        return False
    request = getattr(view.request, "schema_request", view.request)
    try:
        shows_alpha = lifecycle.with_alpha({} if request is None else request.query_params)
    except InvalidTermError as error:
        # The view that serves the document is none of ours: this is what DRF answers 400 to.
        raise ValidationError(error.errors) from error
    return lifecycle.is_left_out(bound.action, shows_alpha=shows_alpha)
