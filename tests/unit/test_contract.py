"""What a change of an action breaks."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from actions.contract import FORMAT, VERSION, Change, NotAContractError, compare, read

TODAY = date(2026, 11, 21)
ENTRY: dict[str, Any] = {
    "type": "instance",
    "status": "prod",
    "payload": {"type": "object", "properties": {}, "additionalProperties": False},
    "result": {"shape": "itself", "is_list": False, "schema": {"type": "object"}},
    "selection": "filter",
    "max_objects": 100,
    "if_match": "optional",
    "idempotency_key": "optional",
    "idempotent": True,
    "background": False,
    "preview": True,
    "undo": "reopen",
    "deprecated": False,
    "sunset": None,
}


def document(**actions: dict[str, Any]) -> dict[str, Any]:
    entries = {name: {**ENTRY, **keys} for name, keys in actions.items()}
    return {"format": FORMAT, "version": VERSION, "resources": {"todo": {"actions": entries}}}


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    return compare(document(act=old), document(act=new), TODAY)


def told(found: list[Change], *, is_breaking: bool) -> list[str]:
    return [f"{each.path}: {each.message}" for each in found if each.is_breaking == is_breaking]


def payload(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"payload": {"type": "object", "properties": properties, "additionalProperties": False, **more}}


def result(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, **more}
    return {"result": {"shape": "itself", "is_list": False, "schema": schema}}


def of_field(schema: Any, **more: Any) -> dict[str, Any]:
    return payload({"it": schema}, **more)


OBJECT = {"type": "object", "properties": {"x": {"type": "integer"}}, "additionalProperties": False}
KIND_A = {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"], "additionalProperties": False}
KIND_B = {
    "type": "object",
    "properties": {"kind": {"const": "b"}, "n": {"type": "integer"}},
    "required": ["kind"],
    "additionalProperties": False,
}


class TestPayload:
    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            (of_field({}), payload({}), "payload.it: was removed."),
            (payload({}), of_field({}, required=["it"]), "payload.it: is new, and required."),
            (of_field({}), of_field({}, required=["it"]), "payload.it: is required now."),
            (of_field({"type": "string"}), of_field({"type": "integer"}), "payload.it: type was string, is integer."),
            (
                of_field({"type": ["string", "null"]}),
                of_field({"type": "string"}),
                "payload.it: type was null or string, is string.",
            ),
            (of_field({"type": "number"}), of_field({"type": "integer"}), "payload.it: type was number, is integer."),
            (of_field({"enum": ["a", "b"]}), of_field({"enum": ["a"]}), 'payload.it: "b" is not a value any more.'),
            (of_field({"type": "string"}), of_field({"enum": ["a"]}), 'payload.it: is one of ["a"] now.'),
            (of_field({"type": "integer"}), of_field({"const": 1}), "payload.it: is one of [1] now."),
            *(
                (
                    of_field({"type": kind, **({key: old} if old is not None else {})}),
                    of_field({"type": kind, key: new}),
                    f"payload.it: {key} was {'none' if old is None else old}, is {new}.",
                )
                for kind, key, old, new in (
                    ("integer", "minimum", 1, 5),
                    ("integer", "maximum", None, 5),
                    ("number", "exclusiveMinimum", 0, 0.5),
                    ("integer", "multipleOf", 2, 4),
                    ("string", "minLength", None, 1),
                    ("string", "maxLength", 10, 9),
                    ("string", "pattern", "^a", "^b"),
                    ("string", "pattern", None, "^b"),
                    ("string", "format", None, "date"),
                    ("array", "minItems", 1, 2),
                    ("array", "maxItems", None, 2),
                    ("object", "maxProperties", None, 2),
                )
            ),
            (
                of_field({"type": "array"}),
                of_field({"type": "array", "uniqueItems": True}),
                "payload.it: uniqueItems was false, is true.",
            ),
            (
                of_field({"type": "object"}),
                of_field({"type": "object", "additionalProperties": False}),
                "payload.it.*: further fields are refused now.",
            ),
            (
                of_field({"type": "array", "items": {"type": "integer"}}),
                of_field({"type": "array", "items": {"type": "string"}}),
                "payload.it[]: type was integer, is string.",
            ),
            (
                of_field({"type": "array", "items": OBJECT}),
                of_field({"type": "array", "items": {**OBJECT, "required": ["x"]}}),
                "payload.it[].x: is required now.",
            ),
            (
                of_field({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
                of_field({"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 3}]}),
                "payload.it: maxLength was none, is 3.",
            ),
            (
                of_field({"oneOf": [KIND_A, KIND_B]}),
                of_field({"oneOf": [KIND_A, {**KIND_B, "required": ["kind", "n"]}]}),
                "payload.it.n: is required now.",
            ),
            (
                of_field({"$ref": "#/$defs/a"}, **{"$defs": {"a": {"type": "integer"}}}),
                of_field({"$ref": "#/$defs/b"}, **{"$defs": {"b": {"type": "integer", "maximum": 3}}}),
                "payload.it: maximum was none, is 3.",
            ),
            (
                of_field({"type": "object"}),
                of_field({"type": "object", "properties": {"x": {"type": "integer"}}}),
                "payload.it.x: is new; until now anything was taken under this name.",
            ),
            (
                of_field({"type": "integer"}),
                of_field({"type": "integer", "not": {"const": 3}}),
                "payload.it: was changed, and whether that is compatible cannot be told (not).",
            ),
            (
                of_field({"type": "integer"}),
                of_field({"type": "integer", "if": {"minimum": 3}, "then": {"multipleOf": 2}}),
                "payload.it: was changed, and whether that is compatible cannot be told (if).",
            ),
            (
                of_field({"type": "string"}),
                of_field({"oneOf": [{"type": "string"}, {"maxLength": 3}]}),
                "payload.it: was changed, and whether that is compatible cannot be told (oneOf).",
            ),
            (
                of_field({"type": "integer"}),
                of_field({"$ref": "#/$defs/absent"}),
                "payload.it: was changed, and whether that is compatible cannot be told ($ref).",
            ),
            (
                payload({"a": {}, "b": {}}),
                payload({"a": {}, "b": {}}, dependentRequired={"a": ["b"]}),
                'payload.a: needs ["b"] beside it now.',
            ),
        ],
    )
    def test_what_could_be_sent_has_to_be_taken(self, old: Any, new: Any, sentence: str) -> None:
        assert told(changes(old, new), is_breaking=True) == [sentence]
        # The other way round, the same difference is a widening: said, and nothing fails.
        if "cannot be told" not in sentence and " type was string, is integer" not in sentence:
            back = changes(new, old)
            assert back or "required" not in sentence
            is_exchanged = any(word in sentence for word in ("^a", "type was integer, is string", "and required"))
            assert is_exchanged or not told(back, is_breaking=True), back

    @pytest.mark.parametrize(
        ("old", "new", "sentences"),
        [
            (payload({}), of_field({"type": "string"}), ["payload.it: is new."]),
            (of_field({"minimum": 5}), of_field({"minimum": 1}), ["payload.it: minimum was 5, is 1."]),
            (of_field({"enum": ["a"]}), of_field({"enum": ["a", "b"]}), ['payload.it: "b" is a value now.']),
            (of_field({}, required=["it"]), of_field({}), ["payload.it: is not required any more."]),
            (of_field({"type": "integer"}), of_field({"type": "number"}), ["payload.it: type was integer, is number."]),
            (of_field({"default": 7}), of_field({"default": 14}), ["payload.it: its default was 7, is 14."]),
            (of_field({"description": "A."}), of_field({"description": "B.", "title": "C", "x-own": 1}), []),
            (of_field({"type": "string"}), of_field({"type": "string", "format": "password"}), []),
            (of_field({"minimum": 1, "type": "integer"}), of_field({"exclusiveMinimum": 0, "type": "integer"}), []),
            (of_field({"enum": [1, 2]}), of_field({"anyOf": [{"const": 2.0}, {"const": 1}]}), []),
            (of_field({"type": ["integer", "null"]}), of_field({"anyOf": [{"type": "null"}, {"type": "integer"}]}), []),
            (of_field({"allOf": [{"maximum": 3}, {"minimum": 1}]}), of_field({"maximum": 3, "minimum": 1}), []),
            (
                of_field({"oneOf": [KIND_A, KIND_B]}),
                of_field({"oneOf": [KIND_B, {**KIND_A, "properties": {**KIND_A["properties"], "m": {}}}]}),
                ["payload.it.m: is new."],
            ),
            (
                of_field({"type": "integer"}),
                of_field({"$ref": "#/$defs/n"}, **{"$defs": {"n": {"type": "integer"}}}),
                [],
            ),
        ],
    )
    def test_what_takes_more_breaks_nobody(self, old: Any, new: Any, sentences: list[str]) -> None:
        found = changes(old, new)
        assert told(found, is_breaking=True) == []
        assert told(found, is_breaking=False) == sentences

    def test_a_schema_that_holds_itself_is_compared(self) -> None:
        def tree(label: dict[str, Any]) -> dict[str, Any]:
            node = {
                "type": "object",
                "properties": {"label": label, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
                "additionalProperties": False,
            }
            return of_field({"$ref": "#/$defs/node"}, **{"$defs": {"node": node}})

        assert changes(tree({"type": "string"}), tree({"type": "string"})) == []
        assert told(changes(tree({"type": "string"}), tree({"type": "string", "maxLength": 3})), is_breaking=True) == [
            "payload.it.label: maxLength was none, is 3."
        ]

    def test_what_nobody_untangles_is_said(self) -> None:
        one = of_field({"$dynamicRef": "#n"}, **{"$defs": {"n": {"$dynamicAnchor": "n", "type": "integer"}}})
        two = of_field({"$dynamicRef": "#n"}, **{"$defs": {"n": {"$dynamicAnchor": "n", "type": "string"}}})

        assert changes(one, one) == []
        [change] = changes(one, two)
        assert change.is_breaking
        assert "cannot be told" in change.message


class TestResult:
    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            (result({"it": {}}), result({}), "result.it: was removed."),
            (result({"it": {}}, required=["it"]), result({}), "result.it: was removed."),
            (result({"it": {}}, required=["it"]), result({"it": {}}), "result.it: is not required any more."),
            (
                result({"it": {"type": "integer"}}),
                result({"it": {"type": ["integer", "null"]}}),
                "result.it: type was integer, is integer or null.",
            ),
            (result({"it": {"type": "integer"}}), result({"it": {}}), "result.it: type was integer, is "),
            (result({"it": {"enum": ["a"]}}), result({"it": {"enum": ["a", "b"]}}), 'result.it: "b" is a value now.'),
            (result({"it": {"maximum": 1}}), result({"it": {"maximum": 2}}), "result.it: maximum was 1, is 2."),
            (
                result({"it": {"type": "array", "items": {"type": "object", "properties": {"x": {}}}}}),
                result({"it": {"type": "array", "items": {"type": "object", "properties": {}}}}),
                "result.it[].x: was removed.",
            ),
        ],
    )
    def test_what_was_answered_has_to_be_answered(self, old: Any, new: Any, sentence: str) -> None:
        [found] = told(changes(old, new), is_breaking=True)
        assert found.startswith(sentence)

    def test_callers_bear_with_further_fields(self) -> None:
        old = result({"a": {"type": "integer"}}, additionalProperties=False)
        new = result({"a": {"type": "integer"}, "b": {"type": "string"}}, additionalProperties=False, required=["a"])

        found = changes(old, new)

        assert told(found, is_breaking=True) == []
        assert told(found, is_breaking=False) == ["result.a: is required now.", "result.b: is new."]

    @pytest.mark.parametrize("key", ["shape", "is_list"])
    def test_another_shape_breaks(self, key: str) -> None:
        other = {"shape": "results", "is_list": True}[key]
        found = changes({}, {"result": {**ENTRY["result"], key: other}})

        assert [change.path for change in found if change.is_breaking] == ["result"]
        assert found[0].message.startswith("its shape was itself, is ")


class TestRules:
    @pytest.mark.parametrize(
        ("key", "old", "new", "is_breaking"),
        [
            ("type", "instance", "bulk", True),
            ("status", "prod", "todo", True),
            ("status", "prod", "alpha", True),
            ("status", "prod", "beta", True),
            ("max_objects", 100, 50, True),
            ("max_objects", None, 50, True),
            ("max_objects", 50, 100, False),
            ("max_objects", 50, None, False),
            ("if_match", "optional", "required", True),
            ("if_match", "required", "optional", False),
            ("idempotency_key", "optional", "required", True),
            ("idempotency_key", "required", "optional", False),
            ("selection", "all", "filter", True),
            ("selection", "filter", "all", False),
            ("selection", "filter", "none", True),
            ("idempotent", True, False, True),
            ("idempotent", False, True, False),
            ("preview", True, False, True),
            ("preview", False, True, False),
            ("background", False, True, True),
            ("background", True, False, True),
            ("undo", "reopen", None, True),
            ("undo", "reopen", "close", True),
            ("undo", None, "reopen", False),
            ("deprecated", False, "2026-05-01", False),
            ("sunset", None, "2027-01-01", False),
            ("sunset", "2027-01-01", None, False),
            ("sunset", "2027-01-01", "2026-12-01", True),
            ("sunset", "2027-01-01", "2028-01-01", False),
            ("sunset", None, "2026-11-21", True),
        ],
    )
    def test_what_breaks(self, key: str, old: Any, new: Any, is_breaking: bool) -> None:
        [change] = changes({key: old}, {key: new})

        assert (change.action, change.path, change.is_breaking) == ("todo:act", key, is_breaking)
        assert change.message.startswith("was ")
        assert ", is " in change.message


class TestActions:
    def test_one_that_is_gone_breaks(self) -> None:
        assert compare(document(act={}), document(), TODAY) == [
            Change("todo:act", "", "was removed.", is_breaking=True, status="prod")
        ]
        assert compare(document(act={}), {**document(), "resources": {}}, TODAY)[0].is_breaking

    def test_unless_its_time_was_over(self) -> None:
        over, later = {"sunset": "2026-11-21"}, {"sunset": "2026-11-22"}

        assert not compare(document(act=over), document(), TODAY)[0].is_breaking
        assert compare(document(act=later), document(), TODAY)[0].is_breaking

    def test_a_new_one_breaks_nobody(self) -> None:
        assert compare(document(), document(act={"status": "beta"}), TODAY) == [
            Change("todo:act", "", "is new (beta).", is_breaking=False)
        ]

    @pytest.mark.parametrize("status", ["todo", "alpha", "beta"])
    def test_nobody_relies_on_what_was_not_prod(self, status: str) -> None:
        found = changes({"status": status, "max_objects": 9}, {"status": "prod", "max_objects": 3})

        assert [(change.path, change.is_breaking, change.status) for change in found] == [
            ("status", False, status),
            ("max_objects", False, status),
        ]

    def test_today_is_the_default(self) -> None:
        assert not compare(document(act={"sunset": "2020-01-01"}), document())[0].is_breaking


class TestReading:
    def test_what_was_written_is_read(self) -> None:
        assert read(json.dumps(document(act={}))) == document(act={})

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "JSON was expected"),
            ("[" * 100_000, "JSON was expected"),
            ("[]", "a contract was expected"),
            ('{"swagger": "2.0"}', "a contract was expected"),
            (json.dumps({**document(), "version": 2}), "version 1 of the format was expected, not 2"),
            (json.dumps({**document(), "resources": []}), "resources: an object was expected"),
            (json.dumps({**document(), "resources": {"todo": []}}), "todo: actions: an object was expected"),
            (
                json.dumps({**document(), "resources": {"todo": {"actions": {"a": 1}}}}),
                "todo:a: an object was expected",
            ),
            *(
                (json.dumps(document(a={key: value})), f"todo:a: {key}: ")
                for key, value in (
                    ("type", "other"),
                    ("status", None),
                    ("status", []),
                    ("payload", []),
                    ("payload", {"properties": []}),
                    ("payload", True),
                    ("result", {}),
                    ("result", {"shape": 1, "is_list": False, "schema": {}}),
                    ("result", {"shape": "itself", "is_list": False, "schema": {"type": "txt"}}),
                    ("max_objects", True),
                    ("sunset", "soon"),
                    ("sunset", 5),
                    ("deprecated", 5),
                    ("preview", "yes"),
                    ("undo", 5),
                )
            ),
        ],
    )
    def test_what_is_none_is_refused_with_what_was_expected(self, text: str, message: str) -> None:
        with pytest.raises(NotAContractError, match="expected") as refused:
            read(text)
        assert str(refused.value).startswith(message)

    def test_a_member_that_is_missing_is_named(self) -> None:
        made = document(a={})
        del made["resources"]["todo"]["actions"]["a"]["undo"]
        with pytest.raises(NotAContractError, match="todo:a: undo: a text or null was expected"):
            read(json.dumps(made))
