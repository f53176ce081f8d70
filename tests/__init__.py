"""Tests of DJ Actions; `python -m tests` runs them on every database that answers."""

from pathlib import Path

WITHOUT_DATABASE = tuple(Path(__file__).parent / name for name in ("unit", "contracts"))
"""Folders of tests that depend on no database."""
