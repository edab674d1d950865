"""The compliance facts as closed models, and how they are read from ``compliance/``.

Rows are data that people maintain, so what must hold between their fields is checked here: a verdict has its reason,
and general knowledge (confidence L) never allows anything.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.errors import WorkFailed
from kdvert.licensing.obligations import read_file
from kdvert.licensing.rulings import Terms
from kdvert.licensing.use import Distribution, Use


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


class UseFact(ConfigBase):
    """What a use itself asks for, where all of its marks fit. ``eu: true`` also holds where the use does not say."""

    id: str
    title: str
    eu: bool | None = None
    fields: list[str] | None = None
    distributions: list[Distribution] | None = None
    terms: Terms

    def holds(self, use: Use) -> bool:
        """Whether it is about ``use``."""
        return (
            (self.eu is None or use.eu is None or use.eu == self.eu)
            and (self.fields is None or use.field in self.fields)
            and (self.distributions is None or use.distribution in self.distributions)
        )


class UseFile(ConfigBase):
    """``compliance/uses.yaml``."""

    uses: list[UseFact]


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
def uses() -> list[UseFact]:
    """Return what uses ask for by themselves."""
    return read_file(compliance_facts() / "uses.yaml", UseFile).uses


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
