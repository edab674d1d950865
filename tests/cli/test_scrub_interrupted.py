"""``kdvert scrub`` stopped, out of space, or reading what changes under it: nothing half done, and a plain word."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LETTER = "Mr. John Marsden (SSN 219-09-9999) lives at 418 Larkspur Lane, Fairhollow, OH 43999. "


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "kdvert", "scrub", *map(str, arguments)]


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start it as the leader of a group, with the signals of a terminal's foreground process."""
    return subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Enough rows to be stopped in the middle of."""
    path = tmp_path / "rows.jsonl"
    text = LETTER + "Hands are washed with soap and water when they are visibly soiled. " * 12
    path.write_text("".join(json.dumps({"n": n, "text": f"{n}. {text}"}) + "\n" for n in range(600)))
    return path


def wait_for_output(process: subprocess.Popen[str], out: Path) -> None:
    findings = out / ".partial" / "findings.jsonl"
    while process.poll() is None and not (findings.is_file() and findings.stat().st_size):
        time.sleep(0.02)
    assert process.poll() is None, "it was done before it could be stopped"


def alive(group: int) -> list[str]:
    """Return the processes of a group that still run; one that nobody has asked for its end does not."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, _, in_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                found += [entry.name] if int(in_group) == group and state != "Z" else []
    return found


@pytest.mark.parametrize(
    ("sent", "workers"),
    [
        (signal.SIGINT, 2),
        (signal.SIGTERM, 1),
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow),
    ],
)
def test_stopped_in_the_middle_it_leaves_nothing(
    rows: Path, tmp_path: Path, sent: signal.Signals, workers: int
) -> None:
    out = tmp_path / "deep" / "out"
    process = start(rows, "--vertical", "medicine", "--out", out, "--set", f"workers={workers}")
    wait_for_output(process, out)
    os.killpg(process.pid, sent)
    said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted" in said[1]
    assert "Traceback" not in "".join(said)
    assert not (tmp_path / "deep").exists()
    until = time.monotonic() + 20
    while alive(process.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert alive(process.pid) == []


def test_stopped_while_it_starts_its_processes(rows: Path, tmp_path: Path) -> None:
    with rows.open("a") as stream:  # enough text for two
        stream.write(rows.read_text())
    process = start(rows, "--vertical", "medicine", "--out", tmp_path / "out", "--set", "workers=2")
    while process.poll() is None and not (tmp_path / "out" / ".partial").exists():
        time.sleep(0.01)
    time.sleep(0.7)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in "".join(said)
    assert not (tmp_path / "out").exists()


def test_what_a_kill_left_does_not_stand_in_the_way(rows: Path, tmp_path: Path) -> None:
    out, small = tmp_path / "out", tmp_path / "small.txt"
    process = start(rows, "--vertical", "medicine", "--out", out, "--set", "workers=1")
    wait_for_output(process, out)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert [p.name for p in out.iterdir()] == [".partial"]
    small.write_text(LETTER)
    assert subprocess.run(command(small, "--vertical", "medicine", "--out", out)).returncode == 0
    assert sorted(p.name for p in out.iterdir()) == ["findings.jsonl", "small.txt", "summary.json"]


def test_a_full_disk_is_said_and_nothing_is_left(rows: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the end of the disk: the system refuses to write on."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    out = tmp_path / "out"
    done = subprocess.run(
        command(rows, "--vertical", "medicine", "--out", out, "--set", "workers=1"),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": "Wash your hands. " * 100}) + "\n" for _ in range(200)))
    process = start(path, "--vertical", "medicine")
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=100) == 1
    assert "stopped reading" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
