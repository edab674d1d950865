"""Ways to make an accepted record wrong: each takes a record and returns one with another last answer.

Nothing else changes that a reviewer sees: the question, the passages, the evidence and the verdicts stay. Numbers,
other answers and claims are exchanged in any language. A sentence is turned into its opposite in English only. A
person is put into an English answer as part of the sentence, and in brackets elsewhere.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from kdvert.records import Example, Message, sha256_text
from kdvert.rulings import false_figures, opposites

if TYPE_CHECKING:
    from faker import Faker

_ENGLISH = frozenset(
    "the and with that from are which this should what when why how does not who because than their must about these "
    "those have has may been were more other into used your they there some".split()
)
"""Words that are common in English and rare in other languages."""
_LOCALES = ("de_DE", "es_ES", "fr_FR", "it_IT")
_TAILS = (
    ", according to {name}", ", as {name} confirmed", ", as in the case of {name}", ", as {name} ({email}) explains",
    ", as {name} said on the phone ({phone})",
)  # fmt: skip
_SENTENCES = (
    "{name} ({email}) can say more about this.", "For details, call {name} at {phone}.",
    "Questions about this go to {name}, {phone}.", "{name} asked about this before.",
    "More on this is available from {name} at {email}.",
)  # fmt: skip
_BRACKETS = (" ({name})", " ({name}, {phone})", " ({name}, {email})")
_HANGS = frozenset(
    "it its they their them this that these those he she his her we our you your here there then so but and or yes no "
    "however therefore also thus such both otherwise instead moreover furthermore another other if".split()
)
"""Words with which a sentence starts that needs the one before it."""
_LOOKED_AT = 200
_CHOICES = 5
_ALIKE = 0.6


def english(example: Example) -> bool:
    """Return whether a record is in English, by the words that English alone is full of.

    One is enough at the start of the question; else question, answer and evidence must hold two.
    """
    first = re.match(r"\w+", example.question.lower())
    return bool(first and first[0] in _ENGLISH) or len(_ENGLISH & _words(_known(example))) >= 2


def made_up_person(example: Example, others: Sequence[Example], random: Random) -> Example | None:
    """Put somebody who does not exist into the answer, by name, and maybe with a telephone number or e-mail address.

    Numbers and domains are of those set aside for fiction and examples, so that nobody real is named.
    """
    if not re.search(r"(?<!\.\w)(?<!\.\w\w)[\w)%][.。]$", example.answer):
        return None  # a label, a number or JSON has no place for a person
    if not english(example):
        person = _person(example, random.choice(_LOCALES), random)
        return altered(example, _before_the_end(example.answer, random.choice(_BRACKETS).format(**person)), random)
    person = _person(example, "en_US", random)
    frame = random.choice((*_TAILS, *_SENTENCES)).format(**person)
    answer = _before_the_end(example.answer, frame) if frame.startswith(",") else f"{example.answer} {frame}"
    return altered(example, answer, random)


def wrong_figure(example: Example, others: Sequence[Example], random: Random) -> Example | None:
    """Change a number of the answer to one that stands neither in the question nor in the evidence."""
    evidence = "\n".join([example.quote, *example.context])
    spoken = english(example)
    answer = false_figures.wrong_figure(example.answer, example.question, evidence, random, english=spoken)
    return altered(example, answer, random) if answer else None


def negated(example: Example, others: Sequence[Example], random: Random) -> Example | None:
    """Turn a sentence of the answer into its opposite by one word. None in a language other than English."""
    answer = opposites.negated(example.answer, example.question, random) if english(example) else None
    return altered(example, answer, random) if answer else None


def other_answer(example: Example, others: Sequence[Example], random: Random) -> Example | None:
    """Take the answer from a record of the same skill about something near, which rests on another document."""
    found = [
        other
        for other in _elsewhere(example, others, random)
        if other.skill == example.skill
        and _likeness(other.question, example.question) < _ALIKE
        and not _hangs(other.answer)
    ]
    near = _nearest(example, [(other.answer, other) for other in found])
    return altered(example, random.choice(near)[0], random) if near else None


def unsupported_claim(example: Example, others: Sequence[Example], random: Random) -> Example | None:
    """Append a sentence from the answer of a record about something near, which rests on another document."""
    if not re.search(r"[.。]$", example.answer):
        return None
    found = [(said, other) for other in _elsewhere(example, others, random) if (said := claim(other.answer))]
    near = _nearest(example, found)
    return altered(example, f"{example.answer} {random.choice(near)[0]}", random) if near else None


def claim(answer: str) -> str | None:
    """Return the first sentence of an answer, or None if it cannot stand alone."""
    found = re.match(r"[^\W\d_][^\n.!?:]*(?:\.(?=\d)[^\n.!?:]*)*\.(?=\s|$)", answer)
    if not found or len(found[0].split()) < 5 or _hangs(answer):
        return None
    return found[0]


def altered(example: Example, answer: str, random: Random) -> Example:
    """Return ``example`` with another last answer, under an id that looks like any other.

    An id names a request of the provenance; the new one stands there too, or its lack would give the record away.
    """
    fresh = sha256_text(f"{random.getrandbits(256)}\0{example.id}")
    request, _, number = example.id.rpartition("-")
    requests = [fresh if one == request else one for one in example.provenance.request_ids]
    last = max(n for n, message in enumerate(example.messages) if message.role == "assistant")
    turn = Message(role="assistant", content=answer)
    return example.model_copy(
        update={
            "id": f"{fresh}-{number if number.isdigit() else 0}",
            "messages": [*example.messages[:last], turn, *example.messages[last + 1 :]],
            "provenance": example.provenance.model_copy(update={"request_ids": requests}),
        }
    )


def _known(example: Example) -> str:
    return "\n".join([example.question, example.answer, example.quote, *example.context])


def _hangs(answer: str) -> bool:
    return answer.split()[0].strip(",").lower() in _HANGS if answer.strip() else True


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def _content(text: str) -> set[str]:
    return {word for word in _words(text) if len(word) > 3}


def _likeness(one: str, other: str) -> float:
    """Return the Jaccard similarity of the longer words."""
    left, right = _content(one), _content(other)
    return len(left & right) / len(left | right) if left | right else 1.0


def _before_the_end(answer: str, addition: str) -> str:
    return answer[:-1] + addition + answer[-1]


@cache
def _faker(locale: str) -> Faker:
    from faker import Faker

    return Faker(locale)


def _person(example: Example, locale: str, random: Random) -> dict[str, str]:
    """Return ``name``, ``phone`` and ``email`` of somebody of whom the record says nothing."""
    fake = _faker(locale)
    fake.seed_instance(random.getrandbits(64))
    known = _words(_known(example))
    first, last = fake.first_name(), fake.last_name()
    while {first.lower(), last.lower()} & known:
        first, last = fake.first_name(), fake.last_name()
    digits = f"{random.randrange(100):02}"
    phone = f"{random.randrange(201, 990)}-555-01{digits}" if locale == "en_US" else f"+44 20 7946 09{digits}"
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
    email = f"{re.sub(r'[^a-z.]', '', plain.lower())}@example.{random.choice(('com', 'net', 'org'))}"
    return {"name": f"{first} {last}", "phone": phone, "email": email}


def _documents(example: Example) -> set[str]:
    """Return the documents that the evidence lies in, or all of the record if that is not known."""
    of_chunk = dict(zip(example.provenance.chunk_ids, example.provenance.document_ids))
    rests_on = {of_chunk[one.chunk_id] for one in example.evidence if one.chunk_id in of_chunk}
    return rests_on or set(example.provenance.document_ids)


def _elsewhere(example: Example, others: Sequence[Example], random: Random) -> list[Example]:
    """Return some of the records that rest on documents of which this one shows nothing."""
    mine = set(example.provenance.document_ids)
    looked_at = random.sample(others, min(_LOOKED_AT, len(others)))
    return [other for other in looked_at if other.id != example.id and not _documents(other) & mine]


def _nearest(example: Example, found: Sequence[tuple[str, Example]]) -> list[tuple[str, Example]]:
    """Return the texts nearest to the record, of those that its question and evidence do not say as well.

    A word that both have brings them the nearer the fewer texts have it.
    """
    known = _content(_known(example))
    words = [_content(text) for text, _ in found]
    having = Counter(word for one in words for word in one)
    fresh = [
        (sum(1 / having[word] for word in one & known), other.id, (text, other))
        for one, (text, other) in zip(words, found, strict=True)
        if text not in _known(example) and len(one & known) <= _ALIKE * len(one)
    ]
    return [pair for _, _, pair in heapq.nlargest(_CHOICES, fresh, key=lambda one: one[:2])]
