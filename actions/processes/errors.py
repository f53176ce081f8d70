"""Error classes by name, as `retry: {on: [ConnectionError]}` names them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec

from .policies import ANY_ERROR

EXAMPLE = 'Write the name of a class, "ConnectionError", or its path: "requests.exceptions.Timeout".'


def is_known(name: str) -> bool:
    """Whether there is an error class of a name, as far as that can be said without importing anything.

    Args:
        name: A class that is loaded, or the path of one. Of a path whose module is not loaded, only its package is
            looked for: to import what a file names would run it.
    """
    module, dot, last = name.rpartition(".")
    if not dot:
        return name == ANY_ERROR or any(each.__name__ == name for each in _loaded())
    if module in sys.modules:
        found = getattr(sys.modules[module], last, None)
        return isinstance(found, type) and issubclass(found, BaseException)
    package = name.partition(".")[0]
    return package.isidentifier() and (package in sys.modules or find_spec(package) is not None)


def remedy(name: str) -> str:
    """What to write in the place of an unknown name."""
    near = get_close_matches(name, sorted({each.__name__ for each in _loaded()}), n=1)
    return f'Did you mean "{near[0]}"?' if near else EXAMPLE


def _loaded() -> Iterator[type[BaseException]]:
    """Every error class that is loaded."""
    left: list[type[BaseException]] = [BaseException]
    seen = set(left)
    while left:
        found = left.pop()
        yield found
        # Of `type`, as a class may have a method of this name.
        below = [each for each in type.__subclasses__(found) if each not in seen]
        seen.update(below)
        left += below
