"""What waits for the caller's input: `GET /inputs/`, the oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from actions.preferences import invalid
from actions.processes.graph import Graph
from actions.processes.models import OpenTask
from actions.processes.store import graph_of

from .access import Answerer
from .documents import answering
from .inputs_shown import shown_input
from .links import link
from .problems import ProblemMixin
from .shapes import ProcessInputPageSerializer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

PAGE_SIZE = 50
MAX_READ = 2000
"""Open inputs that one request looks through: who may answer which says no statement of a database."""
AFTER, PROCESS = "after", "process"
MAX_KEY = 2**63 - 1


class InputListView(ProblemMixin, APIView):
    """Open inputs that the caller may answer."""

    permission_classes = [IsAuthenticated]

    @answering(lazy("Inputs that wait for me"), ProcessInputPageSerializer, parameters=(AFTER, PROCESS), refusals=[400])
    def get(self, request: Request) -> Response:
        """What waits for an answer that the caller may give, the oldest first; with the schema of the answer.

        POST it to `url`. A page may be short, or empty, although there is a `next` one.
        """
        after = _key(request.query_params.get(AFTER, "0"))
        rows = OpenTask.objects.filter(pk__gt=after)
        if process := request.query_params.get(PROCESS):
            rows = rows.filter(process=_name(process))
        found, last = _mine(rows, Answerer(request.user))
        graphs = _Graphs()
        query = {PROCESS: process} if process else {}
        return Response(
            {
                "next": link(request, "process-runs:inputs", query={**query, AFTER: last})
                if last is not None
                else None,
                "results": [shown_input(each, graphs.of(each), Answerer(request.user), request) for each in found],
            }
        )


def _mine(rows: QuerySet[OpenTask], user: Answerer) -> tuple[list[OpenTask], int | None]:
    """Those that a user may answer, and the key of the last one that was looked at, where there may be more."""
    found: list[OpenTask] = []
    read = 0
    last: int | None = None
    for task in rows.select_related("run").order_by("pk")[: MAX_READ + 1]:
        if read == MAX_READ or len(found) == PAGE_SIZE:
            return found, last
        read, last = read + 1, task.pk
        if user.may(task):
            found.append(task)
    return found, None


class _Graphs:
    """The definitions of runs, each read once."""

    def __init__(self) -> None:
        self._known: dict[int, Graph | None] = {}

    def of(self, task: OpenTask) -> Graph | None:
        """That of the run which waits."""
        key = task.run.definition_id
        if key not in self._known:
            try:
                self._known[key] = graph_of(key, str(task._state.db))
            except ValueError:
                self._known[key] = None
        return self._known[key]


def _key(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= MAX_KEY):
        raise invalid(AFTER, _("The value of `next` was expected."))
    return int(text)


def _name(text: str) -> str:
    if "\x00" in text or len(text) > 200:
        raise invalid(PROCESS, _("The id of a process was expected."))
    return text
