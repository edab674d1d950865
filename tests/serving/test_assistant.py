"""The assistant: asked as evaluation asks, cites what it was shown, abstains, and stops when it is told to."""

from __future__ import annotations

from itertools import islice

import pytest

from kdvert.evaluation.requests import Form, Passage, build
from kdvert.knowledge.settings import query_text
from kdvert.records import EvalItem
from kdvert.serving.asking import TooLong, ask
from kdvert.serving.assistant import Assistant
from kdvert.serving.passages import find, nearest
from kdvert.serving.settings import Sampling
from kdvert.serving.writing import _tidy, _until

QUESTION = "What is the main long-term treatment of asthma?"
FOREIGN = "How are quarterly dividends of a listed company taxed?"


def said(text: str, role: str = "user") -> dict[str, str]:
    return {"role": role, "content": text}


def test_a_question_is_put_as_evaluation_puts_it(assistant: Assistant) -> None:
    settings = assistant.settings
    hits = assistant.retriever.search_many([query_text(QUESTION)], settings.passages)[0]
    item = EvalItem(id="q", question=QUESTION, answer="x", task="t", source="s", license="CC0-1.0")
    form = Form(settings.passage_tokens, 1, assistant.context, show_choices=False)
    evaluated = build(
        [item], "retrieval", assistant.tokenizer, assistant.prompts, form,
        [[Passage(h.chunk.id, h.chunk.text) for h in hits]],
    )[0]  # fmt: skip
    prepared = assistant.prepare([said(QUESTION)])
    assert prepared.prompt == evaluated.prompt
    assert [c.chunk_id for c in prepared.citations] == evaluated.retrieved


def test_citations_name_title_source_and_license(assistant: Assistant) -> None:
    answer = assistant.answer([said(QUESTION)])
    assert answer.citations
    first = answer.citations[0]
    assert (first.number, first.license) == (1, "CC-BY-4.0")
    assert first.source.startswith("sources/")
    assert first.text.removesuffix(" …") in assistant.retriever.chunks[first.chunk_id].text
    assert answer.closing == assistant.prompts.disclaimer
    assert 0 < answer.tokens <= 12


def test_the_same_question_gets_the_same_answer(assistant: Assistant) -> None:
    assert assistant.answer([said(QUESTION)]).text == assistant.answer([said(QUESTION)]).text


def test_it_abstains_where_nothing_is_near(assistant: Assistant) -> None:
    answer = assistant.answer([said(FOREIGN)])
    assert answer.abstained
    assert answer.text.startswith("I found nothing about this")
    assert (answer.citations, answer.tokens, answer.closing) == ([], 0, "")
    assert answer.similarity < assistant.settings.least


def test_the_threshold_is_the_users(assistant: Assistant) -> None:
    near = find(assistant.retriever, [QUESTION], 2, 0.0).similarity
    assert near == pytest.approx(nearest(assistant.retriever, QUESTION))
    assert 0.3 < near < 1
    told = Assistant(assistant.trained, assistant.model, assistant.retriever, assistant.prompts, assistant.sources,
                     type(assistant.settings)(least=near + 0.01, max_new_tokens=4))  # fmt: skip
    assert told.answer([said(QUESTION)]).abstained
    told.settings = type(assistant.settings)(least=0, max_new_tokens=4)
    assert not told.answer([said(FOREIGN)]).abstained


def test_a_follow_up_is_searched_for_with_the_question_before_it(assistant: Assistant) -> None:
    follow_up = "And what else is there for that?"
    alone = find(assistant.retriever, [follow_up], 2, assistant.settings.least)
    assert alone.similarity < assistant.settings.least
    talk = [said(QUESTION), said("Inhaled corticosteroids.", "assistant"), said(follow_up)]
    prepared = assistant.prepare(talk)
    assert prepared.abstained is None
    text = assistant.tokenizer.decode(prepared.prompt)
    assert text.count("Passage 1:") == 1  # with the last question only
    assert "Inhaled corticosteroids." in text


def test_a_follow_up_of_a_follow_up_goes_back_to_what_was_found(assistant: Assistant) -> None:
    least = assistant.settings.least
    found = find(assistant.retriever, [QUESTION, "And what else is there for that?", "Why?"], 2, least)
    assert found.similarity >= least
    assert found.chunks


def test_a_change_of_subject_is_no_follow_up(assistant: Assistant) -> None:
    talk = [said(QUESTION), said("Inhaled corticosteroids.", "assistant"), said(FOREIGN)]
    assert assistant.answer(talk).abstained


def test_what_does_not_fit_is_left_out_oldest_first(assistant: Assistant) -> None:
    talk = [part for n in range(30) for part in (said(f"Question {n}? " * 8), said(f"Answer {n}. " * 8, "assistant"))]
    prompts, tokenizer = assistant.prompts, assistant.tokenizer
    asked = ask([*talk, said(QUESTION)], ["A passage. " * 10], prompts, tokenizer, 400)
    text = tokenizer.decode(asked.prompt)
    assert len(asked.prompt) <= 400
    assert asked.left_out % 2 == 0
    assert asked.left_out > 0
    assert "Answer 29." in text
    assert "Question 0?" not in text
    assert asked.shown == 1
    small = ask([said(QUESTION)], ["A passage. " * 10, "Another. " * 100], prompts, tokenizer, 150)
    assert small.shown == 1
    with pytest.raises(TooLong, match="tokens"):
        ask([said("word " * 2000)], [], prompts, tokenizer, 400)


def test_a_system_message_of_the_user_joins_the_students_own(assistant: Assistant) -> None:
    prepared = assistant.prepare([said("Answer in French.", "system"), said(QUESTION)])
    text = assistant.tokenizer.decode(prepared.prompt)
    assert f"{assistant.prompts.system()['content']}\n\nAnswer in French." in text


def test_writing_stops_when_it_is_told_to(assistant: Assistant) -> None:
    prepared = assistant.prepare([said(QUESTION)])
    writing = assistant.write(prepared, Sampling(max_new_tokens=500))
    pieces = iter(writing)
    read = list(islice((p for p in pieces if p), 1))
    writing.cancel()
    rest = list(pieces)
    assert read
    assert writing.finish == "canceled"
    assert 0 < writing.tokens < 500
    assert len(rest) < 50


def test_writing_ends_with_its_reader(assistant: Assistant) -> None:
    import threading

    prepared = assistant.prepare([said(QUESTION)])
    pieces = iter(assistant.write(prepared, Sampling(max_new_tokens=500)))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("kdvert-writing")]


def test_sampling_is_seeded(assistant: Assistant) -> None:
    prepared = assistant.prepare([said(QUESTION)])
    drawn = ["".join(assistant.write(prepared, Sampling(12, temperature=1.5, seed=n))) for n in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_pieces_are_tidied_and_end_before_a_stop() -> None:
    assert "".join(_tidy(iter(["", "  ", " One", " two ", "\n", "three", "  "]))) == "One two \nthree"
    generator = _until(iter(["One, tw", "o, EN", "D three"]), ["END"])
    assert "".join(generator) == "One, two, "
    assert "".join(_until(iter(["One, E", "N two"]), ["END"])) == "One, EN two"
    assert "".join(_until(iter(["ENDless"]), ["END"])) == ""
