"""Where the registry and the actions of a resource stand in an app."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from django.apps import AppConfig
from django.core.management.base import CommandError
from django.db.models import Model
from django.utils.text import slugify

from actions.registry import ActionRegistry, catalogue

from .names import plural

FOLDER = "actions"
MODULE = "action_registry"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a resource's actions: `{app}/actions`, or `{app}/actions/{resource}` where an app has several."""

    app: AppConfig
    resource_folder: str = ""

    @property
    def folder(self) -> Path:
        """Holds the registry, and a folder for each action."""
        return Path(self.app.path) / FOLDER / self.resource_folder

    @property
    def registry_file(self) -> Path:
        """The registry."""
        return self.folder / f"{MODULE}.py"

    @property
    def package(self) -> str:
        """The dotted name of the folder."""
        return ".".join(filter(None, [self.app.name, FOLDER, self.resource_folder]))

    def check_free(self) -> None:
        """Raise a CommandError where a module or an action is in the way of the folder."""
        for module in (Path(self.app.path) / f"{FOLDER}.py", self.folder.with_suffix(".py")):
            if module.exists():
                raise CommandError(f"{module} is where a package has to be. Rename that module.")
        if (self.folder / "definition.yaml").exists():
            raise CommandError(f"{self.folder} is the folder of an action. Choose another name for the resource.")

    def load(self) -> tuple[str, ActionRegistry]:
        """The name that the registry has in its file, and the registry.

        Raises:
            CommandError: The file cannot be imported, or holds none.
        """
        name = f"{self.package}.{MODULE}"
        try:
            module = import_module(name)
        except Exception as error:
            raise CommandError(
                f"{self.registry_file} cannot be imported: {type(error).__name__}: {error}. Correct it first."
            ) from error
        found = _registries(module)
        if not found:
            raise CommandError(f"{self.registry_file} makes no registry. Write: ACTIONS = enrich_actions(…).")
        return found[0]


def existing_places(app: AppConfig) -> list[Place]:
    """The places of an app that have a registry."""
    folder = Path(app.path) / FOLDER
    names = ["", *(file.parent.name for file in sorted(folder.glob(f"*/{MODULE}.py")))]
    return [place for place in (Place(app, name) for name in names) if place.registry_file.is_file()]


def default_resource(place: Place) -> str:
    """What to call the resource: as its folder, else as the app's only model, else as the app."""
    models = [model._meta.model_name for model in place.app.get_models()]
    return place.resource_folder or (str(models[0]) if len(models) == 1 else place.app.label)


def default_basepath(app: AppConfig, resource: str) -> str:
    """Where a router would be told to serve the resource."""
    for model in app.get_models():
        if model._meta.model_name == resource.replace("_", ""):
            return f"/{slugify(_plural_of(model))}/"
    return f"/{plural(resource)}/".replace("_", "-")


def check_unclaimed(resource: str) -> None:
    """Raise a CommandError where a registry of this resource exists already."""
    taken = catalogue.find(resource)
    if taken is not None:
        raise CommandError(f'The resource "{resource}" has a registry already: {taken.source}. Choose another name.')


def _plural_of(model: type[Model]) -> str:
    """What the model says of itself; Django's own default would make "notess" of "notes"."""
    said = model._meta.original_attrs.get("verbose_name_plural")
    return str(said) if said else plural(str(model._meta.verbose_name))


def _registries(module: ModuleType) -> list[tuple[str, ActionRegistry]]:
    return [(name, value) for name, value in vars(module).items() if isinstance(value, ActionRegistry)]
