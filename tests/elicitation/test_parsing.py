"""What chat models write instead of JSON."""

import json

import pytest

from kdvert.elicitation.parsing import read
from kdvert.elicitation.skills.grounded_qa import Pair

PAIR = {"question": "What is  ice?", "answer": "Frozen water.", "quote": "Ice is frozen water."}
GOOD = json.dumps({"pairs": [PAIR, PAIR]})


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is the JSON:\n\n{GOOD}\n\nLet me know if you need more.",
        json.dumps([PAIR, PAIR]),
        GOOD.replace("}, {", "}\n {"),  # a comma forgotten
        GOOD.replace("}]", "},]"),  # a comma too many
        "{'pairs': [" + ", ".join([str(PAIR)] * 2) + "]}",  # Python's quotation marks
    ],
)  # fmt: skip
def test_pairs_are_found(text):
    found = read(text, Pair)
    assert [p.question for p in found.items] == ["What is  ice?"] * 2
    assert found.problems == []


def test_a_single_pair_will_do():
    assert len(read(json.dumps(PAIR), Pair).items) == 1


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["empty_reply"]),
        ("  \n ", ["empty_reply"]),
        ("I cannot help with that.", ["not_json"]),
        ("[1, 2, 3]", ["not_json"]),
        ('{"error": "overloaded"}', ["not_json"]),
        (json.dumps({"pairs": [{"question": "What?", "answer": "That."}]}), ["missing_field"]),
        (json.dumps({"pairs": ["What is ice?"]}), ["missing_field"]),
        (json.dumps({"pairs": [PAIR | {"quote": ["a", "b"]}]}), ["wrong_field_type"]),
        (json.dumps({"pairs": [PAIR | {"answer": " "}]}), ["empty_field"]),
        (json.dumps({"pairs": []}), []),
    ],
)
def test_what_cannot_be_used_has_a_reason(text, problems):
    found = read(text, Pair)
    assert (found.items, found.problems) == ([], problems)


@pytest.mark.parametrize("length", range(len(GOOD) // 2 + 20, len(GOOD) - 2, 5))
def test_a_half_pair_is_never_used(length):
    found = read(GOOD[:length], Pair)
    assert all(p.quote == PAIR["quote"] for p in found.items)
    assert found.problems == ["truncated_reply"]
    assert len(found.items) <= 1


def test_the_length_limit_is_believed_even_if_brackets_close():
    found = read(GOOD, Pair, truncated=True)
    assert (len(found.items), found.problems) == (1, ["truncated_reply"])
    assert read("I would say", Pair, truncated=True).problems == ["truncated_reply"]


BRACED = PAIR | {"question": "What does { or [ open in C?"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"records": [BRACED]}),
        f"```json\n{json.dumps({'records': [BRACED]})}\n```",
        f"For {{C}} write:\n{json.dumps({'records': [BRACED]})}",
        f"As [1] says:\n{json.dumps([BRACED])}",
        json.dumps({"records": [BRACED]}).replace("}]", "},]"),  # to be repaired, and whole all the same
        json.dumps({"records": BRACED}),  # no list
    ],
)
def test_brackets_in_a_text_are_no_end(text):
    found = read(text, Pair)
    assert ([p.question for p in found.items], found.problems) == ([BRACED["question"]], [])


@pytest.mark.parametrize("joint", ["\n", "\n\nAnd one more:\n", ","])
@pytest.mark.parametrize("wrap", [lambda pair: {"records": [pair]}, lambda pair: pair, lambda pair: [pair]])
def test_several_pieces_of_json_are_all_read(joint, wrap):
    other = PAIR | {"question": "What is  steam?"}
    found = read(joint.join(json.dumps(wrap(p)) for p in (PAIR, other)), Pair)
    assert ([p.question for p in found.items], found.problems) == ([PAIR["question"], other["question"]], [])
    half = joint.join(json.dumps(wrap(p)) for p in (PAIR, other))[:-30]
    assert read(half, Pair).problems == ["truncated_reply"]


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "[" * 600 + "]" * 600, '{"records":' * 5_000, '{"records":[' + "[" * 3000 + "]" * 3000 + "]}"],
)
def test_brackets_without_end_are_no_json(text):
    found = read(text, Pair)
    assert found.items == []
    assert found.problems in (["not_json"], ["truncated_reply"])
