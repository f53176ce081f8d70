"""`Automation`: a process written as a class, whose nodes are its attributes; an instance is a face of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from .apart import run_apart
from .binding import Binding
from .data import Buffered, Data
from .declaring import AutomationType, reserved
from .exceptions import FinishedError, ParameterError, WrongAutomationError
from .keys import database, find, key_of
from .speaking import Naming, Speaking
from .starting import begin

if TYPE_CHECKING:
    import threading

    from actions.processes.context import StepContext


NEW = object()
"""In the place of an automation that is there. Not None, so that a key that is missing somewhere starts nothing."""


class Automation(Binding, Speaking, Naming, metaclass=AutomationType):
    """Subclass it, and give it nodes; they follow one another in the order in which they are written.

    `Signup(email="ada@example.com")` starts one; `Signup(automation=key)` is one that is under way. Everything that an
    instance has to remember is in its `data`: other attributes are not kept.
    """

    unique: bool | tuple[str, ...] | list[str] = False
    """True: there is one unfinished automation of this class at the most. Names: one for the same values of these."""
    default_template_name: str = ""
    """Of forms that name none."""
    context: Mapping[str, Any] = {}
    """More for the templates of all its forms."""

    _run_id: int
    _using: str
    _data: Data | None

    _step: StepContext | None
    """Of whose node it is, where it is of one."""
    _is_inside: bool

    def __init__(self, automation: Any = NEW, automation_id: Any = NEW, autorun: bool = True, **data: Any) -> None:
        """Start an automation, or take one that is there.

        Args:
            automation: One that is there: its row, its key or its id. Nothing else can be given then.
            automation_id: The same by its id.
            autorun: Whether it runs until it waits or ends; else `run` does that.
            data: What it is started with: JSON values, or instances of models, of which the keys are kept.

        Raises:
            ParameterError: There is no such automation; or of a `unique` class one is under way, and was started with
                other data.
            WrongAutomationError: It is of another class.
        """
        self._bind(0, database())
        given = automation_id if automation is NEW else automation
        if given is NEW:
            self._run_id, is_new = begin(type(self), data, self._using, autorun=autorun)
            if autorun and not is_new:
                self.run()
            return
        if data:
            raise ParameterError(f"One that is there takes no parameters: {', '.join(data)}.")
        row = find(given, self._using)
        if row is None:
            raise ParameterError(f"There is no automation {given!r}.")
        if row.process != type(self).process_id:
            raise WrongAutomationError(f"Automation {row.pk} is of {row.process}, not of {type(self).process_id}.")
        self._run_id = row.pk

    @classmethod
    def of_step(cls, context: Any, *, is_step: bool = True) -> Self:
        """The automation as a step of it sees it: what is put into its data is the step's.

        Args:
            context: The step.
            is_step: Whether it is one of its nodes; else a message is received.
        """
        made = cls.__new__(cls)
        data = Data(context.state, context.payload)
        made.__dict__.update(_run_id=context.run_id, _using=context.using, _data=data, _objects={})
        made.__dict__.update(_step=context if is_step else None, _is_inside=True)
        return made

    def _bind(self, run_id: int, using: str) -> None:
        self._run_id, self._using = run_id, using
        self._data, self._objects = None, {}
        self._step, self._is_inside = None, False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._run_id}>"

    def __str__(self) -> str:
        return type(self).__name__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Automation) and (self._run_id, self._using) == (other._run_id, other._using)

    def __hash__(self) -> int:
        return hash((self._run_id, self._using))

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def id(self) -> int:
        """Of its row."""
        return self._run_id

    @property
    def using(self) -> str:
        """The database that it is in."""
        return self._using

    @property
    def row(self) -> Any:
        """Its row, an `AutomationModel`, as it is now.

        Raises:
            DoesNotExist: It was killed.
        """
        from .models import AutomationModel

        return AutomationModel.objects.using(self._using).get(pk=self._run_id)

    @property
    def tasks(self) -> Any:
        """Its tasks, those that are over and those that are open."""
        from .history import tasks_of

        return tasks_of(self._run_id, self._using)

    @property
    def data(self) -> Data:
        """Its data. Within a node, what is put there is kept with it; elsewhere, when `save` is called."""
        if self._data is None:
            row = self.row
            self._data = Buffered(row.state, row.payload)
        return self._data

    @property
    def error(self) -> Mapping[str, Any] | None:
        """Why it failed: `{"type", "detail", "node", "traceback"}`."""
        error: Mapping[str, Any] | None = self.row.error
        return error

    def get_key(self) -> str:
        """A text that names it to the outside: `automation=` and `dispatch_message` take it. Nobody can guess it."""
        return key_of(self.row)

    def finished(self) -> bool:
        """Whether it is over, or gone."""
        from actions.processes.models import Run

        row = Run._base_manager.using(self._using).filter(pk=self._run_id).first()
        return row is None or row.is_finished

    def is_finished(self) -> bool:
        """The same."""
        return self.finished()

    def is_gone(self) -> bool:
        """Whether it was killed."""
        from actions.processes.models import Run

        return not Run._base_manager.using(self._using).filter(pk=self._run_id).exists()

    # --- what can be done with it -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go on until it ends, or waits for somebody or something; every condition that it waits for is looked at.

        Raises:
            FinishedError: It is over.
        """
        from actions.processes import services

        self._check_outside("run")
        self.save()
        row = self.row
        if row.is_finished:
            raise FinishedError(f"{self!r} is over.")
        if row.paused_at is not None:
            services.resume(self._run_id, using=self._using)
        else:
            services.look_again(self._run_id, using=self._using)
        self.refresh()

    def nice(self) -> threading.Thread:
        """Do the same in a thread of its own, and return at once: the thread."""
        self._check_outside("nice")
        self.save()
        return run_apart(type(self), self._run_id, self._using)

    def save(self) -> None:
        """Keep what was put into the data since it was read, key by key. Within a node it is kept with the node."""
        from actions.processes import services

        if not isinstance(self._data, Buffered):
            return
        changed, gone = self._data.changes()
        if changed or gone:
            services.change_state(self._run_id, changed, remove=gone, using=self._using)
        self.refresh()

    def refresh(self) -> None:
        """Have the data read anew; what was put there and not saved is dropped."""
        if not self._is_inside:
            self._data = None
            self._objects.clear()

    def kill(self) -> None:
        """Remove it, with all of its tasks. Within a node, when that has ended; no other one follows."""
        from functools import partial

        from django.db import transaction

        from actions.processes import services

        remove = partial(services.remove, self._run_id, using=self._using)
        if self._step is not None:
            self._step.is_last = True
            transaction.on_commit(remove, using=self._using)
        else:
            remove()
            self.refresh()

    def _check_outside(self, name: str) -> None:
        if self._is_inside:
            raise FinishedError(f"{self!r}: {name}() is for outside of its nodes; here it goes on by itself.")


AutomationType.reserved = frozenset(reserved(Automation))
