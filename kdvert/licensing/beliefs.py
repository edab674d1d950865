"""What kdvert believes of a license or a route, laid open for a reader: each field, and where it was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from kdvert.errors import UserError
from kdvert.licensing.facts import data_licenses, model_licenses
from kdvert.licensing.models import Standing
from kdvert.licensing.obligations import conditions, duties
from kdvert.licensing.rulings import Terms
from kdvert.licensing.use import Distribution, Use

_SURE = {
    "H": "H: the text itself was read",
    "M": "M: a quotation or a solid secondary page was read",
    "L": "L: general knowledge, not read again; it can only tighten a verdict",
}
_DISTRIBUTIONS: tuple[Distribution, ...] = ("internal", "hosted", "distributed")


@dataclass(frozen=True)
class Belief:
    """One text of terms, and what it is asked about (``role``)."""

    name: str
    title: str
    role: str
    terms: Terms

    def told(self, today: date) -> dict[str, str]:
        """Return the fields as lines for a reader; what is empty is left out."""
        terms = self.terms
        lines = {
            "grants": terms.grant or "",
            "limits": terms.limit or "",
            "open": terms.uncertainty or "",
            "commercial use": "" if terms.commercial else "not granted",
            "duties": "\n".join(f"{name}: {duties()[name].text}" for name in terms.duties),
            "conditions": "\n".join(f"{name}: {conditions()[name].text}" for name in terms.conditions),
            "source": terms.source,
            "read": str(terms.read),
            "confidence": _SURE[terms.confidence],
            "expires": self._expiry(today),
        }
        return {key: value for key, value in lines.items() if value}

    def plain(self, today: date, uses: Sequence[Use]) -> dict[str, Any]:
        """Return the belief and what it comes to for each use, as plain data."""
        return {
            "id": self.name,
            "title": self.title,
            "as": self.role,
            "terms": self.terms.model_dump(mode="json"),
            "expired": self.terms.expired(today),
            "verdicts": [
                {"use": use.model_dump(mode="json"), **self.terms.judge(self.title, use, today).model_dump(mode="json")}
                for use in uses
            ],
        }

    def _expiry(self, today: date) -> str:
        if self.terms.expires is None:
            return "never: the text of a license does not change"
        late = self.terms.expired(today)
        return f"{self.terms.expires}{': EXPIRED, it permits nothing until it is read again' if late else ''}"


def of_license(name: str) -> list[Belief]:
    """Return what is believed of a license, as a license of source text and of weights, by id or alias.

    Raises:
        UserError: there are no facts about it; the nearest ids are named.
    """
    found = list(_beliefs(name.strip().lower()))
    if not found:
        near = get_close_matches(name.strip().lower(), [*data_licenses(), *model_licenses()], n=3)
        nearest = f"The nearest known: {', '.join(near)}. " if near else ""
        raise UserError(
            f"kdvert has no facts about the license '{name}'.", hint=f"{nearest}`kdvert license list` shows all."
        )
    return found


def of_teacher(standing: Standing) -> list[Belief]:
    """Return what is believed of the terms that a model's outputs stand under."""
    routes = [Belief(f"route:{row.provider}", row.title, "hosted route", row.terms) for row in standing.routes]
    return [*routes, *(Belief(row.id, row.title, "license of the teacher", row.teacher) for row in standing.licenses)]


def every(today: date) -> list[dict[str, str]]:
    """Return a row for every license: id, title, what it is judged as, and the verdict on each commercial use."""
    seen: dict[tuple[str, str], dict[str, str]] = {}
    names = [*data_licenses(), *model_licenses()]
    for belief in (belief for name in names for belief in _beliefs(name)):
        row = {"id": belief.name, "title": belief.title, "as": belief.role}
        for distribution in _DISTRIBUTIONS:
            row[distribution] = belief.terms.judge(belief.title, Use(distribution=distribution), today).verdict
        seen.setdefault((belief.name, belief.role), row)
    return list(seen.values())


def _beliefs(name: str) -> Iterator[Belief]:
    if found := data_licenses().get(name):
        yield Belief(found[0], found[1].title, "source text", found[1].terms)
    if row := model_licenses().get(name):
        yield Belief(row.id, row.title, "teacher: may its outputs train another model?", row.teacher)
        yield Belief(row.id, row.title, "student: may its weights be trained and passed on?", row.student)
