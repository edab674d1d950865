"""The shape of the tree: sizes, names, and that what is tracked is what ships."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = sorted((ROOT / "kdvert").rglob("*.py"))
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line for line in listed.splitlines() if (ROOT / line).is_file()}


needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="compares with git, and this is no checkout")


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_file_and_function_sizes_and_names(path):
    text = path.read_text(encoding="utf-8")
    assert path.stem not in FORBIDDEN
    assert text.count("\n") <= 400, "which concept is missing?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is too long"


def test_no_python_lies_among_the_templates_and_facts():
    """Hatchling's editable install fails on it, and templates are data."""
    assert not [*(ROOT / "templates").rglob("*.py"), *(ROOT / "compliance").rglob("*.py")]


@needs_git
@pytest.mark.slow
def test_the_engines_wheel_holds_what_git_tracks(tmp_path):
    names = build(ROOT, tmp_path)
    expected = tracked("kdvert") | {f"kdvert/_content/{n}" for n in tracked("templates") | tracked("compliance")}
    assert {n for n in names if ".dist-info/" not in n} == expected


@needs_git
@pytest.mark.parametrize("folder", sorted(p.name for p in (ROOT / "verticals").iterdir() if p.is_dir()))
@pytest.mark.slow
def test_a_verticals_wheel_holds_what_git_tracks(folder, tmp_path):
    names = build(ROOT / "verticals" / folder, tmp_path)
    prefix = f"verticals/{folder}/"
    expected = {n.removeprefix(prefix) for n in tracked(prefix)} - {"pyproject.toml", "README.md"}
    assert {n for n in names if ".dist-info/" not in n} == expected


@needs_git
def test_gitignore_hides_no_content():
    """An unanchored pattern such as ``corpus/`` would silently drop data from wheels."""
    folders = ["kdvert", "verticals", "templates", "compliance"]
    ignored = subprocess.run(
        ["git", "status", "--porcelain", "--ignored", "--untracked-files=all", *folders],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    hidden = [line[3:] for line in ignored if line.startswith("!!")]
    assert [h for h in hidden if "__pycache__" not in h and ".egg-info" not in h] == []


def build(source: Path, target: Path) -> set[str]:
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(next(target.glob("*.whl"))) as wheel:
        return set(wheel.namelist())
