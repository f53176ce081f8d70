"""Files, growing files, named pipes and ports on the way into a program and out of it, in both directions."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actions.programs import starting
from actions.programs.definition import from_mapping
from actions.programs.exceptions import ProgramNotPermittedError
from actions.programs.files import Entry
from actions.programs.inputs import Given
from actions.programs.place import Place
from actions.programs.result import ProgramResult, Reason
from actions.programs.running import run_program
from actions.programs.starting import Supervised
from actions.programs.supervisor.system import remove

from .conftest import Script

pytestmark = pytest.mark.once

SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connection, _ = listener.accept()
"""
TAKE = SERVER + "\nwhile data := connection.recv(65536): sys.stdout.buffer.write(data)"
GIVE = SERVER + "\nconnection.sendall(sys.stdin.buffer.read()); connection.close()"
ECHO = SERVER + "\nwhile data := connection.recv(65536): connection.sendall(data.upper())"
CALL = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as made:
    while data := made.recv(65536): sys.stdout.buffer.write(data)
"""


def run(
    program: str,
    *argv: str,
    given: Given = None,
    into: dict[str, Any] | None = None,
    out: dict[str, Any] | None = None,
    **options: Any,
) -> ProgramResult:
    """Run with adapters: {"type": …} and parameters."""
    definition = {"exec": program, "argv": list(argv), "timeout": 20}
    for direction, adapter in (("input", into), ("output", out)):
        if adapter is not None:
            params = {key: value for key, value in adapter.items() if key != "type"}
            definition[f"{direction}_adapter"] = {f"{direction}_type": adapter["type"], f"{direction}_params": params}
    return run_program(from_mapping(definition), input=given, **options)


def python(text: str, script: Script) -> str:
    path = Path(script(""))
    path.write_text(f"#!{sys.executable}\n{text}\n")
    return str(path)


def aside(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_put_where_the_definition_says_and_taken_away(work: Path) -> None:
    result = run("/bin/cat", str(work / "in.txt"), given=b"text", into={"type": "file", "file": str(work / "in.txt")})
    assert result.output.data == b"text"
    assert not (work / "in.txt").exists()


def test_a_file_that_is_there_is_read_and_stays(work: Path) -> None:
    (work / "in.txt").write_bytes(b"there already")
    result = run("/bin/cat", "${input_file}", into={"type": "file", "file": str(work / "in.txt")})
    assert result.output.data == b"there already"
    assert (work / "in.txt").exists()


def test_a_file_of_somebody_elses_is_not_written_over(work: Path) -> None:
    (work / "in.txt").write_bytes(b"theirs")
    result = run("/bin/true", given=b"ours", into={"type": "file", "file": str(work / "in.txt")})
    assert (result.reason, (work / "in.txt").read_bytes()) == (Reason.ADAPTER, b"theirs")


def test_a_file_is_read_once_into_standard_input(work: Path) -> None:
    (work / "in.txt").write_bytes(b"abc")
    result = run(
        "/usr/bin/tr", "a-c", "A-C", into={"type": "file", "file": str(work / "in.txt"), "stream_name": "STDIN"}
    )
    assert result.output.data == b"ABC"


def test_what_the_program_writes_to_a_file_is_the_output_and_stays(work: Path) -> None:
    target = work / "out.txt"
    result = run("/bin/sh", "-c", "echo hello > ${output_file}", out={"type": "file", "file": str(target)})
    assert (result.output.data, target.read_bytes()) == (b"hello\n", b"hello\n")


def test_standard_output_is_written_to_a_file_as_well(work: Path) -> None:
    target = work / "out.txt"
    target.write_bytes(b"something older and longer")
    result = run("/bin/echo", "hello", out={"type": "file", "file": str(target), "stream_name": "STDOUT"})
    assert (result.output.data, target.read_bytes()) == (b"hello\n", b"hello\n")


def test_an_output_that_the_program_has_not_made_is_said(work: Path) -> None:
    result = run("/bin/true", out={"type": "file", "file": str(work / "out.txt")})
    assert (result.reason, result.is_success) == (Reason.ADAPTER, False)
    assert "out.txt" in result.explain()
    assert run("/bin/false", out={"type": "file", "file": str(work / "out.txt")}).reason is Reason.EXITED


@pytest.mark.parametrize("kind", ["file", "append", "pipe"])
def test_the_output_of_a_program_that_was_silent_for_long_is_taken(kind: str, permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"grace": 0.2}
    text = "exec 3> ${output_file}; sleep 0.5; head -c 50000 /dev/zero >&3"
    result = run("/bin/sh", "-c", text, out={"type": kind})
    assert (result.reason, result.output.size) == (Reason.EXITED, 50_000)


def test_standard_error_may_be_the_output() -> None:
    result = run("/bin/sh", "-c", "echo out; echo err >&2", out={"type": "stream", "stream_name": "STDERR"})
    assert (result.output.text, result.stdout.text) == ("err\n", "out\n")


@pytest.mark.parametrize("direction", ["into", "out"])
@pytest.mark.parametrize("name", ["/etc/hostname", "../x", "x/../../y", "link"])
def test_no_adapter_leaves_the_folders_that_are_permitted(direction: str, name: str, work: Path) -> None:
    (work / "link").symlink_to("/etc/hostname")
    adapter: Any = {direction: {"type": "file", "file": name if name.startswith("/") else f"{work}/{name}"}}
    with pytest.raises(ProgramNotPermittedError):
        run("/bin/true", **adapter)


def test_a_link_that_the_program_makes_is_not_followed(work: Path) -> None:
    (work / "out.txt").write_bytes(b"")
    result = run(
        "/bin/sh",
        "-c",
        "rm ${output_file}; ln -s /etc/passwd ${output_file}",
        out={"type": "file", "file": f"{work}/out.txt"},
    )
    assert (result.reason, result.output.data) == (Reason.ADAPTER, b"")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that no setting names, with a file called as that of an adapter."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "passwd").write_bytes(b"precious")
    return folder


@pytest.mark.parametrize("kind", ["file", "append", "pipe"])
@pytest.mark.parametrize("is_killed", [False, True])
def test_nothing_is_removed_where_the_program_has_led_away_a_folder(
    kind: str, is_killed: bool, work: Path, elsewhere: Path
) -> None:
    """Also by the supervisor, where whoever has started it has died."""
    (work / "sub").mkdir()
    text = f"cd {work}; mv sub old; ln -s {elsewhere} sub"
    into = {"type": kind, "file": str(work / "sub" / "passwd")}
    if is_killed:
        folder = (work / "sub").stat()
        (work / "sub" / "passwd").write_bytes(b"ours")
        subprocess.run(["/bin/sh", "-c", text], check=True)
        remove([(str(work / "sub" / "passwd"), folder.st_dev, folder.st_ino)])
    else:
        run("/bin/sh", "-c", text, given=b"ours", into=into)
        assert list((work / "old").iterdir()) == []
    assert (elsewhere / "passwd").read_bytes() == b"precious"


def test_nothing_is_written_where_a_folder_leads_away_by_now(
    work: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the path and its use."""
    (work / "sub").mkdir()
    look = Place.entry

    def look_and_swap(self: Place, name: str, default: str) -> Entry:
        found = look(self, name, default)
        (work / "sub").rmdir()
        work.rename(work.with_name("old"))
        work.symlink_to(elsewhere.parent)
        elsewhere.rename(elsewhere.with_name("sub"))
        return found

    monkeypatch.setattr(Place, "entry", look_and_swap)
    out = {"type": "file", "file": str(work / "sub" / "passwd"), "stream_name": "STDOUT"}
    result = run("/bin/echo", "mine", out=out)
    assert (result.reason, (work / "sub" / "passwd").read_bytes()) == (Reason.ADAPTER, b"precious")


