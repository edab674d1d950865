"""Questions from files: which are asked, and what is wrong with a file."""

from __future__ import annotations

import json

import pytest

from kdvert.errors import UserError
from kdvert.evaluation.items import load_items


def line(number, **changes):
    row = {"id": f"q{number}", "question": "Q?", "answer": "A", "task": "t", "source": "s", "license": "CC0-1.0"}
    return json.dumps(row | changes) + "\n"


@pytest.fixture
def file(tmp_path):
    def write(*lines, name="q.jsonl", encoding="utf-8"):
        path = tmp_path / name
        path.write_text("".join(lines), encoding=encoding)
        return path

    return write


def test_all_questions_in_the_order_of_the_files(file):
    items = load_items([file(line(2), line(1)), file(line(0), name="r.jsonl")])
    assert [i.id for i in items] == ["q2", "q1", "q0"]


def test_a_limit_draws_by_seed_and_keeps_the_order(file):
    path = file(*(line(n) for n in range(30)))
    drawn = [i.id for i in load_items([path], limit=5, seed=1)]
    assert len(drawn) == 5
    assert drawn == sorted(drawn, key=lambda name: int(name[1:]))
    assert drawn == [i.id for i in load_items([path], limit=5, seed=1)]
    assert drawn != [i.id for i in load_items([path], limit=5, seed=2)]
    assert len(load_items([path], limit=100)) == 30


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"no question file .*none\.jsonl"):
        load_items([tmp_path / "none.jsonl"])


def test_an_empty_file(file):
    with pytest.raises(UserError, match="no question in"):
        load_items([file("\n")])


def test_a_line_that_is_no_question_is_named_without_its_content(file):
    with pytest.raises(UserError, match=r"(?s)line 2: not a valid EvalItem \(at answer\).*One JSON object") as caught:
        load_items([file(line(1), '{"id": "secret", "question": "Q", "task": "t", "source": "s", "license": "l"}\n')])
    assert "secret" not in str(caught.value)


def test_an_id_given_twice(file):
    with pytest.raises(UserError, match="'q1' stands twice"):
        load_items([file(line(1), line(1))])


def test_another_encoding(file):
    with pytest.raises(UserError, match="not UTF-8"):
        load_items([file(line(1, answer="ä").encode().decode("unicode_escape"), encoding="latin-1")])
