"""Runs of stored programs."""
