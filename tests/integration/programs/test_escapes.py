"""A program that runs as another user gets nothing from a worker that is root which it could not have by itself."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.programs.definition import from_mapping
from actions.programs.exceptions import InvalidProgramError
from actions.programs.files import Entry
from actions.programs.inputs import Given
from actions.programs.place import Place
from actions.programs.result import ProgramResult, Reason
from actions.programs.running import run_program


def _nobody() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    except KeyError:
        return None


NOBODY = _nobody()
pytestmark = [pytest.mark.once, pytest.mark.skipif(NOBODY is None, reason="Needs root, and a user `nobody`.")]

SWAP = "mv {0} {0}.old 2>&1; ln -s {1} {0} 2>&1; true"
"""Has a link stand where a folder was."""


@pytest.fixture
def ground(permits: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders that `nobody` reaches, unlike those of pytest."""
    made = Path(tempfile.mkdtemp(dir="/tmp")).resolve()
    made.chmod(0o755)
    for name, mode in (("temporary", 0o1777), ("work", 0o777), ("etc", 0o755)):
        (made / name).mkdir()
        (made / name).chmod(mode)
    for name in ("passwd", "shadow"):
        (made / "etc" / name).write_text("precious")
        (made / "etc" / name).chmod(0o600)
    permits.DJACTION_PROGRAMS = ["/usr/bin", "/bin"]
    permits.DJACTION_PROGRAM_USER = "nobody"
    permits.DJACTION_PROGRAM_FOLDERS = [str(made / "work")]
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(made / "temporary"))
        yield made
    left = sorted(path.name for path in (made / "temporary").iterdir())
    facts = [(path.name, path.stat().st_uid, path.read_text()) for path in sorted((made / "etc").iterdir())]
    shutil.rmtree(made)
    assert facts == [("passwd", 0, "precious"), ("shadow", 0, "precious")]
    assert left == []


def run(text: str, given: Given = None, **adapters: Any) -> ProgramResult:
    definition = {"exec": "/bin/sh", "argv": ["-c", text], "timeout": 10, **adapters}
    return run_program(from_mapping(definition), input=given)


def owned(folder: Path) -> Path:
    """A folder of the program's own."""
    assert NOBODY is not None
    folder.mkdir()
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    return folder


@pytest.mark.parametrize("sandbox", ["none", "auto"])
@pytest.mark.parametrize("kind", ["file", "append"])
def test_the_folder_of_a_run_cannot_be_replaced_to_read_what_is_elsewhere(
    kind: str, sandbox: str, ground: Path, permits: Any
) -> None:
    permits.DJACTION_PROGRAM_SANDBOX = sandbox
    adapter = {"output_type": kind, "file": "shadow"}
    result = run(SWAP.format("$TMPDIR", ground / "etc"), output_adapter=adapter)
    assert (result.reason, result.output.data) == (Reason.ADAPTER, b""), result.explain()


@pytest.mark.parametrize("kind", ["file", "append", "pipe"])
def test_the_folder_of_a_run_cannot_be_replaced_to_remove_what_is_elsewhere(kind: str, ground: Path) -> None:
    run(SWAP.format("$TMPDIR", ground / "etc"), b"x", input_adapter={"input_type": kind, "file": "passwd"})


@pytest.mark.parametrize("kind", ["file", "append"])
def test_a_folder_of_the_programs_own_does_not_lead_to_what_is_elsewhere(kind: str, ground: Path) -> None:
    sub = owned(ground / "work" / "sub")
    adapter = {"output_type": kind, "file": str(sub / "shadow")}
    result = run(SWAP.format(sub, ground / "etc"), output_adapter=adapter)
    assert sub.is_symlink()
    assert (result.reason, result.output.data) == (Reason.ADAPTER, b"")


@pytest.mark.parametrize("kind", ["file", "append", "pipe"])
def test_what_is_removed_at_the_end_is_what_was_made(kind: str, ground: Path) -> None:
    sub = owned(ground / "work" / "sub")
    adapter = {"input_type": kind, "file": str(sub / "passwd")}
    run(SWAP.format(sub, ground / "etc"), b"x", input_adapter=adapter)
    assert sub.is_symlink()
    assert list(sub.with_name("sub.old").iterdir()) == []


@pytest.mark.parametrize(
    ("direction", "adapter"),
    [
        ("input", {"input_type": "file"}),
        ("input", {"input_type": "append"}),
        ("input", {"input_type": "pipe"}),
        ("output", {"output_type": "pipe"}),
        ("output", {"output_type": "file", "stream_name": "STDOUT"}),
        ("output", {"output_type": "append", "stream_name": "STDOUT"}),
    ],
)
def test_a_folder_that_is_replaced_after_the_look_is_left_alone(
    direction: str, adapter: dict[str, Any], ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither made, nor given away, nor emptied: `ground` looks at what is there afterwards."""
    sub, look = owned(ground / "work" / "sub"), Place.entry

    def look_and_swap(self: Place, name: str, default: str) -> Entry:
        found = look(self, name, default)
        if name and not sub.is_symlink():
            sub.rename(sub.with_name("old"))
            sub.symlink_to(ground / "etc")
        return found

    monkeypatch.setattr(Place, "entry", look_and_swap)
    for name in ("shadow", "new"):
        result = run("echo x", b"x", **{f"{direction}_adapter": {**adapter, "file": str(sub / name)}})
        assert result.reason is Reason.ADAPTER
        sub.unlink()
        sub.with_name("old").rename(sub)


@pytest.mark.parametrize("stream", [{}, {"stream_name": "STDOUT"}])
def test_another_name_of_somebody_elses_file_is_neither_read_nor_emptied(stream: dict[str, str], ground: Path) -> None:
    """Systems that let everybody make one are rare by now."""
    (ground / "work" / "out").hardlink_to(ground / "etc" / "shadow")
    result = run("echo x", output_adapter={"output_type": "file", "file": str(ground / "work" / "out"), **stream})
    assert (result.reason, "another name" in result.explain()) == (Reason.ADAPTER, True)


def test_no_input_is_loaded_as_code() -> None:
    """Nor kept, where it is stored by other ways: whoever runs it reads the definition again."""
    with pytest.raises(InvalidProgramError) as caught:
        run("true", b"\x7fELF", environment={"LD_PRELOAD": "${input_file}"})
    assert list(caught.value.errors) == ["environment.LD_PRELOAD"]


def test_a_program_has_its_files_and_the_folder_of_its_run(ground: Path) -> None:
    """What all this must not take from it."""
    text = "mkdir made; cat ${input_file} > made/out; rm -f ${input_file}; stat -c %U . made"
    out = {"output_type": "file", "file": "made/out"}
    result = run(text, b"hello", input_adapter={"input_type": "file"}, output_adapter=out)
    assert (result.output.data, result.stdout.text) == (b"hello", "nobody\nnobody\n")
    sub = owned(ground / "work" / "sub")
    result = run("cat > ${output_file}", b"hello", output_adapter={"output_type": "file", "file": str(sub / "out")})
    assert (result.output.data, (sub / "out").read_bytes()) == (b"hello", b"hello")
