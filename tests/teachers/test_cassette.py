"""Cassettes: a run repeats bit for bit, failures too, and what was changed or not recorded is told."""

import json
from dataclasses import replace

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.licensing.models import standing
from kdvert.progress import Silent
from kdvert.records import ScrubbedText
from kdvert.teachers import cassette
from kdvert.teachers.asking import CallFailed
from kdvert.teachers.kinds import open_teacher
from kdvert.teachers.replies import ReplyStore
from kdvert.teachers.scheduler import Limits, Scheduler
from kdvert.teachers.settings import TeacherSettings


def job(request):
    async def work(ask):
        try:
            reply = await ask(request)
        except CallFailed as error:
            return error.reason
        return (reply.text, reply.input_tokens, reply.truncated, reply.logprobs)

    return work


@pytest.fixture
def jobs(request_for):
    return [job(request_for(str(n), top_logprobs=2)) for n in range(5)]


@pytest.fixture
def recorded(endpoint, store, jobs, tmp_path):
    """A run of five calls, one of which failed; its results and its cassette."""
    endpoint.mode = lambda number, prompt: "filtered" if prompt == "3" else "likely"
    teacher = open_teacher(TeacherSettings(model="qwen2.5-0.5b", base_url=endpoint.url), root=tmp_path)
    results = Scheduler(teacher, store, Limits(), Silent(), lambda t: None).run(jobs)
    done = cassette.save(store, tmp_path / "run.jsonl")
    assert done == {"teacher": "qwen2.5-0.5b", "replies": 4, "failures": 1}
    return results, tmp_path / "run.jsonl"


def replay(path, jobs, folder):
    teacher = open_teacher(TeacherSettings(model=f"replay:{path}"), root=folder)
    with ReplyStore(folder / "other.sqlite", lambda text: ScrubbedText(text, "test")) as store:
        return Scheduler(teacher, store, Limits(), Silent(), lambda t: None).run(jobs)


def test_a_run_repeats_without_the_teacher(endpoint, recorded, jobs, tmp_path):
    results, path = recorded
    endpoint.stop()
    assert replay(path, jobs, tmp_path) == results
    assert results[3] == "content_filter"
    assert results[0][3][0].top[1][0] == "Oh"


def test_a_cassette_of_a_replay_is_the_same_file(recorded, jobs, tmp_path):
    _, path = recorded
    replay(path, jobs, tmp_path)
    with ReplyStore.reading(tmp_path / "other.sqlite") as store:
        cassette.save(store, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_a_relative_path_starts_from_the_project(recorded, tmp_path):
    teacher = open_teacher(TeacherSettings(model="replay:run.jsonl"), root=tmp_path)
    assert (teacher.name, teacher.local) == ("qwen2.5-0.5b", False)


def test_what_was_not_recorded_ends_the_run(recorded, request_for, tmp_path):
    with pytest.raises(WorkFailed, match="holds no reply to a call of the step 'question'"):
        replay(recorded[1], [job(request_for("something new"))], tmp_path)


def test_another_policy_is_named_as_the_reason(recorded, request_for, tmp_path):
    new = replace(request_for("new"), prompt=ScrubbedText("new", "another policy"))
    with pytest.raises(WorkFailed, match="privacy policy is another one"):
        replay(recorded[1], [job(new)], tmp_path)


def test_a_cassette_that_was_changed_is_refused(recorded, tmp_path):
    path = recorded[1]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], lines[2].replace("Hi!", "Ha!"), *lines[3:]]))
    with pytest.raises(WorkFailed, match="was changed or cut off"):
        cassette.read(path)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(WorkFailed, match="was changed or cut off"):
        cassette.read(path)


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"cassette": 9, "rows": 0, "sha256": "", "teacher": {}}'])
def test_what_is_no_cassette_is_refused(tmp_path, text):
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(UserError, match="no cassette"):
        cassette.read(tmp_path / "x.jsonl")


def test_a_missing_cassette_says_how_one_is_made(tmp_path):
    with pytest.raises(UserError, match="cannot be read") as caught:
        open_teacher(TeacherSettings(model="replay:none.jsonl"), root=tmp_path)
    assert "kdvert cassette save" in str(caught.value)


def test_a_cassette_holds_no_raw_text(endpoint, request_for, tmp_path):
    endpoint.always("personal")
    teacher = open_teacher(TeacherSettings(model="m", base_url=endpoint.url), root=tmp_path)
    with ReplyStore(
        tmp_path / "r.sqlite", lambda t: ScrubbedText(t.replace("Maria Alvarez", "[PERSON_1]"), "p")
    ) as store:
        Scheduler(teacher, store, Limits(), Silent(), lambda t: None).run([job(request_for("x"))])
        cassette.save(store, tmp_path / "c.jsonl")
    text = (tmp_path / "c.jsonl").read_text()
    assert "[PERSON_1]" in text
    assert "Maria" not in text


def test_another_teacher_of_the_project_can_be_named(endpoint, store, jobs, tmp_path):
    for name in ("one", "two"):
        teacher = open_teacher(TeacherSettings(model=name, base_url=endpoint.url), root=tmp_path)
        Scheduler(teacher, store, Limits(), Silent(), lambda t: None).run(jobs[:1] if name == "one" else jobs[1:3])
    assert cassette.save(store, tmp_path / "c.jsonl")["replies"] == 2
    assert cassette.save(store, tmp_path / "c.jsonl", teacher="one")["replies"] == 1
    with pytest.raises(UserError, match="one, two"):
        cassette.save(store, tmp_path / "c.jsonl", teacher="three")


def test_a_cassette_stands_under_the_terms_of_the_recorded_teacher(recorded, endpoint):
    found = standing(f"replay:{recorded[1]}")
    asked = standing("qwen2.5-0.5b", endpoint.url)
    assert [row.id for row in found.licenses] == [row.id for row in asked.licenses] != []
    assert found.unknown is None


def test_terms_of_a_hosted_teacher_follow_its_cassette(tmp_path):
    head = {"teacher": {"name": "gpt-4o", "reached": [{"model": "gpt-4o", "base_url": "https://api.openai.com/v1"}]}}
    (tmp_path / "c.jsonl").write_text(json.dumps(head) + "\n")
    assert [r.provider for r in standing("replay:c.jsonl", root=tmp_path).routes] == ["openai"]
    (tmp_path / "c.jsonl").write_text("{}\n")
    assert standing("replay:c.jsonl", root=tmp_path).unknown
