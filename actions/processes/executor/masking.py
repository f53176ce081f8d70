"""What rows keep of a step for people: without secrets, by their names and where a text quotes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.redaction import mask, mask_within, redact, secret_names, secret_texts

if TYPE_CHECKING:
    from .step import Step


def shown(value: Any, step: Step) -> Any:
    """Values as a step's row keeps them: secrets masked, by their names and where a text quotes one."""
    if not value:
        return None
    kept, secrets = redact(value, secret_names(step.program.process.sensitive)), secrets_of(step)
    return mask_within(kept, secrets) if secrets else kept


def shown_log(step: Step) -> str:
    """A step's log as its row keeps it."""
    return mask("\n".join(step.context.lines), secrets_of(step)) if step.context.lines else ""


def secrets_of(step: Step) -> set[str]:
    """The secrets of payload and state, and of what the step was given."""
    names = secret_names(step.program.process.sensitive)
    found = step.track.scope.secrets(names)
    return found | secret_texts(step.arguments, names) if step.arguments else found
