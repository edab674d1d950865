"""Docs are tested like code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kdvert.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_reference_matches_the_code():
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_setting_has_a_meaning():
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", (ROOT / "docs/reference/settings.md").read_text(), re.M)
    assert len(rows) > 30
    assert [key for key, meaning in rows if not meaning.strip()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_inside_the_tree_hold(page):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_in_the_text_exist(page):
    code = re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.S)
    named = {name for text in code for name in re.findall(r"(?:^|`)kdvert ([a-z]+)\b", text, re.M)}
    assert named <= set(COMMANDS)


def test_the_readme_opens_with_the_two_commands_and_the_makefile_has_its_targets():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```[a-z]*\n(.*?)```", readme, re.S)
    assert first is not None
    assert re.findall(r"make \w+", first.group(1)) == ["make demo", "make test"]
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make (\w+)", listed, re.M) == ["setup", "demo", "test", "check", "bench", "docs", "wheel"]
