"""What can be done with stored definitions."""
