"""Rows of the record, for tests of what reads it."""

# mypy: disallow-untyped-calls=false
# factory-boy has no types of its own.

from __future__ import annotations

from uuid import uuid4

from actions.exceptions import MissingExtraError

try:
    from factory.declarations import LazyAttribute, LazyFunction, Sequence, Trait
    from factory.django import DjangoModelFactory
except ModuleNotFoundError as error:
    raise MissingExtraError("factory-boy", "testing") from error

from actions.models import BULK, INSTANCE, EventAction, Outcome


class EventActionFactory(DjangoModelFactory[EventAction]):
    """The record of a successful instance action by nobody.

    EventActionFactory.create(refused=True, created_at=a_year_ago)
    EventActionFactory.create_batch(3, bulk=True, actor=user)
    """

    class Meta:
        model = EventAction

    class Params:
        actor = None
        """The user whose key and name are recorded."""
        bulk = Trait(action_type=BULK, object_id=None, selection={"all": True})
        refused = Trait(
            outcome=Outcome.REFUSED.value,
            status_code=409,
            response_data=None,
            error={"code": "refused", "detail": "The action is not possible now.", "errors": {}},
        )
        failed = Trait(
            outcome=Outcome.FAILED.value,
            status_code=500,
            response_data=None,
            error={"code": "failed", "detail": "The action failed.", "errors": {}},
        )

    resource = "todo"
    action = "mark_done"
    action_type = INSTANCE
    object_id = Sequence(str)
    actor_id = LazyAttribute(lambda event: None if event.actor is None else str(event.actor.pk))
    actor_name = LazyAttribute(lambda event: "" if event.actor is None else event.actor.get_username())
    door = "rest"
    uid = LazyFunction(uuid4)
    correlation_id = LazyAttribute(lambda event: str(event.uid))
    outcome = Outcome.SUCCEEDED.value
    status_code = 200
    request_data = LazyFunction(dict)
    response_data = LazyFunction(dict)
    duration_seconds = 0.01
