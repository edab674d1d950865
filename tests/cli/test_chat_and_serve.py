"""``kdvert chat`` and ``kdvert serve`` as programs, on a finished project with a tiny student."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from kdvert.cli.main import cli
from kdvert.lineage.adapters import Taint, mark
from kdvert.serving.token import FILE, VARIABLE

QUESTION = "What is the main long-term treatment of asthma?"
FOREIGN = "How are quarterly dividends of a listed company taxed?"


@pytest.fixture
def project(finished_student: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished_student, tmp_path / "project")
    return tmp_path / "project"


def chat(root: Path, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["chat", *arguments, "--max-tokens", "6", "--project", str(root)], input=typed)


def test_one_question_for_machines(project: Path) -> None:
    result = chat(project, QUESTION, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["model"] == "ward-assistant"
    assert found["tokens"] == 6
    assert found["citations"][0]["source"].startswith("sources/")
    assert found["abstained"] is False


def test_a_talk_cites_remembers_and_ends(project: Path) -> None:
    result = chat(project, typed=f"{QUESTION}\n\n{FOREIGN}\n/new\n{'word ' * 3000}\n{QUESTION}\n/quit\nnever\n")
    assert result.exit_code == 0, result.output
    assert "[1] " in result.output
    assert "sources/" in result.output
    assert "(CC-BY-4.0)" in result.output
    assert result.output.count("This is general health information") == 2
    assert "I found nothing about this" in result.output
    assert "A new talk." in result.output
    assert "tokens" in result.output  # the question that is too long ends nothing


def test_the_threshold_can_be_set(project: Path) -> None:
    never = json.loads(chat(project, FOREIGN, "--json", "--least", "0").stdout)
    always = json.loads(chat(project, QUESTION, "--json", "--least", "1").stdout)
    assert never["abstained"] is False
    assert always["abstained"] is True
    assert always["similarity"] > 0.35


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (lambda root: shutil.rmtree(root / "work/distill"), 1, "the stage distill has not run"),
        (lambda root: (root / "work/lock.json").unlink(), 1, "has not run"),
        (lambda root: (root / "work/index/chunks.jsonl").write_text(""), 1, "work/index/chunks.jsonl is not what"),
        (lambda root: (root / "work/distill/adapter.json").write_text("{}"), 1, "adapter.json is not what"),
    ],
)
def test_a_project_that_is_not_whole_is_refused(project: Path, damage: Any, code: int, said: str) -> None:
    damage(project)
    result = chat(project, QUESTION, "--json")
    assert result.exit_code == code, result.output
    assert said in json.loads(result.stdout)["error"]


def test_a_student_of_a_forgotten_source_is_not_asked(project: Path) -> None:
    mark(project / "work/distill/adapter", Taint(
        at="2026-11-25T00:00:00+00:00", documents=["sources/asthma.md"], train=1, validation=0, base=None,
        data_sha256=None, weights_sha256="0" * 64, job="1",
    ))  # fmt: skip
    result = chat(project, QUESTION, "--json")
    assert result.exit_code in (1, 3), result.output


def test_what_makes_no_sense_is_refused(project: Path) -> None:
    assert chat(project, "  ").exit_code == 2
    assert chat(project, "--json").exit_code == 2
    assert chat(project, QUESTION, "--least", "2").exit_code == 2


@pytest.fixture
def served(project: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
    running = subprocess.Popen(
        [sys.executable, "-m", "kdvert", "serve", "--port", "0", "--max-tokens", "6", "--project", str(project)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    first = running.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/v1", first)
    if not found:
        running.kill()
        pytest.fail(first + (running.stderr.read() if running.stderr else ""))
    running.stdout.readline()  # where the token is
    yield found.group(), running
    running.kill()
    running.wait()


def test_serve_makes_a_token_that_only_its_owner_reads(
    project: Path, served: tuple[str, subprocess.Popen[str]]
) -> None:
    url, running = served
    path = project / "work" / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = path.read_text(encoding="ascii").strip()
    body = {"model": "ward-assistant", "messages": [{"role": "user", "content": QUESTION}]}
    with httpx.Client(base_url=url, timeout=120, transport=httpx.HTTPTransport(retries=10)) as client:
        assert client.post("chat/completions", json=body).status_code == 401
        found = client.post("chat/completions", json=body, headers={"Authorization": f"Bearer {token}"})
    assert found.json()["citations"]
    assert token not in json.dumps(found.json())
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=60) in (0, -signal.SIGTERM)
    assert running.stderr is not None
    assert "Traceback" not in running.stderr.read()


def test_a_token_is_kept_renewed_and_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kdvert.errors import UserError
    from kdvert.serving.token import serve_token

    monkeypatch.delenv(VARIABLE, raising=False)
    first, path = serve_token(tmp_path)
    assert path is not None
    path.chmod(0o644)
    assert serve_token(tmp_path)[0] == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert serve_token(tmp_path, fresh=True)[0] != first
    path.write_text("", encoding="ascii")
    assert len(serve_token(tmp_path)[0]) > 30
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(UserError, match="at least 16"):
        serve_token(tmp_path)
    monkeypatch.setenv(VARIABLE, "long enough but with spaces")
    with pytest.raises(UserError, match="without spaces"):
        serve_token(tmp_path)
    monkeypatch.setenv(VARIABLE, "x" * 20)
    assert serve_token(tmp_path) == ("x" * 20, None)


def test_a_port_that_is_taken_is_said_before_the_model_loads(project: Path) -> None:
    from kdvert.serving import server

    sock = server.listen(server.LOCAL, 0)
    port = sock.getsockname()[1]
    result = CliRunner().invoke(cli, ["serve", "--port", str(port), "--project", str(project), "--json"])
    sock.close()
    assert result.exit_code == 2, result.output
    found = json.loads(result.stdout)
    assert str(port) in found["error"]
    assert "--port 0" in found["hint"]


def test_only_this_machine_reaches_it_by_default() -> None:
    from kdvert.serving import server

    assert server.is_local(server.LOCAL)
    assert server.is_local("::1")
    assert not server.is_local("0.0.0.0")
    assert not server.is_local("example.org")
