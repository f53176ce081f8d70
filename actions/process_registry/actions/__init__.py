"""The actions of stored definitions."""
