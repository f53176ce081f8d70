"""Tests of the process engine with a database."""
