"""Medicine: diagnosis codes, rhythms of doses, shares and risks, impossible values."""

import pytest
from kdvert_medicine.checks import dose_rhythm_in_evidence, icd_codes_valid, shares_in_evidence, values_possible


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("The code is E11.9 (type 2 diabetes mellitus without complications).", None),
        ("Type 2 diabetes is coded as ICD-10 E11.9.", None),
        ("Use J45.909 for asthma.", None),
        ("Essential hypertension: ICD-10 code I10.", None),
        ("Take vitamin B12 daily.", None),
        ("See figure A12.3 for it.", None),
        ("The code is E11.7 (type 2 diabetes).", "icd_code_unknown"),
        ("ICD-10 code I99X applies.", None),  # no code by its shape
        ("ICD-10 code U9Z applies.", None),
        ("The code is E11.9 (type 1 diabetes mellitus).", "icd_code_means_other"),
        ("The code is J45.909 (fracture of the femur).", "icd_code_means_other"),
        ("ICD-10 code Q98.99 applies.", "icd_code_unknown"),
    ],
)
def test_diagnosis_codes(answer, code):
    assert icd_codes_valid("Which code?", answer, "Nothing coded.") == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Give 500 mg twice daily.", None),
        ("Give 500 mg every 12 hours.", None),
        ("Give 1 g daily.", None),
        ("Give 500 mg bid.", None),
        ("Give 500 mg.", None),
        ("Give 500 mg three times a day.", "dose_rhythm_differs_from_evidence"),
        ("Give 500 mg every 6 hours.", "dose_rhythm_differs_from_evidence"),
        ("Give 2 g daily.", "dose_rhythm_differs_from_evidence"),
        ("Give 500 mg/kg twice daily.", None),
        ("Give 1 g/kg daily.", "dose_rhythm_differs_from_evidence"),
    ],
)
def test_rhythms(answer, code):
    assert dose_rhythm_in_evidence("How much?", answer, "Adults take 500 mg twice a day.") == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("It helped 25% of patients.", None),
        ("It did not help 75 percent.", None),
        ("Mortality was 3.2%.", None),
        ("The odds ratio was 1.8.", None),
        ("It helped 35% of patients.", "percent_not_in_evidence"),
        ("Mortality was 3.4%.", "percent_not_in_evidence"),
        ("The odds ratio was 2.8.", "risk_not_in_evidence"),
        ("HR 0.77 (95% CI given).", "percent_not_in_evidence"),
    ],
)
def test_shares_and_risks(answer, code):
    evidence = "Of the patients, 12 of 48 were helped; mortality was 0.032; the odds ratio was 1.8."
    assert shares_in_evidence("What helped?", answer, evidence) == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("A pH of 7.4 is normal.", None),
        ("A pH of 17.4 is normal.", "value_impossible"),
        ("An oxygen saturation of 95% is fine.", None),
        ("An oxygen saturation of 195% is fine.", "value_impossible"),
        ("A fever above 38.5 °C needs care.", None),
        ("A fever above 385 °C needs care.", "value_impossible"),
        ("A GCS score of 2 is the least.", "value_impossible"),
        ("Take 500 mg with food.", None),
        ("Take 500 g with food.", "dose_absurd"),
        ("The baby weighs 3500 g.", None),
    ],
)
def test_values(answer, code):
    assert values_possible("What?", answer, "No figures.") == code
