"""Take personal data out of documents: find, decide by policy, replace, and read again until nothing is left."""

from __future__ import annotations

import re
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, Protocol

from kdvert.errors import KdvertError, WorkFailed
from kdvert.privacy import detectors, gazetteer, names, policy
from kdvert.privacy.placeholders import Numbering, fixed_points
from kdvert.privacy.spans import Hit, Piece, Rendered, render, resolve, subtract
from kdvert.records import Finding, ScrubbedText, ScrubLog, SpanMove, sha256_json
from kdvert.verticals import RecognizerSpec, Vertical

Value = tuple[str, str]
"""An entity type and a raw value of it."""

RULES = 1
"""Raised when this package scrubs the same text differently under the same policy."""

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


@dataclass(frozen=True)
class Scrubbed:
    """A scrubbed text, its title, and the log of what was done to the text."""

    text: str
    log: ScrubLog
    title: str = ""


@dataclass(frozen=True)
class Scrubber:
    """Scrubs text by one policy. Building it is cheap; the model loads with the first text, or by `load`."""

    policy: policy.Policy
    specs: Sequence[RecognizerSpec]
    threshold: float
    seconds_per_megabyte: float
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def for_vertical(cls, vertical: Vertical, settings: Settings) -> Scrubber:
        """Build the scrubber of a project.

        Raises:
            UserError: a regime, entity type or action is unknown, or an action would loosen the policy.
        """
        specs = [*detectors.generic_specs(), *vertical.recognizers]
        rules = policy.combine(
            vertical.privacy,
            extra_regimes=settings.extra_regimes,
            actions=settings.actions,
            known=detectors.known_entities(specs),
        )
        return cls(rules, specs, settings.threshold, settings.seconds_per_megabyte)

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
                "presidio": version("presidio-analyzer"),
                "names": version("faker"),
                "model": f"{gazetteer.MODEL} {version(gazetteer.MODEL)}",
            }
        )

    def load(self) -> None:
        """Load the model now (some seconds) instead of with the first text."""
        self._detector.load()

    def scrub(self, document_id: str, text: str, title: str = "") -> Scrubbed:
        """Scrub a document.

        Args:
            document_id: names the document in the log and in errors.
            text: the raw text.
            title: the raw title; names found in the text are taken out of it too.

        Returns:
            Text and title without the personal data that the policy names. Scrubbing the result changes nothing.
            The log's offsets index ``text`` as given; it holds no raw value.

        Raises:
            WorkFailed: the text takes longer than its time limit, or cannot be analyzed; it names the document and
                never the content.
        """
        numbers = Numbering.of(text, title)
        with self._guard(document_id, len(text) + len(title)):
            body = self._settle(text, numbers, ())
            head = self._settle(title, numbers, _values(text, body.pieces))
        return Scrubbed(body.text, _log(document_id, body), head.text)

    def passage(self, text: str) -> ScrubbedText:
        """Scrub a text that may go to a teacher or came from one; placeholders are left alone.

        Raises:
            WorkFailed: see `scrub`.
        """
        with self._guard("a passage", len(text)):
            settled = self._settle(text, Numbering.of(text), ())
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
        }

    @cached_property
    def _detector(self) -> detectors.Detector:
        return detectors.Detector(self.specs, self.policy.targets, self.threshold)

    @cached_property
    def _fixed(self) -> re.Pattern[str]:
        return fixed_points({*self.policy.actions, *detectors.known_entities(self.specs)})

    def _settle(self, text: str, numbers: Numbering, known: Sequence[Value]) -> Rendered:
        """Replace, read the result again, and go on until a reading finds nothing new.

        Taking a name away changes what the tagger sees around it, so one reading is not enough. Findings only
        accumulate, so this ends. ``numbers`` is left as the last rendering used it.
        """
        hits: set[Hit] = set()
        pieces: list[Piece] = []
        seen: dict[str, list[Hit]] = {}
        while True:
            own = numbers.copy()
            done = render(text, pieces, own.replacements(text, pieces, self.policy.zip3_small))
            found = [*self._detector.find(done.text, seen), *_mentions(done.text, [*known, *_values(text, pieces)])]
            for hit in self._outside_fixed_points(done.text, found):
                start, end = done.to_original(hit.start, hit.end)
                hits.add(replace(hit, start=start, end=end))
            merged = resolve(hits, self.policy.actions)
            if merged == pieces:
                numbers.take(own)
                return done
            pieces = merged

    def _outside_fixed_points(self, text: str, found: Sequence[Hit]) -> Iterator[Hit]:
        fixed = [m.span() for m in self._fixed.finditer(text)]
        for hit in found:
            left = subtract(hit.start, hit.end, fixed)
            if left == [(hit.start, hit.end)]:
                yield hit
                continue
            for start, end in left:
                if _tells(hit.entity, text[start:end]):
                    yield replace(hit, start=start, end=end)

    @contextmanager
    def _guard(self, document_id: str, size: int) -> Iterator[None]:
        """Hold back a text that takes too long or cannot be analyzed, without showing any of it."""
        self.load()
        limit = max(SHORTEST_LIMIT, self.seconds_per_megabyte * size / 1e6)
        try:
            with self._lock, _time_limit(limit):
                yield
        except _TooSlow:
            raise WorkFailed(
                f"{document_id}: scrubbing took longer than {limit:.0f} seconds; the text is held back.",
                hint="Raise scrub.seconds_per_megabyte, split the document, or take it out of sources.",
            ) from None
        except KdvertError:
            raise
        except Exception as error:  # noqa: BLE001 - what the libraries say can hold raw values: only its place is told
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise WorkFailed(
                f"{document_id}: scrubbing failed ({type(error).__name__} in {last.name}, line {last.lineno}); "
                "the text is held back."
            ) from None


