"""Split by document, and records as tokens, with a reason for each one that is lost."""

from __future__ import annotations

import pytest

from kdvert.distillation.data import IGNORED, data_sha256, encode, labels, split_by_document
from kdvert.records import Message
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet
from kdvert.weights import resolve


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return load_tokenizer(resolve(str(tiny_model)))


@pytest.fixture(scope="module")
def prompts(vertical):
    return Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)


class TestSplit:
    def examples(self, make_example, documents=10, each=5):
        return [make_example(d * each + n, f"doc-{d}.md") for d in range(documents) for n in range(each)]

    def test_no_document_is_on_both_sides(self, make_example):
        split = split_by_document(self.examples(make_example), 0.2, seed=1)
        sides = [{e.provenance.document_ids[0] for e in side} for side in (split.train, split.validation)]
        assert not sides[0] & sides[1]
        assert len(split.train) + len(split.validation) == 50
        assert len(split.validation) == 10
        assert not split.left_out

    def test_the_seed_decides(self, make_example):
        examples = self.examples(make_example)
        one, same, other = (split_by_document(examples, 0.2, seed) for seed in (1, 1, 2))
        assert one == same
        assert one.validation != other.validation

    def test_the_order_of_records_does_not(self, make_example):
        examples = self.examples(make_example)
        one, other = split_by_document(examples, 0.2, 1), split_by_document(examples[::-1], 0.2, 1)
        assert {e.id for e in one.validation} == {e.id for e in other.validation}

    def test_a_single_document_is_trained_on(self, make_example):
        split = split_by_document([make_example(n, "only.md") for n in range(5)], 0.5, 1)
        assert len(split.train) == 5
        assert not split.validation

    def test_no_share_no_validation(self, make_example):
        assert not split_by_document(self.examples(make_example), 0.0, 1).validation

    def test_a_record_that_would_leak_is_left_out(self, make_example):
        examples = self.examples(make_example)
        held = split_by_document(examples, 0.2, 1).validation[0].provenance.document_ids[0]
        kept = split_by_document(examples, 0.2, 1).train[0].provenance.document_ids[0]
        split = split_by_document([*examples, make_example(99, held, kept)], 0.2, 1)
        assert [(r.example_id, r.reason) for r in split.left_out] == [("r99-0", "documents_on_both_sides")]


class TestEncode:
    def test_labels_cover_the_answer_only(self, make_example, tokenizer, prompts):
        (row,) = encode([make_example(3, "a.md")], tokenizer, prompts, 512).rows
        learned = [i for i in labels(row) if i != IGNORED]
        assert tokenizer.decode(learned) == "Fact 3.0 is 21.<|im_end|>"

    def test_every_turn_is_learned(self, make_example, tokenizer, prompts):
        (row,) = encode([make_example(3, "a.md", turns=2)], tokenizer, prompts, 512).rows
        assert tokenizer.decode([i for i in labels(row) if i != IGNORED]).count("<|im_end|>") == 2

    def test_passages_stand_with_the_first_question_as_evaluation_words_them(self, make_example, tokenizer, prompts):
        example = make_example(3, "a", turns=2).model_copy(update={"context": ["Fact 3.0 stands here."]})
        (row,) = encode([example], tokenizer, prompts, 512).rows
        text = tokenizer.decode(row.ids)
        asked = prompts.user("What is fact 3.0?", passages=["Fact 3.0 stands here."])["content"]
        assert asked in text
        assert text.count("Fact 3.0 stands here.") == 1
        learned = tokenizer.decode([i for i, mine in zip(row.ids, row.trained, strict=True) if mine])
        assert "stands here" not in learned

    def test_a_tools_result_is_read_and_not_learned_and_worse_answers_are_neither(
        self, make_example, tokenizer, prompts
    ):
        messages = [
            Message(role="system", content="Tools: calculate(expression)"),
            Message(role="user", content="What is 6 times 7?"),
            Message(role="assistant", content='{"tool": "calculate"}'),
            Message(role="tool", content="Result of calculate: 42"),
            Message(role="assistant", content="It is 42."),
        ]
        worse = [Message(role="assistant", content="It is 43.")]
        example = make_example(4, "a").model_copy(update={"messages": messages, "rejected": worse})
        (row,) = encode([example], tokenizer, prompts, 512).rows
        text = tokenizer.decode(row.ids)
        assert "Tools: calculate(expression)" in text
        assert "Result of calculate: 42" in text
        assert "43" not in text
        learned = tokenizer.decode([i for i, mine in zip(row.ids, row.trained, strict=True) if mine])
        assert "It is 42." in learned
        assert '{"tool": "calculate"}' in learned
        assert "Result" not in learned

    def test_losses_have_reasons(self, make_example, tokenizer, prompts):
        examples = [
            make_example(1, "a.md"),
            make_example(2, "a.md", answer="word " * 300),
            make_example(3, "a.md", answer="  "),
        ]
        encoded = encode(examples, tokenizer, prompts, 256)
        assert [e.id for e in encoded.examples] == ["r1-0"]
        assert [(r.example_id, r.reason) for r in encoded.left_out] == [
            ("r2-0", "too_long"),
            ("r3-0", "empty_answer"),
        ]
        assert "max_length is 256" in encoded.left_out[0].detail

    def test_the_hash_follows_what_is_trained_on(self, make_example, tokenizer, prompts):
        one, other = (encode([make_example(n, "a.md")], tokenizer, prompts, 256) for n in (1, 2))
        empty = encode([], tokenizer, prompts, 256)
        assert data_sha256(one, empty) == data_sha256(one, empty)
        assert len({data_sha256(one, empty), data_sha256(other, empty), data_sha256(empty, one)}) == 3
