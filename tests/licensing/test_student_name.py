"""The name a student must carry: prefixes put in front, wished names refused, lines to show."""

from __future__ import annotations

from datetime import date

import pytest

from kdvert.errors import GateBlocked, UserError
from kdvert.licensing import chain
from kdvert.licensing.student_name import begins_with, student_name
from kdvert.licensing.use import Use

TODAY = date(2026, 11, 24)
LLAMA = "hf:meta-llama/Llama-3.1-8B-Instruct"
LLAMA_3 = "hf:meta-llama/Meta-Llama-3-8B-Instruct"
QWEN_72 = "hf:Qwen/Qwen2.5-72B-Instruct"
SMALL = "hf:Qwen/Qwen2.5-0.5B-Instruct"


def named(teacher, student, *, project="ward-assistant", **use):
    intended = Use(**({"distribution": "distributed"} | use))
    report = chain.check(
        sources=[chain.SourceUse(license="CC0-1.0")], teacher=teacher, base_url=None, student=student, use=intended,
        today=TODAY,
    )  # fmt: skip
    return student_name(report.duties, intended, project)


def credits(found):
    """Return the lines that credit a model: the use itself may ask for others."""
    return [line for line in found.displays if line.startswith("Built with")]


def test_outputs_of_llama_ask_for_its_name_but_not_for_its_display():
    found = named(LLAMA, SMALL)
    assert found.name == "Llama-ward-assistant"
    assert credits(found) == []


def test_a_llama_base_asks_for_name_and_display():
    found = named("embedded", LLAMA)
    assert (found.name, credits(found)) == ("Llama-ward-assistant", ["Built with Llama"])


def test_llama_outputs_on_a_qwen_base_ask_for_the_name_of_one_and_the_display_of_the_other():
    found = named(LLAMA, QWEN_72)
    assert (found.name, credits(found)) == ("Llama-ward-assistant", ["Built with Qwen"])


@pytest.mark.parametrize("teacher", [LLAMA, QWEN_72])
def test_nothing_is_asked_of_a_student_that_stays_inside(teacher):
    found = named(teacher, SMALL, distribution="internal")
    assert (found.name, found.prefix, found.displays) == ("ward-assistant", None, [])


def test_apache_alone_leaves_the_name_free():
    assert named("hf:Qwen/Qwen2.5-7B-Instruct", SMALL, name="Ward").name == "Ward"


def test_a_wished_name_that_breaks_the_duty_is_refused_with_its_clause():
    with pytest.raises(UserError, match=r"use\.name is 'Ward'.*must begin with \"Llama\".*1\.b\.i") as error:
        named(LLAMA, SMALL, name="Ward")
    assert "Llama-Ward" in error.value.hint


@pytest.mark.parametrize("wish", ["Llama Ward", "llama-ward", "LLAMA_ward"])
def test_a_wished_name_that_begins_right_is_kept(wish):
    assert named(LLAMA, SMALL, name=wish).name == wish


@pytest.mark.parametrize("wish", ["Llama-3-Ward", "Llama 3 Ward"])
def test_the_check_takes_a_dash_for_a_space_too(wish):
    intended = Use(distribution="distributed", name=wish)
    report = chain.check(
        sources=[chain.SourceUse(license="CC0-1.0")], teacher="embedded", base_url=None, student=LLAMA_3, use=intended,
        today=TODAY,
    )  # fmt: skip
    assert "name-breaks-duty" not in [row.code for row in report.conflicts]
    assert student_name(report.duties, intended, "x").name == wish


def test_a_project_that_is_called_right_keeps_its_name():
    assert named(LLAMA, SMALL, project="llama-tutor").name == "llama-tutor"


def test_the_longer_of_two_prefixes_meets_both():
    found = named(LLAMA, LLAMA_3)
    assert found.name == "Llama 3-ward-assistant"


def test_two_prefixes_that_differ_cannot_be_met():
    report = chain.check(
        sources=[chain.SourceUse(license="CC0-1.0")], teacher=LLAMA, base_url=None, student=SMALL,
        use=Use(distribution="distributed"), today=TODAY,
    )  # fmt: skip
    (duty,) = [row for row in report.duties if row.kind == "name_prefix"]
    other = duty.model_copy(update={"id": "other-name", "value": "Falcon"})
    with pytest.raises(GateBlocked, match="No name begins with 'Llama' and with 'Falcon'"):
        student_name([duty, other], Use(distribution="distributed"), "ward")


@pytest.mark.parametrize(
    ("name", "prefix", "fits"),
    [("Llama-3-Ward", "Llama 3", True), ("Llama 3 Ward", "Llama 3", True), ("Llama-Ward", "Llama 3", False),
     ("My-Llama", "Llama", False)],
)  # fmt: skip
def test_dashes_and_case_do_not_count(name, prefix, fits):
    assert begins_with(name, prefix) is fits
