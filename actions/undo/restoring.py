"""Recorded values, written back to rows that nobody has changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connections, models
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.utils.encoders import JSONEncoder

from actions.redaction import redact

from .originals import is_cut_off, is_masked, refusal

if TYPE_CHECKING:
    from actions.context import Watcher

NOT_UNDOABLE = "not_undoable"
CHANGED_SINCE = "changed_since"
CHUNK = 500
"""Rows that one statement reads."""
UNREADABLE = (ValidationError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What a field raises for a value that is none of its own."""
WITHOUT_VALUE = (models.FileField, models.BinaryField)
"""Fields of which a record has a name or a size, and not the value."""

Place = tuple[type[models.Model], Any]
"""Model and key of a row."""


@dataclass(frozen=True, slots=True)
class Step:
    """One field of one row, to be written back."""

    place: Place
    field: models.Field[Any, Any]
    before: Any
    after: Any
    recorded: Mapping[str, Any]
    is_version: bool
    """Whether it tells versions apart: every change gives it a new value, also one that takes another back."""

    @property
    def name(self) -> str:
        """For errors: "example_app.todo.7.note"."""
        return _name(self.recorded)


class Restoration:
    """Recorded changes on their way back."""

    def __init__(
        self,
        changes: Sequence[Mapping[str, Any]],
        using: str,
        versions: Mapping[type[models.Model], str],
        secret: frozenset[str],
    ) -> None:
        """Take the changes.

        Args:
            changes: As a record has them.
            using: The database.
            versions: By model the field that makes the version of an object.
            secret: Names of what is not shown.
        """
        self._secret = secret
        self._changes = changes
        self._using = using
        self._versions = versions
        self._steps: list[Step] = []
        self._rows: dict[Place, models.Model] = {}

    def read(self) -> None:
        """Lock every row and look at every value; nothing is written.

        Raises:
            ActionError: A value cannot be written back (`not_undoable`), or is not the one any more that the action
                left (`changed_since`); both 409, with all fields.
        """
        problems: dict[str, list[str]] = {}
        for change in self._changes:
            try:
                step = self._step(change)
            except _CannotRestoreError as error:
                problems[_name(change)] = [str(error)]
                continue
            if step is not None:
                self._steps.append(step)
        if problems:
            raise refusal(NOT_UNDOABLE, _("Some of what it changed cannot be written back."), errors=problems)
        if not self._steps:
            raise refusal(NOT_UNDOABLE, _("It changed nothing that could be written back."))
        self._rows = dict(self._locked())
        self._refuse_changed()
        self._refuse_orphans()

    def write(self, watcher: Watcher) -> list[Mapping[str, Any]]:
        """Write the values back, each row once.

        Args:
            watcher: Told of the rows before, so that this can be taken back as well.

        Returns:
            The recorded changes that are taken back now.
        """
        watcher.watch(*self._rows.values())
        for place, row in self._rows.items():
            names = {field.name for field in _moving_fields(type(row))}
            for step in self._steps:
                if step.place == place:
                    setattr(row, step.field.attname, self._value(step, row))
                    names.add(step.field.name)
            row.save(using=self._using, update_fields=sorted(names))
        return [step.recorded for step in self._steps]

    def _step(self, change: Mapping[str, Any]) -> Step | None:
        """A change as a step; None for a field that sets itself.

        Raises:
            _CannotRestoreError: With the reason.
        """
        if change["field"] is None:
            raise _CannotRestoreError(_("The row was made or deleted."))
        model, field = _field_of(change)
        if _sets_itself(field):
            return None
        for value in (change["before"], change["after"]):
            if is_masked(value):
                raise _CannotRestoreError(_("The value is secret, and not recorded."))
            if is_cut_off(value) or (value is not None and isinstance(field, WITHOUT_VALUE)):
                raise _CannotRestoreError(_("The value is not recorded in full."))
        try:
            key = model._meta.pk.to_python(change["key"])
            before, after = (_python(field, change[name]) for name in ("before", "after"))
        except UNREADABLE as error:
            raise _CannotRestoreError(_("The field does not understand the recorded value.")) from error
        is_version = self._versions.get(model) == field.name
        return Step((model, key), field, before, after, change, is_version)

    def _locked(self) -> Iterator[tuple[Place, models.Model]]:
        """The rows that there are; everybody locks them in the same order."""
        by_model: dict[type[models.Model], set[Any]] = {}
        for step in self._steps:
            by_model.setdefault(step.place[0], set()).add(step.place[1])
        for model in sorted(by_model, key=lambda each: each._meta.label_lower):
            keys = sorted(by_model[model])
            for start in range(0, len(keys), CHUNK):
                rows = model._base_manager.using(self._using).select_for_update().order_by("pk")
                yield from (((model, row.pk), row) for row in rows.filter(pk__in=keys[start : start + CHUNK]))

    def _refuse_changed(self) -> None:
        changed = [entry for step in self._steps if (entry := self._change_since(step)) is not None]
        if not changed:
            return
        sentence = _("It has another value now.")
        raise refusal(
            CHANGED_SINCE,
            _("Others have changed this since. Nothing was taken back."),
            errors={_name(entry): [sentence] for entry in changed},
            extra={"changed": changed},
        )

    def _change_since(self, step: Step) -> dict[str, Any] | None:
        """What is another value now; None where it is the one that was recorded."""
        row = self._rows.get(step.place)
        about = {name: step.recorded[name] for name in ("model", "key", "field")}
        if row is None:
            return {**about, "field": None, "recorded": step.recorded["after"], "now": None}
        now = getattr(row, step.field.attname)
        if step.is_version or self._is_same(step, now):
            return None
        return {**about, "recorded": step.recorded["after"], "now": _recorded(now, self._secret)}

    def _is_same(self, step: Step, now: Any) -> bool:
        """Whether the row has the value that the action left: as Python, the record or the database has it.

        What was in memory when it was recorded may be written otherwise: 1.5 in a column of two decimals is 1.50.
        """
        if now == step.after or _recorded(now, frozenset()) == step.recorded["after"]:
            return True
        connection = connections[self._using]
        try:
            written = [step.field.get_db_prep_save(value, connection) for value in (now, step.after)]
        except UNREADABLE:
            return False
        return bool(written[0] == written[1])

    def _refuse_orphans(self) -> None:
        """Refuse a row that would refer to one that is gone; some databases find that out at the commit."""
        problems = {}
        for step in self._steps:
            if step.before is None or not _is_constrained(step.field):
                continue
            target = step.field.target_field  # type: ignore[attr-defined]
            others = target.model._base_manager.using(self._using)
            if not others.filter(**{target.attname: step.before}).exists():
                problems[step.name] = [_("What it referred to is gone.")]
        if problems:
            raise refusal(NOT_UNDOABLE, _("Some of what it changed cannot be written back."), errors=problems)

    @staticmethod
    def _value(step: Step, row: models.Model) -> Any:
        """What is written: of a version the next one, because the one of before could come to stand for two states."""
        if step.is_version and isinstance(step.field, models.IntegerField):
            return getattr(row, step.field.attname) + 1
        if step.is_version and isinstance(step.field, models.DateTimeField):
            return timezone.now()
        return step.before


