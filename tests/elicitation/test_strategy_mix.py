"""How a mix is read and divided, how topics are covered, and what a file of questions may hold."""

from types import SimpleNamespace

import pytest

from kdvert.configuration import ConfigBase, validate
from kdvert.elicitation import feature, given
from kdvert.elicitation.coverage import map_topics
from kdvert.elicitation.mixing import Entry, parts
from kdvert.errors import UserError
from kdvert.records import Chunk, Evidence, ScrubbedText
from kdvert.stages import elicit


def mix(*entries, **settings) -> elicit.Config:
    return validate(elicit.Config, {"mix": list(entries), **settings}, where="kdvert.yaml: elicit")


QA = {"strategy": "curation", "skill": "grounded_qa"}
REASONING = {"strategy": "curation", "skill": "reasoning"}
LABELS = {"strategy": "labeling", "skill": "grounded_qa"}
GROWN = {"strategy": "expansion", "skill": "grounded_qa"}
FEATURE = {"strategy": "feature", "skill": "grounded_qa"}


@pytest.mark.parametrize(
    ("entries", "settings", "message"),
    [
        ([QA | {"share": 0.5}, REASONING | {"share": 0.4}], {}, r"sum to 0\.9"),
        ([QA | {"share": 0.5}, REASONING | {"count": 4}], {}, "counts to all"),
        ([QA], {}, "either a count or a share"),
        ([QA | {"count": 2, "share": 0.5}], {}, "either a count or a share"),
        ([QA | {"count": 2}, QA | {"count": 3}], {}, "twice"),
        ([QA | {"count": 0}], {}, "greater than or equal to 1"),
        ([QA | {"strategy": "curration", "count": 1}], {}, "Did you mean: curation"),
        ([GROWN | {"count": 2}], {}, r"add an entry with curation or labeling to the mix or give elicit\.seeds"),
        ([LABELS | {"count": 2}], {}, r"elicit\.inputs"),
        ([QA | {"counts": 2}], {}, "Did you mean: count"),
        ([FEATURE], {}, "no other entry of the mix makes records of the skill grounded_qa"),
        ([REASONING | {"count": 2}, FEATURE], {}, "no other entry of the mix makes records of the skill grounded_qa"),
        ([QA | {"count": 2}, FEATURE | {"count": 2, "share": 0.5}], {}, "or neither for all"),
    ],
)
def test_a_mix_that_does_not_hold_together(entries, settings, message):
    with pytest.raises(UserError, match=message):
        mix(*entries, **settings)


def test_expansion_alone_needs_something_to_grow_from():
    with pytest.raises(UserError, match="builds on records"):
        validate(elicit.Config, {"strategy": "expansion"}, where="x")
    assert elicit.Config(strategy="expansion", seeds=["s.txt"]).parts(5)[0].wanted is None


def test_features_alone_need_records_and_take_none_of_their_shares():
    with pytest.raises(UserError, match="feature builds on records that others make"):
        validate(elicit.Config, {"strategy": "feature"}, where="x")
    config = mix(QA | {"share": 1.0}, FEATURE | {"share": 0.5}, records=8)
    assert [(p.strategy, p.wanted) for p in config.parts(100)] == [("curation", 8)]
    assert [(w.skill, w.count, w.share) for w in feature.wanted(config.mix)] == [("grounded_qa", None, 0.5)]
    assert len(mix(QA | {"count": 3}, FEATURE, FEATURE | {"skill": "reasoning"}, REASONING | {"count": 1}).mix) == 4


def test_shares_are_rounded_so_that_nothing_is_lost():
    entries = [Entry(skill=s, share=1 / 3) for s in ("grounded_qa", "reasoning", "summary")]
    assert [p.wanted for p in parts(entries, 10)] == [4, 3, 3]
    assert sum(p.wanted or 0 for p in parts(entries, 11)) == 11


def test_what_builds_on_records_comes_last_and_shares_divide_the_records():
    config = mix(GROWN | {"share": 0.25}, QA | {"share": 0.75}, records=8)
    assert [(p.strategy, p.wanted) for p in config.parts(100)] == [("curation", 6), ("expansion", 2)]
    assert [p.wanted for p in mix(QA | {"share": 1.0}, per_passage=3).parts(5)] == [15]


def test_the_mix_is_settings_like_all_others():
    assert issubclass(Entry, ConfigBase)
    assert mix(QA | {"count": 3}) == mix(QA | {"count": 3})


# --- topics ---


def chunk(name: str) -> Chunk:
    return Chunk(id=name, document_id=name, start=0, end=4, title=name, license="CC0-1.0", text="text")


SCORES = {"asthma": {"a": 0.9, "b": 0.6, "c": 0.1}, "falls": {"c": 0.5, "b": 0.4, "a": 0.2}, "law": {"a": 0.3}}


def nearest(queries, k):
    return [sorted(SCORES[q].items(), key=lambda kv: -kv[1])[:k] for q in queries]


def test_a_passage_belongs_to_the_nearest_topic_and_a_topic_may_have_none():
    topics = map_topics(["asthma", "falls", "law"], nearest, 4)
    assert topics.of_chunk == {"a": "asthma", "b": "asthma", "c": "falls"}
    chunks = [chunk(name) for name in "abcd"]
    evidence = Evidence(chunk_id="a", start=0, end=4, quote_sha="x")
    told = topics.covered(chunks, chunks[:2], [SimpleNamespace(evidence=[evidence])])
    assert [(t.topic, t.passages, t.drawn, t.records) for t in told.topics] == [
        ("asthma", 2, 2, 1), ("falls", 1, 0, 0), ("law", 0, 0, 0),
    ]  # fmt: skip
    assert told.absent == ["law"]
    assert told.uncovered == ["falls", "law"]
    assert (told.outside.passages, told.outside.records) == (1, 0)


