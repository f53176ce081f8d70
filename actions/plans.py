"""Plans: what a preview found, signed, so that exactly that can be done and nothing else.

A plan is over the action, its arguments, the versions of its objects, what it changes and sends, who asked and until
when. What nobody can know before is no difference: a moment between the beginning and the end of the call counts as
"now" (`done_at` will be another one when the plan is carried out), and the key of a row that it makes as "new".
Secrets stand in a plan as their digests, which only this project can make.

Source: AIP-163 (change validation) for the purpose; the form is ours.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from rest_framework.utils.encoders import JSONEncoder

from .budgets import user_of
from .conf import conf
from .exceptions import PreconditionFailedError
from .redaction import redact_change
from .terms import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .changes import Change
    from .recording import Execution

SALT = "actions.plan"
PLAN_HEADER = "If-Plan"
NOW = "now"
MAX_LENGTH = 3000
"""Characters that a plan may have: it has to fit into a header. A longer one keeps only fingerprints of the effect."""
MARGIN = timedelta(seconds=1)
"""How far clocks of database and application may be apart."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call does, found out by doing it."""

    changes: list[Change]
    others: list[dict[str, Any]]
    would_send: list[dict[str, Any]]
    versions: Mapping[str, str]
    """Tags of the action's objects before, by key."""
    started_at: datetime
    ended_at: datetime
    secret: frozenset[str] = frozenset()
    """Names of fields whose values are nobody's business."""

    @property
    def is_complete(self) -> bool:
        """Whether `changes` is all that is written."""
        return not self.others

    def normal(self) -> dict[str, Any]:
        """What has to be the same again, as JSON values."""
        made = [change for change in self.changes if change["field"] is None and change["before"] is None]
        new = {(change["model"], change["key"]): f"new-{number}" for number, change in enumerate(made, 1)}
        changes = sorted((self._normal(change, new) for change in self.changes), key=_text)
        effect = {"changes": changes, "others": self.others, "would_send": self.would_send, "versions": self.versions}
        return json.loads(json.dumps(effect, default=_plain))  # type: ignore[no-any-return]

    def _normal(self, change: Change, new: Mapping[tuple[str, str], str]) -> Change:
        model, shown = apps.get_model(change["model"]), redact_change(change, self.secret)
        sides = {}
        for side in ("before", "after"):
            value, kept = change[side], shown[side]
            if change["field"] is not None:
                field = model._meta.get_field(change["field"])
                sides[side] = self._value(value, kept, field, side == "after", new)
            elif value is not None:
                sides[side] = {
                    name: self._value(each, kept[name], model._meta.get_field(name), side == "after", new)
                    for name, each in value.items()
                }
        key = new.get((change["model"], change["key"]), change["key"])
        return {**change, "key": key, **sides}

    def _value(self, value: Any, kept: Any, field: Any, is_after: bool, new: Mapping[tuple[str, str], str]) -> Any:
        if kept != value:
            return {"kept": kept, "digest": salted_hmac(SALT, _text(value), algorithm="sha256").hexdigest()[:32]}
        if not is_after:
            return value
        if isinstance(value, datetime):
            is_now = _aware(self.started_at) - MARGIN <= _aware(value) <= _aware(self.ended_at) + MARGIN
            return NOW if is_now else value
        model = field.remote_field.model if field.is_relation else field.model if field.primary_key else None
        return value if model is None else new.get((model._meta.label_lower, str(value)), value)


def make_plan(execution: Execution, effect: Effect) -> str:
    """The token of a plan."""
    normal = effect.normal()
    plan = {"request": _request(execution), **normal}
    token = signing.dumps(plan, salt=SALT, compress=True)
    if len(token) > MAX_LENGTH:
        token = signing.dumps({"request": plan["request"], "digest": _digests(normal)}, salt=SALT, compress=True)
    return token


def check_request(execution: Execution) -> dict[str, Any]:
    """What the plan says, where it is a plan for this call.

    Raises:
        InvalidTermError: It is no plan, or was changed.
        PreconditionFailedError: It is too old, or for another call or caller.
    """
    try:
        plan: dict[str, Any] = signing.loads(
            str(execution.terms.plan), salt=SALT, max_age=timedelta(seconds=conf.PLAN_SECONDS)
        )
    except signing.SignatureExpired as error:
        detail = _("The plan is older than %(seconds)s seconds. Make a new preview.") % {"seconds": conf.PLAN_SECONDS}
        raise PreconditionFailedError(detail, code="plan_expired") from error
    except (signing.BadSignature, ValueError) as error:
        raise invalid(PLAN_HEADER, _("The plan was expected that a preview has answered, unchanged.")) from error
    if plan.get("request") != _request(execution):
        detail = _("The plan is for another call: another caller, action, object or payload.")
        raise PreconditionFailedError(detail, code="plan_of_another_call")
    return plan


def check_effect(plan: dict[str, Any], effect: Effect) -> None:
    """Compare what was done with what was planned, before it is committed.

    Raises:
        PreconditionFailedError: With the difference.
    """
    normal = effect.normal()
    planned = plan.get("digest")
    difference = _difference(plan, normal) if planned is None else _differing(planned, normal)
    if difference:
        detail = _("This would not do any more what the plan says. Nothing was done; make a new preview.")
        raise PreconditionFailedError(detail, code="plan_changed", extra={"difference": difference})


def _aware(moment: datetime) -> datetime:
    return timezone.make_aware(moment, timezone.get_default_timezone()) if timezone.is_naive(moment) else moment


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    """A value as an answer has it; what JSON does not know besides, as its text."""
    try:
        return _encoder.default(value)
    except TypeError:
        return str(value)


_encoder = JSONEncoder()


def _request(execution: Execution) -> str:
    said = [execution.fingerprint, user_of(execution.context.request)]  # type: ignore[arg-type]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def _difference(planned: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """`{"changes": {"planned": […], "now": […]}}`: only what is on one side."""
    difference: dict[str, Any] = {}
    for part, found in now.items():
        before: Any = planned.get(part)
        if before == found:
            continue
        sides: tuple[Any, Any]
        if isinstance(found, dict):
            keys = [key for key in {**found, **before} if found.get(key) != before.get(key)]
            sides = {key: before.get(key) for key in keys}, {key: found.get(key) for key in keys}
        else:
            sides = [item for item in before if item not in found], [item for item in found if item not in before]
        difference[part] = {"planned": sides[0], "now": sides[1]}
    return difference


def _digests(normal: dict[str, Any]) -> dict[str, str]:
    return {part: hashlib.sha256(_text(found).encode()).hexdigest()[:32] for part, found in normal.items()}


def _differing(planned: dict[str, str], normal: dict[str, Any]) -> dict[str, Any]:
    """The parts that are different; a long plan does not hold what they were."""
    return {part: {"now": normal[part]} for part, digest in _digests(normal).items() if planned.get(part) != digest}
