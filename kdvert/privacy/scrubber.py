"""Take personal data out of documents: find, decide by policy, replace, and read again until nothing is left."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, Protocol, Self

from kdvert.hardware import one_thread
from kdvert.privacy import detectors, gazetteer, keys, names, policy, tagger
from kdvert.privacy.draws import derived
from kdvert.privacy.guard import guarded
from kdvert.privacy.languages import SUPPORTED, likeliest_first
from kdvert.privacy.ledger import PERSON, Entry, Ledger
from kdvert.privacy.phrases import Phrases
from kdvert.privacy.placeholders import Numbering, fixed_points
from kdvert.privacy.sealed import Swap, seal
from kdvert.privacy.spans import Hit, Piece, Rendered, merged, render, resolve, subtract
from kdvert.privacy.steps import Steps, alone, together
from kdvert.privacy.surrogates import Surrogates
from kdvert.records import Finding, ScrubbedText, ScrubLog, SpanMove, sha256_json
from kdvert.verticals import RecognizerSpec, Rules

Value = tuple[str, str]
"""An entity type and a raw value of it."""

RULES = 5
"""Raised when this package scrubs the same text differently under the same policy."""

_INITIALS = re.compile(r"(?<![^\W_])(?:[A-Z]\.[ \t]?){1,3}$")
KNOWN = 0.8
"""Score of a mention of a name that is known already."""

SHORTEST_LIMIT = 60.0
"""Seconds that every text gets, however short."""

NAMED = frozenset({"PERSON", "CITY", "LOCATION", "HEALTH_FACILITY"})
"""Entity types whose values are names: one found once is searched everywhere in the document."""


class Settings(Protocol):
    """What a project may set; the scrub stage's ``Config`` has this shape."""

    @property
    def extra_regimes(self) -> Sequence[str]:
        """Regimes beside the vertical's."""

    @property
    def actions(self) -> Mapping[str, str]:
        """Actions by entity type; they may only tighten."""

    @property
    def threshold(self) -> float:
        """Findings below this score are left out."""

    @property
    def seconds_per_megabyte(self) -> float:
        """Time limit of a text, by its size."""

    @property
    def replace_with(self) -> str:
        """What ``replace`` puts in: ``placeholder`` or ``surrogate``."""

    @property
    def consistency(self) -> str:
        """Where the same value gets the same surrogate: in a ``document`` or in the whole ``corpus``."""

    @property
    def sealed_map(self) -> bool:
        """Whether raw values are kept, encrypted."""


class Replacer(Protocol):
    """Says what stands in the place of each piece of one document: `Numbering` or `Surrogates`."""

    @property
    def entries(self) -> Set[Entry]:
        """Made-up values that were emitted."""

    def copy(self) -> Self:
        """Return an independent copy."""

    def take(self, other: Self) -> None:
        """Become the same as ``other``."""

    def replacements(self, text: str, pieces: Sequence[Piece], zip3_small: frozenset[str]) -> list[str]:
        """Return what stands in the place of each piece of ``text``."""


@dataclass(frozen=True)
class Scrubbed:
    """A scrubbed text, its title, and the log of what was done to the text.

    Attributes:
        ledger: the made-up values in text and title.
        sealed: the document's line of the sealed map; empty without one.
    """

    text: str
    log: ScrubLog
    title: str = ""
    ledger: frozenset[Entry] = frozenset()
    sealed: str = ""


