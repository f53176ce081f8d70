"""Tests of the process engine that need no database."""
