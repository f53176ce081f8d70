"""From what a developer says to what is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core.management.base import CommandError
from django.urls import get_resolver
from rest_framework.viewsets import ModelViewSet

from actions.definitions import ACTION_TYPE, STATUS
from actions.mixins import ActionMixin
from actions.routes import collision
from actions.testing.urls import is_served

from .action_files import NewAction, action_files
from .names import check_name
from .places import Place, check_unclaimed, default_resource, existing_places
from .registry_file import new_registry, with_action

_AnyViewSet = type("ViewSet", (ActionMixin, ModelViewSet), {})
"""Stands for the ViewSet that is still to be written."""


@dataclass(frozen=True, slots=True)
class Target:
    """The registry that an action is added to."""

    place: Place
    resource: str
    basepath: str
    text: str
    """What the registry's file says; for one that is still to be made, what it will say."""
    name: str = "ACTIONS"
    """What the registry is called in its file."""
    viewset: Any = None
    """The ViewSet that serves it, None where none does."""

    @property
    def is_new(self) -> bool:
        """Whether its file is still to be made."""
        return not self.place.registry_file.exists()

    def check_id(self, action_id: str) -> str:
        """An id that is free in the registry, in the ViewSet and in the folder.

        Raises:
            CommandError: It is not, or it is no name.
        """
        check_name(action_id, "id")
        self.text_with(action_id, ACTION_TYPE.INSTANCE.value, STATUS.BETA.value)
        taken = collision(self.viewset or _AnyViewSet, action_id)
        if taken is not None:
            raise CommandError(f'The id "{action_id}" is taken: {taken} is there already. Choose another.')
        folder = self.place.folder / action_id
        if folder.exists() or folder.with_suffix(".py").exists():
            raise CommandError(f"{folder} is there already, and nothing is overwritten. Choose another id.")
        return action_id

    def text_with(self, action_id: str, type_: str, status: str) -> str:
        """The registry's text with another action."""
        return with_action(self.text, str(self.place.registry_file), action_id, type_, status)

    def files(self, action: NewAction, status: str) -> tuple[dict[Path, str], dict[Path, str]]:
        """What is to be written for an action: new files, and the registry where it is changed."""
        registry = {self.place.registry_file: self.text_with(action.id, action.type, status)}
        files = action_files(action)
        return ({**files, **registry}, {}) if self.is_new else (files, registry)


def existing_target(place: Place) -> Target:
    """The registry of a place, as it is.

    Raises:
        CommandError: It cannot be imported, or the file holds none.
    """
    name, registry = place.load()
    with place.registry_file.open(encoding="utf-8", newline="") as file:
        text = file.read()
    viewset = registry.viewset if is_served(registry) else None
    return Target(place, registry.resource, registry.basepath, text, name, viewset)


def new_target(place: Place, basepath: str, resource: str) -> Target:
    """A registry that is still to be made."""
    text = new_registry(resource, basepath, has_own_folder=bool(place.resource_folder))
    return Target(place, resource, basepath, text)


def new_resource(place: Place) -> str:
    """What a registry that is still to be made calls its resource."""
    place.check_free()
    resource = check_name(default_resource(place), "resource")
    check_unclaimed(resource)
    return resource


def default_place(app: AppConfig) -> Place | None:
    """Where an action goes if nobody says so; None where that cannot be known."""
    places = existing_places(app)
    if not places:
        return Place(app)
    flat = [place for place in places if not place.resource_folder]
    return flat[0] if flat else places[0] if len(places) == 1 else None


def load_urls() -> None:
    """Import the project's URL configuration, which brings the ViewSets to their registries.

    Raises:
        CommandError: It cannot be imported.
    """
    try:
        _ = get_resolver().url_patterns
    except Exception as error:
        kind = type(error).__name__
        raise CommandError(f"The URL configuration cannot be imported: {kind}: {error}. Correct it first.") from error
