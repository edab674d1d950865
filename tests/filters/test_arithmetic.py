"""Numbers of an answer stand in the evidence or follow from it, and what it computes is right."""

import pytest

from kdvert.filters import arithmetic
from kdvert.filters.arithmetic import reason
from kdvert.filters.contract import Material, Thresholds
from kdvert.filters.equations import equations, holds
from kdvert.filters.figures import figures, plain
from kdvert.records import Chunk, Evidence, Example, Message, Provenance, Sampling, sha256_text

TABLE = (
    "(in thousands) | 2019 | 2018\nCloud revenue | $9,441 | $10,949\nClient services | 404 | 1,044\n"
    "Total | 9,845 | 11,993"
)


@pytest.mark.parametrize(
    ("answer", "evidence", "languages"),
    [
        ("It takes 31 days.", "It takes thirty-one days.", ["en"]),
        ("Es dauert 31 Tage.", "Es dauert einunddreißig Tage.", ["de"]),
        ("Le total est de 1 234,5 euros.", "Total: 1.234,50 euros.", ["fr"]),
        ("About 9.4 million dollars.", "Sales were $9,441,000.", ["en"]),
        ("Take 1.5 g a day.", "The dose is 1500 mg a day.", ["en"]),
        ("The share is 60%.", "A share of 0.6 was found.", ["en"]),
        ("It is 1.5 × 10⁻³ mol.", "It is 0.0015 mol.", ["en"]),
        ("There are three steps: 1, 2 and 3.", "Wash, rinse, dry.", ["en"]),
        ("1. Wash.\n12. Dry.", "Wash, dry.", ["en"]),
        ("Between 20 and 40 mg.", "Give 20-40 mg.", ["en"]),
        ("١٢ كيلو", "12 kg", ["ar"]),
        ("CO2 and H1N1 are named.", "Names.", ["en"]),
    ],
)
def test_numbers_that_the_evidence_has(answer, evidence, languages):
    assert reason("Why?", answer, evidence, languages) is None


@pytest.mark.parametrize(
    ("answer", "evidence", "code"),
    [
        ("It takes 32 days.", "It takes thirty-one days.", "number_not_in_evidence"),
        ("Es dauert 32 Tage.", "Es dauert einunddreißig Tage.", "number_not_in_evidence"),
        ("About 9.6 million dollars.", "Sales were $9,441,000.", "number_not_in_evidence"),
        ("Take 1.6 g a day.", "The dose is 1500 mg a day.", "number_not_in_evidence"),
        ("Take 5 mL.", "Take 5 mg.", "unit_differs_from_evidence"),
        ("The share is 61%.", "A share of 0.6 was found.", "number_not_in_evidence"),
        ("In 1987 it began.", "It began long ago.", "number_not_in_evidence"),
    ],
)
def test_numbers_that_it_has_not(answer, evidence, code):
    assert reason("Why?", answer, evidence, ["en", "de"]) == code


@pytest.mark.parametrize(
    "answer",
    [
        "It fell by 1,508 thousand.",
        "It fell by 13.77%.",
        "The mean was 10,195.",
        "Cloud revenue was 95.9% of the total.",
    ],
)
def test_one_step_from_a_row_or_column(answer):
    assert reason("How did cloud revenue change?", answer, TABLE, ["en"]) is None


@pytest.mark.parametrize("answer", ["It fell by 1,507 thousand.", "It fell by 13.97%.", "The mean was 10,295."])
def test_results_near_the_right_ones(answer):
    assert reason("How did cloud revenue change?", answer, TABLE, ["en"]) == "number_not_in_evidence"


def test_a_result_that_chance_would_give_is_no_result():
    crowd = " ".join(str(n * n + 3) for n in range(11, 41))
    assert reason("What?", "It is 35.", crowd, ["en"]) == "number_not_in_evidence"
    assert reason("What are 20 and 15 together?", "It is 35.", "The numbers 20 and 15.", ["en"]) is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("She paid 15 dollars an hour x 40 hours = $600.", None),
        ("15 * 40 = 600, and 600 / 2 = 300, so 300.", None),
        ("(40 - 15) / 40 = 62.5%", None),
        ("15 x 40 hours = $610.", "arithmetic_wrong"),
        ("(40 - 15) / 40 = 52.5%", "arithmetic_wrong"),
        ("15 pounds x 12 reps = 180 pounds. 3 sets x 180 pounds = 540 pounds.", None),
        ("100% - 40% = 60%, so 60%.", None),
        ("That's 40*.25 = $10.00 off.", None),
        ("15 pounds x 12 reps = 190 pounds.", "arithmetic_wrong"),
        ("17 * 40 = 680", "number_not_in_evidence"),  # right, of a number that nobody gave
    ],
)
def test_stated_equations(answer, code):
    assert (
        reason("She earns 15 dollars an hour for 40 hours, 12 at 0.25 more, and saves 40%.", answer, "", ["en"]) == code
    )


@pytest.mark.parametrize(
    "text",
    [
        "3x - 4 = 11",
        "14(.50) = 7",
        "half of 10 + 2 = 7",
        "2 = 2",
        "5 / 0 = 5",
        "9^99 = 1",
        "95% CI = 1.5-2.8",
        "4A - 5 5A - 5 = 30",
    ],
)
def test_what_is_not_plain_arithmetic_is_not_judged(text):
    written = plain(text)
    assert all(holds(*sides) for sides in equations(written, figures(written)))


def test_model_text_is_never_run():
    written = plain("__import__('os').system('x') * 2 = 4")
    assert equations(written, figures(written)) == []


def test_readings_of_one_figure():
    assert [f.readings for f in figures(plain("1.234 1,5 1,234,567 1.234,5 .5"))] == [
        (1.234, 1234.0),
        (1.5,),
        (1234567.0,),
        (1234.5,),
        (0.5,),
    ]


def test_the_filter_reads_the_span_with_its_lines():
    chunk = Chunk(id="c", document_id="d", start=0, end=len(TABLE), title="T", license="CC0-1.0", text=TABLE)
    record = Example(
        id="1", vertical="finance", strategy="curation", skill="grounded_qa", quote=" ".join(TABLE.split()),
        messages=[Message(role="user", content="Total of client services?"),
                  Message(role="assistant", content="1,448 thousand")],
        evidence=[Evidence(chunk_id="c", start=0, end=len(TABLE), quote_sha=sha256_text(TABLE))],
        provenance=Provenance(teacher="t", route="local", templates={}, request_ids=[], chunk_ids=["c"],
                              document_ids=["d"], licenses=[], terms=[], sampling=Sampling(), versions={}),
    )  # fmt: skip
    material = Material(chunks={"c": chunk}, held_out=[], languages=["en"], checks={}, thresholds=Thresholds())
    ((verdict,),) = arithmetic.apply([record], material)
    assert (verdict.check, verdict.passed) == ("numbers", True)
