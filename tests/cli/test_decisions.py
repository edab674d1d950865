"""``kdvert keys``, ``override`` and ``verify`` as a user meets them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli
from kdvert.decisions import trail
from kdvert.decisions.signing import KEY
from kdvert.licensing import manifest

LINK = "teacher:openai:gpt-4o under openai's terms"
YAML = """
vertical: medicine
use: {distribution: hosted}
ingest: {sources: [{path: "sources/*.md", license: CC-BY-4.0, publisher: X}]}
elicit: {teacher: {model: "openai:gpt-4o"}}
"""


def invoke(*arguments: str, code: int = 0):
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == code, result.output + str(result.exception)
    return result


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    (tmp_path / "kdvert.yaml").write_text(YAML)
    (tmp_path / "sources").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shipped(monkeypatch):
    """The facts of a checkout differ from the manifest between releases; here they are as shipped."""
    monkeypatch.setattr(manifest, "differences", lambda: iter(()))


@pytest.fixture
def counsel(project, monkeypatch):
    made = json.loads(invoke("keys", "new", "--name", "Jane Doe", "--role", "counsel", "--json").stdout)
    monkeypatch.setenv(KEY, made["private_key"])
    return made


def add(*more: str, link: str = LINK, expires: str = "2999-01-31", code: int = 0):
    return invoke("override", "add", "--link", link, "--reason", "No rival.", "--expires", expires, *more, code=code)


def test_a_new_key_is_shown_once_and_listed(project):
    output = invoke("keys", "new", "--name", "Jane Doe", "--role", "counsel").output
    private = next(line for line in output.splitlines() if KEY in line).split("=", 1)[1]
    assert len(private) == 44
    listed = invoke("keys", "list")
    assert "Jane Doe" in listed.output
    assert private not in listed.output
    assert not [p for p in project.rglob("*") if p.is_file() and private.encode() in p.read_bytes()]


def test_with_json_the_private_key_stands_in_the_object_alone(project):
    result = invoke("keys", "new", "--name", "Jane Doe", "--json")
    made = json.loads(result.stdout)
    assert made["role"] == "reviewer"
    assert made["private_key"] not in result.stderr


def test_a_list_without_keys_says_how_to_make_one(project):
    assert "kdvert keys new" in invoke("keys", "list").output


def test_a_key_of_another_project_is_added(counsel, project, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    (other / "kdvert.yaml").write_text(YAML)
    added = json.loads(
        invoke("keys", "add", "--name", "Jane Doe", "--role", "counsel", "--project", str(other), "--json").stdout
    )
    assert added["key_id"] == counsel["key_id"]
    assert "private_key" not in added


def test_an_override_from_its_signature_to_its_withdrawal(counsel, project, shipped):
    assert f'--link "{LINK}"' in invoke("override", "list").output
    made = json.loads(add("--json").stdout)
    assert (made["by"], made["lifts"], made["scope"]["code"]) == ("Jane Doe", "ask-counsel", "teacher.uncertain")
    listed = json.loads(invoke("override", "list", "--json").stdout)
    assert [o["held"] for o in listed["overrides"]] == [True]
    assert listed["undecided"] == []
    assert "No rival." in invoke("override", "show", made["id"]).output
    assert json.loads(invoke("verify", "--json").stdout)["differences"] == []
    invoke("override", "withdraw", made["id"])
    after = json.loads(invoke("override", "list", "--json").stdout)
    assert after["overrides"][0]["why"].startswith("withdrawn")
    assert [p["code"] for p in after["undecided"]] == ["teacher.uncertain"]
    invoke("verify")


def test_an_override_that_will_have_expired_is_shown_so(counsel, project):
    made = json.loads(add("--json", expires="2999-01-31").stdout)
    shown = json.loads(invoke("override", "show", made["id"], "--as-of", "2999-02-01", "--json").stdout)
    assert (shown["held"], shown["why"]) == (False, "expired: it held until 2999-01-31")


def test_another_use_has_other_points_to_decide(counsel, project):
    add()
    listed = json.loads(invoke("override", "list", "--set", "use.commercial=false", "--json").stdout)
    assert listed["overrides"][0]["why"].startswith("use_differs: commercial was True and is False")
    assert [p["code"] for p in listed["undecided"]] == ["teacher.uncertain"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"link": "teacher:openai:gpt-9"}, "Nothing called 'teacher:openai:gpt-9' stands in the way"),
        ({"link": "nonsense"}, LINK),
        ({"link": ""}, "Nothing called ''"),
        ({"link": "student:embedded"}, "What stands in the way now"),
        ({"expires": "2020-01-01"}, "would never hold"),
        ({"expires": "tomorrow"}, "Invalid value for '--expires'"),
        ({"expires": "2027-02-30"}, "Invalid value for '--expires'"),
    ],
)
def test_overrides_of_nothing_or_for_no_time_are_refused(counsel, project, arguments, message):
    assert message in add(code=2, **arguments).output
    assert not (project / "overrides").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lifts", "block"], "its verdict is ask-counsel, and the override lifts block"),
        (["--lifts", "allow"], "Invalid value for '--lifts'"),
        (["--code", "teacher.forbidden"], "Nothing called"),
        (["--unbound", "distribution"], "Invalid value for '--unbound'"),
        (["--reason", "   "], "needs a reason"),
    ],
)
def test_unfit_options_are_refused(counsel, project, options, message):
    assert message in add(*options, code=2).output
    assert not (project / "overrides").exists()


def test_a_key_that_may_not(project, monkeypatch):
    assert f"{KEY} is not set" in add(code=2).output
    monkeypatch.setenv(KEY, "secret-but-no-key")
    refused = add(code=2).output
    assert "is not a private key" in refused
    assert "secret-but-no-key" not in refused
    made = json.loads(invoke("keys", "new", "--name", "Joe", "--role", "reviewer", "--json").stdout)
    monkeypatch.setenv(KEY, made["private_key"])
    assert "Only counsel may" in add(code=2).output


def test_unknown_ids_suggest(counsel, project):
    made = json.loads(add("--json").stdout)
    for verb in ("show", "withdraw"):
        assert f"Did you mean: {made['id']}" in invoke("override", verb, made["id"][:-1], code=2).output
    assert "There is no override ''" in invoke("override", "show", "", code=2).output


def test_verify_names_what_differs_and_ends_with_3(counsel, project, shipped):
    made = json.loads(add("--json").stdout)
    path = project / "overrides" / f"{made['id']}.yaml"
    path.write_text(path.read_text().replace("No rival.", "No rivals."))
    result = invoke("verify", code=3)
    assert f"Not as recorded: overrides/{made['id']}.yaml ({LINK})" in result.output
    body = json.loads(invoke("verify", "--json", code=3).stdout)
    assert body["exit_code"] == 3
    (row,) = body["details"]["differences"]
    assert (row["check"], row["code"], row["file"]) == ("overrides", "signature_wrong", f"overrides/{path.name}")


def test_verify_takes_a_head_that_was_noted_elsewhere(counsel, project, shipped):
    head = json.loads(invoke("verify", "--json").stdout)["trail_head"]
    assert head == trail.entries(project)[-1].sha
    invoke("verify", "--head", head)
    assert "noted elsewhere" in invoke("verify", "--head", "ab" * 32, code=3).output


def test_a_key_is_retired_and_its_overrides_stand(counsel, project, shipped):
    add()
    invoke("keys", "retire", counsel["key_id"])
    assert json.loads(invoke("keys", "list", "--json").stdout)["signers"][0]["retired"] is True
    assert json.loads(invoke("override", "list", "--json").stdout)["overrides"][0]["held"] is True
    assert "was retired" in add(code=2).output
    assert len(list((project / "overrides").iterdir())) == 1
    invoke("verify")


def test_a_head_that_is_no_hash_is_refused(project):
    assert "64 hexadecimal digits" in invoke("verify", "--head", "latest", code=2).output


@pytest.mark.parametrize("command", [["keys", "list"], ["override", "list"], ["verify"]])
def test_outside_a_project(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert "No kdvert.yaml" in invoke(*command, code=2).output


@pytest.mark.parametrize("command", [["keys", "list"], ["override", "list"], ["verify"]])
def test_a_damaged_file_of_signers_is_explained(project, command):
    (project / "signers.yaml").write_text("signers: [")
    assert "not valid YAML" in invoke(*command, code=2).output


def test_an_override_that_cannot_be_read_is_reported(counsel, project):
    (project / "overrides" / "folder.yaml").mkdir(parents=True)
    (outcome,) = json.loads(invoke("override", "list", "--json").stdout)["overrides"]
    assert (outcome["id"], outcome["why"]) == ("folder.yaml", "unreadable: it cannot be read as text")
