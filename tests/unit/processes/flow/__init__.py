"""Tests of automations that need no database."""
