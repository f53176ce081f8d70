"""Questions to the jobs, also by their state, which no column has.

Job.objects.filter(state=JobState.FAILED)
Job.objects.exclude(state__in=["FINISHED", "FAILED"])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db.models import Q

from actions.processes.authoring.source import did_you_mean
from actions.processes.models import OpenTask, RunQuerySet
from actions.processes.notes import INPUT
from actions.processes.states import UNFINISHED, Status, Waiting

from .states import JobState

ONE = ("state", "state__exact")
SEVERAL = "state__in"
"""Look-ups of a job's state. The column of that name is the job's data: other look-ups are into that."""


class JobQuerySet(RunQuerySet):
    """Questions to the jobs."""

    def without_data(self) -> Self:
        """For lists: all that a state is worked out of, and nothing large."""
        return self.defer("payload", "state", "result", "error", "item")

    def in_state(self, state: JobState) -> Self:
        """Jobs in a state: the same as `filter(state=…)`."""
        return self.filter(state=state)

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        """As everywhere in Django; `state` and `state__in` are states of jobs.

        Raises:
            ValueError: There is no such state.
        """
        return super().filter(*_translated(args, kwargs))

    def exclude(self, *args: Any, **kwargs: Any) -> Self:
        """The same for what is left out."""
        return super().exclude(*_translated(args, kwargs))


def _translated(args: Iterable[Any], kwargs: dict[str, Any]) -> list[Any]:
    return [_condition(each) for each in (*args, *kwargs.items())]


def _condition(said: Any) -> Any:
    """A condition without look-ups of states: those in a Q as well."""
    if isinstance(said, Q):
        made = Q(_connector=said.connector, _negated=said.negated)
        made.children = [_condition(each) for each in said.children]
        return made
    if not isinstance(said, tuple):
        return said
    name, value = said
    if name in ONE:
        return _of(value)
    if name == SEVERAL:
        return Q(*[_of(each) for each in value], _connector=Q.OR) if value else Q(pk__in=[])
    return Q((name, value))


def _of(value: Any) -> Q:
    try:
        return _IN_STATE[JobState(value)]
    except ValueError as error:
        raise ValueError(f"{value!r} is no state of a job. {did_you_mean(str(value).upper(), _NAMES)}") from error


_NAMES = [str(state) for state in JobState]
_IS_UNFINISHED = Q(status__in=[status.value for status in UNFINISHED])
_IS_NEW = Q(status=Status.PENDING.value, number=0)
_IS_AT_INPUT = Q(waiting_for=Waiting.INPUT.value)
_HAS_ANSWER = Q(note__has_key=INPUT) & ~Q(status=Status.WAITING.value)
_BRANCH_ASKS = Q(waiting_for=Waiting.BRANCHES.value, pk__in=OpenTask._base_manager.values("root_id"))
_IN_STATE = {
    JobState.PENDING: _IS_NEW & ~_IS_AT_INPUT & ~_BRANCH_ASKS,
    JobState.ONGOING: _IS_UNFINISHED & ~_IS_NEW & ~_IS_AT_INPUT & ~_BRANCH_ASKS,
    JobState.INPUT_REQUIRED: _IS_UNFINISHED & ((_IS_AT_INPUT & ~_HAS_ANSWER) | _BRANCH_ASKS),
    JobState.INPUT_RECEIVED: _IS_UNFINISHED & _IS_AT_INPUT & _HAS_ANSWER,
    JobState.FAILED: Q(status__in=[Status.FAILED.value, Status.CANCELLED.value]),
    JobState.FINISHED: Q(status=Status.SUCCEEDED.value),
}
"""The same as `Job.job_state`, asked of the database."""
