"""A teacher takes scrubbed text and nothing else; a call is known by its id before it is made."""

import pytest

from kdvert.records import Sampling, ScrubbedText
from kdvert.teachers.protocol import TeacherRequest, request_id


class Someone:
    identity = "abc"


def number(**changes):
    values = {
        "step": "pair", "template_sha": "t", "prompt": ScrubbedText("p", "policy"), "sampling": Sampling(), "stop": (),
    }  # fmt: skip
    return request_id(Someone(), **(values | changes))


def test_plain_text_is_refused():
    with pytest.raises(TypeError, match="ScrubbedText only, not str"):
        TeacherRequest(id="1", step="s", prompt="Call Maria at 555-0100", sampling=Sampling())


def test_a_plain_continuation_is_refused():
    with pytest.raises(TypeError, match="ScrubbedText only"):
        TeacherRequest(id="1", step="s", prompt=ScrubbedText("p", "x"), sampling=Sampling(), continuation="text")


def test_the_id_depends_on_all_that_shapes_the_reply():
    other_teacher = type("Other", (), {"identity": "def"})()
    ids = [
        number(),
        number(step="question"),
        number(template_sha="u"),
        number(prompt=ScrubbedText("q", "policy")),
        number(prompt=ScrubbedText("p", "another policy")),
        number(sampling=Sampling(seed=1)),
        number(sampling=Sampling(temperature=0.5)),
        number(stop=("\n",)),
        number(continuation=ScrubbedText("c", "policy")),
        request_id(
            other_teacher, step="pair", template_sha="t", prompt=ScrubbedText("p", "policy"), sampling=Sampling()
        ),
    ]
    assert len(set(ids)) == len(ids)
    assert number() == number()
