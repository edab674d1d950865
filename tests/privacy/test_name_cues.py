"""Names that a cue beside them marks, in the forms of court papers."""

from __future__ import annotations

import pytest

from kdvert.privacy import name_cues


def marked(text: str) -> set[str]:
    return {text[start:end] for start, end in name_cues.marked(text)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Adv. Smt.Leena K.Varkey for the respondent", "Leena K.Varkey"),
        ("R.T.Gowda S/o Late Basappa, aged about 40 years", "R.T.Gowda"),
        ("R.T.Gowda S/o Late Basappa, aged about 40 years", "Basappa"),
        ("Veeresh (PW 3) said so", "Veeresh"),
        ("Petitioner :- Suresh Dutt Tomar", "Suresh Dutt Tomar"),
        ("Kashi Nath @ Pappu ran", "Pappu"),
        ("Mr.\u00a0Abhay\u00a0\u00a0\u00a0J.\u00a0\u00a0Kadam appeared", "Abhay\u00a0\u00a0\u00a0J.\u00a0\u00a0Kadam"),
        ("(Before Shri K. Narasimha Reddy, Member)", "K. Narasimha Reddy"),
    ],
)
def test_a_cue_marks_a_name(text, name):
    assert name in marked(text)


@pytest.mark.parametrize(
    "text",
    [
        "The State of Kerala Versus The Union of India",
        "U.S. Code and N.Y. Penal Law are statutes.",
        "The son of the accused came. Petitioner: the State.",
        "Mr. Justice and the Court rose.",
        "Respondent Nos. 1 and 2 are absent.",
    ],
)
def test_no_cue_no_name(text):
    assert not marked(text)


def test_a_list_goes_on_from_a_known_name():
    text = "Counsel: Suresh Tomar, K.L. Bhatia and Mohan Srivastava, for the State"
    first = (9, 21)
    assert text[slice(*first)] == "Suresh Tomar"
    assert [text[s:e] for s, e in name_cues.listed(text, [first])] == ["K.L. Bhatia", "Mohan Srivastava"]
