from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kdvert.content import shared_templates
from kdvert.errors import UserError, WorkFailed
from kdvert.records import Document, Example, Verdict
from kdvert.reporting import html
from kdvert.reporting.facts import Report
from kdvert.store import read_json, read_jsonl, write_json, write_jsonl

Page = Callable[..., str]
Collect = Callable[..., Report]
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Outline(HTMLParser):
    """Tags, attributes and nesting of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


def test_page_is_closed_and_well_formed(page: Page) -> None:
    text = page()
    outline = Outline(text)
    assert html.openings(text) == []
    assert outline.crossed == []
    assert outline.open == []
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    targets = {attrs["href"] for tag, attrs in outline.tags if tag == "a"}
    assert {f"#{name}" for name in ids} >= targets
    assert not re.search(r"https?://(?!www\.w3\.org/)", re.sub(r"<pre>.*?</pre>", "", text, flags=re.S))


def test_page_is_accessible(page: Page) -> None:
    text = page()
    tags = Outline(text).tags
    assert text.count("<table") == text.count("<caption>")
    pictures = [attrs for tag, attrs in tags if attrs.get("role") == "img"]
    assert len(pictures) == 6
    assert all(attrs["aria-label"] for attrs in pictures)
    assert sum(tag == "h1" for tag, _ in tags) == 1
    assert '<html lang="en">' in text


def test_json_holds_the_numbers_of_the_files(page: Page, folders: dict[str, Path], tmp_path: Path) -> None:
    text = page()
    facts = read_json(tmp_path / "report/report.json")
    accepted = read_jsonl(folders["review"] / "accepted.jsonl", Example)
    steps = {step["name"]: step["count"] for step in facts["funnel"]["steps"]}
    assert steps["accepted"] == len(accepted) == sum(row["records"] for row in facts["licensing"]["rows"])
    assert steps["documents"] == sum(row["documents"] for row in facts["licensing"]["rows"])
    rejected = sum(loss["count"] for loss in facts["funnel"]["losses"] if loss["stage"] == "filter")
    assert steps["written"] == steps["accepted"] + rejected
    assert facts["privacy"]["findings"] == sum(row["count"] for row in facts["privacy"]["rows"])
    tokens = facts["teacher"]["input_tokens"] + facts["teacher"]["output_tokens"]
    assert facts["teacher"]["tokens_per_accepted"] == pytest.approx(tokens / len(accepted), abs=0.1)
    assert f"{steps['accepted']}" in text
    assert "2026-05-17, 09:30 UTC" in text


def test_what_reviewers_keep_out_is_a_loss_with_its_meaning(page: Page, folders: dict[str, Path]) -> None:
    first, second, *rest = read_jsonl(folders["review"] / "accepted.jsonl", Example)
    refused = [
        e.model_copy(update={"verdicts": [*e.verdicts, Verdict(check="review", passed=False, reason=reason)]})
        for e, reason in ((first, "reviewer_harmful"), (second, "review_conflict"))
    ]
    write_jsonl(folders["review"] / "accepted.jsonl", rest)
    write_jsonl(folders["review"] / "rejected.jsonl", refused)
    text = page()
    facts = read_json(folders["review"].parents[1] / "report/report.json")
    steps = {step["name"]: step["count"] for step in facts["funnel"]["steps"]}
    assert (steps["passed"], steps["accepted"]) == (len(rest) + 2, len(rest))
    rows = [row for row in facts["funnel"]["losses"] if row["stage"] == "review"]
    assert {row["code"] for row in rows} == {"reviewer_harmful", "review_conflict"}
    assert all(row["count"] == 1 and row["meaning"] in text for row in rows)
    assert "work/review/rejected.jsonl" in text


def test_same_run_gives_the_same_bytes(page: Page) -> None:
    assert page() == page()


def test_date_is_that_of_the_evaluation(collect: Collect, folders: dict[str, Path]) -> None:
    first = collect(now=None)
    assert first == collect(now=None)
    assert first.about.date.endswith("+00:00")


def test_planted_markup_is_text(page: Page, folders: dict[str, Path]) -> None:
    bad = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    accepted = read_jsonl(folders["review"] / "accepted.jsonl", Example)
    planted = [
        e.model_copy(update={"messages": [m.model_copy(update={"content": bad + m.content}) for m in e.messages]})
        for e in accepted
    ]
    write_jsonl(folders["review"] / "accepted.jsonl", planted)
    rows = [json.loads(line) for line in (folders["index"] / "chunks.jsonl").read_text().splitlines()]
    write_jsonl(folders["index"] / "chunks.jsonl", [row | {"title": bad} for row in rows])
    summary = read_json(folders["evaluate"] / "summary.json")
    summary["rows"][0]["metric"] = bad
    write_json(folders["evaluate"] / "summary.json", summary)
    text = page(title=bad)
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") > 10


def test_raw_text_is_never_shown(page: Page, folders: dict[str, Path], tmp_path: Path) -> None:
    raw = "Ottoline Quennell"
    documents = read_jsonl(folders["ingest"] / "documents.jsonl", Document)
    changed = [
        d.model_copy(update={"text": raw + d.text, "source": d.source.model_copy(update={"title": raw})})
        for d in documents
    ]
    write_jsonl(folders["ingest"] / "documents.jsonl", changed)
    assert raw not in page()
    assert raw not in (tmp_path / "report/report.json").read_text(encoding="utf-8")


def test_records_rejected_for_privacy_are_withheld(collect: Collect) -> None:
    shown = {sample.reasons[0].code: sample for sample in collect(sample_count=6).rejected}
    assert len(shown) == 6
    hidden = shown["personal_data"]
    assert (hidden.withheld, hidden.question, hidden.answer, hidden.passage) == (True, "", "", [])
    assert not shown["near_duplicate"].withheld


def test_own_question_files_are_named(page: Page) -> None:
    assert "<dd>questions/ours.jsonl</dd>" in page(configuration={"evaluate": {"files": ["questions/ours.jsonl"]}})


def test_few_questions_are_admitted(page: Page, folders: dict[str, Path]) -> None:
    assert "One measure rests on 29 questions" in page()
    summary = read_json(folders["evaluate"] / "summary.json")
    write_json(folders["evaluate"] / "summary.json", summary | {"rows": [row | {"n": 60} for row in summary["rows"]]})
    assert "One measure rests on" not in page()


def test_unknown_reason_code_is_shown_as_it_is(page: Page) -> None:
    assert "<td><code>dose_has_unit</code></td>" in page()


def test_samples_come_from_different_documents_with_marked_evidence(collect: Collect) -> None:
    samples = collect().samples
    assert len({sample.document_id for sample in samples}) == len(samples) == 5
    for sample in samples:
        marked = [run.text for run in sample.passage if run.marked]
        assert marked == [sample.answer]
        assert sample.intact


def test_secrets_are_not_shown(page: Page, tmp_path: Path) -> None:
    secret = "sk-proj-0123456789abcdefghij"
    teacher = {"model": "openai:m", "base_url": f"https://user:{secret}@host/v1?api_key={secret}", "api_key": secret}
    text = page(configuration={"elicit": {"teacher": teacher}, "headers": {"Authorization": f"Bearer {secret}"}})
    assert secret not in text
    assert secret not in (tmp_path / "report/report.json").read_text(encoding="utf-8")
    assert "(hidden)" in text


def test_blocked_license_is_said(collect: Collect) -> None:
    licensing = collect().licensing
    verdicts = {row.license: row.verdict for row in licensing.rows}
    assert verdicts == {"CC0-1.0": "allow", "CC-BY-4.0": "allow-with-duties", "LicenseRef-unheard-of": "block"}
    assert licensing.verdict == "block"
    assert any("CC-BY-4.0" in duty.subjects for duty in licensing.duties)


@pytest.mark.parametrize(
    ("stage", "name"),
    [("evaluate", "summary.json"), ("scrub", "logs.jsonl"), ("distill", "adapter.json"), ("filter", "rejected.jsonl")],
)
def test_missing_file_is_named(collect: Collect, folders: dict[str, Path], stage: str, name: str) -> None:
    (folders[stage] / name).unlink()
    with pytest.raises(WorkFailed, match=f"'{stage}' has no {name}.*\n.*--from {stage}"):
        collect()


def test_missing_stage_is_named(collect: Collect, folders: dict[str, Path]) -> None:
    del folders["elicit"]
    with pytest.raises(WorkFailed, match="'elicit', which has not run"):
        collect()


def test_damaged_summary_is_named(collect: Collect, folders: dict[str, Path]) -> None:
    (folders["elicit"] / "summary.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(WorkFailed, match=r"summary\.json holds no JSON object"):
        collect()


def test_run_that_gave_nothing_still_has_a_report(page: Page, folders: dict[str, Path]) -> None:
    records = (("filter", "accepted"), ("filter", "rejected"), ("review", "accepted"), ("review", "rejected"))
    for stage, name in (*records, ("elicit", "examples"), ("elicit", "failures")):
        write_jsonl(folders[stage] / f"{name}.jsonl", [])
    for name in ("train", "validation", "history"):
        write_jsonl(folders["distill"] / f"{name}.jsonl", [])
    for stage, name in (("ingest", "skipped"), ("distill", "left_out")):
        write_jsonl(folders[stage] / f"{name}.jsonl", [])
    write_json(folders["elicit"] / "summary.json", {})
    write_json(folders["evaluate"] / "summary.json", {"rows": [], "items": 0})
    text = page()
    assert "Base and student could not be compared." in text
    assert "Nothing was left out." in text
    assert "no record was accepted" in text
    assert "The training left no history to draw." in text


def test_project_may_override_one_block(page: Page, tmp_path: Path) -> None:
    _override(
        tmp_path, '{% extends "shared/report/report.html.j2" %}{% block limits %}<p>Our own words.</p>{% endblock %}'
    )
    text = page(project_templates=tmp_path / "own")
    assert "<p>Our own words.</p>" in text
    assert "What this report does not show" not in text
    assert "Before and after" in text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("<p>{{ report }}</p>", "content policy is missing"),
        ('{% extends "shared/report/report.html.j2" %}{% block limits %}<script>1</script>{% endblock %}', "<script>"),
        ("{{ ''.__class__.__mro__ }}", "refused by the sandbox"),
        ("{{ repotr.about }}", "'repotr' is undefined"),
        ("{% block %}", "report.html.j2"),
    ],
)
def test_bad_override_is_refused(page: Page, tmp_path: Path, template: str, message: str) -> None:
    _override(tmp_path, template)
    with pytest.raises(UserError, match=re.escape(message)):
        page(project_templates=tmp_path / "own")


def test_colors_have_enough_contrast() -> None:
    style = (shared_templates() / "report/style.css.j2").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.S)[:2]
    for block in blocks:
        color = {name: _luminance(value) for name, value in re.findall(r"--([\w-]+): (#\w{6})", block)}
        for text in ("ink", "muted", "accent", "bad"):
            for ground in ("page", "raised", "tint"):
                assert _contrast(color[text], color[ground]) >= 4.5, (text, ground)
        assert _contrast(color["mark-ink"], color["mark"]) >= 4.5
        assert _contrast(color["second"], color["page"]) >= 3


def _override(root: Path, template: str) -> None:
    (root / "own/report").mkdir(parents=True)
    (root / "own/report/report.html.j2").write_text(template, encoding="utf-8")


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
