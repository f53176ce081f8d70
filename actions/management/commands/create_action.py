"""manage.py create_action: a new action with its code, definition and tests."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.apps import AppConfig
from django.core.management.base import BaseCommand, CommandError

from actions.definitions import ACTION_TYPE, STATUS
from actions.scaffold.action_files import FUNCTION, STYLES, NewAction
from actions.scaffold.creation import Target, default_place, existing_target, load_urls, new_resource, new_target
from actions.scaffold.names import check_app, check_basepath, check_name, check_title, default_title, own_apps
from actions.scaffold.places import Place, default_basepath, existing_places
from actions.scaffold.questions import Questions
from actions.scaffold.reports import made, to_do
from actions.scaffold.writing import write

T = TypeVar("T")

TYPES = [kind.value for kind in ACTION_TYPE]
STATUSES = [status.value for status in STATUS]


class Command(BaseCommand):
    """Asks for what the flags do not say, shows what it will write, and writes nothing before a "y"."""

    help = (
        "Write a new action: its code, definition.yaml, README and tests, and its line in the registry, which is made "
        "where there is none. In a terminal it asks for what is missing, and whether to write. No file is overwritten."
    )
    # To write files, nothing else of the project has to be right.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whatever can be asked can be given."""
        parser.add_argument("--app", help="the app's label")
        parser.add_argument("--resource", help='the resource\'s folder below actions/; "" where the app has only one')
        parser.add_argument("--basepath", help='where a new registry\'s resource is served: "/todos/"')
        parser.add_argument("--id", help='the action\'s name: "mark_done"')
        parser.add_argument("--type", choices=TYPES, help="called on one object, or on several or none")
        parser.add_argument("--status", choices=STATUSES, help="beta if not given; lists and schemas leave alpha out")
        parser.add_argument("--title", help="for the documentation; made from the id if not given")
        parser.add_argument("--style", choices=STYLES, help="what does the work; a function if not given")
        parser.add_argument(
            "--no-input",
            "--noinput",
            action="store_false",
            dest="interactive",
            help="ask nothing; as where there is no terminal",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the action.

        Raises:
            CommandError: Something is missing, wrong or taken. Nothing has then been written.
        """
        self._given = options
        self._questions = Questions(self.stdout) if options["interactive"] and Questions.are_possible() else None
        self._refuse_incomplete()
        load_urls()
        target = self._target(self._app())
        action, status = self._action(target)
        new, changed = target.files(action, status)
        if self._questions is not None:
            self.stdout.write(made("Will be made", new, changed))
            if not self._questions.confirm("Write them?"):
                self.stdout.write("Nothing was written.")
                return
        write(new, changed)
        self.stdout.write(made("Made", new, changed))
        self.stdout.write(to_do(action))

    def _refuse_incomplete(self) -> None:
        if self._questions is not None:
            return
        if missing := [f"--{name}" for name in ("app", "id", "type") if not self._given[name]]:
            raise CommandError(f"Say {', '.join(missing)}; or run it in a terminal, where it asks.")

    def _app(self) -> AppConfig:
        own = own_apps()
        return self._get("app", f"App ({', '.join(own)})", check_app, own[0] if len(own) == 1 else None)

    def _target(self, app: AppConfig) -> Target:
        """The registry: the one that is there, or a new one."""
        place = self._place(app)
        if place.registry_file.exists():
            if self._given["basepath"] is not None:
                raise CommandError(f"--basepath is for a new registry; {place.registry_file} says its own.")
            return existing_target(place)
        resource = new_resource(place)
        basepath = self._get("basepath", "URL path", check_basepath, default_basepath(app, resource))
        return new_target(place, basepath, resource)

    def _place(self, app: AppConfig) -> Place:
        known = default_place(app)
        if known is None and self._questions is None and self._given["resource"] is None:
            folders = ", ".join(place.resource_folder for place in existing_places(app))
            raise CommandError(f"{app.label} has several registries: {folders}. Say which: --resource.")

        def check(name: str) -> Place:
            return Place(app, check_name(name, "resource") if name else "")

        default = None if known is None else known.resource_folder
        return self._get("resource", "Resource, if the app has several", check, default)

    def _action(self, target: Target) -> tuple[NewAction, str]:
        """What is to be made, and its status."""
        action_id = self._get("id", "Id of the action, as in mark_done", target.check_id)
        kind = self._choose("type", "Type", TYPES, ACTION_TYPE.INSTANCE.value)
        status = self._choose("status", "Status", STATUSES, STATUS.BETA.value)
        title = self._get("title", "Title", check_title, default_title(action_id))
        style = self._choose("style", "What does the work", STYLES, FUNCTION)
        action = NewAction(
            place=target.place,
            resource=target.resource,
            basepath=target.basepath,
            id=action_id,
            type=kind,
            title=title,
            style=style,
            registry_name=target.name,
            is_served=target.viewset is not None,
        )
        return action, status

    def _get(self, name: str, label: str, check: Callable[[str], T], default: str | None = None) -> T:
        """What the flag says, else the answer, else the default."""
        given = self._given[name]
        if given is not None:
            return check(given)
        if self._questions is not None:
            return self._questions.ask(label, check, default)
        return check(default or "")

    def _choose(self, name: str, label: str, words: Iterable[str], default: str) -> str:
        """The same for one of several words."""
        if self._given[name] is not None or self._questions is None:
            return str(self._given[name] or default)
        return self._questions.choose(label, words, default)
