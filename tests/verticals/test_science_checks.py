"""Science: equations, reactions, names of species."""

import pytest
from kdvert_science.checks import equations_hold, reactions_balance, species_in_evidence


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("F = 2 kg × 3 m/s² = 6 N", None),
        ("F = 2 kg × 3 m/s² = 7 N", "equation_false"),
        ("The force is 2 kg × 3 m/s² = 6 J.", "equation_units_differ"),
        ("1 km = 1000 m", None),
        ("1 km = 100 m", "equation_false"),
        ("1.5 × 10³ J = 1.5 kJ", None),
        ("density = 4 g / 2 mL = 2 g/mL", None),
        ("2(x + 3) = 2x + 6", None),
        ("2(x + 3) = 2x + 5", "equation_never_holds"),
        ("x + 1 = 4", None),
        ("√16 = 4", None),
        ("√16 = 5", "equation_false"),
        ("pH = -log10(0.001) = 3", None),
        ("pH = -log10(0.001) = 4", "equation_false"),
        ("So 3.5 + 2.5 = 7 grams in all", "equation_false"),
        ("E = mc^2", None),
        ("p = 0.05 / 20 = 0.0025", None),
    ],
)
def test_equations(answer, code):
    assert equations_hold("", answer, "") == code


@pytest.mark.parametrize(
    "text", ["9^9^9^9 = 3", "__import__('os').system('x') = 3", "(" * 60 + "1" + ")" * 60 + " = 2"]
)
def test_model_text_is_neither_run_nor_waited_for(text):
    assert equations_hold("", text, "") is None


def test_an_equation_of_the_source_passes():
    assert equations_hold("", "1 km = 100 m", "Wrong on purpose: 1 km = 100 m.") is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("2H2 + O2 → 2H2O", None),
        ("The reaction is 6 CO₂ + 6 H₂O → C₆H₁₂O₆ + 6 O₂ in light", None),
        ("Ca(OH)2 + 2HCl → CaCl2 + 2H2O", None),
        ("H2CO3 ⇌ HCO3- + H+", None),
        ("ATP → ADP + Pi", None),
        ("A -> B", None),
        ("H2 + O2 -> H2O", "reaction_unbalanced"),
        ("CaCO3 → CaO + CO", "reaction_unbalanced"),
        ("H2CO3 ⇌ HCO3- + H", "reaction_unbalanced"),
    ],
)
def test_reactions(answer, code):
    assert reactions_balance("", answer, "") == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Escherichia coli divides fast.", None),
        ("E. coli divides fast.", None),
        ("Staphylococcus aureus and S. epidermidis live on skin.", None),
        ("Salmonella enterica divides fast.", "species_not_in_evidence"),
        ("E. faecalis divides fast.", "species_not_in_evidence"),
        ("Bacillus subtilis forms spores.", "species_not_in_evidence"),
        ("Previous analysis shows that Formula data are scarce.", None),
    ],
)
def test_species(answer, code):
    evidence = "E. coli lives in the gut; Staphylococcus aureus and epidermidis on skin."
    assert species_in_evidence("", answer, evidence) == code
