"""Look-ups reach keys and positions, give the value as it is, and evaluate nothing."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.exceptions import ActionError, ActionsError, ConfigurationError
from actions.lookups import LookUpError, LookUpSyntaxError, look_up, references, render, render_tree

SCOPE: dict[str, Any] = {
    "environment": {"title": "To do", "limits": {"max": 5}, "quote": """<b> & "it's" </b>"""},
    "payload": {
        "items": [{"name": "first"}, {"name": "second", "tags": ("x", "y")}],
        "text": "{{ environment.title }}",
        "none": None,
        "0": "zero as a key",
        "x-id": 7,
        "$ref": "#/a",
        "Größe": "XL",
    },
    "count": 3,
}


class Secretive(SimpleNamespace):
    """Has attributes and methods, none of which may be reached."""

    def method(self) -> str:
        raise AssertionError("it was called")


def error_of(path: str, scope: Any = SCOPE) -> LookUpError:
    with pytest.raises(LookUpError) as caught:
        look_up(path, scope)
    return caught.value


class TestLookUp:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("count", 3),
            ("environment.title", "To do"),
            ("environment.limits", {"max": 5}),
            ("environment.limits.max", 5),
            ("payload.items.0.name", "first"),
            ("payload.items.1.tags.1", "y"),
            ("payload.none", None),
            ("payload.0", "zero as a key"),
            ("payload.x-id", 7),
            ("payload.$ref", "#/a"),
            ("payload.Größe", "XL"),
        ],
    )
    def test_a_path_leads_through_keys_and_positions(self, path: str, expected: Any) -> None:
        assert look_up(path, SCOPE) == expected

    def test_the_value_is_the_very_object(self) -> None:
        assert look_up("payload.items", SCOPE) is SCOPE["payload"]["items"]

    def test_any_mapping_can_be_looked_into(self) -> None:
        assert look_up("a.b", MappingProxyType({"a": MappingProxyType({"b": 1})})) == 1

    def test_looking_does_not_create_what_a_defaultdict_would(self) -> None:
        scope = {"a": defaultdict(int)}

        assert error_of("a.b", scope).missing_part == "b"
        assert not scope["a"]

    @pytest.mark.parametrize(
        "path", ["", " ", ".", "a.", ".a", "a..b", "a b", "a()", "a[0]", "a|upper", "{{ count }}", "count\n", "a.b!"]
    )
    def test_what_is_no_path_is_refused_as_such(self, path: str) -> None:
        error = error_of(path)

        assert isinstance(error, LookUpSyntaxError)
        assert "a path consists of names with dots between them" in str(error)
        assert (error.path, error.missing_part, error.available) == (path, "", ())


class TestMissing:
    def test_the_error_names_the_path_the_part_and_what_there_is(self) -> None:
        error = error_of("environment.limits.mx")

        assert (error.path, error.missing_part, error.available) == ("environment.limits.mx", "mx", ("max",))
        assert str(error) == (
            'the look-up "environment.limits.mx" fails: "environment.limits" has no "mx". '
            'Did you mean "max"? Available: max.'
        )

    def test_a_missing_first_part_is_compared_with_the_scope(self) -> None:
        error = error_of("enviroment.title")

        assert (error.missing_part, error.available) == ("enviroment", ("environment", "payload", "count"))
        assert str(error) == (
            'the look-up "enviroment.title" fails: there is no "enviroment". '
            'Did you mean "environment"? Available: environment, payload, count.'
        )

    def test_a_path_of_one_part_is_named_once(self) -> None:
        message = str(error_of("nope", {"environment": {}}))

        assert message == 'the look-up "nope" fails. Available: environment.'

    def test_nothing_similar_gives_no_suggestion(self) -> None:
        assert "Did you mean" not in str(error_of("zzz"))

    def test_an_empty_mapping_offers_nothing(self) -> None:
        assert str(error_of("a.b", {"a": {}})) == 'the look-up "a.b" fails: "a" has no "b".'

    @pytest.mark.parametrize("part", ["2", "-1", "01", "first", "²", "9" * 5000])
    def test_a_list_has_only_the_positions_of_its_items(self, part: str) -> None:
        assert error_of(f"payload.items.{part}").missing_part == part

    def test_a_position_past_the_end_is_told_the_length(self) -> None:
        assert str(error_of("payload.items.2")) == (
            'the look-up "payload.items.2" fails: "payload.items", a list of 2 items counted from 0, has no "2".'
        )

    @pytest.mark.parametrize(
        ("value", "kind"),
        [("text", "a string"), (5, "a number"), (1.5, "a number"), (True, "a boolean"), (None, "null")],
    )
    def test_a_path_through_a_plain_value_is_an_error(self, value: Any, kind: str) -> None:
        error = error_of("a.b", {"a": value})

        assert error.missing_part == "b"
        assert str(error) == f'the look-up "a.b" fails: "a", which is {kind} and not a mapping or list, has no "b".'

    @pytest.mark.parametrize("part", ["0", "upper", "__class__", "format"])
    def test_a_string_has_no_parts(self, part: str) -> None:
        assert error_of(f"environment.title.{part}").missing_part == part

    @pytest.mark.parametrize("part", ["name", "method", "__class__", "__dict__"])
    def test_attributes_and_methods_are_out_of_reach(self, part: str) -> None:
        error = error_of(f"a.{part}", {"a": Secretive(name="hidden")})

        assert "an object of type Secretive" in str(error)
        assert "hidden" not in str(error)

    @pytest.mark.parametrize("part", ["__class__", "items", "get", "__init__"])
    def test_attributes_of_mappings_are_out_of_reach(self, part: str) -> None:
        assert error_of(f"environment.{part}").missing_part == part

    @pytest.mark.parametrize("part", ["append", "__len__", "count"])
    def test_attributes_of_lists_are_out_of_reach(self, part: str) -> None:
        assert error_of(f"payload.items.{part}").missing_part == part

    def test_keys_that_are_no_strings_are_out_of_reach_and_not_offered(self) -> None:
        assert error_of("a.1", {"a": {1: "one", "two": 2}}).available == ("two",)

    def test_no_value_stands_in_the_message(self) -> None:
        assert "secret" not in str(error_of("a.pasword", {"a": {"password": "secret"}}))

    def test_many_or_long_names_are_cut(self) -> None:
        error = error_of("a.b", {"a": {f"{number}{'x' * 1000}": 1 for number in range(1000)}})

        assert len(error.available) == 1000
        assert len(str(error)) < 1000

    def test_it_is_an_error_of_this_package_and_a_lookup_error(self) -> None:
        error = error_of("nowhere")

        assert isinstance(error, ActionsError)
        assert isinstance(error, LookupError)
        assert not isinstance(error, ConfigurationError | ActionError)


class TestRender:
    @pytest.mark.parametrize("text", ["{{ payload.items }}", "{{payload.items}}", "{{\n  payload.items\t}}"])
    def test_a_look_up_alone_gives_the_value_itself(self, text: str) -> None:
        assert render(text, SCOPE) is SCOPE["payload"]["items"]

    @pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "123", [], {}])
    def test_a_value_keeps_its_type(self, value: Any) -> None:
        rendered = render("{{ a }}", {"a": value})

        assert rendered is value

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{{ count }} by {{ environment.title }}", "3 by To do"),
            ("{{ count }}{{ count }}", "33"),
            (" {{ count }}", " 3"),
            ("{{ count }}\n", "3\n"),
            ("is {{ payload.none }}", "is None"),
            ("{{ environment.quote }}!", """<b> & "it's" </b>!"""),
        ],
    )
    def test_in_a_text_values_become_text_without_escaping(self, text: str, expected: str) -> None:
        assert render(text, SCOPE) == expected

    @pytest.mark.parametrize(
        "text", ["", "plain", "{ count }", "}}", '{"a": {"b": 1}}', "{% now %}", "{# c #}", "$count"]
    )
    def test_a_text_without_double_braces_stays_as_it_is(self, text: str) -> None:
        assert render(text, SCOPE) == text

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('{{ "{{" }}', "{{"),
            ("{{ '{{' }}", "{{"),
            ('{{ "{{" }} count }}', "{{ count }}"),
            ('{{ "}}" }}{{ count }}', "}}3"),
            ('{{ "{{ count }}" }}', "{{ count }}"),
            ('{{ "" }}', ""),
            ("""{{ "it's" }}""", "it's"),
        ],
    )
    def test_a_quoted_text_in_braces_stands_for_itself(self, text: str, expected: str) -> None:
        assert render(text, SCOPE) == expected

    @pytest.mark.parametrize("text", ["{{ payload.text }}", "{{ payload.text }}!"])
    def test_a_value_is_never_rendered_again(self, text: str) -> None:
        assert render(text, SCOPE).startswith("{{ environment.title }}")

    @pytest.mark.parametrize("text", ["{{ a", "{{", "x {{ count }} {{ y", "{{ count }", "{{ 'a }"])
    def test_braces_that_are_not_closed_are_an_error(self, text: str) -> None:
        with pytest.raises(LookUpSyntaxError, match=r'"{{" is not closed by "}}"; .* are written {{ "{{" }}'):
            render(text, SCOPE)

    @pytest.mark.parametrize(
        "text",
        [
            *("{{ }}", "{{}}", "{{{ count }}}", "{{ count|upper }}", "{{ count + 1 }}", "{{ f() }}", "{{ a[0] }}"),
            *("{{ {{ count }} }}", "{{ count, count }}", "{{ a. }}", '{{ "a" b }}', "{{ count }} {{ a b }}"),
        ],
    )
    def test_braces_with_anything_else_are_an_error(self, text: str) -> None:
        with pytest.raises(LookUpSyntaxError, match="only a path such as"):
            render(text, SCOPE)

    def test_the_error_shows_the_braces_that_are_wrong(self) -> None:
        with pytest.raises(LookUpSyntaxError) as caught:
            render("{{ count }} and {{ count|upper }} items", SCOPE)

        assert caught.value.path == "{{ count|upper }}"

    def test_a_path_that_leads_nowhere_is_an_error(self) -> None:
        with pytest.raises(LookUpError, match='"environment" has no "titel"'):
            render("for {{ environment.titel }}", SCOPE)


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("none", []),
            ("{{ a.b }}", ["a.b"]),
            ("{{ b }} {{ a }} {{ b }}", ["b", "a"]),
            ('{{ "{{ a }}" }} {{ c.0 }}', ["c.0"]),
        ],
    )
    def test_the_paths_of_a_text_are_listed_once_in_order(self, text: str, expected: list[str]) -> None:
        assert references(text) == expected

    def test_a_malformed_text_has_no_references(self) -> None:
        with pytest.raises(LookUpSyntaxError):
            references("{{ a }} {{ b")


class TestRenderTree:
    def test_strings_are_rendered_wherever_they_stand(self) -> None:
        tree = {"a": "{{ count }}", "b": [1, None, {"c": "{{ count }} times"}], "d": ("{{ environment.limits }}",)}

        assert render_tree(tree, SCOPE) == ({"a": 3, "b": [1, None, {"c": "3 times"}], "d": [{"max": 5}]}, [])

    def test_a_string_alone_is_a_tree(self) -> None:
        assert render_tree("{{ count }}", SCOPE) == (3, [])

    def test_keys_are_not_rendered(self) -> None:
        assert render_tree({"{{ count }}": 1, "{{ broken": 2}, SCOPE) == ({"{{ count }}": 1, "{{ broken": 2}, [])

    def test_the_tree_that_was_given_does_not_change(self) -> None:
        tree = {"a": ["{{ count }}"]}

        rendered, _ = render_tree(tree, SCOPE)
        rendered["a"].append(1)

        assert tree == {"a": ["{{ count }}"]}

    def test_a_value_that_was_put_in_is_not_searched_for_look_ups(self) -> None:
        scope = {"payload": {"inner": ["{{ secret }}"]}, "secret": "s"}

        assert render_tree({"a": "{{ payload }}"}, scope) == ({"a": {"inner": ["{{ secret }}"]}}, [])

    def test_every_failure_is_told_with_its_way_and_the_rest_is_rendered(self) -> None:
        tree = {"a": "{{ nowhere }}", "b": ["{{ count }}", "{{ x }} {{ y }}"], "c": {"d": "{{ open"}}

        value, failures = render_tree(tree, SCOPE)

        assert value == {"a": "{{ nowhere }}", "b": [3, "{{ x }} {{ y }}"], "c": {"d": "{{ open"}}
        assert [(path, error.missing_part) for path, error in failures] == [
            (("a",), "nowhere"),
            (("b", 1), "x"),
            (("b", 1), "y"),
            (("c", "d"), ""),
        ]


@given(st.text("{} \"'ab.0|", max_size=30))
def test_any_text_is_rendered_or_refused_and_never_fails_otherwise(text: str) -> None:
    value, failures = render_tree([text], {"a": {"b": [1]}})

    assert len(value) == 1
    assert all(isinstance(error, LookUpError) for _, error in failures)
    assert value == [text] or not failures


@given(st.text())
def test_any_value_of_a_caller_comes_through_unchanged(value: str) -> None:
    assert render("{{ payload.note }}", {"payload": {"note": value}}) == value
    assert render("<{{ payload.note }}>", {"payload": {"note": value}}) == f"<{value}>"
