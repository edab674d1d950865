"""The weighing of names, on what the tagger is known to take for a person."""

from __future__ import annotations

import pytest

from kdvert.privacy import names, places


def found(text: str, *tagged: str) -> list[str]:
    spans = [(text.index(t), text.index(t) + len(t)) for t in tagged]
    return sorted({text[s:e] for s, e in names.find(text, spans)})


@pytest.mark.parametrize(
    ("text", "tagged"),
    [
        ("Penicillin is given first.", "Penicillin"),
        ("Most people take Warfarin at night.", "Warfarin"),
        ("Hemoglobin A1c reflects the past months.", "Hemoglobin A1c"),
        ("Hodgkin lymphoma is rare.", "Hodgkin"),
        ("He was told of Barrett's esophagus.", "Barrett"),
        ("Use Cohen's kappa for two raters.", "Cohen"),
        ("The Matthew effect was named later.", "Matthew"),
        ("A Lewis base gives a pair.", "Lewis"),
        ("Carbon enters the Calvin cycle.", "Calvin"),
        ("Messenger RNA leaves the nucleus.", "Messenger RNA"),
        ("Spina Bifida (treatment)", "Spina Bifida"),
        ("Germinomas Germinomas are common.", "Germinomas Germinomas"),
        ("Financial Ratios compare figures.", "Financial Ratios"),
        ("See Miller et al. for details.", "Miller"),
        ("These resources help.", "These"),
        ("PCI DSS applies to merchants.", "PCI DSS"),
        ("St. John's wort is a plant.", "John"),
        ("Gregor Mendel bred peas.", "Gregor Mendel"),
        ("In Georgia and Virginia it rains.", "Virginia"),
    ],
)
def test_no_name(text: str, tagged: str) -> None:
    assert found(text, tagged) == []


@pytest.mark.parametrize(
    ("text", "tagged", "name"),
    [
        ("Leopold Varnhagen, born in May, fell.", "Leopold Varnhagen", "Leopold Varnhagen"),
        ("It was signed by Dr. Thorncastle, MD.", "", "Thorncastle"),
        ("Then Marisol Quintanar’s sister came.", "Marisol Quintanar’s", "Marisol Quintanar"),
        ("Statistician Odalys Brandmere left.", "Statistician Odalys Brandmere", "Odalys Brandmere"),
        ("Customer Ingrid Palmqvist-Adeyemi called.", "", "Ingrid Palmqvist-Adeyemi"),
        ("We admitted Sarah P. on Monday.", "", "Sarah P."),
        ("The patient Kvothe was seen.", "Kvothe", "Kvothe"),
        ("It listed Caspian Dworkin, student ID 12.", "Caspian Dworkin", "Caspian Dworkin"),
        ("A letter from John Bell came.", "John Bell", "John Bell"),
        ("It is Ana de la Cruz who wrote.", "Ana de la Cruz", "Ana de la Cruz"),
        ("Patient James Parkinson, born 1961, fell.", "James Parkinson", "James Parkinson"),
    ],
)
def test_a_name(text: str, tagged: str, name: str) -> None:
    assert name in found(text, *([tagged] if tagged else []))


@pytest.mark.parametrize(
    ("text", "tagged", "town", "region"),
    [
        ("She lives in Fresno now.", "Fresno", True, False),
        ("A clinic in Ohio opened.", "Ohio", False, True),
        ("It spread across the Southeastern United States.", "the Southeastern United States", False, True),
        ("A rise in Warfarin use; warfarin is old.", "Warfarin", False, False),
        ("An outbreak in Marburg: the Marburg virus spread.", "Marburg", False, False),
        ("Symptoms in Males differ.", "Males", False, False),
        ("A change in QTcD was seen.", "QTcD", False, False),
        ("She was seen at our Denver clinic.", "Denver", True, False),
    ],
)
def test_places(text: str, tagged: str, town: bool, region: bool) -> None:
    start = text.index(tagged)
    towns, regions = places.find(text, [(start, start + len(tagged))])
    assert (bool(towns), bool(regions)) == (town, region)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hi Imogen, the report is ready.", "Imogen"),
        ("Dear Odalys,\nyour visit is on Monday.", "Odalys"),
        ("Thanks Imogen!", "Imogen"),
        ("Regards, Imogen\nWard 3", "Imogen"),
        ("Imogen was told to rest.", "Imogen"),
        ("It ended. Imogen likes tea.", "Imogen"),
        ("Imogen, could you send it?", "Imogen"),
    ],
)
def test_a_given_name_that_is_addressed_or_opens_a_sentence(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Hello World, again.",
        "Dear Sir, thanks.",
        "Dear Patient, your visit is over.",
        "Dear May, come back.",
        "Virginia is a state.",
        "Thanks, Virginia.",
        "Grace was shown to all.",
        "Bill was passed.",
        "Ivy was removed. The ivy grew again.",
        "Penicillin is given first.",
    ],
)
def test_what_stands_where_a_given_name_would(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "span", "possible"),
    [
        ("Dr. Alvarez came.", "Alvarez", True),
        ("A. B. was the complainant.", "A. B.", True),
        ("MARSDEN was heard.", "MARSDEN", True),
        ("The patient Gregor Mendel, born 1961, fell.", "Gregor Mendel", True),
        ("Gregor Mendel bred peas.", "Gregor Mendel", False),
        ("Penicillin is given first.", "Penicillin", False),
        ("It enters the Calvin cycle.", "Calvin", False),
        ("Hodgkin lymphoma is rare.", "Hodgkin", False),
        ("They moved to Ohio.", "Ohio", False),
        ("Hi Imogen, ask the board.", "the board", False),
        ("i take warfarin now", "warfarin", False),
        ("i met marsden brandmere now", "marsden brandmere", True),
        ("met with sarah connolly about it", "sarah connolly", True),
        ("please ask mary to call", "mary", True),
        ("ask for grace and mercy", "grace", False),
        ("it will do", "will", False),
        ("the long road", "long road", False),
        ("i met Someone, marsden", "marsden", False),
        ("12", "12", False),
    ],
)
def test_whether_a_span_can_be_a_person(text: str, span: str, possible: bool) -> None:
    start = text.index(span)
    assert names.is_possible(text, (start, start + len(span))) is possible


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It is caused by Eikenella corrodens.", "Eikenella corrodens"),
        ("the agent Vellonia pestis spread", "Vellonia"),
        ("In addition, A. schaalii was found.", "A. schaalii"),
        ("cultures of T. pallidum grew", "T."),
    ],
)
def test_an_organism_is_no_person(text: str, value: str) -> None:
    assert not names.is_possible(text, (text.index(value), text.index(value) + len(value)))


@pytest.mark.parametrize(
    ("text", "value"), [("I met Maria gonzalez today.", "Maria gonzalez"), ("Ask Quillon is he in", "Quillon")]
)
def test_a_person_is_no_organism(text: str, value: str) -> None:
    assert names.is_possible(text, (text.index(value), text.index(value) + len(value)))
