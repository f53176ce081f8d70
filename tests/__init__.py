"""Tests of DJ Actions; `python -m tests` runs them on every database that answers."""
