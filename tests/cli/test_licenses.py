"""``kdvert check``, ``kdvert license`` and ``kdvert teacher``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from kdvert.cli.main import cli


def invoke(*arguments: str, code: int = 0) -> str:
    """Run a command and return what it printed; what is for people stands in stderr when ``--json`` is given."""
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == code, result.output + str(result.exception)
    return result.stdout if "--json" in arguments else result.output


def answer(*arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command with ``--json`` and return the object it printed."""
    found: dict[str, Any] = json.loads(invoke(*arguments, "--json", code=code))
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the medicine vertical as the scaffold makes it."""
    root = tmp_path / "p"
    invoke("new", "medicine", str(root))
    return root


def test_a_chain_is_judged_without_a_project() -> None:
    found = answer("check", "--source", "CC-BY-4.0", "--teacher", "ollama:llama3.1:8b", "--use", "hosted")
    assert found["verdict"] == "allow-with-duties"
    assert [link["kind"] for link in found["links"]] == ["source", "teacher", "student", "use"]
    assert {"name-sources", "llama-name"} <= {duty["id"] for duty in found["duties"]}


def test_a_block_ends_with_3_and_gives_the_whole_chain() -> None:
    found = answer("check", "--source", "CC0-1.0", "--source", "CC-BY-NC-4.0", code=3)
    assert "CC-BY-NC-4.0" in found["error"]
    codes = {link["subject"]: link["code"] for link in found["details"]["links"]}
    assert codes["CC0-1.0"] == "source.granted"
    assert codes["CC-BY-NC-4.0"] == "source.non-commercial"


def test_a_conflict_alone_blocks() -> None:
    arguments = ("check", "--source", "CC-BY-SA-4.0", "--use", "distributed", "--student-license")
    found = answer(*arguments, "LicenseRef-Proprietary", code=3)
    assert found["details"]["conflicts"][0]["code"] == "share-alike-against-license"
    assert answer(*arguments, "CC-BY-SA-4.0")["verdict"] == "ask-counsel"


def test_the_day_decides_about_terms_of_vendors() -> None:
    chain = ("check", "--source", "CC0-1.0", "--teacher", "mistralai:mistral-large-latest", "--as-of")
    assert answer(*chain, "2026-12-01")["verdict"] == "allow-with-duties"
    assert answer(*chain, "2028-01-01")["verdict"] == "ask-counsel"


def test_the_field_of_a_project_is_its_vertical(project: Path) -> None:
    chain = ("check", "--project", str(project), "--set", "elicit.teacher.model=google_genai:gemini-2.5-pro")
    assert "medical advice" in answer(*chain, code=3)["error"]
    assert answer(*chain, "--field", "law")["verdict"] == "ask-counsel"


def test_options_of_the_use_change_it_for_one_check(project: Path) -> None:
    before = (project / "kdvert.yaml").read_text(encoding="utf-8")
    found = answer("check", "--project", str(project), "--use", "distributed", "--name", "a: b", "--eu")
    assert found["use"]["distribution"] == "distributed"
    assert found["use"]["name"] == "a: b"
    assert found["use"]["eu"] is True
    assert (project / "kdvert.yaml").read_text(encoding="utf-8") == before


def test_the_use_is_read_from_the_project(project: Path) -> None:
    path = project / "kdvert.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["use"] = {"distribution": "hosted", "monthly_users": 800_000_000, "commercial": True}
    settings["elicit"] = {"teacher": {"model": "hf:meta-llama/Llama-3.1-8B-Instruct"}}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert "700 million" in answer("check", "--project", str(project), code=3)["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("check", "--teacher", "openai:gpt-4o"), 2, "goes with --source"),
        (("check", "--source", "CC0-1.0", "--use", "sold"), 2, "'sold' is not one of"),
        (("check", "--source", "CC0-1.0", "--as-of", "tomorrow"), 2, "does not match the format"),
        (("check", "--source", "CC0-1.0", "--monthly-users", "-1"), 2, "not in the range"),
        (("check", "--source", ""), 3, "The license is empty"),
        (("check", "--source", "CC-BY-9"), 3, "CC-BY-4.0"),
        (("check", "--source", "CC0-1.0", "--teacher", "nobody:x"), 3, "nobody:x"),
        (("check", "--project", "/nonexistent"), 2, "No kdvert.yaml"),
        (("license", "show", "CC-BY-9"), 2, "license list"),
        (("license", "explain"), 2, "Missing argument"),
        (("teacher", "show", "nobody:x"), 3, "Unknown means block"),
        (("teacher", "show", "qwen2.5-7b", "--base-url", "https://llm.example.com"), 3, "llm.example.com"),
    ],
)
def test_wrong_input_is_told(arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in invoke(*arguments, code=code)


def test_a_license_is_shown_with_where_and_when_it_was_read() -> None:
    shown = invoke("license", "show", "llama3.1")
    for text in ("Llama 3.1 Community License", "read", "2026-11-24", "confidence", "never", "built-with-llama"):
        assert text in shown
    roles = [belief["as"] for belief in answer("license", "show", "Apache-2.0")["beliefs"]]
    assert [role.partition(":")[0] for role in roles] == ["source text", "teacher", "student"]


def test_a_teacher_is_shown_by_its_route() -> None:
    vendor = answer("teacher", "show", "openai:gpt-4o")
    assert [belief["id"] for belief in vendor["beliefs"]] == ["route:openai"]
    assert vendor["beliefs"][0]["terms"]["expires"] == "2027-02-22"
    assert answer("teacher", "show", "openai:gpt-4o", "--as-of", "2028-01-01")["beliefs"][0]["expired"] is True
    own = answer("teacher", "show", "qwen2.5-7b-instruct", "--base-url", "http://localhost:8000")
    assert [belief["id"] for belief in own["beliefs"]] == ["Apache-2.0"]


def test_licenses_are_explained_together() -> None:
    found = answer("license", "explain", "CC-BY-SA-4.0", "ODbL-1.0", "--use", "distributed")
    assert [(row["use"]["commercial"], row["verdict"]) for row in found["uses"]] == [
        (True, "ask-counsel"),
        (False, "ask-counsel"),
    ]
    assert {row["code"] for row in found["uses"][0]["conflicts"]} == {"two-share-alikes"}
    assert "together" in invoke("license", "explain", "CC-BY-4.0", "llama3.1")


def test_every_license_is_listed() -> None:
    rows = answer("license", "list")["licenses"]
    verdicts = {(row["id"], row["as"].partition(":")[0]): row["distributed"] for row in rows}
    assert verdicts["CC0-1.0", "source text"] == "allow"
    assert verdicts["CC-BY-NC-4.0", "source text"] == "block"
    assert verdicts["LicenseRef-Llama-2", "teacher"] == "block"