class _TooSlow(Exception):
    """Not a TimeoutError: Presidio would take that for a slow pattern, skip the pattern and go on."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TooSlow` in the block when it takes longer than ``seconds``, or after it where no alarm can be set."""
    from presidio_analyzer import pattern_recognizer

    # A slow pattern ends at the same time, so that the check at the end sees it.
    pattern_recognizer.REGEX_TIMEOUT_SECONDS = seconds  # type: ignore[assignment]
    alarm = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
    started = time.monotonic()
    if alarm:
        before = signal.signal(signal.SIGALRM, _raise_too_slow)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    if time.monotonic() - started >= seconds:
        raise _TooSlow


def _raise_too_slow(number: int, frame: object) -> None:
    raise _TooSlow


def _log(document_id: str, done: Rendered) -> ScrubLog:
    findings = [Finding(entity=p.entity, start=p.start, end=p.end, score=p.score, action=p.action) for p in done.pieces]
    moves = [
        SpanMove(start=p.start, end=p.end, scrubbed_start=s, scrubbed_end=e)
        for p, (s, e) in zip(done.pieces, done.spans, strict=True)
    ]
    return ScrubLog(document_id=document_id, findings=findings, moves=moves)


def _values(text: str, pieces: Sequence[Piece]) -> list[Value]:
    return [(p.entity, text[p.start : p.end]) for p in pieces if p.entity in NAMED]


def _mentions(text: str, known: Sequence[Value]) -> Iterator[Hit]:
    """Find every mention of names that are known already: whole, and for persons each word that is no other word."""
    lower = names.lower_case_words(text) if known else frozenset()
    entity_of: dict[str, str] = {}
    for entity, value in known:
        entity_of.setdefault(value, entity)
        if entity == "PERSON":
            parts = (w for w in names.words_of(value) if len(w) > 2 and w[0].isupper())
            entity_of.update({w: entity for w in parts if not names.is_plain(w, lower)})
    if entity_of:
        longest_first = sorted(entity_of, key=lambda v: (-len(v), v))
        pattern = rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])"
        for match in re.finditer(pattern, text):
            yield Hit(entity_of[match.group()], match.start(), match.end(), 0.8)


def _tells(entity: str, rest: str) -> bool:
    """Return whether what is left of a finding beside a placeholder is still personal data."""
    if entity in NAMED:
        return any(len(w) > 1 and w[0].isupper() and not gazetteer.is_ordinary(w) for w in names.words_of(rest))
    return len(re.findall(r"\w", rest)) > 2 and any(c.isdigit() for c in rest)
