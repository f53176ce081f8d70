"""Single programs: input in, output out, an exit code, and limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from actions.programs import sandbox
from actions.programs.definition import from_mapping
from actions.programs.exceptions import ProgramNotPermittedError
from actions.programs.result import ProgramResult, Reason
from actions.programs.running import run_program
from actions.programs.supervisor.system import descendants

from .conftest import Script

pytestmark = pytest.mark.once


def run(program: str, *argv: str, input: bytes | Path | None = None, **options: Any) -> ProgramResult:
    return run_program(from_mapping({"exec": program, "argv": list(argv), **options}), input=input)


def test_tr_makes_capitals_of_its_input() -> None:
    result = run("/usr/bin/tr", "a-z", "A-Z", input=b"hello")
    assert (result.output.data, result.exit_code, result.is_success) == (b"HELLO", 0, True)
    assert (result.input_size, result.explain()) == (5, "")
    assert set(result.usage) == {"user_seconds", "system_seconds", "memory"}


def test_a_compiler_takes_a_file_and_makes_one(script: Script) -> None:
    """As gcc does: ["-c", "${input_file}", "-o", "${output_file}"]."""
    compiler = script('[ "$1" = -c ] && [ "$3" = -o ] && sed s/source/object/ "$2" > "$4"; echo warning >&2')
    result = run(compiler, "-c", "${input_file}", "-o", "${output_file}", input=b"the source")
    assert result.output.data.strip() == b"the object"
    assert result.stderr.text == "warning\n"


def test_the_program_gets_its_folder_and_its_environment_and_nothing_of_the_workers(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    result = run("/usr/bin/env", cwd=str(work), environment={"ENVAR": "val", "WHERE": "${cwd}"})
    lines = result.output.text.splitlines()
    assert {"ENVAR=val", f"WHERE={work.resolve()}"} <= set(lines)
    names = {line.partition("=")[0] for line in lines}
    assert names == {"ENVAR", "WHERE", "PATH", "LANG", "HOME", "TMPDIR"}
    assert run("/bin/pwd", cwd=str(work)).output.text.strip() == str(work.resolve())


def test_a_program_without_a_folder_works_in_one_that_is_made_for_it() -> None:
    result = run("/bin/sh", "-c", "echo x > file && pwd")
    assert not Path(result.output.text.strip()).exists()


def test_no_shell_takes_the_arguments_apart() -> None:
    assert (
        run("/bin/echo", "$HOME; echo `id` > x", "*", "${unknown}").output.text == "$HOME; echo `id` > x * ${unknown}\n"
    )


def test_another_exit_code_is_no_success_and_says_what_the_program_said() -> None:
    result = run("/bin/sh", "-c", "echo no such thing >&2; exit 3")
    assert (result.exit_code, result.reason, result.is_success) == (3, Reason.EXITED, False)
    assert result.explain() == "The program ended with exit code 3. It said: no such thing"


def test_a_signal_is_said() -> None:
    result = run("/bin/sh", "-c", "kill -SEGV $$")
    assert (result.exit_code, result.signal) == (128 + signal.SIGSEGV, signal.SIGSEGV)
    assert "signal 11" in result.explain()


def test_a_program_that_never_ends_is_ended_in_time() -> None:
    result = run("/bin/sleep", "100", timeout=0.3)
    assert result.reason is Reason.TIMEOUT
    assert 0.3 <= result.duration < 5
    assert "too long" in result.explain()


def test_one_that_does_not_hear_is_killed(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"grace": 0.2}
    result = run("/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done", timeout=0.2)
    assert (result.reason, result.signal) == (Reason.TIMEOUT, signal.SIGKILL)


def test_no_definition_may_take_longer_than_the_setting(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"timeout": 0.2, "grace": 0.2}
    assert run("/bin/sleep", "100", timeout=1000).reason is Reason.TIMEOUT
    assert run("/bin/sleep", "100").reason is Reason.TIMEOUT


def test_what_the_program_has_started_ends_with_it_wherever_it_has_gone() -> None:
    """In its group, in a group of its own, and in a session whose parent is gone."""
    before = descendants()
    text = "sleep 300 & setsid sleep 301 & (setsid sh -c 'sleep 302 & exit' &) ; sleep 0.2; echo done"
    result = run("/bin/sh", "-c", text)
    assert result.output.text == "done\n"
    assert descendants() - before == set()


def test_whoever_waits_may_stop_it() -> None:
    asked = []
    result = run_program(
        from_mapping({"exec": "/bin/sleep", "argv": ["100"]}), should_stop=lambda: asked.append(1) or len(asked) > 1
    )
    assert (result.reason, result.exit_code) == (Reason.STOPPED, 128 + signal.SIGTERM)


def test_one_that_is_stopped_before_it_has_begun_is_stopped() -> None:
    result = run_program(from_mapping({"exec": "/bin/sleep", "argv": ["100"]}), should_stop=lambda: True)
    assert result.reason is Reason.STOPPED


def test_a_supervisor_that_is_killed_takes_its_program_along() -> None:
    before = descendants()

    def kill(event: dict[str, Any]) -> None:
        (supervisor,) = descendants() - before - {event["pid"]}
        os.kill(supervisor, signal.SIGKILL)

    result = run_program(from_mapping({"exec": "/bin/sleep", "argv": ["100"]}), on_event=kill)
    assert result.reason is Reason.LOST
    assert not result.is_success


# --- what is not text, not little, not wanted -------------------------------------------------------------------------


def test_bytes_stay_what_they_are() -> None:
    data = bytes(range(256)) * 10
    result = run("/bin/cat", input=data)
    assert result.output.data == data
    assert not result.output.is_text
    assert "\\x00" in result.output.text
    assert "\\xff" in result.output.text


def test_of_much_output_the_end_is_kept(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"output": 1000}
    result = run("/bin/sh", "-c", "seq 100000; seq 100000 >&2")
    assert (len(result.output.data), result.output.size) == (1000, 588895)
    assert result.output.data.endswith(b"99999\n100000\n")
    assert (len(result.stderr.data), result.stderr.size) == (1000, 588895)


def test_a_long_stream_without_a_newline_passes_in_little_memory(tmp_path: Path, permits: Any) -> None:
    size = 256 * 1024 * 1024
    permits.DJACTION_PROGRAM_LIMITS = {"output": "64KB"}
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(size)
    definition = from_mapping({"exec": "/bin/cat", "input_adapter": {"input_params": {"chunk_size": "1MB"}}})
    tracemalloc.start()
    result = run_program(definition, input=source, output=target)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (result.exit_code, result.output.size, target.stat().st_size, result.input_size) == (0, size, size, size)
    assert most < 8 * 1024 * 1024
    source.unlink()
    target.unlink()


def test_a_program_that_reads_nothing_needs_no_input_to_end() -> None:
    result = run("/bin/true", input=b"x" * 10_000_000)
    assert result.is_success
    assert result.input_size < 10_000_000


def test_a_program_without_input_finds_an_empty_one() -> None:
    assert run("/bin/cat").output.data == b""


# --- limits -----------------------------------------------------------------------------------------------------------


def test_cpu_time_is_limited(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"cpu": 1}
    result = run("/bin/sh", "-c", "while :; do :; done")
    assert result.reason is Reason.CPU
    assert "CPU time" in result.explain()


def test_the_size_of_files_is_limited(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"file_size": "10KB"}
    result = run("/bin/dd", "if=/dev/zero", "of=big", "bs=1024", "count=100")
    assert result.reason is Reason.FILE_SIZE


def test_memory_and_open_files_are_limited(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"memory": "200MB", "open_files": 20}
    result = run("/bin/sh", "-c", "ulimit -v; ulimit -n; ulimit -c")
    assert result.output.text.split() == ["204800", "20", "0"]


def test_a_program_gains_no_rights() -> None:
    assert "NoNewPrivs:\t1" in run("/bin/cat", "/proc/self/status").output.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_program_runs_as_the_user_that_the_setting_names(permits: Any, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and len(folder.parts) > 2:
            folder.chmod(0o711)
    (tmp_path / "temporary").chmod(0o777)
    permits.DJACTION_PROGRAM_USER = "nobody"
    result = run("/bin/sh", "-c", "id -un; cat ${input_file}; echo x > ${output_file}", input=b"secret")
    assert result.stdout.text == "nobody\nsecret"
    assert result.output.text == "x\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="the worker is not root")
def test_a_worker_that_is_root_runs_nothing_before_somebody_has_said_as_whom(permits: Any) -> None:
    permits.DJACTION_PROGRAM_USER = ""
    with pytest.raises(ProgramNotPermittedError, match="DJACTION_PROGRAM_USER"):
        run("/bin/true")


def test_a_user_that_does_not_exist_runs_nothing(permits: Any) -> None:
    permits.DJACTION_PROGRAM_USER = "no-such-user"
    with pytest.raises(ProgramNotPermittedError, match="no-such-user"):
        run("/bin/true")


def test_the_network_is_off_where_the_system_can(permits: Any) -> None:
    result = run("/bin/cat", "/proc/net/dev")
    devices = [line.split(":")[0].strip() for line in result.output.text.splitlines()[2:]]
    if result.network == "on":
        pytest.skip("this system gives no network of its own")
    assert devices == ["lo"]
    permits.DJACTION_PROGRAM_NETWORK = True
    assert run("/bin/true").network == "on"


def test_a_sandbox_that_is_asked_for_and_not_there_is_a_reason_to_run_nothing(
    permits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    permits.DJACTION_PROGRAM_SANDBOX = "bubblewrap"
    with pytest.raises(ProgramNotPermittedError, match="bubblewrap"):
        run("/bin/true")
    permits.DJACTION_PROGRAM_SANDBOX = "auto"
    assert run("/bin/true").is_success


def test_a_bubblewrap_that_does_not_work_here_is_as_good_as_none(permits: Any, script: Script, caplog: Any) -> None:
    broken = script("echo no namespaces for you >&2; exit 1", "bwrap")
    assert not sandbox._works(broken, None)
    assert not sandbox._works("/no/such/bwrap", None)
    assert "no namespaces for you" in caplog.text


# --- permits ----------------------------------------------------------------------------------------------------------


def test_nothing_is_run_by_default(permits: Any) -> None:
    del permits.DJACTION_PROGRAMS
    with pytest.raises(ProgramNotPermittedError, match="DJACTION_PROGRAMS"):
        run("/bin/true")


def test_no_link_and_no_way_back_leads_to_what_is_not_permitted(permits: Any, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "link").symlink_to("/bin/true")
    permits.DJACTION_PROGRAMS = [str(tmp_path / "scripts")]
    for name in ("/bin/true", f"{tmp_path}/scripts/link", f"{tmp_path}/scripts/../../../../bin/true"):
        with pytest.raises(ProgramNotPermittedError, match="No setting permits"):
            run(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tr", "no full path"),
        ("/usr/bin/no-such-program", "no executable"),
        ("/usr/bin", "no executable"),
        ("/bin/../etc/passwd", "No setting permits"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_reason(name: str, text: str) -> None:
    with pytest.raises(ProgramNotPermittedError, match=text):
        run(name)


def test_a_file_that_is_no_program_is_refused(script: Script) -> None:
    path = Path(script("true"))
    path.chmod(0o644)
    with pytest.raises(ProgramNotPermittedError, match="may not be executed"):
        run(str(path))


def test_a_program_that_the_system_cannot_start_is_a_result_with_a_reason(script: Script) -> None:
    path = Path(script(""))
    path.write_bytes(b"\x7fELF nonsense")
    result = run(str(path))
    assert (result.reason, result.exit_code) == (Reason.NOT_STARTED, None)
    assert "could not be started" in result.explain()


def test_a_search_path_leads_nowhere_but_to_what_is_permitted(script: Script, work: Path) -> None:
    """A permitted script would run what it finds there."""
    script("echo found", "helper")
    caller = script("helper", "caller")
    scripts = Path(caller).parent
    assert run(caller, environment={"PATH": f"{scripts}:/usr/bin"}).output.text == "found\n"
    for path in (str(work), f"/usr/bin:{work}", "", "/usr/bin:", "bin", f"{scripts}/../work"):
        with pytest.raises(ProgramNotPermittedError, match="in PATH"):
            run(caller, environment={"PATH": path})


def test_links_in_a_circle_are_refused(work: Path, tmp_path: Path) -> None:
    (work / "circle").symlink_to("circle")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "circle").symlink_to("circle")
    with pytest.raises(ProgramNotPermittedError, match="no folder"):
        run("/bin/true", cwd=f"{work}/circle")
    with pytest.raises(ProgramNotPermittedError, match="no executable"):
        run(f"{tmp_path}/scripts/circle")
    adapter = {"input_type": "file", "input_params": {"file": f"{work}/circle"}}
    assert run("/bin/true", input_adapter=adapter).reason is Reason.ADAPTER


def test_a_folder_to_work_in_has_to_be_permitted(work: Path) -> None:
    refused = {"/": "No setting", f"{work}/../..": "leads out", "work": "no full path", f"{work}/x": "no folder"}
    for name, text in refused.items():
        with pytest.raises(ProgramNotPermittedError, match=text):
            run("/bin/pwd", cwd=name)


# --- the worker's death -----------------------------------------------------------------------------------------------

WORKER = """
import sys
from django.conf import settings
settings.configure(
    DJACTION_PROGRAMS=["/bin", "/usr/bin"], DJACTION_PROGRAM_SANDBOX=sys.argv[1], DJACTION_PROGRAM_USER=sys.argv[2],
    DJACTION_PROGRAM_LIMITS={"grace": 0.5}, USE_I18N=False,
)
from actions.programs.definition import from_mapping
from actions.programs.running import run_program
text = f"trap '' TERM; sleep {sys.argv[3]} & setsid sleep {sys.argv[3]} & echo $$; while :; do sleep 0.1; done"
definition = from_mapping({
    "exec": "/bin/sh", "argv": ["-c", text], "input_adapter": {"input_type": "pipe"},
})
run_program(definition, on_event=lambda event: print(event["pid"], flush=True))
"""


def _sleeping(seconds: str) -> int:
    """How many sleep for exactly so long: when their worker is gone they are nobody's descendants here."""
    command = ["/usr/bin/pgrep", "-fcx", f"sleep {seconds}"]
    return int(subprocess.run(command, capture_output=True, check=False, text=True).stdout)


@pytest.mark.parametrize("sandbox", ["none", "auto"])
def test_a_worker_that_is_killed_leaves_nothing_behind(sandbox: str, permits: Any, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    # No other test's, which may run at the same time.
    seconds = f"310.{uuid4().int}"
    command = [sys.executable, "-c", WORKER, sandbox, permits.DJACTION_PROGRAM_USER, seconds]
    deadline = time.monotonic() + 10
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as worker:
        try:
            assert worker.stdout is not None
            worker.stdout.readline()
            while _sleeping(seconds) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert list((tmp_path / "temporary").glob("*/run/input"))
        finally:
            worker.kill()
    while _sleeping(seconds) or list((tmp_path / "temporary").iterdir()):
        assert time.monotonic() < deadline, "something is left"
        time.sleep(0.02)


def test_many_run_at_once_in_threads() -> None:
    results: list[ProgramResult] = []
    threads = [
        threading.Thread(target=lambda: results.append(run("/usr/bin/tr", "a", "b", input=b"a" * 100_000)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.output.data for result in results] == [b"b" * 100_000] * 8
