"""`manage.py actions_diff`: what would break callers is found before they are."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework import serializers
from rest_framework.viewsets import ModelViewSet

from actions.contract import Change, compare, contract
from actions.definitions import Action
from actions.exceptions import DefinitionProblem
from actions.mixins import ActionMixin
from actions.registry import ActionRegistry, catalogue
from example_app.models import Todo

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]


class LabelField(serializers.Field[Any, Any, Any, Any]):
    """A field that says nothing of what it writes."""


class ThingSerializer(serializers.ModelSerializer[Todo]):
    amount = serializers.DecimalField(max_digits=5, decimal_places=2, source="priority")
    scan = serializers.FileField()
    owner_name = serializers.StringRelatedField(source="owner")
    sizes = serializers.MultipleChoiceField(choices=["s", "l"])
    names = serializers.ListField(child=serializers.CharField(max_length=5))
    counts = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    friends = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    label = LabelField()
    secret = serializers.CharField(write_only=True)
    now = serializers.HiddenField(default=1)

    class Meta:
        model = Todo
        fields = ("id", "title", "due_date", "amount", "scan", "owner_name", "sizes", "names", "counts", "friends")
        fields += ("label", "secret", "now")


class NeedsCaller(ThingSerializer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("Nobody is there.")


def ship(todo: Any, *, note: str = "") -> None: ...
def ship_all(todos: Any) -> None: ...


class ThingViewSet(ActionMixin, ModelViewSet[Todo]):
    queryset = Todo.objects.all()
    serializer_class = ThingSerializer
    action_registry = ActionRegistry(
        "contract_thing",
        actions=[
            Action(id="ship", function=ship, preview=False, if_match="required"),
            Action(id="ship_all", function=ship_all, type="bulk", max_objects=5),
            Action(id="vague", function=ship, result=NeedsCaller),
        ],
    )


@pytest.fixture(autouse=True)
def only_what_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests make registries with problems."""
    monkeypatch.setattr(catalogue, "problems", list)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The contract as it is now."""
    file = tmp_path / "old.json"
    run("--write", str(file))
    return file


def run(*arguments: str) -> str:
    """What the command prints."""
    output = StringIO()
    call_command("actions_diff", *arguments, stdout=output)
    return output.getvalue()


def altered(file: Path, name: str, **keys: Any) -> None:
    """Let the contract say something else of one of the todos' actions."""
    document = json.loads(file.read_text())
    document["resources"]["todo"]["actions"][name].update(keys)
    file.write_text(json.dumps(document))


class TestContract:
    def test_it_says_what_callers_rely_on(self) -> None:
        entry = contract()["resources"]["contract_thing"]["actions"]["ship"]

        assert entry.pop("payload")["properties"]["note"] == {
            "type": "string",
            "title": "Note",
            "default": "",
        }
        assert entry.pop("result")["shape"] == "itself"
        assert entry == {
            "type": "instance",
            "status": "prod",
            "selection": "filter",
            "max_objects": None,
            "if_match": "required",
            "idempotency_key": "optional",
            "idempotent": False,
            "background": False,
            "preview": False,
            "undo": None,
            "deprecated": False,
            "sunset": None,
        }

    def test_a_serializer_is_told_as_what_it_writes(self) -> None:
        actions = contract()["resources"]["contract_thing"]["actions"]
        schema = actions["ship"]["result"]["schema"]

        assert schema["properties"] == {
            "id": {"type": "integer"},
            "title": {"type": "string"},
            "due_date": {"type": ["string", "null"], "format": "date"},
            "amount": {"type": "string", "format": "decimal"},
            "scan": {"type": ["string", "null"]},
            "owner_name": {"type": "string"},
            "sizes": {"type": "array", "items": {"type": "string", "enum": ["s", "l"]}},
            "names": {"type": "array", "items": {"type": "string"}},
            "counts": {"type": "object", "additionalProperties": {"type": ["integer", "null"]}},
            "friends": {"type": "array", "items": {}},
            "label": {},
        }
        assert schema["required"] == list(schema["properties"])
        assert actions["ship_all"]["result"] == {"shape": "meta_and_results", "is_list": False, "schema": schema}
        assert actions["vague"]["result"] == {"shape": "itself", "is_list": False, "schema": {}}

    def test_what_nobody_serves_is_no_part_of_it(self) -> None:
        registry = ActionRegistry("contract_attic", actions=[Action(id="ship", function=ship)])
        assert registry.resource not in contract()["resources"]

    def test_a_contract_is_compatible_with_itself(self) -> None:
        assert compare(contract(), contract()) == []


