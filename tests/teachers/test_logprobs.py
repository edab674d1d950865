"""Log-probabilities of tokens: read, kept in few bytes, and dropped with a reply that was scrubbed."""

import math

import pytest

from kdvert.records import ScrubbedText
from kdvert.teachers.logprobs import TokenChoice, of_message, pack, unpack
from kdvert.teachers.protocol import RawReply
from kdvert.teachers.replies import ReplyStore

ROWS = tuple(
    TokenChoice(f"t{n % 50}", -0.1234 * (n % 7), tuple((f"t{k}", -0.5 * k) for k in range(1, 9)), n, tuple(range(8)))
    for n in range(200)
)


def test_what_is_packed_comes_back():
    assert unpack(pack(ROWS)) == ROWS
    assert unpack(pack([])) == ()


def test_eight_alternatives_of_a_token_take_few_bytes():
    assert len(pack(ROWS)) < 20 * len(ROWS)


def test_numbers_are_rounded_to_four_decimals():
    assert unpack(pack([TokenChoice("a", -1.23456789)]))[0].logprob == -1.2346


def test_the_tail_is_what_the_top_leaves():
    choice = TokenChoice("a", math.log(0.5), (("a", math.log(0.5)), ("b", math.log(0.25))))
    assert choice.tail_mass == pytest.approx(0.25)


@pytest.mark.parametrize(
    "value",
    [None, {}, {"content": None}, {"content": []}, {"content": [{"token": "a"}]},
     {"content": [{"token": "a", "logprob": float("nan")}]}, {"content": ["a"]}],
)  # fmt: skip
def test_what_is_not_of_that_form_is_none(value):
    assert of_message(value) is None


def test_damaged_bytes_are_told():
    with pytest.raises(ValueError, match="header"):
        unpack(b"not packed")


def test_they_are_kept_with_a_reply_and_dropped_with_one_that_was_scrubbed(tmp_path):
    with ReplyStore(
        tmp_path / "r.sqlite", lambda text: ScrubbedText(text.replace("Maria", "[PERSON_1]"), "p")
    ) as store:
        clean, changed = store.keep(
            [RawReply("a", "Hi", logprobs=ROWS[:2]), RawReply("b", "Maria", logprobs=(TokenChoice("Maria", -0.1),))]
        )
        found = store.find(["a", "b"])
    assert clean.logprobs == found["a"].logprobs == ROWS[:2]
    assert changed.logprobs is found["b"].logprobs is None
    assert b"Maria" not in (tmp_path / "r.sqlite").read_bytes()
