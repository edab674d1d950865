"""The conformance suite: good packages pass, and each way of breaking one is told in the right row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kdvert import verticals
from kdvert.conformance import suite

ROOT = Path(__file__).parents[2]
PACKAGES = [*sorted(ROOT.glob("verticals/*/kdvert_*")), ROOT / "tests" / "sample_vertical" / "kdvert_agronomy"]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda p: p.name)
def test_the_verticals_of_this_tree_pass(path):
    results = suite.run(verticals.at(path))
    assert [r.name for r in results] == list(suite.ROWS)
    assert {r.name: r.problems for r in results if r.problems} == {}
    assert all(r.detail for r in results)


def test_an_untouched_copy_passes_from_its_folder(problems):
    assert problems() == {}


BROKEN = [
    # file, old, new, row, what the problem says
    (
        "vertical.yaml",
        "id: agronomy",
        "id: farming",
        "manifest",
        "package is named kdvert_agronomy; name it kdvert_farming",
    ),
    ("vertical.yaml", "title:", "titel:", "manifest", "unknown key 'titel'. Did you mean: title?"),
    ("vertical.yaml", "defaults: {}", "defaults: {distil: {}}", "manifest", "no stage 'distil'"),
    ("vertical.yaml", "skills: [grounded_qa]", "skills: [poetry]", "manifest", "skill 'poetry' has no template"),
    ("__init__.py", '"""', 'import os\n"""', "inert", "holds code (line 1)"),
    ("recognizers.yaml", 'find: "NL-4471-0093"', 'find: "NL-4471"', "recognizers", "instead of 'NL-4471'"),
    (
        "recognizers.yaml",
        '"Each parcel number must be',
        '"Parcel ID: NL-4471-0093',
        "recognizers",
        "wrongly finds 'NL-4471-0093'",
    ),
    ("recognizers.yaml", "regex: '", "regex: '(?!)", "recognizers", "finds nothing instead of"),
    ("recognizers.yaml", "regex: '", "regex: '(", "recognizers", "is not a regular expression"),
    ("recognizers.yaml", "score: 0.85", "score: 2", "recognizers", "less than or equal to 1"),
    ("recognizers.yaml", "regex: '", "regex: '(?!)", "recall", "finds 0 of 4 matches (0.00), below its floor 1.00"),
    ("privacy.yaml", "FARM_PARCEL_ID: 1.0", "FARM_PARCEL: 1.0", "recall", "no recognizer of the package finds"),
    ("privacy.yaml", "FARM_PARCEL_ID: 1.0", "FARM_PARCEL: 1.0", "recall", "recall_floor has no FARM_PARCEL_ID"),
    ("privacy.yaml", "[gdpr]", "[gpdr]", "privacy", "Unknown privacy regime 'gpdr'. Did you mean: gdpr"),
    ("privacy.yaml", "FARM_PARCEL_ID: replace", "FARM_PARCEL_ID: hide", "privacy", "hide"),
    ("privacy.yaml", "FARM_PARCEL_ID: replace", "NO_SUCH_TYPE: replace", "privacy", "NO_SUCH_TYPE"),
    ("privacy.yaml", "FARM_PARCEL_ID: replace", "FARM_PARCEL_ID: keep", "privacy", "the policy does nothing to it"),
    ("privacy.yaml", "FARM_PARCEL_ID: replace", "EMAIL_ADDRESS: keep", "privacy", "is looser than"),
    ("sources.yaml", "license: CC-BY-4.0", "license: CC-BY-44", "sources", "Unknown license 'CC-BY-44'"),
    ("sources.yaml", "url: https://", "url: ", "sources", "is no web address"),
    (
        "eval/questions.jsonl",
        '"magnesium", "sulfur"',
        '"iron", "sulfur"',
        "eval",
        "'magnesium' is not among the choices",
    ),
    ("eval/questions.jsonl", '"sulfur"', '"zinc"', "eval", "two choices are the same"),
    (
        "eval/questions.jsonl",
        "agronomy-002",
        "agronomy-001",
        "eval",
        "'agronomy-001' stands at eval/questions.jsonl, line 1",
    ),
    ("eval/questions.jsonl", "soil-testing.md", "soil-test.md", "eval", "Did you mean: soil-testing.md"),
    ("eval/questions.jsonl", "CC0-1.0", "free", "eval", "Unknown license 'free'"),
    ("eval/questions.jsonl", '"license": "CC0-1.0", ', "", "eval", "line 1: license: Field required"),
    ("eval/questions.jsonl", "{", "{{", "eval", "line 1: the row: Invalid JSON"),
    ("vertical.yaml", "eval: [questions.jsonl]", "eval: [question.jsonl]", "eval", "Did you mean: questions.jsonl"),
    (
        "vertical.yaml",
        "checks: [rate_in_evidence]",
        "checks: [rates_in_evidence]",
        "checks",
        "Did you mean: rate_in_evidence",
    ),
    ("checks.py", "return None", 'return "always"', "checks", "rejects the answer of agronomy-001 as 'always'"),
    (
        "checks.py",
        "    supported =",
        "    return None if answer else 1\n    supported =",
        "checks",
        "returns 1; return None, or",
    ),
    (
        "checks.py",
        "    supported =",
        '    return None if answer else "No!"\n    supported =',
        "checks",
        "returns 'No!'",
    ),
    ("checks.py", "import re", "import re\nraise RuntimeError('boom')", "checks", "RuntimeError: boom"),
    ("checks.py", "import re", "raise SystemExit('bye')", "checks", "SystemExit: bye"),
    ("checks.py", "import re", "import no_such_package", "checks", "No module named 'no_such_package'"),
    (
        "checks.py",
        "    supported =",
        "    1 / 0\n    supported =",
        "checks",
        "rate_in_evidence raises ZeroDivisionError",
    ),
    ("checks.py", "import re", "def (", "checks", "SyntaxError"),
    ("templates/student/system.j2", "You answer", "{{ ''.__class__.__mro__ }}", "templates", "refused by the sandbox"),
    ("templates/student/system.j2", "You answer", "{{ nothing }}", "templates", "'nothing' is undefined"),
    ("templates/student/system.j2", "{% endblock %}", "", "templates", "student/system.j2"),
    ("templates/student/system.j2", "shared/student", "shared/students", "templates", "no template 'shared/students"),
]


@pytest.mark.parametrize(("name", "old", "new", "row", "says"), BROKEN, ids=[f"{b[3]}-{b[4]}" for b in BROKEN])
def test_a_broken_package_fails_in_its_row_and_says_why(edit, problems, name, old, new, row, says):
    edit(name, old, new)
    found = problems()
    assert row in found, found
    assert any(says in problem for problem in found[row]), found[row]
    assert all("\n" not in problem for rows in found.values() for problem in rows)


def test_a_template_that_nothing_would_use(package, problems):
    path = package / "templates" / "student" / "sistem.j2"
    path.write_text("x")
    (problem,) = problems()["templates"]
    assert "templates/student/sistem.j2" in problem
    assert "Did you mean: student/system.j2" in problem


def test_a_template_of_the_scaffold_cannot_be_overridden(package, problems):
    path = package / "templates" / "vertical" / "README.md.j2"
    path.parent.mkdir()
    path.write_text("x")
    assert "no template of this path" in problems()["templates"][0]


def test_an_empty_document_and_none_at_all(package, problems):
    (package / "corpus" / "empty.md").write_text(" \n")
    assert problems() == {"corpus": ["corpus/empty.md is empty; write it or remove it."]}
    for path in (package / "corpus").iterdir():
        path.unlink()
    assert "holds no document" in problems()["corpus"][0]


FILES = ["vertical.yaml", "privacy.yaml", "recognizers.yaml", "sources.yaml", "checks.py", "__init__.py"]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(package, problems, name):
    (package / name).unlink()
    assert any(name.removesuffix(".py") in problem for rows in problems().values() for problem in rows)


@pytest.mark.parametrize("text", ["", "[]", "id: [", "\x00", "id: 1\n"])
def test_a_manifest_that_is_none_fails_every_row_that_needs_it(package, problems, text):
    (package / "vertical.yaml").write_text(text)
    assert {"manifest", "eval", "checks"} <= set(problems())


def test_a_check_that_is_told_apart_from_the_installed_copy(edit, problems):
    edit("checks.py", "def rate_in_evidence", "def rate_in_evidence2")
    assert "Did you mean: rate_in_evidence2" in problems()["checks"][0]
    assert not any(name.startswith("_kdvert_vertical_under_test") for name in sys.modules)


def test_a_check_may_import_its_neighbors(package, edit, problems):
    (package / "units.py").write_text("HECTARE = 10_000\n")
    edit("checks.py", "import re", "import re\n\nfrom .units import HECTARE")
    assert problems() == {}


def test_only_the_row_of_checks_runs_code_of_the_package(package, tmp_path):
    """In a process of its own: no row before ``checks`` leaves a module of the package or a mark on the disk."""
    for name in ("__init__.py", "checks.py"):
        path = package / name
        path.write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\n" + path.read_text())
    script = (
        "import sys; from pathlib import Path; from kdvert import verticals; from kdvert.conformance import suite\n"
        f"v = verticals.at(Path({str(package)!r}))\n"
        "for name, row in suite.ROWS.items():\n"
        "    if name != 'checks': row(v)\n"
        "assert 'kdvert_agronomy' not in sys.modules\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, cwd=tmp_path)
    assert not (tmp_path / "ran").exists()