class TestCommand:
    def test_nothing_has_changed(self, old: Path) -> None:
        assert run(str(old)) == "Nothing has changed.\n"

    def test_what_breaks_fails_and_the_rest_is_told(self, old: Path) -> None:
        payload = json.loads(old.read_text())["resources"]["todo"]["actions"]["mark_done"]["payload"]
        payload["properties"]["until"] = {"type": "string"}
        altered(old, "mark_done", payload=payload, idempotency_key="required")
        altered(old, "assign", type="bulk")

        output = StringIO()
        with pytest.raises(CommandError, match="1 change would break callers") as failed:
            call_command("actions_diff", str(old), stdout=output)

        assert failed.value.returncode == 1
        assert output.getvalue().splitlines() == [
            "todo:assign (was alpha: nobody relies on it)",
            "          type: was bulk, is instance.",
            "todo:mark_done",
            "          idempotency_key: was required, is optional.",
            "  BREAKS  payload.until: was removed.",
        ]

    def test_for_programs_the_same_as_json(self, old: Path) -> None:
        altered(old, "mark_done", max_objects=5)

        assert json.loads(run(str(old), "--json"))["changes"] == [
            {
                "action": "todo:mark_done",
                "path": "max_objects",
                "message": "was 5, is none.",
                "is_breaking": False,
                "status": "prod",
            }
        ]

    def test_an_action_that_is_gone_breaks(self, old: Path) -> None:
        document = json.loads(old.read_text())
        actions = document["resources"]["todo"]["actions"]
        actions["vanished"] = deepcopy(actions["mark_done"])
        del actions["reopen"]
        old.write_text(json.dumps(document))

        with pytest.raises(CommandError):
            run(str(old))
        assert {(each.action, each.message, each.is_breaking) for each in compare(document, contract())} == {
            ("todo:vanished", "was removed.", True),
            ("todo:reopen", "is new (prod).", False),
        }

    def test_both_in_one_go_compare_with_what_was_there_before(self, old: Path) -> None:
        altered(old, "mark_done", max_objects=5)

        assert "max_objects" in run(str(old), "--write", str(old))
        assert run(str(old)) == "Nothing has changed.\n"

    def test_the_contract_can_be_printed(self) -> None:
        assert json.loads(run("--write", "-")) == contract()

    def test_it_is_written_the_same_each_time(self, old: Path, tmp_path: Path) -> None:
        run("--write", str(tmp_path / "again.json"))
        assert (tmp_path / "again.json").read_text() == old.read_text()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "JSON was expected"),
            ("[]", 'an object with "format": "dj-actions contract"'),
            ('{"format": "dj-actions contract", "version": 7}', "version 1 of the format was expected, not 7"),
            ('{"format": "dj-actions contract", "version": 1}', "resources: an object was expected"),
        ],
    )
    def test_a_file_that_is_no_contract_is_refused(self, tmp_path: Path, text: str, message: str) -> None:
        file = tmp_path / "old.json"
        file.write_text(text)
        with pytest.raises(CommandError) as refused:
            run(str(file))
        assert str(file) in str(refused.value)
        assert message in str(refused.value)

    def test_a_file_that_cannot_be_read_or_written_is_named(self, tmp_path: Path, old: Path) -> None:
        with pytest.raises(CommandError, match=r"absent.json cannot be read: No such file"):
            run(str(tmp_path / "absent.json"))
        with pytest.raises(CommandError, match="cannot be read: Is a directory"):
            run(str(tmp_path))
        with pytest.raises(CommandError, match=r"new.json cannot be written: No such file"):
            run(str(old), "--write", str(tmp_path / "absent" / "new.json"))
        old.write_bytes(b"\xff")
        with pytest.raises(CommandError, match="UTF-8 was expected"):
            run(str(old))

    def test_it_says_what_it_needs(self, old: Path) -> None:
        with pytest.raises(CommandError, match="Name a contract to compare with"):
            run()
        with pytest.raises(CommandError, match=r"Leave out OLD.json"):
            run(str(old), "--write", "-")

    def test_wrong_definitions_are_corrected_first(self, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        problem = DefinitionProblem("attic/definition.yaml", ("schema",), "is upside down.", "Turn it round.", line=3)
        monkeypatch.setattr(catalogue, "problems", lambda: [problem])
        with pytest.raises(CommandError, match="Correct the definitions first") as refused:
            run(str(old))
        assert str(problem) in str(refused.value)

    def test_the_example_project_breaks_with_status_1(self, tmp_path: Path) -> None:
        file = tmp_path / "old.json"

        def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "manage.py", "actions_diff", *arguments]
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

        assert manage("--write", str(file)).returncode == 0
        same = manage(str(file))
        assert (same.returncode, same.stdout, same.stderr) == (0, "Nothing has changed.\n", "")
        altered(file, "mark_done", type="bulk")
        assert manage(str(file)).returncode == 1


def test_a_change_is_a_value() -> None:
    assert Change("todo:act", "", "is new.", is_breaking=False) == Change("todo:act", "", "is new.", is_breaking=False)