@dataclass(frozen=True)
class Scrubber:
    """Scrubs text by one policy. Building it is cheap; the model loads with the first text, or by `load`.

    Attributes:
        policy: the action for every type.
        specs: recognizers as data.
        threshold: findings below this score are left out.
        seconds_per_megabyte: time limit of a text.
        replace_with, consistency: see `Settings`.
        secret: what surrogates are drawn with.
        seal_key: key of the sealed map; empty: no map.
        ledger: made-up values of the corpus that the texts belong to; they are left alone.
        languages: those that texts may be in, the likeliest first.
    """

    policy: policy.Policy
    specs: Sequence[RecognizerSpec]
    threshold: float
    seconds_per_megabyte: float
    replace_with: str = "placeholder"
    consistency: str = "document"
    secret: bytes = field(default=b"", repr=False)
    seal_key: bytes = field(default=b"", repr=False)
    ledger: Ledger = field(default_factory=Ledger, repr=False)
    languages: Sequence[str] = SUPPORTED
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def for_vertical(
        cls, vertical: Rules, settings: Settings, *, secret: bytes = b"", ledger: Ledger | None = None
    ) -> Scrubber:
        """Build the scrubber of a project.

        Args:
            vertical: regimes and recognizers.
            settings: what the project sets.
            secret: what surrogates are drawn with; without one it is that of the environment or of this process.
            ledger: made-up values to leave alone: of the corpus that the texts belong to, never of another.

        Raises:
            UserError: a regime, entity type or action is unknown, an action would loosen the policy, or a key is
                missing.
        """
        specs = [*detectors.generic_specs(), *vertical.recognizers]
        rules = policy.combine(
            vertical.privacy,
            extra_regimes=settings.extra_regimes,
            actions=settings.actions,
            known=detectors.known_entities(specs),
        )
        return cls(
            rules,
            specs,
            settings.threshold,
            settings.seconds_per_megabyte,
            replace_with=settings.replace_with,
            consistency=settings.consistency,
            secret=secret,
            seal_key=keys.seal_key() if settings.sealed_map else b"",
            ledger=ledger or Ledger(),
            languages=likeliest_first(vertical.languages),
        )

    @cached_property
    def policy_sha(self) -> str:
        """Hash of all that decides what scrubbed text looks like: policy, recognizers, model, rules."""
        return sha256_json(
            {
                "rules": RULES,
                "actions": dict(self.policy.actions),
                "zip3_small": sorted(self.policy.zip3_small),
                "recognizers": [s.model_dump(exclude={"description", "matches", "near_misses"}) for s in self.specs],
                "threshold": self.threshold,
                "languages": list(self.languages),
                "replace_with": [self.replace_with, self.consistency],
                "presidio": version("presidio-analyzer"),
                "names": version("faker"),
                "model": [f"{gazetteer.MODEL} {version(gazetteer.MODEL)}", tagger.digest(), gazetteer.digest()],
            }
        )

    @cached_property
    def journal_key(self) -> str:
        """Hash of all that decides what this scrubber writes: the policy, and the secret that it draws with."""
        return sha256_json([self.policy_sha, derived(self.secret, "journal").hex(), bool(self.seal_key)])

    def load(self) -> None:
        """Load the model now (some seconds) instead of with the first text."""
        self._detector.load()

    def scrub(self, document_id: str, text: str, title: str = "", *, known: Phrases | None = None) -> Scrubbed:
        """Scrub a document.

        Args:
            document_id: names the document in the log and in errors.
            text: the raw text.
            title: the raw title; names found in the text are taken out of it too.
            known: names of persons that are known from elsewhere; each is taken out where it stands as a whole.

        Returns:
            Text and title without the personal data that the policy names. Scrubbing the result changes nothing, if
            the scrubber knows its ledger. The log's offsets index ``text`` as given; it holds no raw value.

        Raises:
            WorkFailed: the text takes longer than its time limit, or cannot be analyzed; it names the document and
                never the content.
        """
        with self._guard(document_id, len(text) + len(title)):
            return alone(self._scrubbing(document_id, text, title, known))

    def scrub_batch(self, batch: Sequence[tuple[str, str, str]], *, known: Phrases | None = None) -> list[Scrubbed]:
        """Scrub several documents in step, so that the models are asked about all of them at once.

        Args:
            batch: id, text and title of each document.
            known: see `scrub`.

        Raises:
            WorkFailed: one of them cannot be scrubbed; `scrub` one by one tells which.
        """
        size = sum(len(text) + len(title) for _, text, title in batch)
        with self._guard("a batch of documents", size):
            return together([self._scrubbing(*one, known) for one in batch])

    def _scrubbing(self, document_id: str, text: str, title: str, known: Phrases | None) -> Steps[Scrubbed]:
        replacer = self._replacer(document_id, text, title)
        body = yield from self._settle(text, replacer, (), known)
        head = yield from self._settle(title, replacer, _values(text, body.pieces), known)
        sealed = seal(self.seal_key, document_id, _swaps(text, body), _swaps(title, head)) if self.seal_key else ""
        return Scrubbed(body.text, _log(document_id, body), head.text, frozenset(replacer.entries), sealed)

    def passage(self, text: str) -> ScrubbedText:
        """Scrub a text that may go to a teacher or came from one; placeholders and the ledger's values are left alone.

        What is found is replaced by a placeholder in every style: a made-up value would not stand in the ledger.

        Raises:
            WorkFailed: see `scrub`.
        """
        with self._guard("a passage", len(text)):
            settled = alone(self._settle(text, Numbering.of(text)))
        return ScrubbedText(settled.text, scrubbed_by=self.policy_sha)

    def describe(self) -> dict[str, Any]:
        """Return what the report says of the policy: regimes, and per type its action, reasons and recognizers.

        A type without recognizers is named by a regime but found by nothing that is installed.
        """
        found = self._detector.recognizers
        types = {
            entity: {
                "action": action,
                "reasons": list(self.policy.reasons[entity]),
                "recognizers": found.get(entity, []),
            }
            for entity, action in self.policy.actions.items()
        }
        unseen = [entity for entity in self.policy.targets if not found.get(entity)]
        return {
            "policy_sha": self.policy_sha,
            "regimes": policy.describe(self.policy),
            "types": types,
            "without_recognizer": unseen,
            "threshold": self.threshold,
            "replace_with": self.replace_with,
        }

    @cached_property
    def _detector(self) -> detectors.Detector:
        return detectors.Detector(self.specs, self.policy.targets, self.threshold, self.languages)

    @cached_property
    def _fixed(self) -> re.Pattern[str]:
        return fixed_points({*self.policy.actions, *detectors.known_entities(self.specs)})

    def _replacer(self, document_id: str, *texts: str) -> Replacer:
        if self.replace_with == "surrogate":
            secret = self.secret or keys.surrogate_key(self.consistency)
            return Surrogates.of(secret, self.consistency, document_id, *texts)
        return Numbering.of(*texts)

    def _settle(
        self, text: str, replacer: Replacer, known: Sequence[Value] = (), phrases: Phrases | None = None
    ) -> Steps[Rendered]:
        """Replace, read the result again, and go on until a reading finds nothing new.

        Taking a name away changes what the tagger sees around it, so one reading is not enough. Findings only
        accumulate, so this ends. ``replacer`` is left as the last rendering used it.
        """
        hits: set[Hit] = set()
        pieces: list[Piece] = []
        seen: dict[str, list[Hit]] = {}
        while True:
            own = replacer.copy()
            done = render(text, pieces, own.replacements(text, pieces, self.policy.zip3_small))
            fixed = self._fixed_points(done, own.entries)
            changed = done.spans if pieces else None
            found = yield from self._detector.finding(done.text, seen, fixed, changed)
            hits |= _outside(done, fixed, found)
            # Mentions of what this reading found are looked for at once: waiting for the next would cost one more.
            names_now = [*known, *_values(text, resolve(hits, self.policy.actions))]
            hits |= _outside(done, fixed, [*_mentions(done.text, names_now), *_known(done.text, phrases)])
            merged_pieces = resolve(hits, self.policy.actions)
            if merged_pieces == pieces:
                replacer.take(own)
                return done
            pieces = merged_pieces

    def _fixed_points(self, done: Rendered, entries: Set[Entry]) -> list[tuple[int, int]]:
        """Return where a text holds what scrubbing wrote, sorted and disjoint."""
        text = done.text
        made_up = [s for p, s in zip(done.pieces, done.spans, strict=True) if (p.entity, text[slice(*s)]) in entries]
        return merged([*(m.span() for m in self._fixed.finditer(text)), *self.ledger.spans(text), *made_up])

    @contextmanager
    def _guard(self, document_id: str, size: int) -> Iterator[None]:
        self.load()
        limit = max(SHORTEST_LIMIT, self.seconds_per_megabyte * size / 1e6)
        with self._lock, one_thread(), guarded(document_id, limit):
            yield


