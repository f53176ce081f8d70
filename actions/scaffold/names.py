"""Names that a developer gives on the command line, checked before anything is written.

Each check gives back the name, or raises a CommandError with a sentence that says what to write instead.
"""

from __future__ import annotations

import re
import sysconfig
from difflib import get_close_matches
from keyword import iskeyword
from pathlib import Path

from django.apps import AppConfig, apps
from django.core.management.base import CommandError

LONGEST = 60
"""Characters of an id, a resource or a title: what fits into a line of the generated code."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BASEPATH = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")
_ENDINGS = ".!?…"


def check_app(name: str) -> AppConfig:
    """The installed app of this label or dotted name."""
    configs = {config.label: config for config in apps.get_app_configs()}
    named = {config.name: config for config in configs.values()}
    config = configs.get(name) or named.get(name)
    if config is None:
        near = get_close_matches(name, configs, n=1)
        remedy = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(own_apps())}."
        raise CommandError(f'There is no app "{name}" in INSTALLED_APPS. {remedy}')
    if not _is_own(config):
        raise CommandError(f'"{name}" is an installed package ({config.path}). Name an app of the project.')
    return config


def own_apps() -> list[str]:
    """The labels of the apps that stand in the project rather than among its installed packages."""
    return [config.label for config in apps.get_app_configs() if _is_own(config)]


def check_name(name: str, kind: str) -> str:
    """An id or a resource: lower case with underscores, and no word of Python's own."""
    if not _NAME.fullmatch(name):
        near = _snake(name)
        remedy = f'Write "{near}".' if _NAME.fullmatch(near) else 'Write it as in "mark_done".'
        raise CommandError(f'The {kind} "{name}" is not in lower case letters, digits and "_". {remedy}')
    if iskeyword(name):
        raise CommandError(f'The {kind} "{name}" is a word of Python\'s own. Choose another, as "{name}_it".')
    if len(name) > LONGEST:
        raise CommandError(f'The {kind} "{name}" has {len(name)} characters. Choose one of at most {LONGEST}.')
    return name


def check_title(title: str) -> str:
    """One line that can stand in YAML and in a docstring."""
    title = title.strip()
    if not title or not title.isprintable() or len(title) > LONGEST:
        raise CommandError(f"A title is one line of 1 to {LONGEST} characters, not {title!r}.")
    if "{{" in title or '"""' in title or "\\" in title:
        raise CommandError(f'The title {title!r} has "{{{{", "\\" or three quotes in a row. Write it without.')
    return title


def check_basepath(path: str) -> str:
    """Where the resource is served: "" or "/todos/"; slashes at the ends may be left out."""
    stem = path.strip().strip("/")
    given = f"/{stem}/" if stem else ""
    if given and not _BASEPATH.fullmatch(given):
        raise CommandError(f'"{path}" is not a URL path. Write it as in "/todos/".')
    return given


def default_title(action_id: str) -> str:
    """The id as words: "Mark done" for "mark_done"."""
    return action_id.replace("_", " ").strip().capitalize()


def as_sentence(title: str) -> str:
    """The title as a docstring begins."""
    return title if title[-1] in _ENDINGS else f"{title}."


def camel(name: str) -> str:
    """A name as a class has it: "MarkDone" for "mark_done"."""
    return "".join(part.capitalize() for part in name.split("_"))


def plural(name: str) -> str:
    """Several of them: "entries" for "entry". A name that ends in s stays, as it mostly is a plural already."""
    if name.endswith("s"):
        return name
    if re.search(r"[^aeiou]y\Z", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("x", "z", "ch", "sh")) else f"{name}s"


def _is_own(config: AppConfig) -> bool:
    packages = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib", "stdlib")}
    return not any(Path(config.path).is_relative_to(folder) for folder in packages)


def _snake(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
