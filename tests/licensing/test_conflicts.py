"""Demands of two links that cannot both be met."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kdvert.licensing import chain
from kdvert.licensing.chain import Mismatch, SourceUse, Writer
from kdvert.licensing.links import Link
from kdvert.licensing.obligations import Duty
from kdvert.licensing.use import Use

DAY = date(2026, 11, 24)
LLAMA = "hf:meta-llama/Llama-3.1-8B-Instruct"


def check(*licenses: str, teacher: str = "embedded", student: str = "embedded", **changes: Any) -> chain.Report:
    """Judge a chain; what is left over is the use."""
    options = {key: changes.pop(key) for key in ("writers", "mismatches") if key in changes}
    return chain.check(
        sources=[SourceUse(license=name) for name in licenses or ("CC0-1.0",)],
        teacher=teacher,
        base_url=None,
        student=student,
        use=Use.model_validate(changes),
        today=DAY,
        **options,
    )


def named(prefix: str) -> Link:
    """A student whose license asks for a name."""
    duty = Duty(id=f"name-{prefix}", kind="name_prefix", value=prefix, text=f'The name begins with "{prefix}".')
    return Link(
        kind="student", subject=prefix, verdict="allow-with-duties", code="student.granted-with-duties",
        reason="", duties=[duty], facts=[], facts_sha256="",
    )  # fmt: skip


def test_two_name_prefixes_cannot_both_begin_a_name() -> None:
    report = chain.concluded([named("Llama"), named("Acme")], Use(distribution="distributed"), DAY)
    assert report.verdict == "block"
    (conflict,) = report.conflicts
    assert conflict.code == "two-name-prefixes"
    assert conflict.between == ["Llama", "Acme"]
    assert "'Llama'" in conflict.reason
    assert "'Acme'" in conflict.reason


def test_a_longer_prefix_meets_the_shorter_one_and_inside_the_house_names_are_free() -> None:
    assert chain.concluded([named("Llama"), named("Llama 3")], Use(distribution="hosted"), DAY).conflicts == []
    assert chain.concluded([named("Llama"), named("Acme")], Use(), DAY).conflicts == []


@pytest.mark.parametrize(
    ("name", "codes"), [("Ward-Assistant", ["name-breaks-duty"]), ("Llama-Ward-Assistant", []), (None, [])]
)
def test_a_stated_name_must_carry_the_prefix(name: str | None, codes: list[str]) -> None:
    report = check(teacher=LLAMA, distribution="hosted", name=name)
    assert [c.code for c in report.conflicts] == codes
    assert report.verdict == ("block" if codes else "allow-with-duties")


@pytest.mark.parametrize(
    ("source", "license_of_student", "blocked"),
    [
        ("CC-BY-SA-4.0", "LicenseRef-Proprietary", True),
        ("CC-BY-SA-3.0", "LicenseRef-Proprietary", True),
        ("CC-BY-SA-4.0", "Apache-2.0", True),
        ("CC-BY-SA-3.0", "CC-BY-SA-4.0", False),
        ("ODbL-1.0", "LicenseRef-Proprietary", True),
        ("ODbL-1.0", "ODbL-1.0", False),
        ("CC-BY-4.0", "LicenseRef-Proprietary", False),
    ],
)
def test_share_alike_against_the_license_of_the_student(source: str, license_of_student: str, blocked: bool) -> None:
    report = check(source, distribution="distributed", license=license_of_student)
    assert [c.code for c in report.conflicts] == ["share-alike-against-license"] * blocked
    assert (report.verdict == "block") == blocked


def test_share_alike_sleeps_inside_the_house() -> None:
    assert check("CC-BY-SA-4.0", license="LicenseRef-Proprietary").conflicts == []


def test_two_share_alikes_ask_for_two_licenses_at_once() -> None:
    report = check("CC-BY-SA-4.0", "ODbL-1.0", distribution="distributed")
    assert [c.code for c in report.conflicts] == ["two-share-alikes"]
    assert check("CC-BY-SA-4.0", "CC-BY-SA-3.0", distribution="distributed").conflicts == []


def test_share_alike_forbids_the_restrictions_of_a_teacher() -> None:
    report = check("CC-BY-SA-4.0", teacher="hf:google/gemma-3-4b-it", distribution="distributed")
    assert [(c.code, c.verdict) for c in report.conflicts] == [("share-alike-against-restrictions", "ask-counsel")]


@pytest.mark.parametrize(("license_of_student", "blocked"), [("Apache-2.0", True), ("LicenseRef-Proprietary", False)])
def test_outputs_of_gemma_3_make_no_plain_apache_student(license_of_student: str, blocked: bool) -> None:
    report = check(teacher="hf:google/gemma-3-4b-it", distribution="distributed", license=license_of_student)
    assert [c.code for c in report.conflicts] == ["plain-license"] * blocked
    assert (report.verdict == "block") == blocked


def test_noncommercial_sources_make_no_student_that_permits_commerce() -> None:
    report = check("CC-BY-NC-4.0", distribution="distributed", commercial=False, license="MIT")
    assert [c.code for c in report.conflicts] == ["noncommercial-against-license"]
    assert report.verdict == "block"


def test_rewritten_text_without_derivatives_is_a_matter_for_counsel() -> None:
    report = check("CC-BY-ND-4.0", distribution="distributed")
    assert [(c.code, c.verdict) for c in report.conflicts] == [("no-derivatives-rewritten", "ask-counsel")]


def test_rows_that_may_not_leave_go_to_no_vendor() -> None:
    report = check("LicenseRef-MIMIC", teacher="mistralai:mistral-large-latest")
    assert ("remote-teacher", "block") in [(c.code, c.verdict) for c in report.conflicts]


@pytest.mark.parametrize("role", ["judge", "paraphraser"])
def test_every_model_that_writes_counts(role: str) -> None:
    clean = check(distribution="distributed")
    report = check(distribution="distributed", writers=[Writer(ref="openai:gpt-4o", role=role)])
    assert clean.verdict == "allow-with-duties"
    assert report.verdict == "block"
    (link,) = (row for row in report.links if row.kind == "writer")
    assert role in link.subject
    assert link.code == "writer.forbidden"


def test_the_model_that_wrote_a_source_counts() -> None:
    source = SourceUse(license="Apache-2.0", written_by=("openai:gpt-4o",))
    report = chain.check(
        sources=[source], teacher="embedded", base_url=None, student="embedded",
        use=Use(distribution="distributed"), today=DAY,
    )  # fmt: skip
    assert report.verdict == "block"
    assert [row.code for row in report.links if row.verdict == "block"] == ["writer.forbidden"]


@pytest.mark.parametrize(
    ("detected", "verdict"),
    [("CC-BY-NC-4.0", "block"), ("CC-BY-SA-4.0", "ask-counsel"), ("CC-BY-4.0", "ask-counsel"), ("???", "ask-counsel")],
)
def test_a_mismatch_is_asked_about_and_a_worse_license_blocks(detected: str, verdict: str) -> None:
    row = Mismatch(declared="CC0-1.0", detected=detected, method="SPDX tag", where="sources/a.md", documents=3)
    report = check("CC0-1.0", mismatches=[row])
    assert report.verdict == verdict
    (link,) = (row for row in report.links if row.code == "source.mismatch")
    assert "3 document(s)" in link.reason
    assert "sources/a.md" in link.subject
