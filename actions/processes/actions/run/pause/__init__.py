"""Pause runs."""
