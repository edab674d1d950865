"""The compliance facts as closed models, and how they are read from ``compliance/``.

Rows are data that people maintain, so what must hold between their fields is checked here: a verdict has its reason,
and general knowledge (confidence L) never allows anything.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, model_validator

from kdvert.configuration import ConfigBase, validate
from kdvert.content import compliance_facts
from kdvert.errors import WorkFailed

Verdict = Literal["allow", "allow-with-duties", "ask-counsel", "block"]
Distribution = Literal["internal", "hosted", "distributed"]
Ruling = Literal["allow", "ask-counsel", "block"]

ORDER: tuple[Verdict, ...] = ("allow", "allow-with-duties", "ask-counsel", "block")
"""Verdicts from best to worst."""


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the worst of ``verdicts``; of none, ``allow``."""
    return max(verdicts, key=ORDER.index, default="allow")


class Judgment(ConfigBase):
    """What terms say about one use: the verdict, the reason for it, what must be done, and the facts behind it."""

    verdict: Verdict
    reason: str
    duties: list[str]
    facts: list[str]


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
        reasons = {"allow": self.grant, "ask-counsel": self.uncertainty, "block": self.limit}
        fields = {"allow": "grant", "ask-counsel": "uncertainty", "block": "limit"}
        missing = sorted(fields[ruling] for ruling in needed if not reasons[ruling])
        if missing:
            raise ValueError(f"a verdict has no reason: give {', '.join(missing)}")
        return self

    def judge(self, title: str, distribution: Distribution, *, commercial: bool) -> Judgment:
        """Say what these terms, called ``title``, mean for a use."""
        ruling = "block" if commercial and not self.commercial else self._ruling(distribution)
        reason = {"allow": self.grant, "ask-counsel": self.uncertainty, "block": self.limit}[ruling]
        verdict: Verdict = "allow-with-duties" if ruling == "allow" and self.duties else ruling
        return Judgment(verdict=verdict, reason=reason or "", duties=self.duties, facts=[self._fact(title)])

    def _ruling(self, distribution: Distribution) -> Ruling:
        if isinstance(self.verdict, ByUse):
            found: Ruling = getattr(self.verdict, distribution)
            return found
        return self.verdict

    def _fact(self, title: str) -> str:
        until = f", to be read again by {self.expires}" if self.expires else ""
        return f"{title}: {self.source}; read {self.read}, confidence {self.confidence}{until}"


class DataLicense(ConfigBase):
    """A license of source text. ``ids`` all stand under the same terms."""

    ids: list[str] = Field(min_length=1)
    aliases: list[str] = Field(default_factory=list)
    title: str
    terms: Terms


class ModelLicense(ConfigBase):
    """A license of weights, judged as teacher (outputs train another model) and as student (weights are trained).

    ``own_students``: the bar on training with outputs excepts students under this same license.
    """

    id: str
    aliases: list[str] = Field(default_factory=list)
    title: str
    own_students: bool = False
    teacher: Terms
    student: Terms


class Family(ConfigBase):
    """Models known by name, and the licenses or the vendor's route they stand under."""

    family: str
    pattern: str
    licenses: list[str] = Field(default_factory=list)
    route: str | None = None
    publishers: list[str] = Field(default_factory=list)
    examples: list[str] = Field(min_length=1)
    source: str
    read: date
    confidence: Literal["H", "M"]

    @model_validator(mode="after")
    def _one_of_two(self) -> Family:
        if bool(self.licenses) == bool(self.route):
            raise ValueError("give either licenses or a route")
        return self


class Route(ConfigBase):
    """A vendor's hosted service. ``with_model_terms``: the license of the model holds beside the vendor's terms."""

    provider: str
    aliases: list[str] = Field(default_factory=list)
    hosts: list[str] = Field(min_length=1)
    title: str
    with_model_terms: bool = False
    terms: Terms


class DataLicenseFile(ConfigBase):
    """A file of ``compliance/licenses``."""

    licenses: list[DataLicense]


class ModelLicenseFile(ConfigBase):
    """``compliance/models/licenses.yaml``."""

    licenses: list[ModelLicense]


class FamilyFile(ConfigBase):
    """``compliance/models/families.yaml``."""

    families: list[Family]


class RouteFile(ConfigBase):
    """``compliance/models/routes.yaml``."""

    routes: list[Route]


F = TypeVar("F", bound=BaseModel)


def read_file(path: Path, model: type[F]) -> F:
    """Read and check one file of facts.

    Raises:
        UserError: a row is not of its model; the row and the field are named.
    """
    return validate(model, yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))


@cache
def data_licenses() -> dict[str, tuple[str, DataLicense]]:
    """Return (id, row) of every data license by id and alias, in lower case."""
    found: dict[str, tuple[str, DataLicense]] = {}
    for path in sorted((compliance_facts() / "licenses").glob("*.yaml")):
        for row in read_file(path, DataLicenseFile).licenses:
            for name in row.ids:
                _add(found, name, (name, row), path)
            for name in row.aliases:
                _add(found, name, (row.ids[0], row), path)
    return found


@cache
def model_licenses() -> dict[str, ModelLicense]:
    """Return every model license by id and alias, in lower case."""
    found: dict[str, ModelLicense] = {}
    path = compliance_facts() / "models" / "licenses.yaml"
    for row in read_file(path, ModelLicenseFile).licenses:
        for name in (row.id, *row.aliases):
            _add(found, name, row, path)
    return found


@cache
def families() -> list[Family]:
    """Return the table of model families."""
    return read_file(compliance_facts() / "models" / "families.yaml", FamilyFile).families


@cache
def routes() -> dict[str, Route]:
    """Return every hosted route by provider and alias."""
    found: dict[str, Route] = {}
    path = compliance_facts() / "models" / "routes.yaml"
    for row in read_file(path, RouteFile).routes:
        for name in (row.provider, *row.aliases):
            _add(found, name, row, path)
    return found


def _add(table: dict[str, Any], name: str, value: Any, path: Path) -> None:
    if name.lower() in table:
        raise WorkFailed(f"{path}: '{name}' stands in the facts twice.", hint="Keep one row for it.")
    table[name.lower()] = value
