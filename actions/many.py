"""An action done to several objects, one by one, in one call.

    {"ids": [7, 8], "note": "x"}                                 the same payload for each
    {"items": [{"id": 7, "params": {"note": "x"}, "etag": "…"}]}  each with its own
    ?list=3, ?all=true                                           those that the list's filter finds

Either all are done or none (the default), or what fails for one is done for the others (`Prefer: continue-on-error`),
each in a savepoint of its own.

Sources: AIP-234 (batch methods), OData 4.02 (continue-on-error).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.response import Response

from .conditions import refusals
from .conf import conf
from .exceptions import (
    ActionError,
    InvalidSelectionError,
    NotPossibleError,
    PreconditionRequiredError,
    RefusedError,
    TooManyObjectsError,
)
from .problem import to_error
from .results import render
from .selection import ITEMS, Item, Selection, key_text, read_items, read_selection, take_ids, take_items
from .single import as_mapping, check_count, fix_of, is_looking
from .versions import check_version, etag_of
from .work import LeaseLostError

if TYPE_CHECKING:
    from django.db.models import Model

    from .context import OnProgress
    from .recording import Execution
    from .resource import ViewResource

Log = Callable[["Execution", ActionError], None]


@dataclass(slots=True)
class Unit:
    """One object's share of the call."""

    index: int
    id: Any
    """As it was sent, or the object's key."""
    params: Any
    etag: tuple[str, ...] | None = None
    target: Model | None = None
    run: Callable[[], Any] | None = None
    result: Any = None
    status: int = HTTPStatus.OK.value
    error: ActionError | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the answer."""
        about = {"index": self.index, "id": self.id, "ok": self.error is None}
        if self.error is None:
            return {**about, "status": self.status, "result": self.result}
        error: dict[str, Any] = {"code": self.error.code, "detail": self.error.detail}
        if self.error.errors:
            error["errors"] = self.error.errors
        return {**about, "status": self.error.status, "error": {**error, **self.error.extra}}


class Many:
    """One call for several objects."""

    def __init__(self, execution: Execution, resource: ViewResource, log: Log) -> None:
        """Take the call.

        Args:
            execution: What is known of it.
            resource: The ViewSet.
            log: Told of errors of single objects that do not end the call.
        """
        self._execution = execution
        self._resource = resource
        self._log = log
        self._units: list[Unit] = []
        self.versions: dict[str, str] = {}
        """Tags of the objects before, where a preview or a plan needs them."""

    def check(self) -> Callable[[], Any]:
        """Find the objects and, where all are done or none, refuse what can be refused before the work.

        Raises:
            ActionError: With the errors of all objects, by index.
        """
        self._units = self._find()
        self._watch()
        if not self._execution.terms.is_each:
            for unit in self._units:
                self._attempt(unit, self._check)
            self._refuse_failed()
        return self._work

    def body(self, run: Callable[[], Any]) -> Any:
        """Do the work and say of each object what came of it."""
        run()
        return self._answer()

    def _watch(self) -> None:
        """Note what the objects hold, before a form changes its instance when it checks the payload."""
        execution = self._execution
        if execution.tracker is None:
            return
        targets = [unit.target for unit in self._units if unit.target is not None]
        execution.tracker.watch(*targets)
        if is_looking(execution.terms):
            self.versions = {str(target.pk): etag_of(self._resource.view, target) for target in targets}

    def _work(self) -> None:
        """Do it to each, and give each an idempotency key of its own."""
        execution, context = self._execution, self._execution.context
        execution.has_begun = True
        key = context.idempotency_key
        try:
            self._do_all(key)
        finally:
            context.idempotency_key = key

    def _do_all(self, key: str) -> None:
        execution = self._execution
        is_each, total = execution.terms.is_each, len(self._units)
        report = execution.context.on_progress
        for unit in self._units:
            if report is not None:
                # What the function says of its one object is no progress of all of them.
                execution.context.on_progress = partial(_report, report, unit.index, total)
            if key and unit.target is not None:
                execution.context.idempotency_key = f"{key}:{unit.target.pk}"
            if is_each:
                self._attempt(unit, self._do_by_itself)
            else:
                self._attempt(unit, self._do)
                if unit.error is not None:
                    self._refuse_failed()
            if report is not None:
                report(unit.index + 1, total, "")

    def _attempt(self, unit: Unit, step: Callable[[Unit], None]) -> None:
        if unit.error is not None:
            return
        try:
            step(unit)
        except LeaseLostError:
            raise
        except Exception as error:
            execution = self._execution
            unit.error = to_error(error)
            if unit.error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                # Where the savepoint is gone, too, as after a deadlock on MariaDB, nothing can be done for the others.
                if not execution.terms.is_each or connections[execution.using].needs_rollback:
                    raise
                self._log(execution, unit.error)

    def _do_by_itself(self, unit: Unit) -> None:
        """In a savepoint, checks included: what one object's function has changed is seen by the next one's checks."""
        with transaction.atomic(using=self._execution.using):
            self._check(unit)
            self._do(unit)

    def _check(self, unit: Unit) -> None:
        execution, bound, view = self._execution, self._execution.bound, self._resource.view
        found = unit.target
        if found is None:
            raise Http404
        for may in self._object_checks:
            if not may(found):
                raise PermissionDenied(_("You may not do this with this object."))
        if unit.etag is not None:
            check_version(unit.etag, view, found)
        elif bound.needs_version:
            raise PreconditionRequiredError(_("Say which version you mean: give the item's ETag as etag."))
        target = self._target_of(found)
        unit.run = bound.runner.prepare(as_mapping(unit.params), target, view, execution.context)
        for refusal in refusals(bound, target, execution.context) if bound.conditions else ():
            raise RefusedError(refusal.detail, code=refusal.code, extra=fix_of(refusal, view))

    def _do(self, unit: Unit) -> None:
        bound = self._execution.bound
        assert unit.run is not None  # noqa: S101 - `_check` came before
        result = unit.run()
        body = render(result, bound, self._resource, unit.target if bound.is_instance else None)
        if isinstance(body, HttpResponseBase):
            unit.status = body.status_code
            body = _data_of(body, bound.action.atomic or self._execution.terms.is_each)
        unit.result = body

    def _target_of(self, found: Model) -> Any:
        """The object; for a bulk function the set of this one object."""
        if self._execution.bound.is_instance:
            return found
        return self._resource.view.get_queryset().using(self._execution.using).filter(pk=found.pk)

    def _find(self) -> list[Unit]:
        """The units, in the order in which they were named, each with its object if the caller sees it."""
        execution, bound = self._execution, self._execution.bound
        self._object_checks = self._resource.object_checks(bound)
        payload, items = take_items(execution.payload, bound)
        if items is not None:
            if bound.takes_nothing:
                raise InvalidSelectionError(errors={ITEMS: [_("This action takes no objects.")]})
            named = read_items(items, payload)
            selection = Selection(ids=tuple(item.id for item in named))
            read_selection(self._resource.view, bound, selection.ids)
        else:
            payload, ids = take_ids(payload, bound)
            selection = read_selection(self._resource.view, bound, ids)
            named = [Item(each, payload, None) for each in dict.fromkeys(selection.ids or ())]
        self._check_number(len(named))
        execution.selection = selection.as_record()
        found = self._resource.load(bound, selection, bound.action.lock and bound.action.atomic)
        if selection.ids is None:
            units = [Unit(index, each.pk, payload, target=each) for index, each in enumerate(found)]
            self._check_number(len(units))
        else:
            units = self._matched(named, found, items is None)
        if execution.terms.expect_count is not None:
            check_count(execution.terms.expect_count, sum(unit.target is not None for unit in units))
        return units

    def _matched(self, named: list[Item], found: list[Model], may_repeat: bool) -> list[Unit]:
        """A unit for each that was named, also for what is not there; none twice for one object."""
        by_key = {self._resource.key_of(each): each for each in found}
        name = self._resource.view.lookup_field
        units: list[Unit] = []
        seen: set[Any] = set()
        for index, item in enumerate(named):
            target = by_key.get(str(item.id))
            if target is None and found:
                # As in "07", or a UUID in capitals.
                target = by_key.get(key_text(item.id, type(found[0]), name))
            if target is not None and target.pk in seen:
                if may_repeat:
                    continue
                raise InvalidSelectionError(errors={f"{ITEMS}.{index}.id": [_("This object is named twice.")]})
            if target is not None:
                seen.add(target.pk)
            units.append(Unit(len(units), item.id, item.params, item.etag, target))
        return units

    def _check_number(self, count: int) -> None:
        limit = min(filter(None, (self._execution.bound.action.max_objects, conf.MAX_IDS)))
        if count > limit:
            detail = _("%(count)s objects are meant, at most %(limit)s can be taken at once.")
            raise TooManyObjectsError(detail % {"count": count, "limit": limit})

    def _refuse_failed(self) -> None:
        """Refuse the whole where something is wrong with one: nothing is done.

        Raises:
            ActionError: 400, with errors by index.
        """
        failed = [unit for unit in self._units if unit.error is not None]
        if not failed:
            return
        errors: dict[str, list[str]] = {}
        for unit in failed:
            error = unit.error
            assert error is not None  # noqa: S101 - they are those that have one
            places = {f"{unit.index}.{field}": texts for field, texts in error.errors.items()}
            errors.update(places or {str(unit.index): [error.detail]})
        execution = self._execution
        detail = _("Nothing was done: %(failed)s of %(total)s objects cannot be taken.")
        if execution.has_begun and not execution.bound.action.atomic:
            detail = _(
                "%(failed)s of %(total)s objects could not be taken. The action has no transaction: it may have been "
                "done to those before, and in part to that one."
            )
        raise ActionError(
            detail % {"failed": len(failed), "total": len(self._units)},
            status=HTTPStatus.BAD_REQUEST.value,
            code="items_refused",
            errors=errors,
            extra={"results": [unit.as_dict() for unit in failed]},
        )

    def _answer(self) -> dict[str, Any]:
        counts = Counter(unit.error is None for unit in self._units)
        status = "success" if not counts[False] else "partial_success" if counts[True] else "error"
        return {
            "status": status,
            "counts": {"total": len(self._units), "succeeded": counts[True], "failed": counts[False]},
            "results": [unit.as_dict() for unit in self._units],
        }


def _data_of(response: HttpResponseBase, is_undoable: bool) -> Any:
    """What an answer that the function made holds, where it can be one of several.

    Args:
        response: The answer.
        is_undoable: Whether what was done is taken back when it is refused.

    Raises:
        NotPossibleError: It is a file or a page.
    """
    if isinstance(response, Response):
        return response.data
    # Not `response.close()`: that tells Django that the request has ended, and it closes connections.
    for close in response._resource_closers:  # type: ignore[attr-defined]  # noqa: SLF001 - its files
        close()
    detail = _("This action answers with a file or a page, of which one answer cannot hold several. Call it for each.")
    if not is_undoable:
        detail = f"{detail} {_('It has no transaction: it was done to the first of them.')}"
    raise NotPossibleError(detail, code="answer_not_for_several")


def _report(report: OnProgress, done: int, total: int, _done: int, _total: int | None, message: str) -> None:
    report(done, total, message)
