"""What callers do with stored definitions: REST, the admin, commands, tests, and the project's own code.

Every write makes a version in its own transaction; a write of what is there already makes none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, router, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.processes.registry import processes
from actions.redaction import storable

from .checking import Draft, read_definition, read_text
from .documents import fingerprint
from .exceptions import DefinitionTakenError, UnknownDefinitionError
from .models import DefinitionVersion, Kind, ProcessDefinition
from .permissions import assert_may_write, key_of
from .stored import touch

Guard = Callable[[ProcessDefinition], None]
"""Looks at the definition as it is under the lock, and raises where it is not to be written."""

CONTENT = ("kind", "name", "definition", "text", "fingerprint", "process_id")
MAX_NOTE = 500


def check(definition: Any = None, *, text: str | None = None, actor: Any = None) -> Draft:
    """What would be stored.

    Args:
        definition: An object; or
        text: a text in YAML.
        actor: Whose definition it is to be; None: that of a command, which may name everything.

    Raises:
        InvalidDefinitionError: Something is wrong with it; all of it.
        RefusedError: The user may not store such definitions.
    """

    def sees(process_id: str) -> bool:
        found = processes.get(process_id)
        return actor is None or found is None or found.is_open_to is None or found.is_open_to(actor)

    draft = read_definition(definition, sees=sees) if text is None else read_text(text, sees=sees)
    if actor is not None:
        assert_may_write(draft.kind, actor)
    return draft


def create(
    draft: Draft, *, owner: Any = None, is_shared: bool = False, note: str = "", file: str | None = None
) -> ProcessDefinition:
    """Store a new definition.

    Raises:
        DefinitionTakenError: There is a process with this id.
    """
    using = router.db_for_write(ProcessDefinition)
    row = ProcessDefinition(owner_id=key_of(owner), owner_name=_name(owner), is_shared=is_shared, file=file)
    try:
        with transaction.atomic(using=using):
            _write(row, draft, using, author=owner, note=note)
    except IntegrityError as error:
        raise _taken(draft) from error
    return row


def replace(
    row: ProcessDefinition, draft: Draft, *, author: Any = None, note: str = "", guard: Guard | None = None
) -> ProcessDefinition:
    """Put other content in a definition's place; the same content changes nothing.

    Args:
        row: The definition.
        draft: What it is to be.
        author: Who does it.
        note: Why.
        guard: Asked under the lock.

    Raises:
        DefinitionTakenError: There is another process with this id.
        UnknownDefinitionError: Somebody has deleted the definition.
    """

    def write(held: ProcessDefinition, using: str) -> None:
        if not _is_same(held, draft):
            _write(held, draft, using, author=author, note=note)

    try:
        return _change(row, write, guard)
    except IntegrityError as error:
        raise _taken(draft) from error


def restore(row: ProcessDefinition, number: int, *, author: Any = None, note: str = "") -> ProcessDefinition:
    """Write what an older version said as a new one. It is checked like any other: what it names may be gone.

    Raises:
        UnknownDefinitionError: There is no such version.
        InvalidDefinitionError: It is not right any more.
        DefinitionTakenError: There is another process with the id that it had.
    """
    old = version_of(row, number)
    draft = check(old.definition, text=old.text or None, actor=author)

    def write(held: ProcessDefinition, using: str) -> None:
        if held.fingerprint != draft.fingerprint:
            _write(held, draft, using, author=author, note=note, restored_from=number)

    try:
        return _change(row, write)
    except IntegrityError as error:
        raise _taken(draft) from error


def delete(row: ProcessDefinition, *, guard: Guard | None = None) -> None:
    """Have a definition not be there any more. Its versions stay, for the runs that go on by them.

    Raises:
        UnknownDefinitionError: Somebody else has deleted it.
    """

    def write(held: ProcessDefinition, using: str) -> None:
        held.deleted_at, held.process_id, held.file = timezone.now(), None, None
        held.save(using=using, update_fields=["deleted_at", "process_id", "file"])
        _tell({held.kind}, using)

    _change(row, write, guard)


def share(row: ProcessDefinition, *, is_shared: bool = True) -> ProcessDefinition:
    """Have everybody see and start it, or nobody but its owner. That is no new version."""

    def write(held: ProcessDefinition, using: str) -> None:
        if held.is_shared != is_shared:
            held.is_shared, held.changed_at = is_shared, timezone.now()
            held.save(using=using, update_fields=["is_shared", "changed_at"])
            _tell({held.kind}, using)

    return _change(row, write)


def assert_free(draft: Draft, row: ProcessDefinition | None = None) -> None:
    """Refuse a process whose id another one has, before it is written: forms say so at their field.

    Raises:
        DefinitionTakenError: There is one, in the code or stored.
    """
    if draft.process_id is None:
        return
    others = ProcessDefinition.objects.filter(process_id=draft.process_id)
    others = others if row is None else others.exclude(pk=row.pk)
    if _is_declared(draft.process_id) or others.exists():
        raise _taken(draft)


def version_of(row: ProcessDefinition, number: int) -> DefinitionVersion:
    """A version by its number.

    Raises:
        UnknownDefinitionError: There is none.
    """
    found = DefinitionVersion.objects.using(row._state.db).filter(of_id=row.pk, number=number).first()
    if found is None:
        raise UnknownDefinitionError(
            _("There is no version %(number)s; the newest one is %(newest)s.")
            % {"number": number, "newest": row.version}
        )
    return found


def _change(
    row: ProcessDefinition, write: Callable[[ProcessDefinition, str], None], guard: Guard | None = None
) -> ProcessDefinition:
    """Change a definition that nobody else changes meanwhile, and read it as it is then."""
    using = router.db_for_write(ProcessDefinition, instance=row)
    with transaction.atomic(using=using):
        rows = ProcessDefinition.objects.using(using).present().filter(pk=row.pk)
        # A write locks on every database: SQLite has no locks for reading, and reads before would be of the past.
        if not rows.update(version=F("version")):
            raise UnknownDefinitionError
        held = rows.select_for_update().get()
        if guard is not None:
            guard(held)
        write(held, using)
    return held  # type: ignore[no-any-return]


def _write(
    row: ProcessDefinition, draft: Draft, using: str, *, author: Any, note: str, restored_from: int | None = None
) -> None:
    if draft.process_id is not None and _is_declared(draft.process_id):
        raise _taken(draft)
    kinds = {row.kind, draft.kind}
    for name in CONTENT:
        setattr(row, name, getattr(draft, name))
    row.version += 1
    row.changed_at = timezone.now()
    row.save(using=using)
    DefinitionVersion.objects.using(using).create(
        of=row,
        number=row.version,
        graph_fingerprint=draft.graph_fingerprint,
        author_id=key_of(author),
        author_name=_name(author),
        note=storable(note)[:MAX_NOTE],
        restored_from=restored_from,
        created_at=row.changed_at,
        **{name: getattr(draft, name) for name in CONTENT},
    )
    _tell(kinds, using)


def _is_declared(process_id: str) -> bool:
    """Whether the code has a process of an id."""
    return any(each.id == process_id for each in processes.declared())


def _tell(kinds: set[str], using: str) -> None:
    """Have every process of the installation learn of a change. Executables are read when they are run."""
    if Kind.PROCESS in kinds:
        touch(using)


def _is_same(row: ProcessDefinition, draft: Draft) -> bool:
    """Whether a row says this already. An object says the same as the text that it is the content of."""
    if row.fingerprint == draft.fingerprint:
        return True
    return not draft.text and row.fingerprint == fingerprint(draft.definition, row.text)


def _taken(draft: Draft) -> DefinitionTakenError:
    detail = _('There is a process "%(process)s" already. Give this one another name.')
    return DefinitionTakenError(detail % {"process": draft.process_id})


def _name(user: Any) -> str:
    return "" if user is None else str(user)[:255]
