"""A project with people who decide, and records for them to decide about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kdvert.decisions import batches, enrolling, erasable, signers, trail, trail_check
from kdvert.decisions.signing import KEY, Signer
from kdvert.records import Evidence, Example, Message, Provenance, Sampling, Verdict, sha256_text
from kdvert.rulings import reading
from kdvert.rulings.contents import Edit, content_sha, edited
from kdvert.rulings.folding import Review, Standing

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
QUOTE = "Statins lower the risk of a further stroke."


def record(number: int = 0, *, answer: str = QUOTE, failed: str | None = None) -> Example:
    """A record; ``failed`` is the reason for which a check rejected it."""
    request = sha256_text(f"request {number}")
    origin = Provenance(
        teacher="embedded", route="local", templates={}, request_ids=[request], chunk_ids=["doc-0001@0-43"],
        document_ids=["doc-0001"], licenses=["CC0-1.0"], terms=[], sampling=Sampling(), versions={},
    )  # fmt: skip
    evidence = Evidence(chunk_id="doc-0001@0-43", start=0, end=len(QUOTE), quote_sha=sha256_text(QUOTE))
    return Example(
        id=f"{request}-0", vertical="medicine", strategy="curation", skill="grounded_qa", quote=QUOTE,
        messages=[Message(role="user", content=f"{number}?"), Message(role="assistant", content=answer)],
        evidence=[evidence], provenance=origin,
        verdicts=[Verdict(check="length", passed=failed is None, reason=failed)],
    )  # fmt: skip


@dataclass
class Panel:
    """People at work on one project."""

    root: Path
    people: dict[str, Signer] = field(default_factory=dict)

    def person(self, name: str, role: str = "reviewer") -> Signer:
        """Return a person, whose key is made when it is first needed."""
        if name not in self.people:
            self.people[name] = enrolling.enroll(self.root, name=name, role=role, now=NOW, fresh=True)[0]  # type: ignore[arg-type]
        return self.people[name]

    def decide(self, name: str, kind: str, example: Example, items: tuple[str, ...] = (), **refs: Any) -> trail.Entry:
        """Have somebody decide about a record as it is."""
        about = {"record": example.id, "content": content_sha(example), **refs}
        return trail.append(self.root, f"record-{kind}", now=NOW, signer=self.person(name), refs=about, items=items)

    def edit(self, name: str, example: Example, answer: str, *verdicts: Verdict) -> tuple[trail.Entry, str]:
        """Have somebody reword the answer; return the entry and the id of the edit."""
        after = [*example.messages[:-1], Message(role="assistant", content=answer)]
        kept = Edit(before=example.messages, after=after, verdicts=list(verdicts) or example.verdicts)
        item = erasable.put(self.root, "diff", kept.text())
        sha = content_sha(edited(example, after))
        return self.decide(name, "edited", example, (item,), after=sha, edit=item), item

    def all(self, name: str, kind: str, examples: list[Example], **refs: Any) -> trail.Entry:
        """Have somebody decide about many at once."""
        sha = batches.put(self.root, {e.id: content_sha(e) for e in examples})
        refs = {"list": sha, "records": len(examples), **refs}
        return trail.append(self.root, f"records-{kind}", now=NOW, signer=self.person(name), refs=refs)

    def undo(self, name: str, entry: trail.Entry) -> trail.Entry:
        """Have somebody take a decision back."""
        return trail.append(self.root, "decision-undone", now=NOW, signer=self.person(name), refs={"entry": entry.sha})

    @property
    def review(self) -> Review:
        """What stands now."""
        return reading.read(self.root)

    def standing(self, example: Example) -> Standing:
        """What stands about a record."""
        return self.review.of(example.id)

    def status(self, example: Example) -> str:
        """What the decisions about a record come to."""
        return self.standing(example).status(content_sha(example))

    def wrong(self) -> list[str]:
        """Return the codes of what is wrong with the trail."""
        return [d.code for d in trail_check.differences(self.root, signers.read(self.root))]


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Panel:
    """Rita and Rolf review, Anna approves, Ada administers."""
    monkeypatch.delenv(KEY, raising=False)
    made = Panel(tmp_path)
    for name, role in (("Rita", "reviewer"), ("Rolf", "reviewer"), ("Anna", "approver"), ("Ada", "admin")):
        made.person(name, role)
    return made


@pytest.fixture
def make_record() -> Callable[..., Example]:
    return record


@pytest.fixture
def now() -> datetime:
    return NOW
