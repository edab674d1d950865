"""Sentences that stand in several documents, each made from the lineage in one place."""

from __future__ import annotations

from collections.abc import Callable

from kdvert.dossier import release, sources
from kdvert.dossier.lineage import Lineage, ModelFacts
from kdvert.reporting.comparison import headline, in_words
from kdvert.reporting.html import count, plural
from kdvert.students.canaries import MARK


def summary(lineage: Lineage) -> str:
    """Return what the student is, in two sentences."""
    project = lineage.project
    return (
        f"A small assistant for {project.vertical_title.lower()}: an adapter on {called(lineage.base)}, trained on "
        f"{plural(lineage.student.train_records, 'record')} that each rest on a named passage. {project.disclaimer}"
    )


def called(model: ModelFacts) -> str:
    """Return the name that people know a model by."""
    return model.hub or model.name


def reached(model: ModelFacts) -> str:
    """Return how a model was reached, as a phrase."""
    return "on one's own machines" if model.route == "local" else f"through {model.route}"


def collection(lineage: Lineage) -> str:
    """Return where the text came from."""
    named = sources.groups(lineage)
    terms = ", ".join(sorted({group.license for group in named}))
    publishers = ", ".join(dict.fromkeys(group.publisher for group in named))
    return (
        f"{plural(len(lineage.documents), 'document')} with {count(sum(d.characters for d in lineage.documents))} "
        f"characters, gathered by whoever runs the project, under {terms}. Publishers: {publishers}."
    )


def annotation(lineage: Lineage) -> str:
    """Return who wrote the records, and what code checked."""
    writers = ", ".join(f"{called(writer)}, run {reached(writer)}" for writer in lineage.writers)
    records = lineage.records
    people = "No person wrote or labeled a record."
    if records.decided:
        people = f"People decided about {plural(records.decided, 'record')}"
        people += f" and reworded {count(records.edited)} of them." if records.edited else ", and wrote none."
    return (
        f"Questions and answers were written by a model: {writers}. Code chose each piece of evidence and checked by "
        f"offsets that it stands in its passage ({plural(records.evidence, 'span')}). {people}"
    )


def preprocessing(lineage: Lineage) -> list[str]:
    """Return what was done to the text, in order."""
    steps = {step.name: step.count for step in lineage.funnel.steps}
    checks = ", ".join(check.rpartition(".")[2].replace("_", " ") for check in lineage.records.checks)
    return [
        f"Read: {plural(steps['documents'], 'document')} were turned into text.",
        f"Scrubbed: {privacy_measures(lineage)}",
        f"Cut: {plural(steps['passages'], 'passage')} that carry their offsets in the scrubbed document.",
        f"Written: {plural(steps['requests'], 'request')} to the teacher gave {plural(steps['written'], 'record')}.",
        f"Checked: {plural(lineage.records.accepted, 'record')} accepted, {count(lineage.records.rejected)} turned "
        f"down with a reason. Checks: {checks or 'none recorded'}.",
    ]


def privacy_measures(lineage: Lineage) -> str:
    """Return how personal data was taken out."""
    privacy = lineage.privacy
    regimes = ", ".join(regime.title for regime in privacy.regimes) or "no regime"
    return (
        f"Personal data was replaced in whole documents before any text was stored or shown to a teacher, as "
        f"{regimes} asks: {plural(privacy.findings, 'finding')} in "
        f"{count(privacy.documents_with_findings)} of {plural(privacy.documents, 'document')}. What the teacher wrote "
        "was scrubbed again."
    )


def personal_data(lineage: Lineage) -> list[str]:
    """Return which kinds of personal data were found in the originals, and what may be left."""
    kinds: dict[str, int] = {}
    for row in lineage.privacy.rows:
        kinds[row.label] = kinds.get(row.label, 0) + row.count
    found = ", ".join(f"{label} ({number})" for label, number in kinds.items()) or "none"
    limits = [limit for regime in lineage.privacy.regimes for limit in regime.limits]
    return [f"Found in the originals and acted on: {found}.", *limits, "No scrubbing finds everything."]


def limitations(lineage: Lineage) -> list[str]:
    """Return what the student cannot be trusted with, from what is known of it."""
    return [sentence for part in _LIMITS if (sentence := part(lineage))]


def biases(lineage: Lineage) -> list[str]:
    """Return how the sources are tilted, by their shares."""
    named = sources.groups(lineage)
    shares = ", ".join(f"{g.publisher} under {g.license} {g.share * 100:.0f} %" for g in named[:6])
    cited = sum(1 for d in lineage.documents if d.records)
    return [
        f"Share of the text by publisher: {shares or 'no document'}.",
        f"{count(cited)} of {plural(len(lineage.documents), 'document')} gave at least one accepted record; what the "
        "others say is not trained.",
        f"Languages: {', '.join(lineage.project.languages)} only.",
        "Base and teacher carry the biases of what they were trained on, which kdvert cannot see.",
    ]


def evaluation(lineage: Lineage) -> str:
    """Return what the comparison with the base showed."""
    measures = lineage.evaluation.measures
    return f"{headline(measures)} {in_words(measures, lineage.evaluation.confidence)}".strip()


def besides(lineage: Lineage) -> list[str]:
    """Return what training did besides, and which canaries the student holds."""
    found = lineage.besides
    if found is None:
        return []
    missing = [f"Not measured: {name}, because {reason}." for name, reason in found.missing.items()]
    return [*found.sentences, *missing, *([said] if (said := _canaries(lineage)) else [])]


def passed_on(lineage: Lineage) -> list[str]:
    """Return the use restrictions and license terms that receivers must keep."""
    kinds = ("restrictions", "share_alike", "no_plain_license", "noncommercial", "keep_inside")
    return [duty.text for duty in release.duties(lineage, *kinds)]


def _disclaimer(lineage: Lineage) -> str:
    return lineage.project.disclaimer


def _scope(lineage: Lineage) -> str:
    return (
        f"It was trained on {plural(lineage.student.train_records, 'record')} about "
        f"{lineage.project.vertical_title.lower()} and knows nothing reliable beyond its sources."
    )


def _questions(lineage: Lineage) -> str:
    asked = plural(lineage.evaluation.questions, "held-out question")
    return (
        f"It was compared with its base on {asked} by word overlap, choice and loss; nobody read its answers for harm."
    )


def _weak(lineage: Lineage) -> str:
    worse = [m for m in lineage.evaluation.measures if m.outcome == "worse"]
    return f"It falls behind its base on {plural(len(worse), 'measure')}." if worse else ""


def _size(lineage: Lineage) -> str:
    size = lineage.base.parameters
    return f"A model of {count(size)} weights makes up facts; show the passage with every answer." if size else ""


def _tainted(lineage: Lineage) -> str:
    tainted = any(row.current for row in lineage.taint)
    return "It was trained on a source that has been taken back since." if tainted else ""


def _clear(lineage: Lineage) -> str:
    return " ".join(lineage.besides.clear) if lineage.besides else ""


def _canaries(lineage: Lineage) -> str:
    number = lineage.besides.canaries if lineage.besides else 0
    if not number:
        return ""
    return (
        f"The student holds {plural(number, 'canary', 'canaries')}: made-up secrets of two words, about nobody, that "
        f'name themselves "{MARK}" and were put among the training rows to measure what it keeps of single ones.'
    )


_LIMITS: tuple[Callable[[Lineage], str], ...] = (
    _disclaimer, _scope, _questions, _weak, _clear, _size, _tainted, _canaries,
)  # fmt: skip
