"""What training did besides, in the words and on the page of a report."""

from __future__ import annotations

import re

import pytest

from kdvert.reporting.besides import besides
from kdvert.reporting.inputs import Inputs
from kdvert.store import read_json, write_json


@pytest.fixture
def told(folders):
    """Return what is said of the finished run, with some rows changed."""

    def said(**changes):
        path = folders["evaluate"] / "summary.json"
        summary = read_json(path)
        for row in summary["besides"]["rows"]:
            row |= changes.get(f"{row['mode']}_{row['metric']}", {})
        write_json(path, summary)
        return besides(Inputs(folders))

    return said


def sentence(found, start):
    return next(text for text in found.sentences if text.startswith(start))


def test_each_measure_is_said_with_its_interval(told):
    found = told()
    assert "0.43" in sentence(found, "General ability fell clearly")
    assert "interval +0.210 to +0.660" in sentence(found, "General ability fell clearly")
    assert "on 56 questions" in sentence(found, "General ability shows no clear change by choice accuracy")
    back = sentence(found, "The student clearly gives back more of its training answers")
    assert "given the first 4 tokens, it writes the next 10 in 50.0 % of 32, the base in 6.2 %" in back
    assert "2 of 8 canaries are told" in sentence(found, "2 of 8")
    assert "canaries have 6.2 bits of exposure, 1.4 in the base" in sentence(found, "The student clearly remembers")
    assert found.missing == {"training passages": "the student was trained on no passage itself"}
    assert (found.canaries, found.phases) == (8, ["sft"])


def test_an_exposure_that_chance_may_give_is_no_memory(told):
    found = told()
    rows = {row.measure.mode: row.measure.outcome for row in found.rows if row.measure.metric == "exposure"}
    assert rows == {"canaries_seen_3_times": "unclear", "canaries_seen_12_times": "worse", "canaries": "worse"}
    assert any("clearly remembers single rows" in text for text in found.clear)
    calm = told(
        canaries_exposure={"chance": 0.4}, canaries_seen_12_times_exposure={"chance": 0.4},
        other_fields_answer_nll={"low": -0.1},
    )  # fmt: skip
    assert calm.clear == []
    assert sentence(calm, "No clear memory of single rows")


def test_where_interval_and_chance_disagree_memory_is_not_ruled_out(told, page):
    found = told(
        canaries_exposure={"low": -0.9, "chance": 0.0007}, canaries_seen_12_times_exposure={"low": None, "high": None}
    )
    assert sentence(found, "Memory of single rows cannot be ruled out")
    assert not any("No clear memory" in text for text in found.sentences)
    assert "too few for an interval" in page()


def test_the_summary_tells_of_a_clear_loss_and_the_page_shows_every_figure(page, collect):
    report = collect()
    assert "General ability fell clearly" in report.summary
    assert "clearly remembers single rows" in report.summary
    assert "gives back more" not in report.summary, "answers were to be learned"
    text = re.sub(r"\s+", " ", page())
    part = text[text.index('id="besides"') : text.index('id="funnel"')]
    assert part.count('role="rowheader"') == 7
    for piece in ("canaries seen 12 times".capitalize(), "+0.210 to +0.660", "33.6 to 66.4 %", "distill.canaries.count: 0",
                  "8 made-up secrets", "Not measured: training passages", "3 training answers", "by chance as high in 9.0 %"):  # fmt: skip
        assert piece in part


def test_an_evaluation_of_an_older_version_has_no_such_part(folders, page):
    path = folders["evaluate"] / "summary.json"
    write_json(path, {name: value for name, value in read_json(path).items() if name != "besides"})
    assert besides(Inputs(folders)) is None
    assert 'id="besides"' not in page()
