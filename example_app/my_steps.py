"""Steps of the workflows in `workflows.py`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from actions.processes import steps


class Step1(steps.Step):
    """Begins."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> dict[str, int]:
        print("Step1 has begun.")  # noqa: T201 - what a step prints is in its job's log
        return {"number": 3}


class Step2(steps.Step):
    """Asks for a number, and adds it."""

    class UserInputSchema(BaseModel):
        """What somebody has to say first."""

        some_data: int

    def execute(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> dict[str, int]:
        return {"number": _input["number"] + external_input["some_data"]}


class Decision1(steps.Decision):
    """Even or odd."""

    def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
        return int(_input["number"]) % 2


class Step2a(steps.Step):
    """For even numbers."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
        return f"{_input['number']} is even"


class Step2b(steps.Step):
    """For odd ones."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
        return f"{_input['number']} is odd"


class Step3(steps.Step):
    """Ends."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> str:
        return f"{_input}."


class FilePathStep(steps.Step):
    """Asks for a file."""

    class UserInputSchema(BaseModel):
        """Where it is."""

        file_path: str

    def execute(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> Any:
        return external_input["file_path"]


class FileTypeDecision(steps.Decision):
    """Which kind of file it is. It has no `execute()`: the path goes on to the next step."""

    def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
        return 0 if _input.endswith(".json") else 1


class JsonFileHandleStep(steps.Step):
    """For JSON."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> dict[str, str]:
        return {"handled": _input, "as": "JSON"}


class OtherFileHandleStep(steps.Step):
    """For everything else."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> dict[str, str]:
        return {"handled": _input, "as": "something else"}
