"""The keys of process files: what each may hold, and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final

from actions.processes.constants import PERMISSION
from actions.processes.graph import Mode, OnChange

from .durations import PERIODS, UNITS

Schema = dict[str, Any]

VERBS: Final = (
    "task",
    "action",
    "process",
    "input",
    "send",
    "receive",
    "if",
    "switch",
    "decide",
    "split",
    "do",
    "repeat",
    "end",
    "wait",
)
"""What a step can do. Each step has one of them; `wait` may stand beside another one."""
TYPES: Final = ("string", "number", "integer", "object", "array", "list", "boolean")
ID: Final = "^[A-Za-z_][A-Za-z0-9_-]*$"
KEY: Final = "^[A-Za-z_][A-Za-z0-9_]*$"


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "minLength": 1, "description": description, **more}


def _any(description: str, **more: Any) -> Schema:
    return {"description": description, **more}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _texts(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string", "minLength": 1}, "description": description}


def object_of(description: str, properties: dict[str, Schema], required: Iterable[str] = ()) -> Schema:
    schema = {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": list(required)} if required else schema


def _either(description: str, *schemas: Schema) -> Schema:
    return {"description": description, "anyOf": list(schemas)}


def _arguments(description: str) -> Schema:
    return {
        "type": "object",
        "description": f"{description} `payload.key`, `state.key`, `item` and `input` are look-ups, "
        '"Hello {{ payload.name }}" is a text with look-ups, everything else stands for itself; '
        "'{{ \"payload.key\" }}' is the text payload.key.",
    }


STEPS: Final[Schema] = {"type": "array", "items": {"$ref": "#/$defs/step"}}
DURATION: Final[Schema] = {
    "description": 'Seconds, "5 minutes", "1h 30m" or {days: 1}.',
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {unit: {"type": "number", "minimum": 0} for unit in UNITS},
            "additionalProperties": False,
        },
    ],
}
CONDITIONS: Final[Schema] = {
    "anyOf": [
        {"type": "boolean"},
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ]
}
_CEL = "A condition in CEL (payload.total > 100), a look-up (payload.is_new), or a list of which all have to be true."


def _who() -> dict[str, Schema]:
    return {
        "users": _users(),
        "groups": _texts("Names of groups; who answers is in all of them."),
        "permissions": _texts("Django permissions, app.codename; who answers has all of them."),
        "user_filter": _filter("Look-ups of Django that find who answers: {is_staff: true}."),
        "group_filter": _filter("Look-ups of Django that find one of the groups of who answers: {name__in: [a, b]}."),
    }


def _users() -> Schema:
    one: list[Schema] = [{"type": "integer"}, {"type": "string", "minLength": 1}]
    by_key = object_of("A user by his key, where that is a text.", {"pk": _either("The key.", *one)}, ["pk"])
    by_name = object_of(
        "A user by his name, where that is a number.", {"username": _either("The name.", *one)}, ["username"]
    )
    text = "Users, one of them answers. A text is a name, a number a key: [ada, 7, payload.boss, {pk: payload.key}]."
    return {"type": "array", "items": {"anyOf": [*one, by_key, by_name]}, "description": text}


def _filter(description: str) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": KEY},
        "description": f"{description} Values are constants.",
    }


def _steps(description: str) -> Schema:
    return {**deepcopy(STEPS), "description": description}


def _duration(description: str) -> Schema:
    return {**deepcopy(DURATION), "description": f"{description} {DURATION['description']}"}


def _conditions(description: str) -> Schema:
    return {**deepcopy(CONDITIONS), "description": f"{description} {_CEL}"}


def verbs() -> dict[str, Schema]:
    case = object_of(
        "A case: its condition and its steps. The last one may have `else` in place of both.",
        {
            "when": _conditions("When this case is taken."),
            "do": _steps("What is done then."),
            "else": _steps("What is done where no case before it is taken."),
        },
    )
    return {
        "task": _text("A registered task: io.say_hello.", examples=["io.say_hello"]),
        "action": _text(
            "A registered action, as resource:action, performed as the user who started the run: todo:mark_done.",
            examples=["todo:mark_done"],
        ),
        "process": _text("Another process by its id: a run of it is a step of this one, and its result the step's."),
        "input": _either(
            "Wait until somebody answers a form.",
            {"type": "string", "minLength": 1, "description": "The dotted path of a form, serializer or model."},
            object_of(
                "The form, and who may answer it: everybody who is logged in where nothing says so.",
                {
                    "form": _text("The dotted path of a Django form, a DRF serializer or a pydantic model."),
                    "schema": {"type": "object", "description": "Or a JSON Schema of what is asked."},
                    "fields": {
                        "type": "array",
                        "items": {"$ref": "#/$defs/field"},
                        "description": "Or fields, declared as in `payload`.",
                    },
                    **_who(),
                    "due": _duration("When an answer is wanted; after that it is overdue. For too late: timeout."),
                    "remind": _duration("When those who may answer are reminded by mail."),
                    "remind_every": _duration("How often after that; the first time as well if `remind` is not given."),
                    "escalate": object_of(
                        "Who may answer as well after a time, and is told so by mail.",
                        {
                            "after": _duration("When."),
                            **_who(),
                        },
                        ["after"],
                    ),
                    "notify": _flag("Whether those who may answer are sent a mail when it begins to wait."),
                },
            ),
        ),
        "send": _either(
            "Send a message to runs that wait for it.",
            {"type": "string", "minLength": 1},
            object_of(
                "The message, its key and what it carries.",
                {
                    "message": _text("The message's name."),
                    "key": _any("Who waits with the same key gets it: state.order.id."),
                    "data": _arguments("What it carries."),
                    "to": _text("Only to runs of this process."),
                    "broadcast": _flag("To all that wait for it, in place of one."),
                },
                ["message"],
            ),
        ),
        "receive": _either(
            "Wait for a message. One that came before is not lost.",
            {"type": "string", "minLength": 1},
            object_of(
                "The message and its key.",
                {"message": _text("The message's name."), "key": _any("Only one with the same key: payload.order.")},
                ["message"],
            ),
        ),
        "if": _conditions("Go on with `then` or with `else`."),
        "switch": {
            "type": "array",
            "items": case,
            "minItems": 1,
            "description": "Go on with the first case whose condition is true; with the step after it where none is.",
        },
        "decide": _text("A task that answers the name of one of `cases`."),
        "split": _either(
            "Go several ways at the same time, and on when all of them have ended.",
            {"type": "object", "minProperties": 1, "additionalProperties": deepcopy(STEPS)},
            {"type": "array", "minItems": 1, "items": deepcopy(STEPS)},
        ),
        "do": _steps("Steps that `when`, `loop` or `on_error` of this one are for."),
        "repeat": object_of(
            "Go back to a step again and again.",
            {
                "every": _duration("The time from one pass to the next."),
                "at": _text('A time of day, for whole days: "08:30".', pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"),
                "from": _text("The id of the step to go back to; the first one of the file if not given."),
            },
            ["every"],
        ),
        "end": _any("End the run. What stands here is its result: state.user, or true for none."),
        "wait": _either(
            "Wait before this step. Without another verb, waiting is the step.",
            {"type": "number", "minimum": 0},
            {"type": "string", "minLength": 1},
            object_of(
                "How long, until when, or for what; all that is given.",
                {
                    "for": _either("How long since the run came here.", *deepcopy(DURATION["anyOf"])),
                    "until": _any("A moment: a look-up, or an ISO text such as 2026-11-30T08:00:00Z."),
                    "as_soon_as": _conditions("What has to be true."),
                    "every": _duration("How often the condition is looked at again."),
                },
            ),
        ),
    }


def companions() -> dict[str, Schema]:
    """Keys that belong to some of the verbs."""
    return {
        "args": _arguments("What the task, action or process gets."),
        "register": _text("The key of `state` that gets the result: state.user.", pattern=KEY),
        "on": _any("Of an action: the key of the object, or the object itself: state.todo. Without it: a bulk action."),
        "selection": {
            "type": "object",
            "description": "Of a bulk action: {ids: [1, 2]}, {all: true} or {filter: {…}}.",
            "properties": {
                "ids": _any("Keys of objects, or a look-up of them."),
                "all": _flag("All objects."),
                "filter": {"type": "object", "description": "The filter of the list, by its fields."},
            },
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        "detached": _flag("Of a process: do not wait until it has ended."),
        "then": _steps("Of `if`: what is done where it is true."),
        "else": _steps("Of `if` and `decide`: what is done otherwise."),
        "cases": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": deepcopy(STEPS),
            "description": "Of `decide`: steps by what the task answers.",
        },
        "loop": _any("Do the step for each item of a list, which it finds as `item`: payload.emails."),
        "at_once": {
            "type": "integer",
            "minimum": 1,
            "description": "Of `loop`: how many items are worked on at the same time; all if not given.",
        },
    }


def modifiers() -> dict[str, Schema]:
    """Keys that every step may have."""
    retry = object_of(
        "When a failing step is tried again. The wait doubles with each failure, and is varied by chance.",
        {
            "attempts": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Tries in all."},
            "delay": _duration("The longest wait after the first failure."),
            "max_delay": _duration("The longest wait of all."),
            "on": _texts(
                "Names or paths of the errors: [ConnectionError, requests.Timeout]. Every error if not given."
            ),
        },
    )
    return {
        "id": _text("The step's name in the graph. Runs that wait find it by that: keep it.", pattern=ID),
        "name": _text("What people read."),
        "description": {"type": "string", "description": "What people read below the name."},
        "when": _conditions("The step is skipped where this is not true."),
        "skip_after": _duration("The step is skipped where the run has waited at it for so long."),
        "retry": _either("How often it is tried.", {"type": "integer", "minimum": 1, "maximum": 1000}, retry),
        "timeout": _duration("How long one try may take; of an input or a message, how long it is waited for."),
        "on_error": _either(
            '"ignore", the id of the step to go on with, or steps that are done then, with `state.error`.',
            {"type": "string", "minLength": 1},
            {**deepcopy(STEPS), "minItems": 1},
        ),
        "compensate": _text(
            "The task that takes this step back where the run fails; it gets the arguments that it takes, "
            "and `result`. Of an action: undo."
        ),
        "mode": {
            "enum": [str(mode) for mode in Mode],
            "description": "What the step touches; what its task says if not given.",
        },
        "background": _flag("Whether the caller that starts the run does not wait for this step."),
        "next": _text("The id of the step to go on with, in place of the one below."),
    }


def field() -> Schema:
    return object_of(
        "One key of the payload.",
        {
            "key": _text("Its name.", pattern=KEY),
            "type": {"enum": list(TYPES), "description": "What it is; `list` is `array`. Anything if not given."},
            "required": _flag("Whether it has to be given."),
            "default": _any("Its value where it is not given. `none` with `required` is no default."),
            "validate": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Checks of its value: name, colon, argument: validation.min_length:8.",
            },
            "description": {"type": "string", "description": "What people read."},
            "example": _any("A value that people can copy."),
        },
        ["key"],
    )


def scheduled() -> Schema:
    return object_of(
        "When the step is done.",
        {
            "time": {"type": "number", "minimum": 0, "description": "How many periods."},
            "period": {"enum": list(PERIODS), "description": "What `time` counts."},
            "schedule": {"enum": ["after", "before"], "description": "After or before the moment; after if not given."},
            "object": _text("What has the moment: state.user. Without it, the moment at which the run comes here."),
            "field": _text("The field of the object that is the moment: signup_date."),
        },
        ["time", "period"],
    )


def example() -> Schema:
    return object_of(
        "A payload that people can copy.",
        {
            "title": _text("What it shows."),
            "description": {"type": "string", "description": "More of that."},
            "payload": {"type": "object", "description": "The payload."},
        },
        ["payload"],
    )


def top() -> dict[str, Schema]:
    return {
        "name": _text("What people call the process; its id is made of it: SignupRequest, signup-request."),
        "title": _text("What people read, if not the name."),
        "description": {"type": "string", "description": "What it is for."},
        "version": {"type": ["string", "number"], "description": 'For people: "1.2".'},
        "tags": _texts("Words to find it by."),
        "examples": {"type": "array", "items": {"$ref": "#/$defs/example"}, "description": "Payloads to copy."},
        "payload": {
            "type": ["array", "null"],
            "items": {"$ref": "#/$defs/field"},
            "description": "What a run takes; [] for nothing.",
        },
        "validations": _texts("Functions that get the whole payload before anything is done, and raise to refuse it."),
        "tasks": {**_steps("What is done, in this order."), "type": ["array", "null"]},
        "tasks_async": {
            **_steps("Done after `tasks`, all at the same time; the caller does not wait, errors fail nothing."),
            "type": ["array", "null"],
        },
        "tasks_scheduled": {
            "type": ["array", "null"],
            "items": {"$ref": "#/$defs/scheduled_step"},
            "description": "What is done at a time of its own after `tasks`; errors fail nothing.",
        },
        "result": _any("What the run answers: state.user."),
        "sensitive": _texts(
            "Names of fields whose values no record, log or page shows, beside passwords and the like."
        ),
        "permissions": {
            "type": "array",
            "items": {"type": "string", "pattern": PERMISSION},
            "description": "What whoever starts it has to have, all of them: app.codename, as in orders.add_order.",
        },
        "max_running": {
            "type": "integer",
            "minimum": 1,
            "description": "How many runs may be under way at once; further ones wait.",
        },
        "on_change": {
            "enum": [str(each) for each in OnChange],
            "description": "What becomes of runs in flight when this file changes: auto, they move on where all their "
            "steps are still there; pin, they end as they began; ask, they wait for a decision.",
        },
        "compensate": _flag("Whether steps are taken back, the last one first, when a run fails."),
    }
