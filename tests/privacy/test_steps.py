"""Several texts read in step: each gets its own answers, and a model is asked about all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdvert.privacy.scrubber import Scrubber
from kdvert.privacy.spans import Hit
from kdvert.privacy.steps import Ask, Steps, alone, gathered, together

CALLS: list[list[str]] = []


def model(texts: Sequence[str], language: str) -> list[list[Hit]]:
    CALLS.append(list(texts))
    return [[Hit(f"{language} {text}", 0, len(text), 1.0)] for text in texts]


def reading(name: str, rounds: Sequence[int], language: str = "en") -> Steps[list[str]]:
    """Ask as many questions in each round as ``rounds`` says; return the answers."""
    told: list[str] = []
    for number, size in enumerate(rounds):
        answers = yield [Ask(model, language, f"{name}{number}.{i}") for i in range(size)]
        assert len(answers) == size
        told += [hit.entity for hits in answers for hit in hits]
    return told


def expected(name: str, rounds: Sequence[int]) -> list[str]:
    return [f"en {name}{number}.{i}" for number, size in enumerate(rounds) for i in range(size)]


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=6))
def test_each_gets_its_own_answers_in_order(all_rounds: list[list[int]]) -> None:
    work = [reading(f"t{index}-", rounds) for index, rounds in enumerate(all_rounds)]
    assert together(work) == [expected(f"t{index}-", rounds) for index, rounds in enumerate(all_rounds)]


@given(st.lists(st.lists(st.integers(0, 2), max_size=3), min_size=1, max_size=4))
def test_gathered_work_is_work_too(all_rounds: list[list[int]]) -> None:
    inner = gathered([reading(f"t{index}-", rounds) for index, rounds in enumerate(all_rounds)])
    [told, other] = together([inner, reading("other-", [1, 1])])
    assert told == [expected(f"t{index}-", rounds) for index, rounds in enumerate(all_rounds)]
    assert other == expected("other-", [1, 1])


def test_a_model_is_asked_once_a_round_and_language() -> None:
    CALLS.clear()
    together([reading("a", [2, 1]), reading("b", [1]), reading("c", [1, 1], "es")])
    assert CALLS == [["a0.0", "a0.1", "b0.0"], ["c0.0"], ["a1.0"], ["c1.0"]]


def test_an_error_in_one_ends_all() -> None:
    def failing() -> Steps[list[str]]:
        yield [Ask(model, "en", "x")]
        raise TimeoutError

    with pytest.raises(TimeoutError):
        together([reading("a", [1, 1, 1]), failing()])


def test_one_alone() -> None:
    assert alone(reading("a", [2, 0, 1])) == expected("a", [2, 0, 1])
    assert alone(reading("a", [])) == []


def test_a_question_shows_no_text() -> None:
    assert "Marsden" not in repr(Ask(model, "en", "Mr. John Marsden"))


DOCUMENTS = [
    ("a", "Leonora Vantongeren, born 03/14/1941, MRN 48213907, was seen by Dr. Emeka Thorncastle.", "On Vantongeren"),
    ("b", "", ""),
    ("c", "La paciente Lucía Fernández Ortega, con DNI 12345678Z, fue dada de alta ayer por la tarde.", "Informe"),
    ("d", "Warfarin is taken once daily. Nobody is named here, and nothing changes.", "Warfarin"),
    ("e", "Emeka Thorncastle asked Vantongeren for nothing. Write to e.thorncastle@orchard.com.", ""),
    ("f", "Le patient Étienne Marchand demeure 14 rue des Lilas, 69003 Lyon.", "Dossier"),
]


@pytest.mark.parametrize("style", ["placeholder", "surrogate"])
def test_a_batch_is_scrubbed_as_its_documents_are(make_scrubber: Callable[..., Scrubber], style: str) -> None:
    made = make_scrubber("medicine", replace_with=style)
    batch = made.scrub_batch(DOCUMENTS)
    assert batch == [made.scrub(*document) for document in DOCUMENTS]
    assert not [raw for raw in ("Vantongeren", "Thorncastle", "Fernández", "Marchand") for s in batch if raw in s.text]
    assert batch[3].text == DOCUMENTS[3][1]
