"""Finds the registries of installed apps: `actions/action_registry.py` and `actions/<resource>/action_registry.py`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings

from .conf import conf
from .exceptions import DefinitionError, DefinitionProblem
from .registry import catalogue

logger = logging.getLogger(__name__)

MODULE = "action_registry"


def load_registries() -> None:
    """Import every registry, so that the catalogue has them whether or not a URLconf does.

    A registry that cannot even be imported is a problem like others: its traceback is logged, and the others load.

    Raises:
        DefinitionError: Something is wrong with any of them, and the project is strict; all problems together.
    """
    with catalogue.collecting():
        for app in apps.get_app_configs():
            for module in registry_modules(app):
                _load(module)
        if conf.stops_start and (problems := catalogue.problems()):
            raise DefinitionError(problems)
    # Only what is known without importing all that definitions name, which would be slow where it is not needed yet.
    catalogue.log(catalogue.reading_problems())


def load_viewsets() -> None:
    """Import the project's URL configuration: the ViewSets that it serves thereby come to their registries."""
    if getattr(settings, "ROOT_URLCONF", None):
        import_module(settings.ROOT_URLCONF)


def registry_modules(app: AppConfig) -> Iterator[str]:
    """The dotted names of an app's registries."""
    folder = Path(app.path) / "actions"
    if (folder / f"{MODULE}.py").is_file():
        yield f"{app.name}.actions.{MODULE}"
    for file in sorted(folder.glob(f"*/{MODULE}.py")):
        yield f"{app.name}.actions.{file.parent.name}.{MODULE}"


def _load(module: str) -> None:
    try:
        import_module(module)
    except DefinitionError as error:
        catalogue.obstruct(error.problems)
    except Exception as error:
        logger.exception("%s cannot be imported.", module)
        message = f"cannot be imported: {type(error).__name__}: {error}."
        catalogue.obstruct([DefinitionProblem(module, (), message, "Correct what it does when it is imported.")])
