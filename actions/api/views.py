"""Records over REST: read, polled and undone by staff and by whoever called; archived by superusers; written by nobody.

GET     /dj-actions/actionevents/12/           the record; 202 while the call waits or runs
DELETE  /dj-actions/actionevents/12/           cancels a call that has not begun
POST    /dj-actions/actionevents/12/undo/      takes back what was done
POST    /dj-actions/actionevents/12/replay/    does again what failed
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from actions.acceptance import CHECK_AGAIN
from actions.actions.action_registry import ACTIONS
from actions.exceptions import ActionError
from actions.later import cancel
from actions.mixins import ActionMixin
from actions.models import UNFINISHED, ArchivedEventAction, Delivery, EventAction, Outcome

from .filters import EventActionFilter
from .permissions import IsStaffOrAsksForOne
from .schemas import cancelling, listing, polling
from .serializers import EventActionSerializer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

NOT_FOR_ARCHIVED = {"undo": "not_undoable", "replay": "not_replayable"}
"""What an archived record refuses, by action."""
SHOWN_DELIVERIES = Delivery.objects.only("event_id", "uid", "hook", "state").order_by("id")


class EventPagination(CursorPagination):
    """Newest first, and as quick for the last page as for the first: nothing is counted or skipped."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def paginate_queryset(self, *args: Any, **kwargs: Any) -> list[Any] | None:
        """One page.

        Raises:
            NotFound: The cursor is none of ours. The base class finds that out of some only.
        """
        try:
            return super().paginate_queryset(*args, **kwargs)
        except (ValueError, ValidationError) as error:
            raise NotFound(self.invalid_cursor_message) from error


class EventActionViewSet(ActionMixin, ReadOnlyModelViewSet[EventAction]):
    """The executions of all actions."""

    queryset = EventAction.objects.all()
    serializer_class = EventActionSerializer
    permission_classes = [IsStaffOrAsksForOne]
    pagination_class = EventPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventActionFilter
    action_registry = ACTIONS

    def get_queryset(self) -> QuerySet[EventAction]:
        """All for staff, their own for others."""
        events = super().get_queryset()
        if self.action in ("list", "retrieve"):
            # What the call was asked for may be a secret, and is not even read.
            events = events.select_related("pending_call").defer("pending_call__request")
            events = events.prefetch_related(Prefetch("deliveries", SHOWN_DELIVERIES))
        return self._visible(events)

    def get_object(self) -> EventAction:
        """The record.

        Raises:
            ActionError: It is archived, and what is to be done needs the record itself (409).
        """
        try:
            return super().get_object()  # type: ignore[no-any-return]
        except Http404:
            code = NOT_FOR_ARCHIVED.get(self.action or "")
            if code is None or not self._is_archived():
                raise
        raise ActionError(_("The record is archived."), status=HTTPStatus.CONFLICT.value, code=code)

    @listing
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The records that the caller may see, newest first."""
        return super().list(request, *args, **kwargs)

    @polling
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The record of a call. While it waits or runs, 202 with `progress`; then 200 with its result.

        `status_code`, `response_data` and `error` are the result.
        """
        event = self.get_object()
        shown = self.get_serializer(event).data
        if event.outcome not in UNFINISHED:
            return Response(shown)
        headers = {"Retry-After": str(_seconds_to_wait(event))}
        return Response(shown, status=HTTPStatus.ACCEPTED.value, headers=headers)

    @cancelling
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Cancel a call that has not begun; one that repeats is not repeated any more. The record stays."""
        event = self.get_object()
        if cancel(event):
            return Response(status=HTTPStatus.NO_CONTENT.value)
        has_begun = self.get_object().outcome in UNFINISHED
        detail = _("It has begun, and is not cancelled any more.") if has_begun else _("It is over.")
        raise ActionError(detail, status=HTTPStatus.CONFLICT.value, code="not_cancellable")

    def _visible(self, events: QuerySet[Any]) -> QuerySet[Any]:
        user = getattr(self.request, "user", None)
        if getattr(user, "is_staff", False):
            return events
        key = getattr(user, "pk", None)
        return events.none() if key is None else events.filter(actor_id=str(key))

    def _is_archived(self) -> bool:
        archived = self._visible(ArchivedEventAction.objects.all())
        try:
            return bool(archived.filter(pk=self.kwargs[self.lookup_url_kwarg or self.lookup_field]).exists())
        except (ValueError, ValidationError):
            return False


def _seconds_to_wait(event: EventAction) -> int:
    """After which it is worth while to ask again."""
    call = getattr(event, "pending_call", None)
    if event.outcome != Outcome.PENDING.value or call is None or call.due_at is None:
        return CHECK_AGAIN
    return max(CHECK_AGAIN, int((call.due_at - timezone.now()).total_seconds()))
