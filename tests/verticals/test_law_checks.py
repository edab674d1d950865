"""Law: cases and their citations."""

import pytest
from kdvert_law.checks import cases_in_evidence

EVIDENCE = (
    "A complaint must state a plausible claim. Bell Atlantic Corp. v. Twombly, 550 U.S. 544, 570 (2007). "
    "See also Ashcroft v. Iqbal, 556 U. S. 662 (2009)."
)


@pytest.mark.parametrize(
    "answer",
    [
        "It must be plausible: Bell Atl. Corp. v. Twombly, 550 US 544 (2007).",
        "The claim must be plausible, 550 U.S. at 570.",
        "Ashcroft v. Iqbal, 556 U.S. 662, 678 (2009), says so.",
        "It must be plausible.",
        "There were 12 Jurors and 6 more; Section 550 is another matter.",
        "On 12 May 2007 the court decided.",
    ],
)
def test_cases_of_the_evidence(answer):
    assert cases_in_evidence("What must a complaint state?", answer, EVIDENCE) is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Bell Atlantic Corp. v. Twombly, 551 U.S. 544 (2007).", "case_not_in_evidence"),
        ("Bell Atlantic Corp. v. Twombly, 550 U.S. 545 (2007).", "case_not_in_evidence"),
        ("Bell Atlantic Corp. v. Twombly, 550 F.3d 544 (2d Cir. 2007).", "case_not_in_evidence"),
        ("The claim must be plausible, 554 U.S. at 570.", "case_not_in_evidence"),
        ("Conley v. Gibson set another test.", "case_not_in_evidence"),
        ("Bell Atlantic Corp. v. Twombly, 550 Zzq. 544 (2007).", "unknown_reporter"),
        ("The rule is old, 12 F.9th 345 (2d Cir. 2007).", "unknown_reporter"),
        ("Bell Atlantic Corp. v. Twombly, 550 U.S. ___ (2007).", "citation_without_page"),
        ("Bell Atlantic Corp. v. Twombly, 550 F.4th 544 (1931).", "citation_year_impossible"),
    ],
)
def test_near_misses(answer, code):
    assert cases_in_evidence("What must a complaint state?", answer, EVIDENCE) == code


def test_a_case_that_the_question_names_may_be_named_but_not_cited():
    assert cases_in_evidence("What did Roe v. Wade hold?", "Roe v. Wade held it.", "It held.") is None
    cited = "Roe v. Wade, 410 U.S. 113 (1973)."
    assert cases_in_evidence("What did Roe v. Wade, 410 U.S. 113, hold?", cited, "It held.") == "case_not_in_evidence"