def test_a_pipe_of_somebody_elses_is_not_appended_to(work: Path) -> None:
    """Nobody reads it: whoever opens it to write would wait for ever."""
    os.mkfifo(work / "pipe")
    result = run("/bin/true", given=b"x", into={"type": "append", "file": str(work / "pipe")})
    assert result.reason is Reason.ADAPTER


@pytest.mark.parametrize("kind", ["file", "append"])
@pytest.mark.parametrize("fails", ["output", "supervisor"])
def test_what_was_opened_for_a_run_that_does_not_begin_is_closed(
    kind: str, fails: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "in.txt").write_bytes(b"x")
    into = {"type": kind, "file": str(work / "in.txt"), "stream_name": "STDIN"}
    out = {"type": "file", "file": "/etc/x"} if fails == "output" else None
    if fails == "supervisor":
        monkeypatch.setattr(starting, "SCRIPT", "\0")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with pytest.raises((ProgramNotPermittedError, ValueError)):
        run("/bin/cat", into=into, out=out)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


FULL = {"type": "append", "file": "/dev/full", "stream_name": "STDOUT"}


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("text", ["while :; do echo x; done", "echo x", "echo x; exit 3", "echo x; kill -SEGV $$"])
def test_a_full_disk_is_a_failed_run_with_a_reason(
    text: str, is_told: bool, permits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a broken pipe, or the program itself, is quicker than our signal: one is never sent here."""
    permits.DJACTION_PROGRAM_FOLDERS = ["/dev"]
    say = Supervised.say
    if not is_told:
        monkeypatch.setattr(Supervised, "say", lambda self, message: None if "stop" in message else say(self, message))
    result = run("/bin/sh", "-c", text, out=FULL)
    assert result.reason is Reason.ADAPTER
    assert "No space left" in result.explain()


def test_a_full_disk_is_the_reason_where_the_time_is_over_as_well(
    permits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    permits.DJACTION_PROGRAM_FOLDERS = ["/dev"]
    permits.DJACTION_PROGRAM_LIMITS = {"timeout": 0.5, "grace": 0.2}
    say = Supervised.say
    monkeypatch.setattr(Supervised, "say", lambda self, message: None if "stop" in message else say(self, message))
    assert run("/bin/sh", "-c", "echo x; sleep 100", out=FULL).reason is Reason.ADAPTER


def test_a_program_that_was_ended_before_it_has_made_its_file_was_ended(work: Path, permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"timeout": 0.2, "grace": 0.2}
    out = {"type": "file", "file": str(work / "out.txt")}
    assert run("/bin/sleep", "100", out=out).reason is Reason.TIMEOUT
    assert run("/bin/sleep", "100", out=out, should_stop=lambda: True).reason is Reason.STOPPED


# --- files that grow --------------------------------------------------------------------------------------------------


def test_a_program_follows_a_file_to_which_its_input_is_appended(script: Script) -> None:
    follower = script('tail -n +1 -f "$1" & while ! grep -q end "$1"; do sleep 0.02; done; sleep 0.3; kill $!')
    result = run(follower, "${input_file}", given=b"a\nb\nend\n", into={"type": "append", "chunk_size": 2})
    assert result.output.data == b"a\nb\nend\n"


def test_a_file_that_others_append_to_is_followed_into_standard_input(work: Path) -> None:
    path = work / "log"
    path.write_bytes(b"first\n")

    def append() -> None:
        time.sleep(0.2)
        with path.open("ab") as file:
            file.write(b"second\nlast\n")

    thread = aside(append)
    result = run("/bin/sed", "-u", "/last/q", into={"type": "append", "file": str(path), "stream_name": "STDIN"})
    thread.join()
    assert result.output.data == b"first\nsecond\nlast\n"
    assert path.exists()


def test_a_file_that_the_program_appends_to_is_followed_while_it_runs(work: Path) -> None:
    path = work / "log"
    path.write_bytes(b"of another run\n")
    text = "echo a >> ${output_file}; sleep 0.2; echo b >> ${output_file}"
    result = run("/bin/sh", "-c", text, out={"type": "append", "file": str(path)})
    assert result.output.data == b"a\nb\n"


def test_standard_output_is_appended_to_a_file(work: Path) -> None:
    path = work / "log"
    for _ in range(2):
        run("/bin/echo", "line", out={"type": "append", "file": str(path), "stream_name": "STDOUT"})
    assert path.read_bytes() == b"line\nline\n"


# --- named pipes ------------------------------------------------------------------------------------------------------


def test_a_program_reads_and_writes_named_pipes() -> None:
    data = os.urandom(300_000)
    text = "cat ${input_file} > ${output_file}"
    result = run("/bin/sh", "-c", text, given=data, into={"type": "pipe"}, out={"type": "pipe"})
    assert result.output.data == data


def test_a_pipe_may_be_written_several_times() -> None:
    result = run("/bin/sh", "-c", "echo a > ${output_file}; sleep 0.2; echo b > ${output_file}", out={"type": "pipe"})
    assert result.output.data == b"a\nb\n"


def test_others_write_a_pipe_that_is_the_programs_standard_input(work: Path) -> None:
    path = work / "pipe"

    def write() -> None:
        while not path.exists():
            time.sleep(0.01)
        path.write_bytes(b"from outside")

    thread = aside(write)
    result = run("/bin/cat", into={"type": "pipe", "file": str(path), "stream_name": "STDIN"})
    thread.join()
    assert (result.output.data, path.exists()) == (b"from outside", False)


def test_others_read_standard_output_from_a_pipe_as_slowly_as_they_like(work: Path) -> None:
    path, found = work / "pipe", []

    def read() -> None:
        while not path.exists():
            time.sleep(0.01)
        with path.open("rb", buffering=0) as file:
            while data := file.read(50_000):
                found.append(data)
                time.sleep(0.02)

    thread = aside(read)
    result = run("/usr/bin/seq", "100000", out={"type": "pipe", "file": str(path), "stream_name": "STDOUT"})
    thread.join()
    assert result.is_success
    assert (len(b"".join(found)), result.output.size) == (588895, 588895)


def test_a_pipe_that_nobody_reads_keeps_no_run_for_ever(work: Path) -> None:
    out = {"type": "pipe", "file": str(work / "pipe"), "stream_name": "STDOUT", "chunk_size": 100}
    result = run("/usr/bin/seq", "1000", out=out)
    assert result.is_success
    assert result.output.size == 3893
    assert result.duration < 5


# --- ports ------------------------------------------------------------------------------------------------------------


def test_the_input_goes_to_the_port_on_which_the_program_listens(script: Script) -> None:
    data = os.urandom(300_000)
    into = {"type": "port", "tcp_port": 8090, "chunk_size": "10KB"}
    result = run(python(TAKE, script), "${input_port}", given=data, into=into)
    assert result.output.data == data


def test_the_output_is_read_from_the_programs_port(script: Script) -> None:
    result = run(python(GIVE, script), "${output_port}", given=b"abc" * 100_000, out={"type": "port"})
    assert result.output.data == b"abc" * 100_000


def test_one_port_for_both_is_one_connection(script: Script) -> None:
    port = {"type": "port", "tcp_port": 8091}
    result = run(python(ECHO, script), "8091", given=b"hello", into=port, out=port)
    assert result.output.data == b"HELLO"


def test_a_program_may_come_to_the_port_itself(script: Script) -> None:
    result = run(python(CALL, script), "${input_port}", given=b"hello", into={"type": "port", "listen": True})
    assert result.output.data == b"hello"


def test_others_send_standard_input_to_a_port_and_read_standard_output_from_one() -> None:
    ports, found = [free_port(), free_port()], []

    def talk() -> None:
        made = [_connected(port) for port in ports]
        made[0].sendall(b"hello")
        made[0].close()
        while data := made[1].recv(1000):
            found.append(data)
        made[1].close()

    thread = aside(talk)
    into, out = ({"type": "port", "tcp_port": port} for port in ports)
    into["stream_name"], out["stream_name"] = "STDIN", "STDOUT"
    result = run("/usr/bin/tr", "a-z", "A-Z", into=into, out=out)
    thread.join()
    assert (b"".join(found), result.output.data) == (b"HELLO", b"HELLO")


def _connected(port: int) -> socket.socket:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.01)


@pytest.mark.parametrize("is_for_others", [True, False])
def test_a_port_in_use_is_a_failed_run_with_a_reason(is_for_others: bool, permits: Any) -> None:
    permits.DJACTION_PROGRAM_NETWORK = True
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        into = {"type": "port", "tcp_port": port, **({"stream_name": "STDIN"} if is_for_others else {})}
        result = run("/bin/cat", given=b"x", into=into)
    assert result.reason in (Reason.ADAPTER, Reason.NOT_STARTED)
    assert f"port {port}: Address already in use" in result.explain()


# --- bubblewrap -------------------------------------------------------------------------------------------------------


def test_in_a_sandbox_a_program_sees_its_folders_and_not_the_project(permits: Any, work: Path) -> None:
    permits.DJACTION_PROGRAM_SANDBOX = "bubblewrap"
    (work / "in.txt").write_bytes(b"seen")
    text = f"cat in.txt; cat {__file__}; ls /root /home; echo x > out.txt; echo y > /usr/x; ls -d /proc/[0-9]*; exit 3"
    definition = from_mapping({"exec": "/bin/sh", "argv": ["-c", text], "cwd": str(work)})
    try:
        result = run_program(definition)
    except ProgramNotPermittedError:
        pytest.skip("bubblewrap is not installed, or does not work here")
    assert result.output.data.startswith(b"seen")
    assert result.stderr.text.count("No such file") >= 2
    assert "Read-only" in result.stderr.text
    assert result.output.text.count("/proc/") < 6
    assert (result.exit_code, (work / "out.txt").read_bytes()) == (3, b"x\n")


def test_a_program_in_a_sandbox_is_asked_to_end_before_it_is_killed(permits: Any) -> None:
    permits.DJACTION_PROGRAM_SANDBOX = "bubblewrap"
    text = "trap 'echo bye; exit 7' TERM; while :; do sleep 0.05; done"
    try:
        result = run_program(from_mapping({"exec": "/bin/sh", "argv": ["-c", text], "timeout": 0.5}))
    except ProgramNotPermittedError:
        pytest.skip("bubblewrap is not installed, or does not work here")
    assert (result.reason, result.output.text, result.exit_code) == (Reason.TIMEOUT, "bye\n", 7)
