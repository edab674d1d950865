"""How a question about a sentence may begin: the part that a very small teacher gets wrong.

Left alone, a model of some hundred million parameters asks about the topic rather than about the fact. Given the
first words, down to the subject of the sentence, it finishes the question well. The grammar below reads a dependency
parse, so it exists for languages with a trained pipeline and rules here; others go without an opening.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_SUBJECTS = ("nsubj", "nsubjpass")
_TIME = frozenset({"before", "after", "within", "during", "until", "when", "while", "once"})
_MANNER = {"by", "with", "without", "under", "through", "from", "between", "as", "into", "via"}
_NO = {"no", "longer", "hardly", "rarely", "seldom", "never"}
_LONGEST_SUBJECT = 14
# nouns that name a relation: "X is a cause of Y" asks for X, "X is a disease" asks what X is
_RELATIONS = {
    "cause", "sign", "symptom", "effect", "reason", "factor", "predictor", "example", "method", "way", "test",
    "treatment", "measure", "source", "consequence", "complication", "feature", "requirement", "element", "trigger",
    "alternative", "exception", "goal", "purpose", "risk", "benefit", "tool", "step", "rule", "remedy",
    "site", "place", "part", "area", "target", "choice", "barrier", "problem", "marker", "warning",
}  # fmt: skip


@dataclass(frozen=True)
class Opening:
    """The first words of a question.

    Attributes:
        kind: which rule made it; lower `rank` is more reliable.
        text: the words.
        asked: positions, in the sentence, of the words that the question must leave for the answer.
        withheld: words that the rest of the question must not use, because they begin the answer.
    """

    kind: str
    text: str
    asked: tuple[int, ...]
    withheld: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether a question mark alone finishes the question well, so that more content words would twist it."""
        return self.kind in ("agent", "which", "meaning", "definition")

    @property
    def rank(self) -> int:
        """Order of preference among sentences."""
        return _RANK.index(self.kind)


_RANK = ("why", "agent", "which", "meaning", "modal", "definition", "time", "manner", "verb")


@dataclass(frozen=True)
class _Clause:
    """The main clause of a sentence."""

    sentence: Span
    root: Token
    subject: Token
    subject_span: Span
    auxiliaries: list[Token]
    negated: bool
    plain: frozenset[str]

    @property
    def name(self) -> str:
        return _lowered(self.subject_span, self.plain)

    @property
    def children(self) -> list[Token]:
        return list(self.root.children)

    @property
    def markers(self) -> set[str]:
        """Words after the verb that say when, where or why."""
        after = [t for t in self.sentence if t.i > self.root.i]
        return {t.lower_ for t in after if _marks(t, self.root)}

    @property
    def negation(self) -> str:
        """The negating word with a space before it, or nothing."""
        return next((f" {c.text}" for c in self.children if c.dep_ == "neg"), "")

    @property
    def two_clauses(self) -> bool:
        """Whether a second main clause with a subject of its own follows."""
        joined = [c for c in self.children if c.dep_ == "conj"]
        return any(g.dep_ in _SUBJECTS for c in joined for g in c.children)

    def after_root(self) -> tuple[int, ...]:
        return tuple(t.i - self.sentence.start for t in self.sentence if t.i > self.root.i)

    def of_time(self) -> tuple[int, ...]:
        """Positions of the phrases and clauses after the verb that say when."""
        marks = [t for t in self.sentence if t.i > self.root.i and t.lower_ in _TIME and _marks(t, self.root)]
        heads = [t if t.dep_ == "prep" else t.head for t in marks]
        return tuple(sorted({t.i - self.sentence.start for head in heads for t in head.subtree}))

    def of_subject(self) -> tuple[int, ...]:
        return tuple(t.i - self.sentence.start for t in self.subject_span)


def english(sentence: Span, plain: frozenset[str]) -> Opening | None:
    """Return how a question about an English sentence may begin, or None if the sentence does not lend itself.

    Past tense is left out: it tells a story, and a story's sentences seldom stand alone.

    Args:
        sentence: parsed tokens.
        plain: words that the passages also write in lower case, so that they are no names.
    """
    clause = _clause(sentence, plain)
    if clause is None or not _present(clause):
        return None
    for rule in (_why, _meaning, _copula, _passive, _modal, _verb):
        found = rule(clause)
        if found:
            return found
        if rule is _copula and clause.root.lemma_ == "be":
            return None
    return None


def grammatical_english(question: Doc) -> bool:
    """Return False if "What does X …" has an object of its own, which leaves nothing to ask for, or breaks off."""
    if question[0].lower_ not in ("what", "which") or question[1].tag_ not in ("VBZ", "VBP", "MD", "VBD"):
        return True
    if question[1].lemma_ == "be":
        return True
    if [t.lower_ for t in question[-3:-1]] == ["do", "to"]:
        return False
    if len(question) > 2 and question[-2].pos_ == "ADP":
        return True  # "What do survivors have a higher risk of?"
    roots = [t for t in question if t.dep_ == "ROOT"]
    return not any(
        c.i > root.i and c.dep_ in ("dobj", "ccomp") for root in roots if root.lemma_ != "do" for c in root.children
    )


OPENINGS: dict[str, Callable[[Span, frozenset[str]], Opening | None]] = {"en": english}
GRAMMAR: dict[str, Callable[[Doc], bool]] = {"en": grammatical_english}


def _clause(sentence: Span, plain: frozenset[str]) -> _Clause | None:
    root = sentence.root
    subjects = [c for c in root.children if c.dep_ in _SUBJECTS]
    if len(subjects) != 1 or subjects[0].i > root.i or subjects[0].pos_ == "PRON":
        return None
    span = _whole(subjects[0])
    if span is None or len(span) > _LONGEST_SUBJECT or span[0].dep_ == "advmod" or span.start != sentence.start:
        return None
    auxiliaries = [c for c in root.children if c.dep_ in ("aux", "auxpass") and c.i < root.i]
    negated = any(c.dep_ == "neg" or c.lower_ in _NO for c in root.children)
    return _Clause(sentence, root, subjects[0], span, auxiliaries, negated, plain)


def _present(clause: _Clause) -> bool:
    first = clause.auxiliaries[0] if clause.auxiliaries else clause.root
    return first.tag_ in ("VBZ", "VBP", "MD") and first.lower_ != "would"


def _why(clause: _Clause) -> Opening | None:
    if "because" not in clause.markers or clause.two_clauses:
        return None
    reason = next(t for t in clause.sentence if t.lower_ == "because")
    asked = tuple(i for i in clause.after_root() if i > reason.i - clause.sentence.start)
    return Opening("why", f"Why {_auxiliary(clause)} {clause.name}{clause.negation}", asked, frozenset({"because"}))


def _meaning(clause: _Clause) -> Opening | None:
    if clause.root.lemma_ != "mean" or clause.auxiliaries:
        return None
    return Opening("meaning", f"What {_auxiliary(clause)} {clause.name} mean", clause.after_root())


def _copula(clause: _Clause) -> Opening | None:
    if clause.root.lemma_ != "be" or clause.negated:
        return None
    attribute = next((c for c in clause.children if c.dep_ == "attr" and c.i > clause.root.i), None)
    span = _whole(attribute) if attribute is not None else None
    if attribute is None or span is None:
        return None
    if any(a.tag_ != "MD" for a in clause.auxiliaries):
        return None
    modal = clause.auxiliaries[0].text if clause.auxiliaries else None
    if span[0].lower_ == "no":
        return None
    plural = attribute.tag_ in ("NNS", "NNPS") and not any(t.like_num for t in span)  # "is three years" asks for both
    if modal or plural or span[0].lower_ in ("the", "one") or attribute.lemma_.lower() in _RELATIONS:
        verb = f"{modal} be" if modal else ("are" if plural else "is")
        return Opening("which", f"What {verb} {span.text}", clause.of_subject())
    if any(c.dep_ == "conj" for c in clause.subject.children) or any(c.dep_ == "advcl" for c in clause.children):
        return None  # "What are cough, wheeze and fever?" asks for nothing; "X is Y only if Z" says not what X is
    return Opening("definition", f"What {clause.root.text} {clause.name}", clause.after_root())


def _passive(clause: _Clause) -> Opening | None:
    if not any(a.dep_ == "auxpass" for a in clause.auxiliaries):
        return None
    first, rest = clause.auxiliaries[0].text, " ".join(a.text for a in clause.auxiliaries[1:])
    start = f"{first} {clause.name}{clause.negation}"
    participle = f"{rest} {clause.root.text}".strip()
    if any(c.dep_ == "agent" for c in clause.children) and not clause.negated:
        return Opening("agent", f"What {start} {participle} by", clause.after_root())
    if clause.negated:
        return None
    if clause.markers & _TIME and not clause.two_clauses:
        return Opening("time", f"When {start} {participle}", clause.of_time(), _TIME)
    adverbial = any(c.i > clause.root.i and _says_how(c) for c in clause.children)
    return Opening("manner", f"How {start} {participle}", clause.after_root()) if adverbial else None


def _modal(clause: _Clause) -> Opening | None:
    passive = any(a.dep_ == "auxpass" for a in clause.auxiliaries)
    if passive or not clause.auxiliaries or clause.auxiliaries[0].tag_ != "MD" or not _has_object(clause):
        return None
    return Opening("modal", f"What {clause.auxiliaries[0].text} {clause.name}{clause.negation}", clause.after_root())


def _verb(clause: _Clause) -> Opening | None:
    if clause.auxiliaries or clause.negated:
        return None
    if _has_object(clause):
        return Opening("verb", f"What {_auxiliary(clause)} {clause.name}", clause.after_root())
    if clause.markers & _TIME and not clause.two_clauses:
        return Opening("time", f"When {_auxiliary(clause)} {clause.name}", clause.of_time(), _TIME)
    return None


def _auxiliary(clause: _Clause) -> str:
    if clause.auxiliaries:
        return str(clause.auxiliaries[0].text)
    if clause.root.lemma_ == "be":
        return str(clause.root.text)
    return "does" if clause.root.tag_ == "VBZ" else "do"


def _has_object(clause: _Clause) -> bool:
    return any(c.dep_ in ("dobj", "ccomp", "xcomp", "dative") and c.i > clause.root.i for c in clause.children)


def _says_how(token: Token) -> bool:
    if token.dep_ == "advmod":
        return token.tag_ == "RB" and token.lower_.endswith("ly")
    return token.dep_ == "oprd" or (token.dep_ == "prep" and token.lower_ in _MANNER)


def _marks(token: Token, root: Token) -> bool:
    """Whether ``token`` opens a phrase or clause that modifies the main verb."""
    if token.dep_ in ("prep", "advmod") and token.head == root:
        return True
    clause = token.head
    return token.dep_ in ("mark", "advmod") and clause.head == root and clause.dep_ in ("advcl", "ccomp", "prep")


def _whole(token: Token) -> Span | None:
    """Return the phrase that ``token`` heads, or None if it is not in one piece."""
    indices = [t.i for t in token.subtree]
    if indices[-1] - indices[0] + 1 != len(indices):
        return None
    span = token.doc[indices[0] : indices[-1] + 1]
    return span[:-1] if span[-1].text in (",", ";", ":", ".") else span


def _lowered(span: Span, plain: frozenset[str]) -> str:
    first = span[0]
    named = first.pos_ == "PROPN" and first.text.lower() not in plain and len(first.text) > 1
    inner = any(c.isupper() or c.isdigit() for c in first.text[1:])
    return str(span.text) if named or inner else span.text[0].lower() + span.text[1:]
