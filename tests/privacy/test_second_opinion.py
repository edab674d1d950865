"""Which sentences spaCy is asked about, and which it never sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from kdvert.privacy import second_opinion
from kdvert.privacy.scrubber import Scrubber
from kdvert.privacy.spans import Hit
from kdvert.privacy.steps import alone

PLAIN = "The dose is taken with water every morning, and nobody in the ward has asked why so far. "
DOUBTFUL = "The report was written by Odalys Brandmere after the meeting in the ward. "


def answered_tags(*arguments: object) -> list[second_opinion.Tag]:
    """Return what `second_opinion.tags` gives with the model's answers."""
    return alone(second_opinion.tags(*arguments))  # type: ignore[arg-type]


class Counting:
    """The real model, with a list of what it was given."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.asked: list[str] = []

    def pipe(self, texts: Iterable[str]) -> Iterator[Any]:
        texts = list(texts)
        self.asked += texts
        yield from self.model.pipe(texts)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting(second_opinion.model())
    monkeypatch.setattr(second_opinion, "model", lambda: counting)
    return counting


def span(text: str, value: str) -> tuple[int, int]:
    return text.index(value), text.index(value) + len(value)


def test_only_the_doubtful_sentence_is_asked_about(counted: Counting) -> None:
    text = PLAIN + DOUBTFUL + PLAIN
    tags = answered_tags(text, [], [], {})
    assert counted.asked == [DOUBTFUL]
    assert [text[start:end] for _, start, end in tags] == ["Odalys Brandmere"]


@pytest.mark.parametrize(
    "sentence",
    [
        PLAIN,
        "On Monday the fourth of May the patients in Ohio were told of the new dose by letter.",
        "They'll come, and We've seen that Don't is a word with a capital in this line here.",
        "Both Insulin and Aspirin were taken in turn. Hypertension was not treated, as was said.",
    ],
)
def test_ordinary_words_and_states_need_no_second_opinion(counted: Counting, sentence: str) -> None:
    assert answered_tags(sentence, [], [], {}) == []
    assert counted.asked == []


@pytest.mark.parametrize(
    "sentence",
    [
        DOUBTFUL,
        "Everybody there knew that the Spanish team had been the first to try the new dose.",
        "For many years the family had lived near Heath, and then they went away from there.",
        "In the end it was Thorncastle who had the idea of asking all of them about the dose.",
    ],
)
def test_an_unknown_word_or_a_nation_is_doubtful(counted: Counting, sentence: str) -> None:
    answered_tags(sentence, [], [], {})
    assert counted.asked == [sentence]


def test_what_something_else_has_found_is_no_doubt(counted: Counting) -> None:
    assert answered_tags(DOUBTFUL, [span(DOUBTFUL, "Odalys Brandmere")], [], {}) == []
    assert counted.asked == []
    answered_tags(DOUBTFUL, [span(DOUBTFUL, "Odalys")], [], {})
    assert counted.asked == [DOUBTFUL]


def test_a_sentence_is_asked_about_once(counted: Counting) -> None:
    seen: dict[str, list[Hit]] = {}
    first = answered_tags(DOUBTFUL * 3, [], [], seen)
    moved = answered_tags(PLAIN + DOUBTFUL, [], [], seen)
    assert counted.asked == [DOUBTFUL]
    assert len(first) == 3 * len(moved) > 0
    assert {(PLAIN + DOUBTFUL)[start:end] for _, start, end in moved} == {DOUBTFUL[s:e] for _, s, e in first[:1]}


def test_a_sentence_that_scrubbing_wrote_into_is_not_asked_about(counted: Counting) -> None:
    text = DOUBTFUL + DOUBTFUL.replace("ward", "[CITY_1]")
    tags = answered_tags(text, [], [span(text, "[CITY_1]")], {})
    assert counted.asked == [DOUBTFUL]
    assert {start < len(DOUBTFUL) for _, start, _ in tags} == {True}


def test_scrubbing_asks_about_no_placeholder(counted: Counting, scrubber: Scrubber) -> None:
    text = (
        "The visit of Odalys Brandmere (MRN 48213907) was long, and the notes were given to Quellbrook by hand. "
        + PLAIN
        + "In the end it was Thorncastle who had the idea of asking all of them about the Spanish dose. "
    )
    once = scrubber.scrub("d", text)
    assert "Brandmere" not in once.text
    assert not [part for part in counted.asked if "[" in part]
    assert len(counted.asked) == len(set(counted.asked))
    counted.asked.clear()
    assert scrubber.scrub("d", once.text).text == once.text
    assert not [part for part in counted.asked if "[" in part]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (PLAIN + PLAIN, [PLAIN, PLAIN]),
        ("No. Yes. Why? " + PLAIN, ["No. Yes. Why? " + PLAIN]),  # short ones go with the next
        ("a" * 70 + "\n\n" + "b", ["a" * 70 + "\n\n", "b"]),
        ("", []),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert [part for _, part in second_opinion.sentences(text)] == parts
