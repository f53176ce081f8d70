"""The calls that the registry's first document shows, with curl, against the example's server and its worker."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions.process_registry.stored import CHECK_SECONDS

from .test_run_demo import demo, printed

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

PRINTED = """\
{
  "meta": {
    "limit": 20,
    "next": null,
    "offset": 0,
    "previous": null,
    "total_count": 2
  },
  "objects": [
    {
      "definition": {
        "exec": "/path/to/executable"
      },
      "id": 1,
      "resource_uri": "/api/process_definition/1/"
    },
    {
      "definition": {
        "exec": "/path/to/executable"
      },
      "id": 2,
      "resource_uri": "/api/process_definition/2/"
    }
  ]
}"""
"""As the document prints it."""
PLAIN = '{"definition": {"exec": "/path/to/executable"}}'
JSON = ("-H", "Content-Type: application/json")
YAML = ("-H", "Content-Type: application/yaml")
PROCESS = """\
name: Greeting
tasks:
  - {{task: io.say_hello, args: {{message: Hello {name}}}, register: said}}
result: state.said
"""
PATIENCE_SECONDS = 60


class Curl:
    """Calls with the printed user's name and password."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, path: str, *options: str, user: str = "demo:demo") -> str:
        command = ["curl", "--silent", "--show-error", "-u", user, *options, f"{self.url}{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS).stdout

    def program(self, run: dict[str, Any]) -> dict[str, Any]:
        """What has become of a run of a program, and what the program wrote."""
        path = f"/api/program_run/{run['id']}/"
        return {**self._ended(path), **json.loads(self(f"{path}output/"))}

    def result_of(self, process_id: str) -> Any:
        """What a process answers that the worker carries out."""
        run = json.loads(self(f"/processes/{process_id}/", *JSON, "-d", "{}", "-H", "Prefer: respond-async"))
        assert run["status"] == "pending"
        return self._ended(f"/runs/{run['id']}/")["result"]

    def _ended(self, path: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := json.loads(self(path)))["status"] in ("pending", "running"):
            assert time.monotonic() < deadline, f"it does not end: {found}"
            time.sleep(0.2)
        return dict(found)


@pytest.fixture
def curl(environ: dict[str, str], port: int) -> Iterator[Curl]:
    """The example, as `make run` begins it."""
    with demo(environ, port) as process:
        printed(process)
        yield Curl(f"http://127.0.0.1:{port}")


def test_the_calls_of_the_document_give_what_it_prints(curl: Curl, tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text("the quick brown fox\n" * 1000)

    # The example's own two programs, over a real file.
    run = json.loads(curl("/api/process_definition/1/run/", *JSON, "-d", json.dumps({"input": source.read_text()})))
    assert curl.program(run)["output"] == source.read_text().upper()
    program = base64.b64encode(b"int main(void) { return 0; }\n").decode()
    run = json.loads(curl("/api/process_definition/2/run/", *JSON, "-d", json.dumps({"input_base64": program})))
    compiled = curl.program(run)
    if Path("/usr/bin/cc").exists():
        assert base64.b64decode(compiled["output_base64"]).startswith(b"\x7fELF"), compiled
    else:
        assert compiled["status"] == "failed"

    # The document's calls.
    for number in (1, 2):
        assert curl(f"/api/process_definition/{number}/", *JSON, "-X", "PUT", "--data", PLAIN) == ""
    assert curl("/api/process_definition/") == PRINTED
    answer = curl("/api/process_definition/", "--dump-header", "-", *JSON, "-X", "POST", "--data", PLAIN)
    status, *lines = answer.rstrip().splitlines()
    headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in lines)}
    assert status.split()[1:] == ["201", "Created"]
    assert headers["location"] == f"{curl.url}/api/process_definition/3/"
    assert "Accept" in headers["vary"].split(", ")
    code = ("--output", "/dev/null", "--write-out", "%{http_code} %{content_type}")
    assert curl("/api/process_definition/3", *code) == "200 application/json"
    assert curl("/api/process_definition/3", *code, "-X", "DELETE").startswith("204")
    assert curl("/api/process_definition/3/", *code, "-X", "DELETE").startswith("404")
    assert curl("/api/process_definition/", *code, user="demo:wrong") == "401 application/problem+json"

    # A process that is stored now is carried out by a worker that began before, in the version that it has now.
    curl("/api/process_definition/", *YAML, "--data-binary", PROCESS.format(name="Ada"))
    assert curl.result_of("greeting") == {"result": "Hello Ada"}
    curl("/api/process_definition/4/", *YAML, "-X", "PUT", "--data-binary", PROCESS.format(name="Grace"))
    time.sleep(CHECK_SECONDS)
    assert curl.result_of("greeting") == {"result": "Hello Grace"}
