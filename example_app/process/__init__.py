"""Processes of the example, their tasks and their validations."""
