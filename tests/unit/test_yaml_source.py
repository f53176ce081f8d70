"""YAML to plain values: what scalars mean, what is refused, and where every value stands."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from actions import yaml_nodes
from actions.exceptions import DefinitionError, DefinitionProblem
from actions.yaml_source import Mark, YamlLimits, load_yaml

BOTH_PARSERS = [
    pytest.param("_PythonLoader", id="PyYAML"),
    pytest.param(
        "_CLoader", id="libyaml", marks=pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML without libyaml")
    ),
]


@pytest.fixture(params=BOTH_PARSERS)
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "_Loader", getattr(yaml_nodes, request.param))


pytestmark = pytest.mark.usefixtures("_each_parser")


def value_of(text: str | bytes, **options: Any) -> Any:
    return load_yaml(text, file="f.yaml", **options).value


def problems_of(text: str | bytes, **options: Any) -> tuple[DefinitionProblem, ...]:
    with pytest.raises(DefinitionError) as caught:
        load_yaml(text, file="f.yaml", **options)
    return caught.value.problems


def problem_of(text: str | bytes, **options: Any) -> DefinitionProblem:
    (problem,) = problems_of(text, **options)
    return problem


def place_of(problem: DefinitionProblem) -> tuple[int | None, int | None]:
    return problem.line, problem.column


class TestScalars:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            *((text, None) for text in ("", "~", "null", "Null", "NULL")),
            *((text, True) for text in ("true", "True", "TRUE")),
            *((text, False) for text in ("false", "False", "FALSE")),
            ("0", 0),
            ("12", 12),
            ("+12", 12),
            ("-12", -12),
            ("123456789012345678901234567890", 123456789012345678901234567890),
            ("1.5", 1.5),
            ("-0.5", -0.5),
            (".5", 0.5),
            ("1.", 1.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
            ("+1.5e+2", 150.0),
        ],
    )
    def test_a_scalar_of_the_core_schema_gets_its_type(self, text: str, expected: Any) -> None:
        value = value_of(f"key: {text}")["key"]

        assert value == expected
        assert type(value) is type(expected)

    @pytest.mark.parametrize(
        "text",
        [
            *("yes", "no", "on", "off", "Yes", "NO", "y", "n", "tRUE", "nULL", "none", "None"),
            *("012", "00", "-01", "01.5", "1_000", "0x1f", "0o17", "0b1", "12:30", "1:30:00", "1.5:3"),
            *(".inf", "-.inf", ".nan", ".NaN", "inf", "nan", "infinity", "1e", "e3", "+", ".", "+-1", "1.2.3"),
            *("2024-01-31", "2024-01-31T12:00:00Z", "=", "a b", "٣", "1٣", "½"),
        ],
    )
    def test_a_scalar_that_yaml_tends_to_misread_stays_a_string(self, text: str) -> None:
        assert value_of(f"key: {text}") == {"key": text}

    @pytest.mark.parametrize("text", ["'12'", '"12"', "!!str 12", "|-\n  12", ">-\n  12"])
    def test_a_quoted_tagged_or_block_scalar_is_a_string(self, text: str) -> None:
        assert value_of(f"key: {text}") == {"key": "12"}

    def test_a_quoted_empty_text_is_a_string_and_not_null(self) -> None:
        assert value_of("a: ''\nb: \"\"\nc:") == {"a": "", "b": "", "c": None}

    @pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400, "1" * 5000, "1" * 400 + ".5"])
    def test_a_number_that_no_float_can_hold_is_refused(self, number: str) -> None:
        problem = problem_of(f"key: {number}")

        assert "too large" in problem.message
        assert len(problem.message) < 100
        assert (problem.path, place_of(problem)) == (("key",), (1, 6))


class TestKeys:
    @pytest.mark.parametrize("key", ["yes", "on", "no", "off", "012", "2024-01-31", "12:30"])
    def test_a_key_that_only_looks_special_is_a_string(self, key: str) -> None:
        assert value_of(f"{key}: 1") == {key: 1}

    @pytest.mark.parametrize("key", ["200", "1.5", "true", "null", "~"])
    def test_a_key_that_is_no_string_is_refused_with_the_way_to_write_it(self, key: str) -> None:
        problem = problem_of(f"responses:\n  {key}: fine")

        assert problem.message == f'The key "{key}" is not a string.'
        assert problem.remedy == f'Put it in quotes: "{key}".'
        assert (problem.path, place_of(problem)) == (("responses",), (2, 3))

    def test_a_quoted_number_is_a_key(self) -> None:
        assert value_of('"200": fine') == {"200": "fine"}

    def test_a_look_up_without_quotes_is_recognised(self) -> None:
        problem = problem_of("title: {{ environment.title }}")

        assert problem.message == "The key is a mapping, not a string."
        assert '"{{ name }}"' in problem.remedy
        assert place_of(problem) == (1, 9)

    def test_a_list_as_a_key_is_refused(self) -> None:
        assert problem_of("? [a, b]\n: 1\n").message == "The key is a list, not a string."

    def test_two_keys_that_are_no_scalars_are_two_problems_and_no_duplicate(self) -> None:
        assert [problem.line for problem in problems_of("? [a]\n: 1\n? [a]\n: 2\n")] == [1, 3]

    def test_a_key_that_stands_twice_is_refused_with_both_lines(self) -> None:
        problem = problem_of("note: 1\nother: 2\nnote: 3\n")

        assert problem.message == 'The key "note" stands twice, on lines 1 and 3.'
        assert (problem.path, place_of(problem)) == (("note",), (3, 1))

    def test_quotes_make_no_other_key(self) -> None:
        assert "stands twice" in problem_of("note: 1\n'note': 2\n").message

    def test_the_same_key_in_two_mappings_is_fine(self) -> None:
        assert value_of("a: {x: 1}\nb: {x: 2}") == {"a": {"x": 1}, "b": {"x": 2}}

    def test_a_merge_key_is_refused(self) -> None:
        problem = problem_of("base: &base {x: 1}\nother:\n  <<: *base\n  y: 2\n")

        assert problem.message == "Merge keys (<<) are not supported."
        assert place_of(problem) == (3, 3)

    def test_a_quoted_merge_sign_is_an_ordinary_key(self) -> None:
        assert value_of("'<<': 1") == {"<<": 1}


class TestTags:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("!!python/object/apply:sys.exit [3]", "!!python/object/apply:sys.exit"),
            ("!!python/name:os.system", "!!python/name:os.system"),
            ("!!python/tuple [1]", "!!python/tuple"),
            ("!!binary aGk=", "!!binary"),
            ("!!timestamp 2024-01-31", "!!timestamp"),
            ("!!set {a: }", "!!set"),
            ("!!int '1'", "!!int"),
            ("!mine 1", "!mine"),
            ("!!str [1]", "!!str"),
            ("!!map [1]", "!!map"),
            ("!!seq {a: 1}", "!!seq"),
            ("!!map a", "!!map"),
        ],
    )
    def test_a_tag_that_is_not_supported_fails_and_runs_nothing(self, text: str, shown: str) -> None:
        problem = problem_of(f"a: 1\nkey: {text}")

        assert problem.message == f"The tag {shown} is not supported here."
        assert (problem.path, place_of(problem)) == (("key",), (2, 6))

    def test_a_python_tag_on_a_key_fails(self) -> None:
        assert "!!python/name:os.system" in problem_of("!!python/name:os.system x: 1").message

    def test_a_python_tag_at_the_top_fails(self) -> None:
        assert "!!python/object:list" in problem_of("!!python/object:list {a: 1}").message

    def test_the_tags_of_strings_lists_and_mappings_are_fine(self) -> None:
        assert value_of("!!map\na: !!seq [1]\nb: !!str\n") == {"a": [1], "b": ""}


class TestDocument:
    def test_the_values_are_those_of_the_text(self) -> None:
        text = "title: Mark done\nschema:\n  type: object\n  required: [note]\nexamples:\n  - {note: x}\n  - note: y\n"

        assert value_of(text) == {
            "title": "Mark done",
            "schema": {"type": "object", "required": ["note"]},
            "examples": [{"note": "x"}, {"note": "y"}],
        }

    def test_the_keys_keep_their_order(self) -> None:
        assert list(value_of("z: 1\na: 2\nm: 3\n")) == ["z", "a", "m"]

    @pytest.mark.parametrize(
        "text", ["title: Ü ☃ 😀\n", "\ufefftitle: Ü ☃ 😀\r\n", "title: Ü ☃ 😀".encode("utf-8-sig")]
    )
    def test_text_and_bytes_are_read_with_and_without_a_byte_order_mark(self, text: str | bytes) -> None:
        assert value_of(text) == {"title": "Ü ☃ 😀"}

    @pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null\n", "\ufeff"])
    def test_an_empty_file_is_no_mapping(self, text: str) -> None:
        assert problem_of(text).message == "The file is empty."

    @pytest.mark.parametrize(("text", "kind"), [("- a\n", "a list"), ("just words\n", "a single value")])
    def test_the_top_has_to_be_a_mapping(self, text: str, kind: str) -> None:
        problem = problem_of(text)

        assert problem.message == f"The top is {kind}, not a mapping."
        assert place_of(problem) == (1, 1)

    @pytest.mark.parametrize(("text", "expected"), [("- a\n", ["a"]), ("7\n", 7), ("", None)])
    def test_the_top_may_be_anything_when_asked(self, text: str, expected: Any) -> None:
        assert value_of(text, mapping=False) == expected

    def test_a_second_document_is_refused_where_it_begins(self) -> None:
        problem = problem_of("a: 1\n# between\n---\nb: 2\n")

        assert problem.message.startswith("A second document begins here")
        assert place_of(problem) == (3, 1)

    def test_the_marks_around_one_document_are_fine(self) -> None:
        assert value_of("%YAML 1.1\n---\na: 1\n...\n") == {"a": 1}

    def test_all_problems_of_a_document_are_told_together(self) -> None:
        text = "a: 1\na: 2\n3: x\nb: !!python/name:os.system\nc:\n  - {d: 1e999}\n"

        assert [(problem.path, problem.line) for problem in problems_of(text)] == [
            (("a",), 2),
            ((), 3),
            (("b",), 4),
            (("c", 0, "d"), 6),
        ]

    def test_problems_beneath_a_bad_key_are_told_too(self) -> None:
        assert [problem.line for problem in problems_of("1:\n  2: x\n")] == [1, 2]

    def test_the_error_shows_the_file_the_line_and_the_column(self) -> None:
        with pytest.raises(DefinitionError, match=r"app/definition\.yaml:2:1: a: The key"):
            load_yaml("a: 1\na: 2\n", file="app/definition.yaml")


class TestCharacters:
    def test_bytes_that_are_not_utf_8_are_refused_with_their_place(self) -> None:
        problem = problem_of("title: ü\nname: caf".encode() + b"\xe9 here\n")

        assert problem.message == "The byte 0xE9 is not UTF-8."
        assert place_of(problem) == (2, 10)

    def test_utf_16_is_refused(self) -> None:
        assert "not UTF-8" in problem_of("title: x".encode("utf-16")).message

    @pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x80", "\ud800", "\ufffe", "\ufeff"])
    def test_a_character_that_yaml_forbids_is_refused_with_its_place(self, character: str) -> None:
        problem = problem_of(f"title: ok\r\nname: a{character}b")

        assert f"U+{ord(character):04X}" in problem.message
        assert place_of(problem) == (2, 8)

    @pytest.mark.parametrize("escape", [r"\0", r"\x07", r"\e", r"\u0000"])
    def test_an_escape_does_not_bring_in_what_the_file_may_not_hold(self, escape: str) -> None:
        problem = problem_of(f'name: "a{escape}b"')

        assert problem.message.startswith("The text contains the character U+00")
        assert (problem.path, place_of(problem)) == (("name",), (1, 7))

    def test_an_escaped_half_character_is_refused(self) -> None:
        assert problem_of(r'name: "\ud800"').line == 1

    def test_an_escape_in_a_key_is_looked_at_too(self) -> None:
        assert "U+0000" in problem_of(r'"a\0": 1').message

    def test_tabs_and_line_ends_may_be_escaped(self) -> None:
        assert value_of(r'a: "x\t\r\n"') == {"a": "x\t\r\n"}


class TestAliases:
    def test_an_alias_stands_for_the_value_of_its_anchor(self) -> None:
        assert value_of("a: &x {k: [1]}\nb: *x\n") == {"a": {"k": [1]}, "b": {"k": [1]}}

    def test_an_alias_is_a_value_of_its_own(self) -> None:
        value = value_of("a: &x {k: [1]}\nb: *x\n")

        value["a"]["k"].append(2)

        assert value["b"] == {"k": [1]}

    def test_an_alias_to_a_text_can_be_a_key(self) -> None:
        assert value_of("a: &x name\n*x : 1\n") == {"a": "name", "name": 1}

    @pytest.mark.parametrize("text", ["a: &x [*x]\n", "&x a: 1\nb: &y {c: [*y, *y]}\n", "&top\na: *top\n"])
    def test_an_alias_inside_its_own_anchor_is_refused(self, text: str) -> None:
        assert "deep inside one another" in problem_of(text).message

    def test_a_billion_laughs_are_stopped_before_they_are_heard(self) -> None:
        lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

        assert "more than 100000 keys and values" in problem_of("\n".join(lines)).message

    def test_a_long_text_repeated_by_aliases_is_limited(self) -> None:
        text = f"a: &a {'x' * 1000}\nb: [{', '.join(['*a'] * 20)}]\n"

        assert "longer than 15000 characters" in problem_of(text, limits=YamlLimits(size=15_000)).message
        assert len(value_of(text)["b"]) == 20


class TestLimits:
    def test_a_file_over_the_size_is_refused_before_it_is_read(self) -> None:
        assert problem_of("[" * 101, limits=YamlLimits(size=100)).message == "The file is larger than 100 bytes."

    def test_the_size_of_bytes_counts_bytes(self) -> None:
        limits = YamlLimits(size=10)

        assert value_of("a: 'üüüü'", limits=limits) == {"a": "üüüü"}
        assert problem_of("a: 'üüüü'".encode(), limits=limits)

    def test_the_default_size_is_one_mebibyte(self) -> None:
        fits = "a: 1\n#".ljust(1024 * 1024, "x")

        assert value_of(fits) == {"a": 1}
        assert problem_of(fits + "x")

    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
    def test_fifty_levels_are_allowed_and_one_more_is_not(self, opening: str, closing: str) -> None:
        assert value_of(opening * 50 + closing * 50, mapping=False)
        assert value_of(opening * 50 + "1" + closing * 50, mapping=False)
        assert "more than 50 deep" in problem_of(opening * 51 + closing * 51, mapping=False).message
        assert "more than 50 deep" in problem_of(opening * 51 + "1" + closing * 51, mapping=False).message

    @pytest.mark.parametrize("text", ["[", "{", "- ", "? ", "{a: "])
    def test_a_mebibyte_of_openings_does_not_end_the_process(self, text: str) -> None:
        problem = problem_of(text * (1024 * 1024 // len(text)), mapping=False)

        assert "more than 50 deep" in problem.message

    def test_levels_that_aliases_add_count(self) -> None:
        text = "\n".join(["a0: &a0 []", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))])

        assert "more than 50 deep" in problem_of(text).message

    def test_the_number_of_keys_and_values_is_limited(self) -> None:
        limits = YamlLimits(nodes=9)

        assert value_of("a: [1, 2, 3]\nb: {c: 4}", limits=YamlLimits(nodes=10))
        assert "more than 9 keys and values" in problem_of("a: [1, 2, 3]\nb: {c: 4}", limits=limits).message

    def test_no_more_problems_are_told_than_allowed(self) -> None:
        problems = problems_of("\n".join(f"{n}: x" for n in range(10)), limits=YamlLimits(problems=3))

        assert [problem.line for problem in problems] == [1, 2, 3, None]
        assert problems[-1].message == "What follows was not looked at."


class TestPlaces:
    TEXT = (
        "title: Ü\n"
        "schema:\n"
        "  properties:\n"
        "    note: {type: string, 'max length': 3}\n"
        "tags:\n"
        "- one\n"
        "-   two: 2\n"
        "empty:\n"
    )

    @pytest.mark.parametrize(
        ("path", "value", "key"),
        [
            ((), (1, 1), (1, 1)),
            (("title",), (1, 8), (1, 1)),
            (("schema",), (3, 3), (2, 1)),
            (("schema", "properties", "note"), (4, 11), (4, 5)),
            (("schema", "properties", "note", "max length"), (4, 40), (4, 26)),
            (("tags",), (6, 1), (5, 1)),
            (("tags", 0), (6, 3), (6, 3)),
            (("tags", 1, "two"), (7, 10), (7, 5)),
        ],
    )
    def test_every_value_and_key_has_its_place(
        self, path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
    ) -> None:
        document = load_yaml(self.TEXT, file="f.yaml")

        assert document.mark(path) == Mark(*value)
        assert document.key_mark(path) == Mark(*key)

    @pytest.mark.parametrize(
        ("path", "nearest"),
        [
            (("nowhere",), ()),
            (("schema", "properties", "other", "type"), ("schema", "properties")),
            (("title", "x", 0), ("title",)),
            (("tags", 2), ("tags",)),
            (("tags", -1), ("tags",)),
            (("tags", "0"), ("tags",)),
            (("schema", 0), ("schema",)),
        ],
    )
    def test_a_path_that_does_not_exist_has_the_place_of_what_is_around_it(
        self, path: tuple[str | int, ...], nearest: tuple[str | int, ...]
    ) -> None:
        document = load_yaml(self.TEXT, file="f.yaml")

        assert document.mark(path) == document.mark(nearest)
        assert document.key_mark(path) == document.key_mark(nearest)

    def test_an_empty_value_has_a_place_on_its_line_or_the_next(self) -> None:
        mark = load_yaml("a:\nb: 1\n", file="f.yaml").mark(("a",))

        assert mark in {Mark(1, 3), Mark(2, 1)}

    def test_an_empty_document_has_no_places(self) -> None:
        document = load_yaml("", file="f.yaml", mapping=False)

        assert document.mark(("a",)) is None
        assert document.key_mark(()) is None

    def test_a_byte_order_mark_does_not_shift_the_columns(self) -> None:
        assert load_yaml("\ufeffa: 1".encode(), file="f.yaml").mark(("a",)) == Mark(1, 4)

    def test_an_alias_has_the_place_of_its_anchor(self) -> None:
        document = load_yaml("a: &x [1]\nb: *x\n", file="f.yaml")

        assert document.mark(("b", 0)) == Mark(1, 8)
        assert document.key_mark(("b",)) == Mark(2, 1)

    def test_a_problem_names_the_file_and_the_place_of_the_value(self) -> None:
        problem = load_yaml(self.TEXT, file="f.yaml").problem(["tags", 0], "Wrong.", "Mend it.")

        assert problem == DefinitionProblem("f.yaml", ("tags", 0), "Wrong.", "Mend it.", 6, 3)

    def test_a_problem_can_name_the_place_of_the_key(self) -> None:
        problem = load_yaml(self.TEXT, file="f.yaml").problem(("title",), "Unknown key.", at_key=True)

        assert str(problem) == "f.yaml:1:1: title: Unknown key."

    def test_a_problem_of_an_empty_document_has_no_place(self) -> None:
        problem = load_yaml("", file="f.yaml", mapping=False).problem(("a",), "Missing.")

        assert (problem.line, problem.column) == (None, None)
