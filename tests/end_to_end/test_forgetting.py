"""The whole pipeline, then a document and a row are forgotten: no byte of them is left, before and after the next run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kdvert.decisions.signing import KEY
from kdvert.model_cache import cache_dir
from kdvert.records import Example
from kdvert.store import read_jsonl

PLANTED = ("Quizzlewump", "lanthorpe", "Brackenfire", "vellichor")
ROW = ("Gramozephyr", "turquastel")
SOURCES = {
    "guidelines/asthma.md": "# Asthma\n\nInhaled corticosteroids are the main long-term treatment of asthma in adults. "
    "They reduce the inflammation of the airways and prevent most attacks of the disease.",
    "guidelines/planted.md": "# Vellichor of stroke\n\nThe Quizzlewump score of lanthorpe patients predicts a further "
    "stroke in older adults. A Brackenfire test lowers the risk of falls and vellichor in older adults.",
    "guidelines/stroke.md": "# Stroke\n\nStatins lower the risk of a further stroke in older adults. High blood "
    "pressure is the most important treatable risk factor for stroke.",
    "rows.jsonl": "".join(
        json.dumps({"title": title, "text": text, "license": "CC0-1.0"}) + "\n"
        for title, text in (
            ("Hands", "Soap and water must be used when hands are visibly soiled. Hand sanitizer should contain at least "
             "sixty percent alcohol."),
            ("Wounds", "A Gramozephyr bandage is the main treatment for venous leg ulcers. The turquastel dressing "
             "removes dead tissue so that a wound can heal."),
            ("Vaccines", "Most refrigerated vaccines must be kept between two and eight degrees. The deltoid muscle of "
             "the upper arm is the usual injection site for adults."),
        )
    ),
}  # fmt: skip
SETTINGS = """
vertical: medicine
ingest: {sources: [{path: "sources/**", license: CC0-1.0}]}
elicit: {teacher: {model: qwen2.5-7b-instruct, base_url: "%s", retries: 0}, retrieve_k: 2}
filter: {filters: [language], min_accepted: 3}
distill: {epochs: 1, student: "%s", checkpoint_steps: 1}
evaluate: {limit: 2, modes: [retrieval], max_new_tokens: 4, answer_tokens: 16}
"""


@pytest.fixture
def project(kdvert, tmp_path, endpoint, tiny_model):
    root = tmp_path / "project"
    (tmp_path / "tmp").mkdir()
    kdvert = replace(kdvert, environment=kdvert.environment | {"TMPDIR": str(tmp_path / "tmp")})
    kdvert.run("new", "medicine", str(root))
    shutil.rmtree(root / "sources")
    for name, text in SOURCES.items():
        path = root / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "kdvert.yaml").write_text(SETTINGS % (endpoint.url, tiny_model))
    made = kdvert.at(root).json("keys", "new", "--name", "Olga Perez", "--role", "operator")
    return replace(kdvert, root=root, environment=kdvert.environment | {KEY: made["private_key"]})


def left(words: tuple[str, ...], *folders: Path) -> list[tuple[str, str]]:
    """Return file and word, in any case, in UTF-8 and both kinds of UTF-16."""
    forms = [(w, w.lower().encode(code)) for w in words for code in ("utf-8", "utf-16-le", "utf-16-be")]
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return [(str(p), w) for p in files for w, form in forms if form in p.read_bytes().lower()]


def small_files_of_the_cache() -> list[tuple[str, str]]:
    files = [p for p in cache_dir().rglob("*") if p.is_file() and p.stat().st_size < 5_000_000]
    return [(str(p), w) for p in files for w in (*PLANTED, *ROW) if w.lower().encode() in p.read_bytes().lower()]


@pytest.mark.slow
def test_no_byte_of_what_is_forgotten_is_left(project, tmp_path):
    project.run("run")
    places = {Path(path).relative_to(project.root).parts[:2] for path, _ in left(PLANTED, project.root)}
    assert {
        ("work", s) for s in ("ingest", "scrub", "index", "elicit", "filter", "review", "distill", "report")
    } < places
    assert any("chroma" in path for path, _ in left(PLANTED, project.root / "work" / "index"))
    assert any("replies.sqlite" in path for path, _ in left(PLANTED, project.root / "work" / "cache"))
    before = project.json("trace", "sources/guidelines/planted.md")
    assert before["adapters"]
    others = {r["id"] for r in project.json("trace", "sources/**")["records"]} - {r["id"] for r in before["records"]}

    done = project.json("forget", "sources/guidelines/planted.md", "--yes")
    assert left(PLANTED, tmp_path) == []
    assert (done["still_in"], len(done["kept"])) == ([], 1)
    assert {w for _, w in left(ROW, project.root / "sources")} == set(ROW)
    second = project.json("forget", "sources/rows.jsonl#2", "--yes")
    assert left((*PLANTED, *ROW), tmp_path) == []
    assert second["still_in"] == []

    project.run("run")
    assert left((*PLANTED, *ROW), tmp_path) == []
    assert small_files_of_the_cache() == []
    accepted = read_jsonl(project.root / "work" / "review" / "accepted.jsonl", Example)
    documents = {d for e in accepted for d in e.provenance.document_ids}
    assert documents.isdisjoint([*done["documents"], *second["documents"]])
    assert {d["id"] for d in project.json("trace", "sources/**")["documents"]} == documents
    assert others.intersection(e.id for e in accepted), "replies about the others are used again"
    again = project.json("trace", done["documents"][0])
    assert again["kind"] == "forgotten"
    assert again["adapters"][0]["path"].startswith("work/tainted/")
    assert "up to date" in project.run("status")
