"""The tasks that every project has; each folder is a module of them, as in a project's `process/tasks/`."""
