"""manage.py start_actions: the registry of a resource."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from actions.scaffold.names import check_app, check_basepath, check_name
from actions.scaffold.places import Place, check_unclaimed, default_basepath, default_resource
from actions.scaffold.registry_file import new_registry
from actions.scaffold.reports import made, numbered, viewset_lines
from actions.scaffold.writing import packages, write


class Command(BaseCommand):
    """Writes an action_registry.py without actions; one that is there stays as it is."""

    help = "Write the action registry of a resource. A registry that is there already stays as it is."
    # To write a file, nothing else of the project has to be right.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say whose registry."""
        parser.add_argument("app", help="the app's label")
        parser.add_argument(
            "resource", nargs="?", default="", help="gets a folder of its own; leave it out where the app has only one"
        )
        parser.add_argument("--name", help="what the registry calls the resource, if not RESOURCE or the app's model")
        parser.add_argument("--basepath", help='where it is served: "/todos/"')

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the registry, or leave it.

        Raises:
            CommandError: A name is wrong or taken, or a file cannot be written.
        """
        app = check_app(options["app"])
        place = Place(app, check_name(options["resource"], "resource") if options["resource"] else "")
        if place.registry_file.exists():
            self.stdout.write(f"{place.registry_file} is there already; nothing was changed.")
            return
        place.check_free()
        resource = check_name(options["name"] or default_resource(place), "resource")
        check_unclaimed(resource)
        given = options["basepath"]
        basepath = default_basepath(app, resource) if given is None else check_basepath(given)
        text = new_registry(resource, basepath, has_own_folder=bool(place.resource_folder))
        files = {**packages(place.folder, Path(app.path)), place.registry_file: text}
        write(files)
        chosen = f" --resource {place.resource_folder}" if place.resource_folder else ""
        self.stdout.write(made("Made", files))
        create = f"Make an action: python manage.py create_action --app {app.label}{chosen}"
        self.stdout.write(numbered([create, viewset_lines(place, resource, "ACTIONS")]))
