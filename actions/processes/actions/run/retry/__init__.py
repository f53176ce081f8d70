"""Retry runs."""
