"""The files that `create_task` writes."""
