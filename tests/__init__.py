"""Tests of DJ Actions; `python -m tests` runs them on every database that answers."""

import os
from pathlib import Path

WITHOUT_DATABASE = tuple(Path(__file__).parent / name for name in ("unit", "contracts"))
"""Folders of tests that depend on no database."""

FUZZ_TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
"""How many times as many values are made up as usual."""
