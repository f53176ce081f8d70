"""Which errors are tried again."""

from __future__ import annotations

import json

import pytest

from actions.processes.policies import Retry

ERROR = json.JSONDecodeError("What is that?", "x", 0)


@pytest.mark.parametrize("name", ["*", "JSONDecodeError", "ValueError", "json.JSONDecodeError", "builtins.ValueError"])
def test_an_error_is_tried_again_by_the_name_or_path_of_its_class_or_a_base_of_it(name: str) -> None:
    assert Retry(on=("OSError", name)).wants(ERROR, 1)


@pytest.mark.parametrize("name", ["OSError", "builtins.OSError", "json.dumps", "no.such.Module", ".", ""])
def test_another_one_is_not(name: str) -> None:
    assert not Retry(on=(name,)).wants(ERROR, 1)
