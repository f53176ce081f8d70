"""Headers and parameters that say how a call is carried out: what each may be, and what is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.http import QueryDict
from hypothesis import example, given
from hypothesis import strategies as st

from actions.exceptions import InvalidTermError
from actions.terms import PLAIN, Terms, merged, read_entity_tags, read_parameters, read_terms, refuse_past, truth

EXPECTED_KEY = 'A text in quotes was expected, as in "8e03978e-40d5-43dd-bc93-6894a57f9324".'
EXPECTED_PREFERENCES = "Preferences between commas were expected, as in dry-run, wait=10."
EXPECTED_TAGS = 'The ETag of the object in its quotes was expected, as in "1f9a0c", or *.'
EXPECTED_MOMENT = "A date and time was expected, as in 2026-05-02T08:00:00Z."
EXPECTED_YEAR = "A year from 2 to 9998 was expected."


def read(query: str = "", **headers: str) -> Terms:
    """The terms of a request with headers such as `if_match`."""
    named = {"-".join(map(str.capitalize, name.split("_"))): value for name, value in headers.items()}
    return read_terms(named, QueryDict(query))


def refused(query: str = "", **headers: str) -> tuple[str, str]:
    """What is refused, and the form that it should have."""
    with pytest.raises(InvalidTermError) as caught:
        read(query, **headers)
    [(name, [sentence])] = caught.value.errors.items()
    assert (caught.value.status, caught.value.code) == (400, "invalid_term")
    assert caught.value.detail == f"{name} is not understood."
    return name, sentence


def test_nothing_said_costs_nothing() -> None:
    assert read() is PLAIN
    assert read("list=3&page=2") is PLAIN


def test_everything_at_once() -> None:
    said = read(
        "expect_count=12&scheduled_time=2026-05-01T08:00:00Z&cron=0 8 * * 1",
        prefer="dry-run, respond-async, continue-on-error",
        idempotency_key='"8e03"',
        if_match='"a", W/"b"',
        if_plan="eyJ:1abc:xyz-_",
    )
    assert said == Terms(
        is_preview=True,
        key="8e03",
        if_match=('"a"', 'W/"b"'),
        plan="eyJ:1abc:xyz-_",
        is_async=True,
        scheduled_at=datetime(2026, 5, 1, 8, tzinfo=UTC),
        cron="0 8 * * 1",
        is_each=True,
        expect_count=12,
    )


# --- Idempotency-Key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('"8e03978e-40d5"', "8e03978e-40d5"),
        (' "with a space" ', "with a space"),
        (r'"quote \" and \\ backslash"', r'quote " and \ backslash'),
        ("8e03978e-40d5", "8e03978e-40d5"),
        ("x" * 255, "x" * 255),
    ],
)
def test_a_key_is_a_text_in_quotes_or_one_word(text: str, key: str) -> None:
    assert read(idempotency_key=text).key == key


@pytest.mark.parametrize(
    "text",
    ["", " ", '"', '"open', 'open"', '"a" "b"', '"a"; q=1', "two words", '"a","b"', "a,b", '"\\x"', "ключ", '"é"'],
)
def test_anything_else_is_no_key(text: str) -> None:
    assert refused(idempotency_key=text) == ("Idempotency-Key", EXPECTED_KEY)


@pytest.mark.parametrize("text", ['""', "x" * 256, f'"{"x" * 256}"'])
def test_a_key_has_from_1_to_255_characters(text: str) -> None:
    assert refused(idempotency_key=text) == ("Idempotency-Key", "From 1 to 255 characters were expected.")


# --- If-Match


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('"a"', ('"a"',)),
        ('  "a" ,"b"', ('"a"', '"b"')),
        ('"a",, "b",', ('"a"', '"b"')),
        ('W/"a"', ('W/"a"',)),
        ('"with,comma", "c"', ('"with,comma"', '"c"')),
        ('""', ('""',)),
        (" * ", ("*",)),
    ],
)
def test_entity_tags(text: str, tags: tuple[str, ...]) -> None:
    assert read(if_match=text).if_match == tags


@pytest.mark.parametrize("text", ["", ",", "a", '"a', 'a"', '"a" "b"', '*, "a"', '"a", *', 'w/"a"', '"a b"', "'a'"])
def test_anything_else_is_no_list_of_tags(text: str) -> None:
    assert refused(if_match=text) == ("If-Match", EXPECTED_TAGS)


@pytest.mark.parametrize("value", [None, 5, [], {"a": 1}])
def test_a_tag_in_a_body_is_a_text(value: Any) -> None:
    with pytest.raises(InvalidTermError):
        read_entity_tags("etag", value)


# --- If-Plan


@pytest.mark.parametrize("text", ["", "two words", '"quoted"', "a,b", "{}"])
def test_a_plan_is_what_a_preview_has_answered(text: str) -> None:
    assert refused(if_plan=text) == ("If-Plan", "The plan was expected that a preview has answered.")


# --- Prefer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dry-run", {"is_preview": True}),
        ("Dry-Run", {"is_preview": True}),
        ('dry-run=""', {"is_preview": True}),
        ("dry-run; foo=bar", {"is_preview": True}),
        (" respond-async , wait=10", {"is_async": True}),
        ('respond-async, wait="10"', {"is_async": True}),
        ("continue-on-error;;", {"is_each": True}),
        ("return=minimal, dry-run", {"is_preview": True}),
        ('foo="a, b; c=\\"d", dry-run', {"is_preview": True}),
        ("handling=lenient, return=minimal", {"handling": "lenient"}),
        ("handling=strict, handling=lenient", {"handling": "strict"}),
        ("dry-run,,", {"is_preview": True}),
    ],
)
def test_preferences(text: str, said: dict[str, Any]) -> None:
    assert read(prefer=text) == Terms(**said)


def test_preferences_of_others_say_nothing() -> None:
    assert read(prefer='return=representation, odata.maxpagesize=5, foo; bar="x"') is PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "=",
        "dry-run respond-async",
        '"dry-run',
        'foo="bar, dry-run',
        "dry-run; =",
        "dry-run;a b",
        '"dry-run"',
    ],
)
def test_what_is_no_list_of_preferences_is_refused(text: str) -> None:
    assert refused(prefer=text) == ("Prefer", EXPECTED_PREFERENCES)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("dryrun", "dry-run"),
        ("dry_run", "dry-run"),
        ("DryRun=true", "dry-run"),
        ("preview", "dry-run"),
        ("validate-only", "dry-run"),
        ("respond_async", "respond-async"),
        ("wait=10, respond-asynch", "respond-async"),
        ("continue-on-errors", "continue-on-error"),
        # As if semicolons stood between preferences: what comes after one is a parameter, and would mean nothing.
        ("respond-async; dry-run", "dry-run"),
        ("foo; dry_run=1", "dry-run"),
        ("handling=strict;continue-on-error", "continue-on-error"),
    ],
)
def test_a_slip_of_a_preference_is_refused(text: str, near: str) -> None:
    name, sentence = refused(prefer=text)
    assert (name, sentence.partition("?")[0].rpartition(" ")[2]) == ("Prefer", f'"{near}"')


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dry-run=false", "dry-run takes no value."),
        ("dry-run=true", "dry-run takes no value."),
        ("respond-async=10", "respond-async takes no value."),
        ("wait", "Seconds were expected, as in wait=10."),
        ("wait=soon", "Seconds were expected, as in wait=10."),
        ("wait=-1", "Seconds were expected, as in wait=10."),
        ("handling=strictly", "handling=strict or handling=lenient was expected."),
        ("handling", "handling=strict or handling=lenient was expected."),
        (
            "handling=strict, foo, dry-run, bar=1",
            "Not known: foo, bar. Known: dry-run, respond-async, continue-on-error, wait, handling.",
        ),
    ],
)
def test_a_preference_with_a_wrong_value_is_refused(text: str, sentence: str) -> None:
    assert refused(prefer=text) == ("Prefer", sentence)


def test_a_preview_does_not_say_that_it_was_left_to_a_worker() -> None:
    assert read(prefer="dry-run, respond-async").applied == "dry-run"
    assert read(prefer="respond-async, continue-on-error").applied == "respond-async, continue-on-error"
    assert PLAIN.applied == ""


# --- query parameters


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("dry_run", '"true" or "false" was expected.'),
        ("dry_run=yes", '"true" or "false" was expected.'),
        ("dry_run= true", '"true" or "false" was expected.'),
        ("dry_run=true&dry_run=false", "One value was expected."),
        ("expect_count=", "A whole number was expected."),
        ("expect_count=-1", "A whole number was expected."),
        ("expect_count=1.0", "A whole number was expected."),
        ("expect_count=1e3", "A whole number was expected."),
        ("expect_count=%D9%A3", "A whole number was expected."),
        ("expect_count=1&expect_count=2", "One value was expected."),
        ("scheduled_time=", EXPECTED_MOMENT),
        ("scheduled_time=tomorrow", EXPECTED_MOMENT),
        ("scheduled_time=2026-05-01", EXPECTED_MOMENT),
        ("scheduled_time=2026-13-01T08:00Z", EXPECTED_MOMENT),
        ("scheduled_time=2026-05-01T25:00Z", EXPECTED_MOMENT),
        ("scheduled_time=2026-05-01 02:00 02", EXPECTED_MOMENT),
        # Moments that other time zones do not have.
        ("scheduled_time=9999-12-31T23:59:59-14:00", EXPECTED_YEAR),
        ("scheduled_time=0001-01-01T00:00:00%2B14:00", EXPECTED_YEAR),
        ("cron=", 'A cron expression was expected, as in "0 8 * * 1" for Mondays at eight.'),
        ("cron= ", 'A cron expression was expected, as in "0 8 * * 1" for Mondays at eight.'),
        (f"cron={'*' * 101}", 'A cron expression was expected, as in "0 8 * * 1" for Mondays at eight.'),
    ],
)
def test_a_parameter_with_a_wrong_value_is_refused(query: str, sentence: str) -> None:
    with time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC)):
        assert refused(query) == (query.partition("=")[0], sentence)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False)]
)
def test_yes_and_no(text: str, value: bool) -> None:
    assert read(f"dry_run={text}").is_preview is value
    assert truth("x", value) is value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T08:00Z", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01T08:00:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01 08:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01T08:00:00.5-02:00", datetime(2026, 5, 1, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2026-05-01T08:00%2B02:00", datetime(2026, 5, 1, 6, tzinfo=UTC)),
        # A + that was not quoted is a blank.
        ("2026-05-01T08:00+02:00", datetime(2026, 5, 1, 6, tzinfo=UTC)),
        ("2026-05-01T08:00:00.5+0200", datetime(2026, 5, 1, 6, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_moments_without_a_zone_are_in_the_project_s(text: str, moment: datetime) -> None:
    assert read(f"scheduled_time={text}").scheduled_at == moment


@pytest.mark.parametrize(("seconds", "is_over"), [(-61, True), (-59, False), (0, False), (3600, False)])
def test_a_moment_that_is_over_is_refused_but_for_clocks_that_differ(seconds: int, is_over: bool) -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    terms = Terms(scheduled_at=now + timedelta(seconds=seconds))
    with time_machine.travel(now, tick=False):
        if not is_over:
            refuse_past(terms)
            return
        with pytest.raises(InvalidTermError) as caught:
            refuse_past(terms)
    sentence = "2026-05-01T11:58:59Z is over: it is 2026-05-01T12:00:00Z now."
    assert caught.value.errors == {"scheduled_time": [sentence]}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("dryrun", "dry_run"),
        ("dry-run", "dry_run"),
        ("Dry_Run", "dry_run"),
        ("dry_runs", "dry_run"),
        ("dry", "dry_run"),
        ("preview", "dry_run"),
        ("validateOnly", "dry_run"),
        ("expect_cuont", "expect_count"),
        ("expected_count", "expect_count"),
        ("scheduled_at", "scheduled_time"),
        ("scheduled", "scheduled_time"),
        ("crons", "cron"),
    ],
)
def test_a_slip_of_a_parameter_is_refused(name: str, near: str) -> None:
    assert refused(f"{name}=true") == (name, f'This query parameter is not known. Did you mean "{near}"?')


def test_a_parameter_of_the_view_s_own_is_no_slip() -> None:
    query = QueryDict("dryrun=x&crons=5")
    assert read_terms({}, query, {"dryrun", "crons"}.__contains__) is PLAIN


@pytest.mark.parametrize(
    "name", ["list", "ids", "all", "page", "format", "search", "ordering", "count", "title", "due"]
)
def test_a_parameter_like_no_other_is_left_to_others(name: str) -> None:
    assert read(f"{name}=x") is PLAIN


@pytest.mark.parametrize("value", [True, -1, 1.5, None, [1], "1.5"])
def test_a_count_in_a_body_is_a_whole_number(value: Any) -> None:
    with pytest.raises(InvalidTermError):
        read_parameters({"expect_count": value})


@pytest.mark.parametrize("value", [5, None, [], {}, True])
def test_a_moment_and_an_expression_in_a_body_are_texts(value: Any) -> None:
    for name in ("scheduled_time", "cron"):
        with pytest.raises(InvalidTermError):
            read_parameters({name: value})


# --- Terms


def test_of_two_terms_the_later_goes_first_where_it_says_something() -> None:
    header, body = Terms(key="a", expect_count=5), Terms(expect_count=3)
    assert merged(header, body) == Terms(key="a", expect_count=3)
    assert merged(header, PLAIN) is header


def test_a_worker_reads_what_was_kept_for_it() -> None:
    said = Terms(key="a", if_match=('"x"',), is_async=True, is_each=True, expect_count=0)
    assert Terms.of(said.as_dict()) == Terms(if_match=('"x"',), is_each=True, expect_count=0)
    assert Terms.of(PLAIN.as_dict()) == PLAIN


# --- whatever is sent

# Characters that a server may hand on, as WSGI does.
header_values = st.text(st.characters(max_codepoint=0xFF, blacklist_categories=["Cc"]), max_size=40)
pieces = st.sampled_from(
    [
        "dry-run",
        "Dry_Run",
        "wait=1",
        "handling=strict",
        "foo",
        '"',
        "'",
        ",",
        ";",
        "=",
        " ",
        "*",
        "W/",
        '"a"',
        "\\",
        "é",
    ]
)
mixtures = st.lists(pieces, max_size=12).map("".join) | header_values
parameters = st.text(max_size=30) | st.sampled_from(["true", "1", "2026-05-01T08:00Z", "* * * * *", "\x00", "\ud800"])


def understood(name: str, headers: dict[str, str], query: dict[str, str]) -> Terms | None:
    """The terms; None where they are refused, and by that name."""
    try:
        return read_terms(headers, query)
    except InvalidTermError as error:
        named = list(error.errors)
    assert named == [name]
    return None


@given(mixtures, st.sampled_from(["Prefer", "Idempotency-Key", "If-Match", "If-Plan"]))
@example('"dry-run', "Prefer")
@example("respond-async; dry-run", "Prefer")
def test_whatever_a_header_holds_is_understood_or_refused_by_its_name(text: str, name: str) -> None:
    terms = understood(name, {name: text}, {})
    if terms is None:
        return
    if name != "Prefer":
        assert terms is not PLAIN
        return
    names = {part.partition("=")[0].strip().lower() for part in re.split("[,;]", "".join(text.split('"')[::2]))}
    assert terms.is_preview is ("dry-run" in names)


@given(parameters, st.sampled_from(["dry_run", "expect_count", "scheduled_time", "cron"]))
def test_whatever_a_parameter_holds_is_understood_or_refused_by_its_name(text: str, name: str) -> None:
    terms = understood(name, {}, {name: text})
    if terms is None:
        return
    assert terms is not PLAIN or text.lower() in ("false", "0")
    if terms.scheduled_at is not None:
        assert terms.scheduled_at.astimezone(UTC) + timedelta(days=1)
