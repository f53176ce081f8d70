"""Use the built distributions as a stranger would: in an empty environment, far from the checkout.

    python .ci/try_wheel.py DIST_FOLDER EMPTY_FOLDER

The wheel has to hold every file of the package. A new Django project then gets an action, calls it, and looks at its
record, the admin and Swagger.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = Path(__file__).parent / "wheel_project"
NOT_IN_SDIST = {".ci", ".gitignore"}


def main(dist: Path, folder: Path) -> None:
    """Check the contents, then the use."""
    [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    check_contents(wheel, sdist)
    python = make_environment(folder / "venv", wheel)
    project = make_project(python, folder / "shop")
    manage(python, project, "makemigrations", "todos", "--verbosity=0")
    manage(python, project, "migrate", "--verbosity=0")
    manage(python, project, "check", "--fail-level=WARNING")
    run([python, "use_it.py"], project)


def check_contents(wheel: Path, sdist: Path) -> None:
    """Every tracked file of the package is in the wheel, every tracked file of the checkout in the sdist."""
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    tracked = set(listed.stdout.split("\n")) - {""}
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked, "git lists no files"
    missing = sorted(name for name in tracked if name.startswith("actions/") and name not in packed)
    assert not missing, f"not in the wheel: {missing}. See package-data in pyproject.toml."
    foreign = sorted(name for name in packed if not name.startswith(("actions/", "dj_actions-")))
    assert not foreign, f"in the wheel, but not of the package: {foreign}"
    missing = sorted(name for name in tracked - shipped if name.partition("/")[0] not in NOT_IN_SDIST)
    assert not missing, f"not in the sdist: {missing}. See MANIFEST.in."
    print(f"{wheel.name}: {len(packed)} files; {sdist.name}: {len(shipped)}")


def make_environment(folder: Path, wheel: Path) -> Path:
    """An environment with nothing but the wheel, its requirements and drf-yasg."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run([python, "-m", "pip", "install", "--quiet", f"dj-actions[swagger] @ {wheel.resolve().as_uri()}"], folder)
    return python


def make_project(python: Path, folder: Path) -> Path:
    """What `django-admin startproject` makes, with the files of `wheel_project` laid over it."""
    folder.mkdir(parents=True)
    run([python, "-m", "django", "startproject", "shop", "."], folder)
    run([python, "manage.py", "startapp", "todos"], folder)
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    with (folder / "shop" / "settings.py").open("a", encoding="utf-8") as settings:
        settings.write((PROJECT / "more_settings.py").read_text(encoding="utf-8"))
    return folder


def manage(python: Path, project: Path, *command: str) -> None:
    """One command of the new project."""
    run([python, "manage.py", *command], project)


def run(command: list[str | Path], folder: Path) -> None:
    """Run a program where nothing of the checkout can be imported."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "DJANGO_"))}
    subprocess.run(command, cwd=folder, env=environ, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