def _outside(done: Rendered, fixed: Sequence[tuple[int, int]], found: Iterable[Hit]) -> set[Hit]:
    """Return findings without what scrubbing wrote, by their offsets in the text before."""
    kept: set[Hit] = set()
    for hit in found:
        left = subtract(hit.start, hit.end, fixed)
        whole = left == [(hit.start, hit.end)]
        for start, end in left:
            if whole or _tells(hit.entity, done.text[start:end]):
                before = done.to_original(start, end)
                kept.add(replace(hit, start=before[0], end=before[1]))
    return kept


def _known(text: str, phrases: Phrases | None) -> Iterator[Hit]:
    for start, end, _ in phrases.find(text) if phrases else ():
        yield Hit(PERSON, start, end, KNOWN)


def _log(document_id: str, done: Rendered) -> ScrubLog:
    findings = [Finding(entity=p.entity, start=p.start, end=p.end, score=p.score, action=p.action) for p in done.pieces]
    moves = [
        SpanMove(start=p.start, end=p.end, scrubbed_start=s, scrubbed_end=e)
        for p, (s, e) in zip(done.pieces, done.spans, strict=True)
    ]
    return ScrubLog(document_id=document_id, findings=findings, moves=moves)


def _swaps(text: str, done: Rendered) -> Iterator[Swap]:
    for piece, (start, end) in zip(done.pieces, done.spans, strict=True):
        yield Swap(start, end, text[piece.start : piece.end], done.text[start:end])


def _values(text: str, pieces: Sequence[Piece]) -> list[Value]:
    return [(p.entity, text[p.start : p.end]) for p in pieces if p.entity in NAMED]


def _mentions(text: str, known: Sequence[Value]) -> Iterator[Hit]:
    """Find every mention of names that are known already: whole, and for persons each word that is no other word.

    A name in capitals is the same name.
    """
    lower = names.lower_case_words(text) if known else frozenset()
    entity_of: dict[str, str] = {}
    for entity, value in known:
        whole = " ".join(value.split())
        entity_of.setdefault(whole, entity)
        if entity == PERSON:
            parts = (w for w in names.words_of(value) if len(w) > 2 and w[0].isupper())
            told = [whole, *(w for w in parts if not names.is_plain(w, lower))]
            entity_of |= {form: entity for w in told for form in (w, w.upper())}
    for start, end, value in Phrases(entity_of).find(text):
        initials = _INITIALS.search(text, max(0, start - 12), start) if entity_of[value] == PERSON else None
        yield Hit(entity_of[value], initials.start() if initials else start, end, KNOWN)


def _tells(entity: str, rest: str) -> bool:
    """Return whether what is left of a finding beside a placeholder is still personal data."""
    if entity in NAMED:
        return any(len(w) > 1 and w[0].isupper() and not gazetteer.is_ordinary(w) for w in names.words_of(rest))
    return len(re.findall(r"\w", rest)) > 2 and any(c.isdigit() for c in rest)
