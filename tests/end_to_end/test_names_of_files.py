"""Names of people in file names, folders, row ids and titles stay in the folder of raw documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from kdvert.records import Document, Example
from kdvert.store import read_jsonl

PLANTED = ("Quennell", "quennell", "Ottoline", "ottoline", "48213377", "Thorncastle")
SOURCES = {
    "Discharge Ottoline Quennell 1984.txt": "Inhaled corticosteroids are the main long-term treatment of asthma in adults. "
    "They reduce the inflammation of the airways and prevent most attacks of the disease.",
    "ward Thorncastle/oquennell.md": "# Plan of Ottoline Quennell\n\nMrs. Ottoline Quennell, MRN 48213377, "
    "was seen. Statins lower the risk of a further stroke in older adults. High blood pressure is the most important treatable risk factor for stroke.",
    "rows.jsonl": "".join(
        json.dumps({"id": name, "title": f"Note on Ottoline Quennell, {place}", "text": text, "license": "CC0-1.0"}) + "\n"
        for name, place, text in (
            ("ottoline.quennell@example.org", "hands", "Soap and water must be used when hands are visibly soiled. "
             "Hand sanitizer should contain at least sixty percent alcohol."),
            ("MRN-48213377", "wounds", "Compression therapy is the main treatment for venous leg ulcers. Debridement "
             "removes dead tissue so that a wound can heal."),
        )
    ),
    "Quennell.xlsx": "x",
    "guidelines/vaccines.md": "# Vaccines\n\nMost refrigerated vaccines must be kept between two and eight degrees. "
    "The deltoid muscle of the upper arm is the usual injection site for adults.",
}  # fmt: skip
SETTINGS = """
vertical: medicine
ingest:
  on_broken: skip
  sources: [{path: "sources/*Quennell*", license: CC0-1.0}, {path: "sources/**", license: CC0-1.0}]
elicit: {teacher: {model: qwen2.5-7b-instruct, base_url: "%s", retries: 0}, retrieve_k: 2}
filter: {filters: [language], min_accepted: 3}
"""


@pytest.fixture
def project(kdvert, tmp_path, endpoint):
    """A project whose files are named after a patient and a ward's doctor."""
    root = tmp_path / "project"
    kdvert.run("new", "medicine", str(root))
    for sample in (root / "sources").iterdir():
        sample.unlink()
    for name, text in SOURCES.items():
        path = root / "sources" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "kdvert.yaml").write_text(SETTINGS % endpoint.url)
    return kdvert.at(root)


def everything_said(project, *arguments: str) -> str:
    done = subprocess.run(
        project.command(*arguments), cwd=project.root, env=project.environment, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def told(text: str) -> list[str]:
    return [raw for raw in PLANTED if raw in text]


def leaks(work: Path) -> list[tuple[str, str]]:
    """Return planted values in names and bytes of all that lies outside the raw documents."""
    found = [(path, raw) for path in work.rglob("*") for raw in PLANTED if raw in path.relative_to(work).as_posix()]
    files = [p for p in work.rglob("*") if p.is_file() and p.relative_to(work).parts[0] != "ingest"]
    found += [(path, raw) for path in files for raw in PLANTED if raw.encode() in path.read_bytes()]
    return [(str(path), raw) for path, raw in found]


def test_no_name_of_a_file_leaves_the_ingest_folder(project, endpoint, tiny_model):
    small = ("distill.epochs=1", "evaluate.limit=2", f"distill.student={tiny_model}")
    options = [part for s in small for part in ("--set", s)]
    assert not told(everything_said(project, "run", *options))
    work = project.root / "work"
    assert leaks(work) == []
    assert not told("\n".join(str(body) for body in endpoint.bodies))
    assert "Inhaled corticosteroids" in str(endpoint.bodies)
    assert (work / "report" / "report.html").is_file()

    originals = [json.loads(line) for line in (work / "ingest" / "originals.jsonl").read_text().splitlines()]
    place = {o["id"]: (o["uri"], o.get("row")) for o in originals}
    documents = {d.id: d for d in read_jsonl(work / "scrub" / "documents.jsonl", Document)}
    assert {place[name] for name in documents} == {
        ("sources/Discharge Ottoline Quennell 1984.txt", None),
        ("sources/ward Thorncastle/oquennell.md", None),
        ("sources/rows.jsonl", "ottoline.quennell@example.org"),
        ("sources/rows.jsonl", "MRN-48213377"),
        ("sources/guidelines/vaccines.md", None),
    }
    for example in read_jsonl(work / "review" / "accepted.jsonl", Example):
        for name, license_ in zip(example.provenance.document_ids, example.provenance.licenses, strict=True):
            assert documents[name].source.license == license_ == "CC0-1.0"
            assert documents[name].source.title
    report = (work / "report" / "report.html").read_text()
    assert "sources/guidelines/vaccines.md" in {d.source.uri for d in documents.values()}
    assert any(f"{name}</dd>" in report for name in documents)

    assert "Nothing to do" in everything_said(project, "run", *options)
    (project.root / "sources" / "Discharge Ottoline Quennell 1984.txt").write_text("Asthma is a disease of the lungs.")
    (project.root / "sources" / "Another Quennell.txt").write_text("Falls are the leading cause of injury.")
    for arguments in (("run", "--dry-run"), ("status",), ("run", "--until", "scrub")):
        said = everything_said(project, *arguments, *options)
        assert "a document changed" in said or arguments[0] == "status"
        assert not told(said)
    assert leaks(work) == []
    again = {d.id for d in read_jsonl(work / "scrub" / "documents.jsonl", Document)}
    assert set(documents) < again


def test_errors_tell_no_names_either(project):
    rules = project.root / "kdvert.yaml"
    rules.write_text(rules.read_text().replace("skip", "stop"))
    done = [
        subprocess.run(
            project.command("run"), cwd=project.root, env=project.environment, capture_output=True, text=True
        )
    ]
    rules.write_text("vertical: medicine\ningest: {sources: [{path: 'sources/ward*/*', license: CC0-1.0}]}\n")
    done += [
        subprocess.run(
            project.command("run"), cwd=project.root, env=project.environment, capture_output=True, text=True
        )
    ]
    assert [d.returncode for d in done] == [2, 3]
    for one in done:
        assert "originals.jsonl" in one.stderr
        assert not told(one.stdout + one.stderr)
    logs = "".join(path.read_text() for path in (project.root / "work" / "logs").iterdir())
    assert "doc-00" in logs
    assert not told(logs)
