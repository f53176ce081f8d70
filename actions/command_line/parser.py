"""The options of `manage.py action`: those of every call, and once the action is known, those of its payload."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.management.base import CommandParser, DjangoHelpFormatter

from actions.conf import conf
from actions.discovery import load_viewsets
from actions.exceptions import UnknownActionError, WrongActionTypeError
from actions.lifecycle import is_left_out
from actions.registry import catalogue
from actions.requests import find
from actions.terms import moment_to_show

from .fields import DATA, FIELDS, PARAM, add_field_options, pair
from .sources import misuse

if TYPE_CHECKING:
    from actions.binding import BoundAction

EXIT = """exit status:
  0  done, tried, or accepted for later
  1  refused or failed
  2  the command line is wrong or says too little; nothing was tried
  3  with --continue-on-error: not done for all of the objects"""


class _Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, and lists that stay lists."""


class ActionParser(CommandParser):
    """Parses a call. The first two words say which action's options there are."""

    def __init__(self, base: CommandParser, bound: BoundAction | None = None) -> None:
        """Take over Django's options and add ours.

        Args:
            base: A parser with Django's options.
            bound: The action; None as long as it is not known.
        """
        self._base = base
        self._bound = bound
        super().__init__(
            prog=base.prog,
            usage=_usage(bound),
            description=base.description if bound is None else _about(bound),
            formatter_class=_Formatter,
            parents=[base],
            add_help=False,
            # `--dry` must never be taken for one of several.
            allow_abbrev=False,
            called_from_command_line=base.called_from_command_line,
        )
        payload = self.add_argument_group("payload")
        self._add_objects()
        self._add_terms()
        if bound is None:
            payload.description = "Each action has options of its own: action RESOURCE ACTION --help."
        else:
            self.epilog = EXIT
            add_field_options(self, payload, bound)
        self._add_payload(payload)

    def is_free(self, option: str) -> bool:
        """Whether no option has this name."""
        return option not in self._option_string_actions and option not in (PARAM, DATA)

    def format_help(self) -> str:
        """Help; as long as the action is not known, with all that there are."""
        if self._bound is None:
            self.epilog = f"{EXIT}\n\nactions:\n{_indented(_all_actions())}"
        return super().format_help()

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """What was said. Keys may stand between options."""
        args = list(sys.argv[1:] if args is None else args)
        if self._bound is None:
            bound = self._named(args)
            if bound is not None:
                return ActionParser(self._base, bound).parse_known_args(args, namespace)
        namespace, extras = super().parse_known_args(args, namespace)
        keys, unknown = _keys_and_options(extras)
        if unknown:
            self._refuse(unknown[0])
        namespace.keys = [*(namespace.keys or ()), *keys]
        return namespace, []

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line.

        Raises:
            CommandError: Of `call_command`; on a command line the process ends.
        """
        if self.called_from_command_line:
            super().error(message)
        raise misuse(message)

    def _named(self, args: list[str]) -> BoundAction | None:
        """The action that the first two words name; None where only help is wanted.

        Raises:
            CommandError: There is no such action, or none is named.
        """
        words = list(self._words(args))[:2]
        if len(words) < 2 and not {"-h", "--help", "--version"}.isdisjoint(args):
            return None
        load_viewsets()
        if len(words) == 1 and catalogue.find(words[0]) is None:
            # Which action there may be of a resource that is none, is not the question.
            words.append("")
        if len(words) < 2:
            self.error(f"Say which action: RESOURCE ACTION. There are:\n{_indented(_all_actions(*words))}")
        resource, action = words
        try:
            registry, bound = find(f"{resource}:{action}")
        except WrongActionTypeError:
            self.error(f'The definition of "{resource}:{action}" has problems. See: manage.py list_actions')
        except UnknownActionError as error:
            near = get_close_matches(resource, [each.resource for each in catalogue], n=1)
            is_slip = catalogue.find(resource) is None and near
            self.error(f'{error.detail} Did you mean "{near[0]}"?' if is_slip else error.detail)
        if registry.viewset is None:
            self.error(f'No ViewSet serves "{resource}": nobody knows who may do what. See: manage.py list_actions')
        return bound

    def _words(self, args: list[str]) -> Iterator[str]:
        """The arguments that are no options and belong to none that is known yet."""
        is_value = False
        for arg in args:
            if not is_value and not arg.startswith("-"):
                yield arg
            option = None if is_value else self._option_string_actions.get(arg)
            is_value = option is not None and option.nargs is None

    def _refuse(self, option: str) -> NoReturn:
        name = option.partition("=")[0]
        near = get_close_matches(name, self._option_string_actions, n=1)
        hint = f"Did you mean {near[0]}?" if near else "See --help."
        self.error(f"There is no option {name}. {hint}")

    def _add_objects(self) -> None:
        self.add_argument("resource", nargs="?", metavar="RESOURCE", help="such as todo")
        self.add_argument("action", nargs="?", metavar="ACTION", help="such as mark_done")
        self.add_argument(
            "keys", nargs="*", metavar="KEY", help="of the object; several keys: the action is performed on many"
        )
        who = self.add_argument_group("who").add_mutually_exclusive_group(required=True)
        who.add_argument("--as", dest="username", metavar="USER", help="who calls: checked and recorded as over REST")
        who.add_argument("--anonymous", action="store_true", help="nobody calls, as without logging in")
        objects = self.add_argument_group("objects, in place of keys")
        objects.add_argument(
            "--filter",
            dest="filters",
            action="append",
            type=pair,
            metavar="NAME=VALUE",
            help="those that a filter of the list finds; may be repeated",
        )
        objects.add_argument("--all", dest="is_all", action="store_true", help="all that the user sees")
        objects.add_argument(
            "--items",
            metavar="FILE|-",
            help='each with its own payload and version: JSON, [{"id": 7, "params": {}, "etag": "…"}]',
        )

    def _add_payload(self, group: Any) -> None:
        group.add_argument(
            PARAM,
            dest=FIELDS,
            action="append",
            type=pair,
            metavar="NAME=VALUE",
            help="any field, also one whose name is that of another option, or inside of an object: address.city=Bonn",
        )
        group.add_argument(
            DATA, metavar="JSON|@FILE|-", help="all of it as JSON; fields that are given as options replace its own"
        )

    def _add_terms(self) -> None:
        terms = self.add_argument_group("how it is to be done")
        flag: Any = {"action": "store_true"}
        add: Any = terms.add_argument
        add("--dry-run", **flag, help="show what it would do, and do nothing")
        add("--plan", metavar="TOKEN", help="of a preview: do it only if it still does exactly that")
        add("--yes", **flag, help="do not ask before something is lost for good")
        add("--key", metavar="KEY", help="an Idempotency-Key: the same call with the same key is done once")
        add("--if-match", metavar="ETAG", help="do it only to this version of the object")
        add("--later", **flag, help="leave it to a worker")
        add("--at", metavar="TIME", help=f"leave it to a worker, not before then: {moment_to_show()}")
        add("--cron", metavar="EXPR", help='leave it to a worker, again and again: "0 8 * * 1"')
        add("--continue-on-error", **flag, help="each object by itself: what fails for one is done for the others")
        add("--expect-count", metavar="N", help="refuse it if it is not about this number of objects")
        self.add_argument_group("output").add_argument(
            "--json", dest="is_json", **flag, help="for programs: one JSON document, also of a preview or a refusal"
        )


def _usage(bound: BoundAction | None) -> str:
    if bound is None:
        return "%(prog)s RESOURCE ACTION [KEY …] --as USER [options]"
    keys = "KEY" if bound.is_instance else "" if bound.takes_nothing else "[KEY …]"
    words = ["%(prog)s", bound.resource, bound.id, keys, "--as USER [options]"]
    return " ".join(filter(None, words))


def _about(bound: BoundAction) -> str:
    action = bound.action
    said = [action.title or bound.id, action.description]
    if action.destructive:
        said.append("It may lose something for good: it asks first, on a terminal, or wants --yes or --plan.")
    return "\n\n".join(filter(None, said))


def _all_actions(only: str | None = None) -> list[str]:
    """Every action with its title, by resource."""
    load_viewsets()
    rows = [
        (f"{registry.resource} {bound.id}", bound.action.title)
        for registry in sorted(catalogue, key=lambda each: each.resource)
        if registry.viewset is not None and (only is None or registry.resource == only)
        for bound in registry.bound.values()
        if not is_left_out(bound.action, shows_alpha=bool(conf.SHOW_ALPHA))
    ]
    if not rows and only is not None:
        return _all_actions()
    width = max((len(name) for name, _title in rows), default=0)
    return [f"{name.ljust(width)}  {title}".rstrip() for name, title in rows] or ["none"]


def _indented(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _keys_and_options(extras: list[str]) -> tuple[list[str], list[str]]:
    """What argparse could not place: keys that stand behind an option, and options that do not exist."""
    keys: list[str] = []
    unknown: list[str] = []
    for index, extra in enumerate(extras):
        if extra == "--":
            return [*keys, *extras[index + 1 :]], unknown
        is_option = len(extra) > 1 and extra.startswith("-") and not extra[1:].isdecimal()
        (unknown if is_option else keys).append(extra)
    return keys, unknown
