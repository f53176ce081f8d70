"""What an open task asks for: its step, its page, and how an answer is checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from actions.django_payloads import FormPayload
from actions.exceptions import InvalidPayloadError
from actions.payloads import Payload
from actions.processes.context import StepContext
from actions.processes.exceptions import BrokenFormError
from actions.processes.executor import Programs
from actions.processes.executor.asking import filled_in, form_of_page
from actions.processes.executor.step import Step, make_step
from actions.processes.graph import Node
from actions.processes.models import OpenTask, Run
from actions.processes.pages import Page
from actions.processes.process import Process
from actions.processes.store import tracks_of
from actions.processes.values import dump, load, refuse_references

logger = logging.getLogger(__name__)

PLAIN = Page()


@contextmanager
def making_form(task: OpenTask) -> Iterator[None]:
    """Around what a process says of a form: what goes wrong there is this task's matter, and that of no other.

    Raises:
        BrokenFormError: Something did.
        InvalidPayloadError: As it comes: what was sent does not fit.
    """
    try:
        yield
    except (BrokenFormError, InvalidPayloadError):
        raise
    except Exception as error:
        logger.exception("The form of task %s cannot be made.", task.pk, extra={"run": task.run_id})
        reason = f"{type(error).__name__}: {error}"
        raise BrokenFormError(_("Its form cannot be made: %(reason)s") % {"reason": reason}) from error


@dataclass(frozen=True, slots=True)
class Asked:
    """An input with all that is known of it."""

    task: OpenTask
    process: Process
    node: Node
    step: Step
    """The one that waits."""

    @classmethod
    def of(cls, task: OpenTask, *, actor: Any = None, using: str = "default") -> Asked:
        """What a task asks for.

        Args:
            task: The task.
            actor: Whom the functions of the page find as `context.actor`; None: who has started the run.
            using: Its database.

        Raises:
            VanishedError: Its process or node is gone.
            Run.DoesNotExist: It has just been answered.
        """
        step = _step_of(task, Run._base_manager.using(using).get(pk=task.run_id), using)
        if actor is not None:
            step.context.get_actor = lambda: actor
        return cls(task, step.program.process, step.node, step)

    @property
    def context(self) -> StepContext:
        """For the functions of its page."""
        return self.step.context

    @property
    def description(self) -> str:
        """What people read, with what it looks up in the run: `{{ payload.name }}`."""
        return filled_in(self.node.description, self.step)

    @property
    def page(self) -> Page:
        """How it is shown."""
        return self.process.pages.get(self.node.name, PLAIN)

    @property
    def form_class(self) -> Any:
        """The Django form that it is answered by; None where it is none.

        Raises:
            BrokenFormError: It cannot be made.
        """
        form = self.page.form
        if form is not None:
            with making_form(self.task), nullcontext() if isinstance(form, type) else self._savepoint():
                return form_of_page(self.page, self.context)
        payload = self.process.forms.get(self.node.run)
        return payload.form_class if isinstance(payload, FormPayload) else None

    @property
    def payload(self) -> Payload | None:
        """What it takes; None where anything may be answered."""
        if self.page.form is not None:
            return FormPayload(self.form_class)
        return self.process.forms.get(self.node.run)

    def form_kwargs(self) -> dict[str, Any]:
        """Arguments of the form besides what was sent.

        Raises:
            BrokenFormError: They cannot be found.
        """
        page = self.page
        if page.form_kwargs is None and page.instance is None:
            return {}
        with making_form(self.task), self._savepoint():
            kwargs = dict(page.form_kwargs(self.context)) if page.form_kwargs is not None else {}
            if page.instance is not None:
                kwargs["instance"] = page.instance(self.context)
        return kwargs

    def _savepoint(self) -> transaction.Atomic:
        # An error of the database would end the caller's transaction.
        return transaction.atomic(using=str(self.task._state.db))

    def answer(self, data: Mapping[str, Any]) -> Any:
        """The answer in JSON values, checked, and saved where the page does that: in the caller's transaction.

        Raises:
            InvalidPayloadError: It does not fit.
            BrokenFormError: Its form cannot be made.
        """
        payload = self.payload
        if not isinstance(payload, FormPayload):
            given = _without_files(payload.validate(data)) if payload is not None else dict(data)
            refuse_references(given)
            return load(dump(given))
        kwargs = self.form_kwargs()
        with making_form(self.task):
            form = payload.build(data, **kwargs)
        values: Any = payload.check(form)
        refuse_references(values)
        values = self.page.save(self.context, form) if self.page.save is not None else _without_files(values)
        return load(dump(values))


def description_of(task: OpenTask) -> str:
    """What an input says, as people read it; of a run that was read with it, without a statement.

    Raises:
        VanishedError: Its process or node is gone.
    """
    using = str(task._state.db)
    step = _step_of(task, task.run, using)
    return filled_in(step.node.description, step)


def _step_of(task: OpenTask, run: Run, using: str) -> Step:
    program = Programs(using).of(run)
    return make_step(tracks_of([run], using)[0], program, program.node(task.node))


def _without_files(values: dict[str, Any]) -> dict[str, Any]:
    files = [name for name, value in values.items() if isinstance(value, File)]
    if files:
        told = _("A run keeps no files. Let the page's `save` put it where it belongs.")
        raise InvalidPayloadError(errors={name: [told] for name in files})
    return values
