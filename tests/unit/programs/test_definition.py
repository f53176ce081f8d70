"""The documented dict of an executable, and all that can be wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from actions.programs.definition import ProcessType, check, from_mapping
from actions.programs.exceptions import InvalidProgramError
from actions.programs.sizes import parse_size

DOCUMENTED: dict[str, Any] = {
    "exec": "/path/to/executable",
    "application": "referencetodtindtrs",
    "process_type": "single",
    "timeout": 60,
    "cwd": "/path/to/cwd",
    "environment": {"ENVAR": "val"},
    "argv": ["arg1", "arg2"],
    "input_adapter": {"input_type": "port", "input_params": {"chunk_size": "10KB", "tcp_port": 8090}},
    "output_adapter": {"output_type": "file", "output_params": {"file": "path/to/file"}},
}


def paths(definition: Any) -> list[str]:
    return [".".join(map(str, problem.path)) for problem in check(definition)]


def test_the_documented_example_is_read() -> None:
    assert check(DOCUMENTED) == []
    made = from_mapping(DOCUMENTED)
    assert (made.exec, made.argv, made.timeout, made.cwd) == (
        "/path/to/executable",
        ("arg1", "arg2"),
        60,
        "/path/to/cwd",
    )
    assert (made.application, made.environment) == ("referencetodtindtrs", {"ENVAR": "val"})
    assert (made.input_adapter.type, made.input_adapter.port, made.input_adapter.chunk_size) == ("port", 8090, 10240)
    assert (made.output_adapter.type, made.output_adapter.file) == ("file", "path/to/file")


def test_an_executable_alone_is_enough() -> None:
    made = from_mapping({"exec": "/bin/true"})
    assert (made.process_type, made.argv, made.timeout) == (ProcessType.SINGLE, (), None)
    assert made.input_adapter.type == made.output_adapter.type == "stream"


@pytest.mark.parametrize("name", ["input_params", "input_parameters"])
def test_parameters_of_an_adapter_have_two_names(name: str) -> None:
    made = from_mapping({"exec": "/x", "input_adapter": {"input_type": "file", name: {"file": "in.txt"}}})
    assert made.input_adapter.file == "in.txt"


@pytest.mark.parametrize(
    "adapter",
    [
        {"input_type": "file", "input_params": {"file_type": "stream", "stream_name": "STDIN"}},
        {"file_type": "stream", "stream_name": "stdin"},
        {"input_type": "stdin"},
    ],
)
def test_a_stream_is_said_in_several_ways(adapter: dict[str, Any]) -> None:
    made = from_mapping({"exec": "/usr/bin/tr", "args": ["a-z", "A-Z"], "input_adapter": adapter})
    assert (made.input_adapter.type, made.input_adapter.stream, made.argv) == ("stream", "STDIN", ("a-z", "A-Z"))


def test_a_placeholder_for_a_path_is_a_file_of_the_run() -> None:
    made = from_mapping({"exec": "/x", "input_adapter": {"file_type": "file", "file_path": "${input_file}"}})
    assert (made.input_adapter.type, made.input_adapter.file) == ("file", "")


@pytest.mark.parametrize(
    "name",
    [
        *("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GCONV_PATH", "BASH_ENV", "PYTHONPATH", "PERL5OPT"),
        *("GLIBC_TUNABLES", "LOCPATH", "ENV", "IFS", "RUBYOPT", "NODE_OPTIONS", "GIT_SSH_COMMAND", "TAR_OPTIONS"),
    ],
)
def test_variables_by_which_foreign_code_is_loaded_are_refused(name: str) -> None:
    definition = {"exec": "/usr/bin/tr", "environment": {name: "${input_file}", "LANG": "C"}}
    assert paths(definition) == [f"environment.{name}"]
    with pytest.raises(InvalidProgramError) as caught:
        from_mapping(definition)
    assert "no setting names" in str(caught.value.errors)


def test_variables_that_only_say_how_are_not() -> None:
    environment = {"ENVAR": "val", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "LC_ALL": "C", "ENVIRONMENT": "test"}
    assert paths({"exec": "/x", "environment": environment}) == []


@pytest.mark.parametrize(
    ("adapter", "path"),
    [
        ({"input_type": "file", "file_type": "w1", "input_params": {"file_type": "w2"}}, "input_params.file_type"),
        ({"input_type": "", "input_params": {"input_type": "x"}}, "input_type"),
    ],
)
def test_a_type_that_is_said_twice_and_wrongly_is_a_problem(adapter: dict[str, Any], path: str) -> None:
    assert paths({"exec": "/x", "input_adapter": adapter}) == [f"input_adapter.{path}"]


def test_a_timeout_that_is_more_than_a_number_can_be_is_a_problem() -> None:
    assert paths({"exec": "/x", "timeout": 10**400}) == ["timeout"]


def test_keys_that_are_not_known_are_nobodys_business() -> None:
    assert check({**DOCUMENTED, "process_name": "x", "name": 7, "args": "not a list", "deep": {"a": [None]}}) == []


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("exec", "", "exec"),
        ("exec", "  ", "exec"),
        ("exec", None, "exec"),
        ("exec", ["/bin/true"], "exec"),
        ("exec", "/bin/\0true", "exec"),
        ("exec", "/bin/\ud800", "exec"),
        ("application", 3, "application"),
        ("cwd", ["/srv"], "cwd"),
        ("process_type", "x", "process_type"),
        ("process_type", ["single"], "process_type"),
        ("timeout", "a", "timeout"),
        ("timeout", True, "timeout"),
        ("timeout", 0, "timeout"),
        ("timeout", float("inf"), "timeout"),
        ("argv", "-v", "argv"),
        ("argv", ["-v", 3], "argv.1"),
        ("argv", {"a": 1}, "argv"),
        ("environment", ["A=b"], "environment"),
        ("environment", {"A": 1}, "environment.A"),
        ("environment", {"A=B": "c"}, "environment.A=B"),
        ("input_adapter", "stdin", "input_adapter"),
        ("input_adapter", {"input_params": []}, "input_adapter.input_params"),
        ("input_adapter", {"input_type": "intype"}, "input_adapter.input_type"),
        ("input_adapter", {"input_type": 3}, "input_adapter.input_type"),
        ("input_adapter", {"input_params": {"tcp_port": "8090"}}, "input_adapter.input_params.tcp_port"),
        ("input_adapter", {"input_params": {"tcp_port": 70000}}, "input_adapter.input_params.tcp_port"),
        ("input_adapter", {"input_params": {"tcp_port": True}}, "input_adapter.input_params.tcp_port"),
        ("input_adapter", {"input_params": {"chunk_size": "ten"}}, "input_adapter.input_params.chunk_size"),
        ("input_adapter", {"input_params": {"chunk_size": 0}}, "input_adapter.input_params.chunk_size"),
        ("input_adapter", {"input_params": {"chunk_size": "1TB"}}, "input_adapter.input_params.chunk_size"),
        ("input_adapter", {"input_params": {"host": "10.0.0.1"}}, "input_adapter.input_params.host"),
        ("output_adapter", {"output_parameters": {"file": 3}}, "output_adapter.output_parameters.file"),
        ("output_adapter", {"stream_name": "STDIN"}, "output_adapter.stream_name"),
        ("output_adapter", {"listen": "yes"}, "output_adapter.listen"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(key: str, value: Any, path: str) -> None:
    assert paths({**DOCUMENTED, key: value}) == [path]


@pytest.mark.parametrize("definition", [None, [], "text", 3])
def test_what_is_no_object_is_one_problem(definition: Any) -> None:
    (problem,) = check(definition)
    assert problem.path == ()
    with pytest.raises(InvalidProgramError):
        from_mapping(definition)


def test_all_problems_are_raised_together() -> None:
    with pytest.raises(InvalidProgramError) as raised:
        from_mapping({"timeout": "a", "argv": 3, "input_adapter": {"input_params": {"tcp_port": 0}}})
    assert sorted(raised.value.errors) == ["argv", "exec", "input_adapter.input_params.tcp_port", "timeout"]
    assert raised.value.status == 400


def test_a_very_deep_value_is_shown_and_not_followed() -> None:
    value: Any = []
    for _ in range(5000):
        value = [value]
    (problem,) = check({"exec": value})
    assert len(str(problem)) < 300


@pytest.mark.parametrize(
    ("text", "size"), [(7, 7), ("7", 7), ("10KB", 10240), ("1.5 MiB", 1572864), ("2g", 2 * 1024**3), ("64 bytes", 64)]
)
def test_sizes_are_read_as_people_write_them(text: Any, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "KB", "-1", -1, 0, True, None, 1.5, "1e3", "0.0001"])
def test_what_is_no_size_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)
