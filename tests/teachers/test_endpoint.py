"""An endpoint that speaks the OpenAI protocol, well or badly: what is sent, read, tolerated and refused."""

import asyncio

import pytest

from kdvert.errors import UserError
from kdvert.teachers.completion import response_format
from kdvert.teachers.endpoint import EndpointTeacher, retry_after
from kdvert.teachers.faults import REASONS, Fault
from kdvert.teachers.kinds import open_teacher
from kdvert.teachers.protocol import NOTES
from kdvert.teachers.settings import TeacherSettings

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


@pytest.fixture
def connect(endpoint, tmp_path):
    def make(**changes) -> EndpointTeacher:
        return open_teacher(
            TeacherSettings(**({"model": "some-model", "base_url": endpoint.url} | changes)), root=tmp_path
        )

    return make


def ask(teacher, *requests):
    async def work():
        try:
            return await teacher.complete(requests)
        finally:
            await teacher.close()

    return asyncio.run(work())


def test_what_is_sent_and_what_is_read(connect, endpoint, request_for, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    teacher = connect(api_key_env="MY_KEY")
    reply = ask(teacher, request_for("Tell me.", temperature=0.5, max_tokens=33))[0]
    assert '"pairs"' in reply.text
    assert (reply.input_tokens, reply.output_tokens, reply.truncated, reply.notes) == (100, 20, False, ())
    assert reply.endpoint == teacher.host
    sent = endpoint.bodies[0]
    assert sent["messages"] == [{"role": "user", "content": "Tell me."}]
    assert (sent["model"], sent["temperature"], sent["max_tokens"], sent["seed"]) == ("some-model", 0.5, 33, 1)
    assert sent["stop"] == ["\n"]
    assert endpoint.keys == ["Bearer sk-secret"]
    assert "sk-secret" not in repr(teacher)


def test_several_requests_and_several_loops(connect, endpoint, request_for):
    teacher = connect()
    assert len(ask(teacher, request_for("a"), request_for("b"))) == 2
    assert len(ask(teacher, request_for("c"))) == 1
    assert endpoint.keys == [None] * 3


def test_route_and_identity_name_no_password_and_identity_no_host(connect, endpoint):
    teacher = connect()
    assert teacher.route.startswith("openai-compatible:127.0.0.1:")
    secret = connect(base_url=endpoint.url.replace("http://", "http://user:password@"))
    assert "password" not in secret.route + secret.where
    assert secret.identity == connect(base_url="http://elsewhere/v1").identity != connect(model="other").identity


def test_a_password_in_the_address_gives_way_to_a_key(connect, endpoint, request_for, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    url = endpoint.url.replace("http://", "http://user:password@")
    ask(connect(base_url=url), request_for("x"))
    ask(connect(base_url=url, api_key_env="MY_KEY"), request_for("y"))
    assert endpoint.keys[0].startswith("Basic ")
    assert endpoint.keys[1] == "Bearer sk-secret"


def test_a_query_in_the_address_stays_behind_the_path(connect, endpoint):
    assert (
        connect(base_url=endpoint.url + "/?api-version=1")._address == endpoint.url + "/chat/completions?api-version=1"
    )


@pytest.mark.parametrize(
    ("mode", "kind", "reason"),
    [
        ("302", "not_found", "redirected"),
        ("400", "refused", "request_refused"),
        ("401", "auth", "not_authorized"),
        ("404", "not_found", "not_found"),
        ("429", "busy", "rate_limited"),
        ("500", "busy", "server_error"),
        ("503", "busy", "overloaded"),
        ("drop", "down", "connection_lost"),
        ("short", "bad_reply", "cut_off_reply"),
        ("half_chunked", "bad_reply", "cut_off_reply"),
        ("broken_stream", "busy", "server_error"),
        ("garbage", "bad_reply", "html_reply"),
        ("plain_text", "bad_reply", "not_json"),
        ("json_list", "bad_reply", "not_json"),
        ("nothing", "bad_reply", "not_json"),
        ("cut_json", "bad_reply", "cut_off_reply"),
        ("half_stream", "bad_reply", "half_streamed"),
        ("error_body", "busy", "server_error"),
        ("error_text", "bad_reply", "error_body"),
        ("no_choices", "bad_reply", "no_choices"),
        ("null_choice", "bad_reply", "no_choices"),
        ("no_content", "bad_reply", "no_content"),
        ("filtered", "refused", "content_filter"),
        ("refusal", "refused", "teacher_refused"),
        ("tools", "refused", "tool_calls"),
        ("only_reasoning", "refused", "only_reasoning"),
    ],
)
def test_a_wrong_answer_becomes_a_fault_without_the_prompt(connect, endpoint, request_for, mode, kind, reason):
    endpoint.always(mode)
    fault = ask(connect(), request_for("a secret prompt"))[0]
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.reason) == (kind, reason)
    assert reason in REASONS
    assert "secret" not in f"{fault} {fault.detail}"


@pytest.mark.parametrize(
    ("mode", "text", "note"),
    [
        ("other_model", "pairs", "other_model"),
        ("no_finish", "pairs", "no_finish_reason"),
        ("reasoning", "Fine.", "reasoning_left_out"),
        ("thinking", "The answer.", "reasoning_left_out"),
        ("whole_stream", "Whole.", "streamed_unasked"),
        ("commented_stream", "Who\u2028le.", "streamed_unasked"),
        ("commented_stream", "Who\u2028le.", "no_finish_reason"),
        ("negative_usage", "pairs", "implausible_usage"),
        ("absurd_usage", "pairs", "implausible_usage"),
        ("worded_usage", "pairs", "implausible_usage"),
        ("free_usage", "pairs", "implausible_usage"),
        ("half_usage", "pairs", "implausible_usage"),
    ],
)
def test_what_is_odd_is_tolerated_with_a_note(connect, endpoint, request_for, mode, text, note):
    endpoint.always(mode)
    reply = ask(connect(), request_for("x"))[0]
    assert text in reply.text
    assert "think" not in reply.text
    assert note in reply.notes
    assert note in NOTES
    if "usage" in note:
        assert (reply.input_tokens, reply.output_tokens) == (None, None)
    assert reply.model == ("a-smaller-model" if mode == "other_model" else None)


@pytest.mark.parametrize(
    ("mode", "text"), [("parts", "In parts."), ("marked_body", "Marked."), ("dated_model", "pairs"), ("empty", "")]
)
def test_what_the_protocol_allows_has_no_note(connect, endpoint, request_for, mode, text):
    endpoint.always(mode)
    reply = ask(connect(), request_for("x"))[0]
    assert text in reply.text
    assert reply.notes == ()


def test_a_reply_that_ran_out_of_tokens_is_marked(connect, endpoint, request_for):
    endpoint.always("truncated")
    assert ask(connect(), request_for("x"))[0].truncated


def test_a_slow_server_times_out(connect, endpoint, request_for):
    endpoint.always("slow")
    fault = ask(connect(timeout_s=0.3), request_for("x"))[0]
    assert (fault.kind, fault.reason) == ("busy", "timeout")


def test_nobody_listens(connect, endpoint, request_for):
    teacher = connect()
    endpoint.stop()
    assert (ask(teacher, request_for("x"))[0].kind) == "down"


def test_retry_after_is_read(connect, endpoint, request_for):
    endpoint.always("429")
    endpoint.retry_after = "7"
    assert ask(connect(), request_for("x"))[0].retry_after == 7.0
    endpoint.retry_after = "Wed, 21 Oct 2015 07:28:00 GMT"
    assert ask(connect(), request_for("x"))[0].retry_after == 0.0, "a date in the past by the server's clock"


def test_a_date_to_wait_for_is_read_by_the_servers_clock():
    date = "Wed, 21 Oct 2026 07:28:{:02} GMT"
    assert retry_after({"Retry-After": date.format(30), "Date": date.format(10)}) == 20.0
    assert retry_after({"Retry-After": date.format(30)}) is None
    assert retry_after({"Retry-After": "soon", "Date": date.format(10)}) is None


def test_a_chat_model_cannot_score(connect, endpoint, request_for):
    fault = ask(connect(), request_for("x", continuation="y"))[0]
    assert fault.reason == "cannot_score"
    assert endpoint.calls == 0


def test_a_missing_key_names_the_variable(connect, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(UserError, match="NO_SUCH_KEY"):
        connect(api_key_env="NO_SUCH_KEY")


def test_a_schema_is_sent_in_the_protocols_form(connect, endpoint, request_for):
    assert ask(connect(), request_for("x", schema=SCHEMA))[0].notes == ()
    assert endpoint.bodies[0]["response_format"]["json_schema"] == {"name": "reply", "schema": SCHEMA, "strict": True}
    assert response_format({"type": "object", "properties": {"a": {}}})["json_schema"]["strict"] is False
    nested = {"anyOf": [{"type": "object", "properties": {}, "additionalProperties": True}]}
    assert response_format(nested)["json_schema"]["strict"] is False


@pytest.mark.parametrize("refuses", ["400", "500 validation"])
def test_an_endpoint_that_takes_no_schema_is_asked_without_and_that_is_remembered(
    connect, endpoint, request_for, refuses
):
    endpoint.refuses = refuses
    endpoint.takes = lambda body: "response_format" not in body
    teacher = connect()
    first = ask(teacher, request_for("x", schema=SCHEMA))[0]
    assert (first.reason, first.at_once, first.worth_retrying) == ("schema_refused", True, True)
    assert ask(teacher, request_for("x", schema=SCHEMA))[0].notes == ("schema_not_offered",)
    assert ask(teacher, request_for("y", schema=SCHEMA))[0].notes == ("schema_not_offered",)
    assert ["response_format" in body for body in endpoint.bodies] == [True, False, False]


def test_a_call_that_is_wrong_in_another_way_says_nothing_about_schemas(connect, endpoint, request_for):
    endpoint.mode = lambda number, prompt: "400" if prompt == "bad" else "ok"
    teacher = connect()
    assert ask(teacher, request_for("bad", schema=SCHEMA))[0].reason == "schema_refused"
    assert ask(teacher, request_for("bad", schema=SCHEMA))[0].reason == "request_refused"
    assert ask(teacher, request_for("good", schema=SCHEMA))[0].notes == ()
    assert ask(teacher, request_for("bad", schema=SCHEMA))[0].reason == "request_refused"


def test_likelihoods_are_read(connect, endpoint, request_for):
    endpoint.always("likely")
    reply = ask(connect(), request_for("x", top_logprobs=2))[0]
    assert (endpoint.bodies[0]["logprobs"], endpoint.bodies[0]["top_logprobs"]) == (True, 2)
    hi, mark = reply.logprobs
    assert (hi.token, hi.logprob, hi.top) == ("Hi", -0.25, (("Hi", -0.25), ("Oh", -1.75)))
    assert hi.tail_mass == pytest.approx(1 - 0.7788 - 0.1738, abs=1e-4)
    assert mark.top == (("!", -0.5), (".", -100.0)), "likeliest first, and nothing below -100"


def test_missing_likelihoods_are_noted(connect, request_for):
    reply = ask(connect(), request_for("x", top_logprobs=2))[0]
    assert (reply.logprobs, reply.notes) == (None, ("no_logprobs",))


def test_an_endpoint_without_likelihoods_is_asked_without_them(connect, endpoint, request_for):
    endpoint.takes = lambda body: "logprobs" not in body
    teacher = connect()
    schema = {"type": "object"}
    replies = [ask(teacher, request_for(str(n), top_logprobs=2, schema=schema))[0] for n in range(2)]
    assert [(r.logprobs, "no_logprobs" in r.notes, "schema_not_offered" in r.notes) for r in replies] == [
        (None, True, False)
    ] * 2
    assert ["logprobs" in body for body in endpoint.bodies] == [True, False, False]
    assert all("response_format" in body for body in endpoint.bodies)


def test_a_call_that_is_wrong_either_way_is_no_sign_against_likelihoods(connect, endpoint, request_for):
    endpoint.takes = lambda body: "wrong" not in body["messages"][0]["content"]
    teacher = connect()
    assert ask(teacher, request_for("wrong", top_logprobs=2))[0].reason == "request_refused"
    endpoint.always("likely")
    assert ask(teacher, request_for("right", top_logprobs=2))[0].logprobs
