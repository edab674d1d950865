"""Finance: derived figures, directions, identifiers."""

import pytest
from kdvert_finance.checks import direction_agrees, figures_in_evidence, identifiers_valid

TABLE = (
    "(In thousands) | 2019 | 2018\nRevenue | $9,441 | $10,949\nClient services | 1,404 | 1,044\n"
    "Total | 10,845 | 11,993\nLoss | (311) | (290)\n\nThe discount rate rose from 3.75% to 4.25%."
)


@pytest.mark.parametrize(
    "answer",
    [
        "9,441 thousand",
        "9.4 million",
        "It changed by 1,508 thousand.",
        "It fell by 13.77 percent.",
        "The mean of both years is 10,195 thousand.",
        "Client services were 12.9% of the total in 2019.",
        "The rate moved by 50 basis points.",
    ],
)
def test_figures_that_stand_there_or_follow(answer):
    assert figures_in_evidence("What of revenue, services and the rate?", answer, TABLE) is None


@pytest.mark.parametrize(
    "answer",
    [
        "9,441 million",
        "It changed by 1,518 thousand.",
        "It fell by 13.97 percent.",
        "The mean is 10,295 thousand.",
        "8,731 thousand",
    ],
)
def test_figures_that_do_not(answer):
    assert figures_in_evidence("What of revenue and services?", answer, TABLE) == "figure_not_in_evidence"


def test_counting_the_rows_of_a_table():
    assert figures_in_evidence("How many lines exceeded 1,000?", "3", TABLE) is None
    assert figures_in_evidence("How many days are left?", "3", "Ninety days.") == "figure_not_in_evidence"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Revenue decreased by $1,508 thousand.", None),
        ("Revenue increased by $1,508 thousand.", "direction_differs_from_evidence"),
        ("Services grew by 34.48%.", None),
        ("Services fell by 34.48%.", "direction_differs_from_evidence"),
        ("The rate rose from 3.75% to 4.25%.", None),
        ("The rate fell from 3.75% to 4.25%.", "direction_wrong"),
        ("The rate did not fall from 3.75% to 4.25%.", None),
        ("It fell from $2 billion to $900 million.", None),  # scales differ: not judged
        ("Something rose by 77.", None),
    ],
)
def test_directions(answer, code):
    assert direction_agrees("How did it change?", answer, TABLE) == code


def test_a_direction_told_in_prose():
    told = "Net sales decreased by 4.5 percent."
    assert direction_agrees("", "Sales increased by 4.5%.", told) == "direction_differs_from_evidence"
    assert direction_agrees("", "Sales declined by 4.5%.", told) is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("The ISIN is US0378331005.", "identifier_not_in_evidence"),
        ("The ISIN is US0378331006.", "isin_check_digit_wrong"),
        ("Its CUSIP number is 037833100.", "identifier_not_in_evidence"),
        ("Its CUSIP number is 037833101.", "cusip_check_digit_wrong"),
        ("SEDOL: B0YBKJ8", "sedol_check_digit_wrong"),
        ("The LEI 213800KUD8LAJWSQ9D16 is wrong.", "lei_check_digit_wrong"),
        ("IBAN GB82 WEST 1234 5698 7654 33", "iban_check_digit_wrong"),
        ("An ISIN has twelve characters.", None),
        ("The order number is 037833101.", None),
    ],
)
def test_identifiers(answer, code):
    assert identifiers_valid("Which code?", answer, "No code here.") == code


def test_a_wrong_code_that_the_source_shows_as_an_example():
    assert identifiers_valid("", "ISIN US0378331006 fails.", "The ISIN US0378331006 is wrong.") is None
