"""manage.py create_task: a new task with its tests."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions.conf import conf
from actions.exceptions import ConfigurationError
from actions.processes.folders import NAME, base_dir, package_of, process_folders, project_folder
from actions.processes.scaffolding.task_files import NewTask, check_name
from actions.scaffold.names import check_app
from actions.scaffold.writing import write


class Command(BaseCommand):
    """Asks nothing, and writes over nothing."""

    help = (
        "Write a new task: process/tasks/<module>/<task>.py and its tests, and the module's __init__.py where there is "
        "none. It asks nothing, and no file is overwritten."
    )
    # To write files, nothing else of the project has to be right.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A module, a task, and where."""
        parser.add_argument("module", help='the module that the task belongs to: "account"')
        parser.add_argument("task", help='the task\'s name: "create_user"')
        place = parser.add_mutually_exclusive_group()
        place.add_argument("--app", help=f"the app in whose {NAME}/ it is written")
        place.add_argument("--folder", help=f"the folder in which it is written; {NAME}/ in BASE_DIR if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the task.

        Raises:
            CommandError: A name is wrong, a file is there already, or nothing can be written. Nothing has then been.
        """
        module, name = check_name(options["module"], "module"), check_name(options["task"], "task")
        folder = _folder(options["app"], options["folder"])
        if not package_of(folder):
            raise CommandError(f"{folder} is below no folder that Python imports from, or has a part that is no name.")
        task = NewTask(folder, module, name)
        if task.package.with_suffix(".py").exists():
            raise CommandError(f"{task.package.with_suffix('.py')} is where a package has to be. Rename that file.")
        files, hint, is_exposed = task.files(), task.import_hint(), task.is_exposed()
        write(files)
        for path in files:
            self.stdout.write(f"* Created: {_shown(path)}")
        if hint:
            self.stdout.write(f"* Hint: to import the task from its module, add to {_shown(task.init)}: {hint}")
        self.stdout.write(_next(task, is_exposed=is_exposed))


def _folder(app: str | None, given: str | None) -> Path:
    """The process folder that is meant."""
    if app is not None:
        return Path(check_app(app).path) / NAME
    if given is not None:
        return (base_dir() or Path.cwd()) / given
    if conf.PROCESS_FOLDERS is not None:
        try:
            folders = process_folders()
        except ConfigurationError as error:
            raise CommandError(f"{error}") from error
        if folders:
            return folders[0].path
    project = project_folder()
    if project is None:
        raise CommandError("The settings have no BASE_DIR. Say where: --app or --folder.")
    return project.path


def _next(task: NewTask, *, is_exposed: bool) -> str:
    reference = f"{task.module}.{task.name}"
    if is_exposed:
        return f'Processes can use it now: "- task: {reference}".'
    return (
        f'Add "{task.module}" to MODULE_REGISTRY in {_shown(task.registry)}; then processes can use it: '
        f'"- task: {reference}".'
    )


def _shown(path: Path) -> str:
    """The path from the working directory on, where it is below that."""
    here = Path.cwd()
    return f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)
