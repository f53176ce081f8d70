"""What forms of actions are built from."""
