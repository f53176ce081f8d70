"""Where the files of a registry are: its base, the three layouts below it, and the packages that the folders are.

{base}/actions/{id}/definition.yaml     base is the app's folder
{base}/{id}/definition.yaml             base is the resource's own folder
{base}/actiondocs/{id}.yaml             the older place
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Caller:
    """The module that makes a registry; relative bases are counted from its project, not from the working directory."""

    file: str
    """"" where there is none, as in a console."""
    package: str
    """The dotted name of the package that it stands in, "" for a module that stands in none."""

    @classmethod
    def of(cls, frame: FrameType | None) -> Caller:
        """The module that `frame` runs in."""
        names = frame.f_globals if frame else {}
        package = names.get("__package__")
        if package is None:
            package = str(names.get("__name__") or "").rpartition(".")[0]
        return cls(str(names.get("__file__") or ""), package)

    @property
    def root(self) -> Path | None:
        """The folder that the caller's top-level package is imported from."""
        if not self.file:
            return None
        above = Path(self.file).resolve().parents
        depth = len(self.package.split(".")) if self.package else 0
        return above[min(depth, len(above) - 1)]


def resolve_base(base: str, caller: Caller) -> list[Path]:
    """The folders that `base` may mean, the likeliest first.

    An absolute base means itself. A relative one is looked for below the folder of the caller's top-level package,
    beside the caller, and below the project's BASE_DIR.
    """
    path = Path(base)
    if path.is_absolute():
        return [path]
    roots: list[Path] = []
    if caller.root is not None:
        roots += [caller.root, Path(caller.file).resolve().parent]
    project = getattr(settings, "BASE_DIR", None)
    if project:
        roots.append(Path(project))
    return list(dict.fromkeys(root / path for root in roots))


def definition_layouts(action_id: str) -> list[str]:
    """Where below a base the definition may stand, the newest place first."""
    return [f"actions/{action_id}/definition.yaml", f"{action_id}/definition.yaml", f"actiondocs/{action_id}.yaml"]


def definition_paths(bases: list[Path], action_id: str) -> Iterator[Path]:
    """Every file in which the definition may stand, the likeliest first."""
    return (base / layout for base in bases for layout in definition_layouts(action_id))


def action_folder(definition: Path, action_id: str) -> Path:
    """The folder with the action's code: the definition's own, or for the older place its namesake beside that."""
    if definition.name == "definition.yaml":
        return definition.parent
    base = definition.parent.parent
    own = base / action_id
    return own if own.is_dir() else base / "actions" / action_id


def package_of(folder: Path, caller: Caller) -> str:
    """The dotted name that `folder` is imported under, "" where it has none."""
    above = _package_of(folder.parent, caller, tuple(sys.path))
    if above is None or not folder.name.isidentifier():
        return ""
    return f"{above}.{folder.name}" if above else folder.name


@lru_cache(maxsize=128)  # the folders of a registry stand side by side
def _package_of(folder: Path, caller: Caller, paths: tuple[str, ...]) -> str | None:
    """The same for the folder around it; "" for one that is imported from."""
    resolved = folder.resolve()
    for root in (caller.root, *_import_roots(paths), _top_of(resolved)):
        if root is not None and resolved.is_relative_to(root):
            parts = resolved.relative_to(root).parts
            if all(part.isidentifier() for part in parts):
                return ".".join(parts)
    return None


def _import_roots(paths: tuple[str, ...]) -> list[Path]:
    """The folders that Python imports from, the innermost first."""
    roots = {Path(path).resolve() for path in paths if path}
    return sorted(roots, key=lambda root: len(root.parts), reverse=True)


def _top_of(folder: Path) -> Path:
    """The first folder upwards that is not a package any more."""
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder
