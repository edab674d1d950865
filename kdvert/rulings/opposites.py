"""Turn an English sentence into its opposite by one word, as a hasty reader would not notice.

It knows the auxiliaries and a table of opposites, no grammar: "not" is put in, taken out, or a word is replaced by its
opposite. What it cannot turn without a second change to the sentence it leaves alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BE = "is|are|was|were|should|must|will|would|could"
_AFTER_NOT = "only|just|necessarily|always|all|both|yet|until|every|more|less|much|too"
_INSERT = re.compile(
    rf"\b({_BE}|can)(?= (?!not\b|never\b|no\b|only\b|also\b|both\b|either\b|neither\b|as\b|hardly\b)[a-z])"
)
_REMOVE = re.compile(rf"\b({_BE}|has|have|had) not\b(?! (?:{_AFTER_NOT})\b)|\b(can)not\b(?! (?:{_AFTER_NOT})\b)")
_DO_NOT = re.compile(rf"(?<= )(do) not (?!(?:{_AFTER_NOT}|\w+ly)\b)(?=[a-z])")
_DOES_NOT = re.compile(rf"\bdoes not (?!(?:{_AFTER_NOT}|\w+ly|often|have|be|do)\b)([a-z]+)")
_SUBORDINATE = re.compile(
    r"(?i)\b(?:who|whom|whose|which|that|because|when|where|if|unless|while|although|since|as|how|what|why|whether)\b"
)

_BOTH_WAYS = """
    increase decrease, increases decreases, increased decreased, increasing decreasing, improve worsen,
    improves worsens, improved worsened, improving worsening, strengthen weaken, strengthens weakens, lowers raises,
    lowered raised, always never, before after, above below, maximum minimum, highest lowest, largest smallest,
    strongest weakest, earliest latest, safe unsafe, safer riskier, lawful unlawful, valid invalid,
    possible impossible, likely unlikely, effective ineffective, necessary unnecessary, sufficient insufficient,
    reversible irreversible, harmless harmful, reliable unreliable, permitted prohibited, allowed forbidden,
    allows forbids, longer shorter, faster slower, larger smaller, stronger weaker, better worse, best worst,
    inside outside, includes excludes, include exclude, accept refuse, accepts refuses, rarely often, early late,
    more_easily less_easily, at_least at_most, the_most the_least
"""
_ONE_WAY = """
    reduce increase, reduces increases, reduced increased, reducing increasing, relieves worsens, relieve worsen,
    prevent promote, prevents promotes, preventing promoting, without with, higher lower, usually rarely, poorly well,
    lower_than higher_than, quickly slowly, slowly quickly, illegal legal
"""
_THEN = {
    "the most": r"(?! of\b)(?= \w+(?:al|ous|ive|ent|ant|ble|mon|ful|ic|ly|ere|ain|ten|ing|ed)\b)",
    "the least": r"(?! of\b)(?= \w+)",
    "before": r"(?! (?:and|or|the (?:court|judge|tribunal))\b)",
    "after": r"(?! (?:and|or|all)\b)",
    "above": r"(?= \w)",
    "below": r"(?= \w)",
    "best": r"(?! (?:practices?|interests?|efforts?)\b)",
    "effective": r"(?! (?:dates?|rates?|interest|tax|from|until)\b)",
    "higher": r"(?! (?:education|courts?)\b)",
    "often": r"(?! (?:than|as)\b)",
    "early": r"(?! (?:as|enough)\b)",
    "late": r"(?! (?:as|enough)\b)",
}
"""What must follow, or must not, for the opposite to fit."""
_NOT_AFTER = {
    "often": ("how", "more", "most", "less", "as", "so", "very"),
    "likely": ("as",),
    "better": ("any",),
    "longer": ("no",),
    "above": ("the", "and"),
    "below": ("the", "and"),
}


def _pairs() -> dict[str, str]:
    both = [pair.split() for pair in _BOTH_WAYS.split(",")]
    one = [pair.split() for pair in _ONE_WAY.split(",")]
    made = [*one, *both, *(pair[::-1] for pair in both)]
    return {old.replace("_", " "): new.replace("_", " ") for old, new in made}


OPPOSITES = _pairs()
"""The opposite of a word or phrase, all in lower case."""

_OPPOSITE = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(rf"{re.escape(w)}{_THEN.get(w, '')}" for w in sorted(OPPOSITES, key=len, reverse=True))
    + r")(?![\w-])"
)


@dataclass(frozen=True)
class _Change:
    start: int
    end: int
    new: str


def negated(text: str, question: str, draw: random.Random) -> str | None:
    """Return ``text`` saying the opposite in one place, or None if nothing fits.

    Args:
        text: an English answer.
        question: what it answers; a word that stands in it is not replaced by its opposite.
        draw: decides where.
    """
    said = set(re.findall(r"[a-z]+", question.lower()))
    turned = [*_opposites(text, said), *_removals(text, question)]
    groups = [group for group in (turned, list(_insertions(text))) if group]
    if not groups:
        return None
    one = draw.choice(draw.choice(groups))
    return text[: one.start] + one.new + text[one.end :]


def _insertions(text: str) -> Iterator[_Change]:
    """Yield places for "not" in main clauses; one in a clause that hangs on them may leave the answer true."""
    for sentence in re.finditer(r"[^.!?\n]+(?:[.!](?=\S)[^.!?\n]+)*[.!?]?", text):
        if sentence[0].endswith("?") or "not only" in sentence[0]:
            continue
        hanging = _SUBORDINATE.search(sentence[0])
        main = sentence[0][: hanging.start()] if hanging else sentence[0]
        for found in _INSERT.finditer(main):
            new = "cannot" if found[0] == "can" else f"{found[0]} not"
            yield _Change(sentence.start() + found.start(), sentence.start() + found.end(), new)


def _removals(text: str, question: str) -> Iterator[_Change]:
    """Yield the places of "not", except where the question says it in the same words: there it is what is spoken of."""
    for pattern in (_REMOVE, _DO_NOT, _DOES_NOT):
        for found in pattern.finditer(text):
            here = re.match(r"[\w ]+?not \w+|cannot \w+", text[found.start() :])
            hanging = text[: found.start()].endswith("who ")  # of whom it is said, no longer what is said
            if hanging or (here and here[0].lower() in question.lower()):
                continue
            yield _Change(*found.span(), _without_not(found, pattern))


def _without_not(found: re.Match[str], pattern: re.Pattern[str]) -> str:
    if pattern is _DO_NOT:
        return ""
    return _third_person(found[1]) if pattern is _DOES_NOT else found[1] or found[2]


def _opposites(text: str, said: set[str]) -> Iterator[_Change]:
    for found in _OPPOSITE.finditer(text):
        old, new = found[0], OPPOSITES[found[0]]
        before = re.search(r"(\w+) $", text[: found.start()])
        word = before[1].lower() if before else ""
        if word in ("not", "no", *_NOT_AFTER.get(old, ())) or said & (set(old.split()) - {"the", "at"}):
            continue
        if word in ("a", "an") and (old[0] in "aeiou") != (new[0] in "aeiou"):
            continue
        yield _Change(*found.span(), new)


def _third_person(verb: str) -> str:
    if re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"
