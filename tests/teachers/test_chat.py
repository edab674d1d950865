"""A teacher by a provider of LangChain: what is sent, what is read, and how a wrong setting is explained."""

import asyncio
from pathlib import Path

import pytest
from langchain_openai.chat_models.base import BaseChatOpenAI

from kdvert.errors import UserError
from kdvert.teachers.chat import ChatTeacher, _providers
from kdvert.teachers.faults import Fault
from kdvert.teachers.kinds import open_teacher
from kdvert.teachers.settings import TeacherSettings


def connect(endpoint, timeout_s=5.0, **changes) -> ChatTeacher:
    """Return LangChain's own client for the OpenAI protocol as a teacher."""
    model = BaseChatOpenAI(model="some-model", base_url=endpoint.url, api_key="none", max_retries=0)
    values = {"seeded": True, "schema_name": "response_format", "likely": True} | changes
    return ChatTeacher("some-model", "langchain:openai", "here", None, timeout_s, model, **values)


def ask(teacher, *requests):
    return asyncio.run(teacher.complete(requests))


def test_what_is_sent_and_what_is_read(endpoint, request_for):
    reply = ask(connect(endpoint), request_for("Tell me.", temperature=0.5, max_tokens=33))[0]
    assert '"pairs"' in reply.text
    assert (reply.input_tokens, reply.output_tokens, reply.truncated) == (100, 20, False)
    sent = endpoint.bodies[0]
    assert sent["messages"] == [{"role": "user", "content": "Tell me."}]
    assert (sent["model"], sent["temperature"], sent["max_tokens"], sent["seed"]) == ("some-model", 0.5, 33, 1)
    assert sent["stop"] == ["\n"]


def test_a_schema_and_likelihoods_are_asked_for(endpoint, request_for):
    endpoint.always("likely")
    reply = ask(connect(endpoint), request_for("x", schema={"type": "object"}, top_logprobs=2))[0]
    assert endpoint.bodies[0]["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert endpoint.bodies[0]["top_logprobs"] == 2
    assert [c.token for c in reply.logprobs] == ["Hi", "!"]


def test_a_provider_without_schemas_is_asked_without_one(endpoint, request_for):
    reply = ask(connect(endpoint, schema_name=None), request_for("x", schema={"type": "object"}))[0]
    assert "response_format" not in endpoint.bodies[0]
    assert reply.notes == ("schema_not_offered",)


def test_counts_that_cannot_be_true_are_not_taken(endpoint, request_for):
    endpoint.always("absurd_usage")
    reply = ask(connect(endpoint), request_for("x"))[0]
    assert (reply.input_tokens, reply.notes) == (None, ("implausible_usage",))


@pytest.mark.parametrize(
    ("mode", "kind", "reason"),
    [
        ("400", "refused", "request_refused"),
        ("401", "auth", "not_authorized"),
        ("404", "not_found", "not_found"),
        ("429", "busy", "rate_limited"),
        ("500", "busy", "server_error"),
        ("garbage", "bad_reply", "bad_response"),
        ("error_body", "bad_reply", "bad_response"),
        ("drop", "down", None),
    ],
)
def test_a_failed_call_becomes_a_fault_without_the_prompt(endpoint, request_for, mode, kind, reason):
    endpoint.always(mode)
    fault = ask(connect(endpoint), request_for("a secret prompt"))[0]
    assert isinstance(fault, Fault)
    assert fault.kind == kind
    assert reason is None or fault.reason == reason
    assert "secret" not in f"{fault} {fault.detail}"


def test_a_slow_server_times_out(endpoint, request_for):
    endpoint.always("slow")
    fault = ask(connect(endpoint, timeout_s=0.3), request_for("x"))[0]
    assert (fault.kind, fault.reason) == ("busy", "timeout")


def test_a_chat_model_cannot_score(endpoint, request_for):
    fault = ask(connect(endpoint), request_for("x", continuation="y"))[0]
    assert fault.reason == "cannot_score"
    assert endpoint.calls == 0


def test_an_unknown_provider_gets_a_suggestion(tmp_path):
    with pytest.raises(UserError, match="no provider 'opnai'") as caught:
        open_teacher(TeacherSettings(model="opnai:gpt-4o"), root=tmp_path)
    assert "Did you mean: openai" in str(caught.value)


def test_a_provider_that_is_not_installed_names_the_package(tmp_path):
    with pytest.raises(UserError, match="langchain_anthropic") as caught:
        open_teacher(TeacherSettings(model="anthropic:claude-x"), root=tmp_path)
    assert 'pip install "langchain-anthropic"' in str(caught.value)


def test_a_provider_without_its_key_is_a_user_error(monkeypatch, tmp_path):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError, match="cannot be opened"):
        open_teacher(TeacherSettings(model="openai:gpt-4o"), root=tmp_path)


def test_a_provider_with_its_key_opens(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    teacher = open_teacher(TeacherSettings(model="openai:gpt-4o"), root=tmp_path)
    assert (teacher.route, teacher.name, teacher.local) == ("langchain:openai", "openai:gpt-4o", False)
    assert "sk-secret" not in repr(teacher)


def test_a_provider_without_a_model_name(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(UserError, match="names no model"):
        open_teacher(TeacherSettings(model="openai:"), root=tmp_path)


def test_the_list_of_providers_has_its_shape():
    providers = _providers()
    assert providers["openai"] == "langchain_openai"
    assert providers["anthropic"] == "langchain_anthropic"
    assert {"ollama", "mistralai"} <= providers.keys()


def test_an_unknown_local_model(tmp_path: Path):
    with pytest.raises(UserError, match="no-such-folder"):
        open_teacher(TeacherSettings(model="no-such-folder"), root=tmp_path)