class _CannotRestoreError(Exception):
    """A change that is not to be taken back, and why."""


def _field_of(change: Mapping[str, Any]) -> tuple[type[models.Model], models.Field[Any, Any]]:
    try:
        model = apps.get_model(change["model"])
    except (LookupError, ValueError) as error:
        raise _CannotRestoreError(_("There is no such model any more.")) from error
    field = {each.name: each for each in model._meta.concrete_fields}.get(change["field"])
    if field is None:
        raise _CannotRestoreError(_("There is no such field any more."))
    return model, field


def _sets_itself(field: models.Field[Any, Any]) -> bool:
    """Whether every save gives it its value, whatever it is told."""
    return bool(getattr(field, "auto_now", False) or getattr(field, "generated", False))


def _is_constrained(field: models.Field[Any, Any]) -> bool:
    """Whether the database wants the row to be there that it refers to."""
    return isinstance(field, models.ForeignKey) and bool(getattr(field, "db_constraint", True))


def _moving_fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """What says when a row was saved."""
    return [field for field in model._meta.concrete_fields if getattr(field, "auto_now", False)]


def _python(field: models.Field[Any, Any], value: Any) -> Any:
    return None if value is None else field.to_python(value)


def _recorded(value: Any, secret: frozenset[str]) -> Any:
    """A value of now as a record would have it."""
    return json.loads(json.dumps(redact(value, secret), cls=JSONEncoder))


def _name(change: Mapping[str, Any]) -> str:
    return ".".join(str(change[name]) for name in ("model", "key", "field") if change[name] is not None)
