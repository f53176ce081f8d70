"""`manage.py run_demo`: one command, all of it ended by one signal."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.once


@contextmanager
def demo(environ, port):
    """The running command; one that a test leaves behind is ended."""
    command = [sys.executable, "manage.py", "run_demo", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def printed(process):
    """What it prints until it is ready."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


def post(user, password, url, method="POST"):
    """What curl does with the printed line: the status of the answer."""
    credentials = b64encode(f"{user}:{password}".encode()).decode()
    request = Request(url, method=method, headers={"Authorization": f"Basic {credentials}"})
    try:
        with urlopen(request, timeout=30) as response:
            return response.status
    except HTTPError as error:
        return error.code


def seen(url):
    """The status of a printed page for the printed user."""
    return post("demo", "demo", url, "GET")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_printed_calls_work_and_ctrl_c_ends_everything(environ, port):
    with demo(environ, port) as process:
        guide = printed(process)
        calls = re.findall(r'curl -u (\w+):(\w+) -X POST "?(\S+?)"?\n', guide)
        statuses = [post(*call) for call in calls]
        pages = {page: seen(page) for page in re.findall(r"^  \w.*? (http\S+)$", guide, re.MULTILINE)}
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert statuses == [200, 200]
    # To a browser's GET, the door of AI tools only says that it wants POST.
    assert {page.partition(str(port))[2]: status for page, status in pages.items() if status != 200} == {"/mcp/": 405}
    assert len(pages) >= 8
    assert process.returncode == 0
    assert not listens(port)


def test_what_asks_it_to_end_ends_everything_too(environ, port):
    with demo(environ, port) as process:
        printed(process)
        assert listens(port)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert process.returncode == 0
    assert not listens(port)


def test_a_port_that_is_taken_is_said_so(environ):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with demo(environ, port) as process:
            output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {port} is not free" in output
