"""A cited case is public; the caption of the document's own case is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdvert.privacy.citations import cited, without_cited
from kdvert.privacy.scrubber import Scrubber
from kdvert.privacy.spans import Hit


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("This rule comes from Orvane v. Tallwick, 512 U.S. 114 (1994).", "Orvane v. Tallwick, 512 U.S. 114 (1994)"),
        ("The steps were established in Orvane v. Tallwick Power Co. Tallwick Power paid.", "Orvane v. Tallwick Power Co."),
        ("Counsel relied on Ramdev Singh v. State of Avadh, AIR 1971 SC 446.", "Ramdev Singh v. State of Avadh, AIR 1971 SC 446"),
        ("In the Orvane v. Tallwick decision the court held", "Orvane v. Tallwick"),
        ("the appeal in Ossby v Lund [2004] UKHL 17 failed", "Ossby v Lund [2004] UKHL 17"),
    ],
)  # fmt: skip
def test_a_cited_case_is_found_with_its_report(text: str, case: str) -> None:
    assert [text[start:end].strip(" .,") for start, end in cited(text)] == [case.strip(".")]


@pytest.mark.parametrize(
    "text",
    [
        "MARTA ORVANE v. TALLWICK POWER CO.\nNo. 3:21-cv-00417",
        "In Orvane v. Tallwick, No. 3:21-cv-00417, plaintiff moves to compel.",
        "Marta Orvane\nv.\nLeo Tallwick\n\nJudgment of the court",
        "The vs. button compares two files.",
    ],
)
def test_a_caption_is_no_citation(text: str) -> None:
    assert cited(text) == []


def test_what_reaches_out_of_a_citation_is_left() -> None:
    text = "Marta Brandmere in Orvane v. Tallwick, 512 U.S. 114 (1994)"
    hits = [Hit("PERSON", 0, text.index(" v."), 0.9), Hit("US_SSN", 19, 25, 0.9)]
    assert [text[h.start : h.end].strip() for h in without_cited(text, hits)] == ["Marta Brandmere in", "Orvane"]


def test_law_keeps_the_citation_and_loses_the_party(make_scrubber: Callable[..., Scrubber]) -> None:
    text = "Plaintiff Odalys Brandmere relies on Orvane v. Tallwick, 512 U.S. 114 (1994)."
    done = make_scrubber("law").scrub("brief", text).text
    assert "Orvane v. Tallwick, 512 U.S. 114" in done
    assert "Brandmere" not in done
