"""What an endpoint told while it wrote: the answer's tokens are found, or there is a reason."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kdvert.features.asked import Asked, Told, Wanted
from kdvert.features.told import REASONS, gathered, place
from kdvert.records import ScrubbedText
from kdvert.teachers.logprobs import TokenChoice, of_message, token_bytes
from kdvert.teachers.protocol import Reply


def choices(text: str, length: int = 3, top: int = 3) -> tuple[TokenChoice, ...]:
    """Cut ``text`` into tokens of some bytes each, as an endpoint with a byte-level vocabulary would name them."""
    data = text.encode()
    parts = [data[i : i + length] for i in range(0, len(data), length)]
    rows = [
        {
            "token": part.decode("utf-8", "replace"), "bytes": list(part), "logprob": -0.25,
            "top_logprobs": [{"token": part.decode("utf-8", "replace"), "bytes": list(part), "logprob": -0.25}]
            + [{"token": f"alt{n}", "bytes": list(b"alt%d" % n), "logprob": -2.0 - n} for n in range(top - 1)],
        }
        for part in parts
    ]  # fmt: skip
    found = of_message({"content": rows})
    assert found
    return found


def told(record, text: str, tokens=None) -> Told:
    reply = Reply("a", ScrubbedText(text, "p"), logprobs=choices(text) if tokens is None else tokens)
    made = Told.of(record, reply)
    assert made
    return made


@pytest.mark.parametrize("answer", ["A plain answer.", 'With "quotes", a tab\tand 5 µg of 漢字 🩺.'])
def test_the_tokens_of_the_answer_are_found_in_a_reply_of_json(make_record, answer):
    record = make_record(1, answer)
    text = json.dumps({"question": "Q?", "answer": answer, "quote": "Fact"})
    assert "\\u" in text or answer.isascii()
    found = gathered([record], {record.id: [told(record, text)]}, k=3)
    assert not found.failures
    ((name, one),) = found.records
    spelled = b"".join(found.vocabulary[i] for i in one.target).decode()
    inner = json.dumps(answer)[1:-1]
    assert name == record.id
    assert inner in spelled
    assert len(spelled) <= len(inner) + 4  # a token on each side may reach beyond
    assert one.counts.tolist() == [3] * len(one)
    assert [found.vocabulary[i] for i in one.ids[0][1:]] == [b"alt0", b"alt1"]
    assert one.tails[0] == pytest.approx(np.log(1 - np.exp(-0.25) - np.exp(-2) - np.exp(-3)), abs=1e-4)


def test_blanks_may_differ_and_the_last_place_counts():
    assert place("two words", 'a "two words" then "two  words"') == (20, 30)
    assert place("two words", '"two\\nwords"') == (1, 11)
    assert place("two words", "two  \n words!") == (0, 12)
    assert place("absent", "two words") is None
    assert place("🩺 ok", '"\\ud83e\\ude7a ok"') == (1, 16)


def test_bytes_that_are_no_text_survive_packing():
    half = "漢".encode()[:2]
    rows = [{"token": "\ufffd", "bytes": list(half), "logprob": -0.1, "top_logprobs": []}]
    (choice,) = of_message({"content": rows}) or ()
    reply = Reply("a", ScrubbedText("x", "p"), logprobs=(choice,))
    told_ = Told(record_id="r", request_id="a", text="x", packed=Told.of(_Named(), reply).packed)  # type: ignore[union-attr, arg-type]
    assert token_bytes(told_.tokens[0].token) == half
    assert token_bytes("\ud83e") == b"?"


class _Named:
    id = "r"


def test_what_was_not_told_has_a_reason(make_record):
    records = [make_record(n, "The answer.") for n in range(5)]
    bare = tuple(TokenChoice(t.token, t.logprob) for t in choices("The answer."))
    replies = {
        records[1].id: [told(records[1], "Something else.")],
        records[2].id: [told(records[2], "The answer.", choices("other tokens"))],
        records[3].id: [told(records[3], "The answer.", bare)],
        records[4].id: [told(records[4], "The answer."), told(records[4], "A judge says yes.")],
    }
    found = gathered(records, replies, k=20)
    reasons = ["no_logprobs", "answer_not_in_reply", "tokens_do_not_spell_reply", "no_alternatives"]
    assert [f.reason for f in found.failures] == reasons
    assert set(reasons) == set(REASONS)
    assert [name for name, _ in found.records] == [records[4].id]


def test_no_logprobs_at_all_is_an_empty_store_with_reasons(make_record):
    found = gathered([make_record(1)], {}, k=20)
    assert (found.records, found.k, found.vocabulary) == ([], 0, [])
    assert [f.reason for f in found.failures] == ["no_logprobs"]


def test_records_are_drawn_by_skill_count_and_share(make_record, tmp_path):
    records = [make_record(n, skill="reasoning" if n % 2 else "grounded_qa") for n in range(10)]
    wanted = [Wanted(skill="grounded_qa", count=2), Wanted(skill="reasoning", share=0.6)]
    asked = Asked(teacher="t", identity="i", source="forced", seed=0, wanted=wanted)
    assert Asked.read(tmp_path) is None
    asked.write(tmp_path)
    drawn = Asked.read(tmp_path).drawn(records)  # type: ignore[union-attr]
    assert [sum(r.skill == s for r in drawn) for s in ("grounded_qa", "reasoning")] == [2, 3]
    assert drawn == asked.drawn(records[::-1])
    everything = asked.model_copy(update={"wanted": [Wanted(skill="grounded_qa")]})
    assert len(everything.drawn(records)) == 5
