"""Whatever is sent as a definition, it is read, or refused with problems; nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.programs.definition import check, from_mapping
from actions.programs.exceptions import InvalidProgramError

TEXTS = st.sampled_from(["", "stream", "file", "append", "pipe", "port", "STDIN", "10KB", "/bin/x", "\0", "\ud800"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.text(max_size=5)
KEYS = st.sampled_from(
    [
        "exec",
        "argv",
        "args",
        "environment",
        "cwd",
        "timeout",
        "process_type",
        "application",
        "input_adapter",
        "output_adapter",
        "input_type",
        "output_type",
        "input_params",
        "input_parameters",
        "output_params",
        "file",
        "file_path",
        "path",
        "file_type",
        "stream_name",
        "tcp_port",
        "port",
        "chunk_size",
        "listen",
        "host",
        "other",
    ]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(deadline=None)
@given(VALUES, st.dictionaries(KEYS, VALUES, max_size=6))
def test_a_definition_is_read_or_refused(anything: Any, definition: dict[str, Any]) -> None:
    for each in (anything, definition, {"exec": "/bin/true", **definition}):
        if check(each):
            with pytest.raises(InvalidProgramError) as raised:
                from_mapping(each)
            assert raised.value.errors
        else:
            assert from_mapping(each).exec
