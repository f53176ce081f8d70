"""What a call says about how it is to be done, looked at together with what its action allows and demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from .definitions import DEMAND
from .exceptions import InvalidTermError, PreconditionRequiredError
from .idempotency import KEY_HEADER, fingerprint
from .plans import PLAN_HEADER
from .preview import refuse_unpreviewable
from .selection import ITEMS
from .terms import IN_BODY, PLAIN, Terms, invalid, merged, read_parameters, refuse_past

if TYPE_CHECKING:
    from .binding import BoundAction
    from .recording import Execution

MATCH_HEADER = "If-Match"
_OURS = frozenset({*IN_BODY, ITEMS})


def agree(execution: Execution) -> None:
    """Settle the terms of a call: those of its request and those that stand in its body.

    Raises:
        ActionError: They contradict each other or the action, or something is missing that it demands.
    """
    bound, data = execution.bound, execution.data
    if (type(data) is dict or isinstance(data, Mapping)) and not _OURS.isdisjoint(data):
        _take_members(execution, data)
        if ITEMS in data and ITEMS not in bound.fields and not bound.is_instance:
            # Each item is one object's share, also of a function that takes a set.
            execution.is_many = True
    terms = execution.terms
    if terms is not PLAIN or bound.has_demands:
        _check(execution, terms)
        if terms.is_each and not bound.is_instance:
            execution.is_many = True
        if terms.key is not None or terms.plan is not None or terms.is_preview:
            execution.fingerprint = fingerprint(execution)


def _take_members(execution: Execution, data: Mapping[str, Any]) -> None:
    """Terms out of the body. An action whose payload has a field of such a name keeps it for itself."""
    names = [name for name in IN_BODY if name in data and name not in execution.bound.fields]
    if not names:
        return
    request = execution.context.request
    for name in names:
        if request is not None and name in request.query_params:
            raise invalid(name, _("Say it in the query or in the body, not in both."))
    execution.terms = merged(execution.terms, read_parameters({name: data[name] for name in names}))
    if isinstance(data, MultiValueDict):
        rest = data.copy()
        for name in names:
            del rest[name]
        execution.payload = rest
    else:
        execution.payload = {key: value for key, value in data.items() if key not in names}


def _check(execution: Execution, terms: Terms) -> None:
    bound, action = execution.bound, execution.bound.action
    _check_demands(bound, terms, execution.is_many, execution.event is not None)
    if terms.is_preview or terms.plan is not None:
        refuse_unpreviewable(action)
    if terms.is_preview:
        # As the real call would be, when it is accepted: a repeated one with its key has its answer already.
        refuse_past(terms)
    if terms.plan is not None and (terms.is_later or action.background):
        raise invalid(PLAN_HEADER, _("A plan is for now: what is done later may find something else."))
    is_single = bound.is_instance and not execution.is_many
    if not is_single and terms.if_match is not None:
        raise invalid(MATCH_HEADER, _("For several objects, give the ETag of each as etag in items."))
    if is_single and terms.is_each:
        raise invalid("Prefer", _("continue-on-error is for several objects."))
    if is_single and terms.expect_count is not None:
        raise invalid("expect_count", _("It is for several objects."))
    if bound.takes_nothing and (terms.is_each or terms.expect_count is not None):
        raise invalid("Prefer" if terms.is_each else "expect_count", _("This action takes no objects."))


def _check_demands(bound: BoundAction, terms: Terms, is_many: bool, is_job: bool) -> None:
    action = bound.action
    # A preview does nothing that could be done twice, and a worker's job had its key when it was accepted.
    needs_key = action.idempotency_key == DEMAND.REQUIRED.value and not terms.is_preview and not is_job
    if needs_key and terms.key is None:
        sentence = _('This action is done only once for each key: send one, as in "8e03978e-40d5-43dd".')
        detail = _("Send an Idempotency-Key with this action.")
        raise InvalidTermError(detail, code="key_required", errors={KEY_HEADER: [sentence]})
    if not bound.needs_version or terms.if_match is not None or is_many or terms.is_each or bound.takes_nothing:
        # Of several, each item says its version.
        return
    if bound.is_instance:
        raise PreconditionRequiredError(errors={MATCH_HEADER: [_("The ETag of the object was expected.")]})
    sentence = _('Objects with their ETags were expected, as in [{"id": 7, "etag": "\\"1f9a0c\\""}].')
    raise PreconditionRequiredError(_("Say which version of each object you mean."), errors={ITEMS: [sentence]})