def test_every_beginning_of_the_draw_is_balanced_over_topics():
    names = [f"a{n}" for n in range(20)] + ["b0", "b1"]
    topics = map_topics([], nearest, 0)
    topics = type(topics)(["many", "few"], {n: "many" if n[0] == "a" else "few" for n in names})
    for seed in range(5):
        drawn = [c.id for c in topics.draw([chunk(n) for n in names], seed)]
        assert sorted(drawn) == sorted(names)
        assert sorted(n[0] for n in drawn[:4]) == ["a", "a", "b", "b"]
    assert topics.draw([chunk(n) for n in names], 1) == topics.draw([chunk(n) for n in reversed(names)], 1)
    assert topics.draw([chunk(n) for n in names], 1) != topics.draw([chunk(n) for n in names], 2)


# --- files of questions ---


def read(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return given.read(
        [name], "elicit.seeds", tmp_path, lambda line: ScrubbedText(line.replace("Maria", "[PERSON_1]"), "p")
    )


def test_questions_are_read_scrubbed_and_once(tmp_path):
    found = read(tmp_path, "q.txt", "What is asthma?\n\n  what is  ASTHMA?\nWho is Maria?\n")
    assert [q.text.text for q in found] == ["What is asthma?", "Who is [PERSON_1]?"]
    assert [q.text.text for q in read(tmp_path, "q.jsonl", '{"question": "What is asthma?"}\n')] == ["What is asthma?"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"question": "What is it?"}\n{"query": "secret Alvarez"}'),
        ("q.jsonl", '{"question": "What is it?"}\nsecret Alvarez'),
        ("q.jsonl", '{"question": "What is it?"}\n{"question": ["secret Alvarez"]}'),
        ("q.jsonl", '{"question": "What is it?"}\n{"question": "Alvarez?", "answer": "x"}'),
        ("q.txt", "What is it?\n???"),
        ("q.txt", "What is it?\n" + "Alvarez " * 1000),
    ],
)
def test_a_line_of_the_wrong_form_is_named_and_not_shown(tmp_path, name, text):
    with pytest.raises(UserError, match=rf"elicit\.seeds: {name}, line 2") as caught:
        read(tmp_path, name, text)
    assert "Alvarez" not in str(caught.value)
    assert '{"question"' in str(caught.value)


def test_files_that_hold_nothing_to_read(tmp_path):
    for name, text, message in [("q.txt", "\n\n", "holds no question"), ("q.csv", "a", "neither .txt nor .jsonl")]:
        with pytest.raises(UserError, match=message):
            read(tmp_path, name, text)
    with pytest.raises(UserError, match="does not exist"):
        given.read(["gone.txt"], "elicit.inputs", tmp_path, lambda line: ScrubbedText(line, "p"))
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UnicodeDecodeError"):
        given.read(["bytes.txt"], "elicit.inputs", tmp_path, lambda line: ScrubbedText(line, "p"))


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1e"])
@pytest.mark.parametrize(("name", "form"), [("q.jsonl", '{{"question": "What{}is it?"}}'), ("q.txt", "What{}is it?")])
def test_a_line_ends_where_an_editor_ends_it(tmp_path, name, form, mark):
    (tmp_path / name).write_bytes((form.format(mark if name == "q.txt" or ord(mark) > 0x20 else " ") + "\r\n").encode())
    found = given.read([name], "elicit.seeds", tmp_path, lambda line: ScrubbedText(line, "p"))
    assert [q.text.text for q in found] == ["What is it?"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question": ' + "[" * 100_000, "nested too deeply"),
        ("[" * 600 + "]" * 600, "no question"),
        ('{"question": "What is secret?", "question": "Who is it?"}', "'question' twice"),
        ('{"question": "What is it?", "secret": 1}', "no question"),
        ('{"question": 5}', "no question"),
        ('{"question": "What is secret', "no JSON"),
        ('{"question": ' + "9" * 5000 + "}", "no JSON"),
    ],
)
def test_json_that_is_no_question_is_told_by_what_is_wrong(tmp_path, line, message):
    (tmp_path / "q.jsonl").write_text('{"question": "What is it?"}\n\n' + line, encoding="utf-8")
    with pytest.raises(UserError, match=rf"elicit\.seeds: q\.jsonl, line 3.*{message}") as caught:
        given.read(["q.jsonl"], "elicit.seeds", tmp_path, lambda line: ScrubbedText(line, "p"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"What is it?\x00\x01", b"\x89PNG\r\n\x1a\n", "What is it?".encode("utf-16"), b"\x7fELF\x02\x01\x01\x00"]
)
def test_a_file_of_bytes_is_no_file_of_questions(tmp_path, data):
    (tmp_path / "q.txt").write_bytes(data)
    with pytest.raises(UserError, match=r"elicit\.inputs: q\.txt (is no text|cannot be read)"):
        given.read(["q.txt"], "elicit.inputs", tmp_path, lambda line: ScrubbedText(line, "p"))


def test_a_folder_is_no_file_of_questions(tmp_path):
    (tmp_path / "q.txt").mkdir()
    with pytest.raises(UserError, match=r"elicit\.inputs: q\.txt cannot be read"):
        given.read(["q.txt"], "elicit.inputs", tmp_path, lambda line: ScrubbedText(line, "p"))
