"""What one text of terms says about a use: the verdict, a stable code, the reason, duties and the facts behind it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from kdvert.configuration import ConfigBase
from kdvert.licensing.obligations import READERS, Condition, Duty, Ruling, conditions, duties
from kdvert.licensing.use import Use
from kdvert.records import sha256_json

Verdict = Literal["allow", "allow-with-duties", "ask-counsel", "block"]

ORDER: tuple[Verdict, ...] = ("allow", "allow-with-duties", "ask-counsel", "block")
"""Verdicts from best to worst."""

CODES: dict[str, str] = {
    "granted": "the terms permit it",
    "granted-with-duties": "the terms permit it and ask for something",
    "uncertain": "the terms or the law leave it open",
    "forbidden": "the terms forbid it",
    "non-commercial": "only non-commercial use is granted",
    "condition-eu": "it depends on where the licensee is domiciled",
    "condition-field": "it depends on the field",
    "condition-monthly-users": "it depends on the licensee's number of users",
    "condition-monthly-revenue-usd": "it depends on the licensee's revenue",
    "expired": "the terms must be read again: what is known of them is too old",
    "unknown": "kdvert knows no terms for it, and unknown means block",
    "not-the-publisher": "a copy or a fine-tune by somebody else",
    "mismatch": "what was declared and what the documents show differ",
    "settled": "they differ, and the user gave a reason why the declared license holds",
    "own-terms": "the terms of a known corpus",
}
"""Reason codes of links and what they mean; reports and tests go by these."""


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the worst of ``verdicts``; of none, ``allow``."""
    return max(verdicts, key=ORDER.index, default="allow")


class Judgment(ConfigBase):
    """What terms say about one use.

    Attributes:
        verdict: the verdict.
        code: one of `CODES`.
        reason: why, as a sentence.
        duties: what must be done.
        facts: where it was read, when and how sure we are, as a line for each text of terms.
        basis: SHA-256 of each text of terms as data, to see whether the facts have changed since.
    """

    verdict: Verdict
    code: str
    reason: str
    duties: list[Duty]
    facts: list[str]
    basis: list[str]


class ByUse(ConfigBase):
    """One ruling for each way of using the student."""

    internal: Ruling
    hosted: Ruling
    distributed: Ruling


class Terms(ConfigBase):
    """What one text of terms says, where that was read, when, and how sure we are. See ``compliance/README.md``."""

    verdict: Ruling | ByUse
    commercial: bool = True
    grant: str | None = None
    limit: str | None = None
    uncertainty: str | None = None
    duties: list[str] = Field(default_factory=list)
    conditions: list[str] = Field(default_factory=list)
    source: str
    read: date
    confidence: Literal["H", "M", "L"]
    expires: date | None = None

    @model_validator(mode="after")
    def _complete(self) -> Terms:
        rulings = {self._ruling(use) for use in ("internal", "hosted", "distributed")}
        if self.confidence == "L" and "allow" in rulings:
            raise ValueError("confidence L can only tighten: it may say ask-counsel or block, not allow")
        needed = rulings | (set() if self.commercial else {"block"})
        missing = sorted(_FIELDS[ruling] for ruling in needed if not getattr(self, _FIELDS[ruling]))
        if missing:
            raise ValueError(f"a verdict has no reason: give {', '.join(missing)}")
        unknown = sorted({*self.duties} - {*duties()} | {*self.conditions} - {*conditions()})
        if unknown:
            raise ValueError(f"no such duty or condition: {', '.join(unknown)}")
        return self

    def judge(self, title: str, use: Use, today: date) -> Judgment:
        """Say what these terms, called ``title``, mean for a use on a day."""
        verdict, code, reason = self._judge(use, today)
        rows = [duties()[name] for name in self.duties]
        rows += [duty for c in self._conditions() if (duty := c.duty(use))]
        if verdict == "allow" and rows:
            verdict, code = "allow-with-duties", "granted-with-duties"
        held = [row.model_dump(mode="json") for row in (*rows, *self._conditions())]
        basis = sha256_json([title, self.model_dump(mode="json"), held])
        return Judgment(
            verdict=verdict, code=code, reason=reason, duties=rows, facts=[self._fact(title, today)], basis=[basis]
        )

    def expired(self, today: date) -> bool:
        """Whether the terms must be read again before they permit anything."""
        return self.expires is not None and today > self.expires

    def _judge(self, use: Use, today: date) -> tuple[Verdict, str, str]:
        if use.commercial and not self.commercial:
            return "block", "non-commercial", self.limit or ""
        base = self._ruling(use.distribution)
        failed = [(c.ruling(use), c) for c in self._conditions()]
        tighter = [(ruling, c) for ruling, c in failed if ORDER.index(ruling) > ORDER.index(base)]
        if tighter:
            ruling, condition = max(tighter, key=lambda pair: ORDER.index(pair[0]))
            return ruling, f"condition-{condition.about.replace('_', '-')}", _told(condition, use)
        if base == "allow" and self.expired(today):
            return "ask-counsel", "expired", f"Read on {self.read} and to be read again by {self.expires}: {self.grant}"
        return base, _BASE_CODES[base], getattr(self, _FIELDS[base]) or ""

    def _conditions(self) -> list[Condition]:
        return [conditions()[name] for name in self.conditions]

    def _ruling(self, distribution: str) -> Ruling:
        if isinstance(self.verdict, ByUse):
            found: Ruling = getattr(self.verdict, distribution)
            return found
        return self.verdict

    def _fact(self, title: str, today: date) -> str:
        low = " (general knowledge, not read again: it can only tighten)" if self.confidence == "L" else ""
        until = f", to be read again by {self.expires}" if self.expires else ""
        late = " (EXPIRED)" if self.expired(today) else ""
        return f"{title}: {self.source}; read {self.read}, confidence {self.confidence}{low}{until}{late}"


_FIELDS = {"allow": "grant", "ask-counsel": "uncertainty", "block": "limit"}
_BASE_CODES = {"allow": "granted", "ask-counsel": "uncertain", "block": "forbidden"}


def _told(condition: Condition, use: Use) -> str:
    if READERS[condition.about](use) is None:
        return f"{condition.text} The use does not say: state use.{condition.about} in kdvert.yaml."
    return condition.text
