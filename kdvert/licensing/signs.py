"""What every document shows of its license and its origin, gathered while it is read, and written beside the documents.

- ``detected.jsonl``: every sign of a license, by document id, and whether it agrees with the stated one;
- ``terms.jsonl``: by document id the stated license, the corpora it was recognized as, the models that wrote it;
- ``mismatches.jsonl``: the signs that do not agree, counted by kind, with the reason where a user settled them.

No text of a document and no name of a file stands in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from kdvert.licensing import corpora
from kdvert.licensing.chain import Mismatch
from kdvert.licensing.detection.comparison import UNRECOGNIZED, differing, same, settles
from kdvert.licensing.detection.contract import Detected, Evidence
from kdvert.licensing.detection.table import BESIDE, INSIDE, detect
from kdvert.records import Record
from kdvert.store import to_line, write_jsonl

DETECTED = "detected.jsonl"
TERMS = "terms.jsonl"
MISMATCHES = "mismatches.jsonl"


class Sign(Record):
    """A row of ``detected.jsonl``; see `kdvert.licensing.detection.contract.Detected`."""

    id: str
    license: str | None = None
    method: str
    where: str
    confidence: str
    exact: bool
    agrees: bool


class DocumentTerms(Record):
    """A row of ``terms.jsonl``: what `kdvert.licensing.chain.SourceUse` says of one document."""

    id: str
    license: str
    corpora: tuple[str, ...] = ()
    written_by: tuple[str, ...] = ()


class Settled(Record):
    """A row of ``mismatches.jsonl``: a mismatch, and why the stated license holds, if a user said so."""

    mismatch: Mismatch
    reason: str | None = None


@dataclass(frozen=True)
class Stated:
    """What was stated for a document.

    Attributes:
        license: the expression that holds for it.
        overruled: the expression of the rule in ``kdvert.yaml``, where the row stated its own.
        number: the rule's place in ``kdvert.yaml``.
        rule: how it is called, by a name that may be shown.
        settled: entries of the rule, ``"<license shown>: <reason>"``.
        written_by: models that wrote the text.
    """

    license: str
    overruled: str | None
    number: int
    rule: str
    settled: Sequence[str] = ()
    written_by: Sequence[str] = ()


class Signs:
    """Takes documents one by one; holds counts only."""

    def __init__(self) -> None:
        self._detected: TextIO | None = None
        self._terms: TextIO | None = None
        self._differing: Counter[tuple[str, str, str, str]] = Counter()
        self._reasons: dict[tuple[str, str, str, str], str] = {}
        self._used: set[tuple[int, str]] = set()
        self._last: Path | None = None
        self._beside: tuple[list[Detected], list[str]] = ([], [])
        self._counts: Counter[str] = Counter()
        self._corpora: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()

    @contextmanager
    def kept(self, out: Path) -> Iterator[None]:
        """Write rows into the folder ``out`` while the block runs, and the counted mismatches after it."""
        with ExitStack() as stack:
            self._detected, self._terms = (
                stack.enter_context(open(out / name, "w", encoding="utf-8", newline="\n")) for name in (DETECTED, TERMS)
            )
            yield
        write_jsonl(out / MISMATCHES, self._rows())

    def add(self, id_: str, stated: Stated, evidence: Evidence, origin: corpora.Origin) -> None:
        """Look at a document.

        Args:
            id_: its id.
            stated: what was stated for it.
            evidence: what detectors look at.
            origin: what is known of where it came from.
        """
        assert self._detected
        assert self._terms
        signs, failed = self._detect(evidence)
        bad = differing(stated.license, signs)
        for sign in signs:
            row = Sign(id=id_, agrees=sign not in bad, **sign.model_dump())
            self._detected.write(to_line(row))
            self._methods[sign.method] += 1
        found = corpora.known(origin)
        writers = tuple(dict.fromkeys([*stated.written_by, *corpora.writers(found)]))
        self._terms.write(to_line(DocumentTerms(id=id_, license=stated.license, corpora=found, written_by=writers)))
        self._corpora.update(found)
        self._compare(stated, signs, bad, failed)

    def idle(self, number: int, settled: Sequence[str]) -> list[str]:
        """Return the entries of a rule's ``settled`` that no document needed."""
        return [entry for entry in settled if (number, entry) not in self._used]

    def summary(self) -> dict[str, Any]:
        """Return the counts, for the stage's summary."""
        return {
            "license_signs": {name: self._counts[name] for name in ("agree", "none", "differ", "unreadable")}
            | {"methods": dict(sorted(self._methods.items()))},
            "license_mismatches": sum(n for key, n in self._differing.items() if key not in self._reasons),
            "settled_mismatches": sum(n for key, n in self._differing.items() if key in self._reasons),
            "known_corpora": dict(sorted(self._corpora.items())),
        }

    def _detect(self, evidence: Evidence) -> tuple[list[Detected], list[str]]:
        """Look inside the document, and beside its file once for all rows in it."""
        if evidence.path != self._last:
            self._last, self._beside = evidence.path, detect(evidence, BESIDE)
        inside, failed = detect(evidence, INSIDE)
        return inside + self._beside[0], failed + self._beside[1]

    def _compare(self, stated: Stated, signs: list[Detected], bad: list[Detected], failed: list[str]) -> None:
        overruled = stated.overruled is not None and not same(stated.overruled, stated.license)
        pairs = [(stated.license, sign.license, sign.method, sign.where) for sign in bad]
        if overruled:
            pairs.append((str(stated.overruled), stated.license, "row-field", "the row's field license"))
        for declared, shown, method, where in dict.fromkeys(pairs):
            key = (declared, shown or UNRECOGNIZED, method, f"{stated.rule}, {where}")
            self._differing[key] += 1
            self._settle(key, stated, shown)
        self._counts["differ" if pairs else "agree" if signs else "none"] += 1
        self._counts["unreadable"] += bool(failed)

    def _settle(self, key: tuple[str, str, str, str], stated: Stated, shown: str | None) -> None:
        for entry in stated.settled:
            license_, _, reason = entry.partition(":")
            if settles(license_, shown):
                self._reasons[key] = reason.strip()
                self._used.add((stated.number, entry))

    def _rows(self) -> Iterator[Settled]:
        for key, count in sorted(self._differing.items()):
            declared, shown, method, where = key
            row = Mismatch(declared=declared, detected=shown, method=method, where=where, documents=count)
            yield Settled(mismatch=row, reason=self._reasons.get(key))
