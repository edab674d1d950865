"""What terms ask for (duties) and what they depend on (conditions), each a row of ``compliance/`` with an id."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, model_validator

from kdvert.configuration import ConfigBase, validate
from kdvert.content import compliance_facts
from kdvert.errors import WorkFailed
from kdvert.licensing.use import Distribution, Use

Ruling = Literal["allow", "ask-counsel", "block"]
Kind = Literal[
    "attribution", "changes", "notice", "name_prefix", "display", "restrictions", "share_alike", "no_plain_license",
    "keep_inside", "noncommercial", "local_teacher", "scrubbed", "person",
]  # fmt: skip
"""What doing a duty takes; ``compliance/duties.yaml`` says what each means."""

_VALUED = ("name_prefix", "display", "restrictions", "share_alike")


class Duty(ConfigBase):
    """Something that terms ask for.

    Attributes:
        id: stable name, the same in every report.
        kind: what doing it takes.
        text: the duty as a sentence.
        value: what the kind needs to know: a prefix, a line to show, a license.
        when: the ways of handing the student on at which it must be done.
    """

    id: str
    kind: Kind
    text: str
    value: str | None = None
    when: tuple[Distribution, ...] = ("internal", "hosted", "distributed")

    @model_validator(mode="after")
    def _has_value(self) -> Duty:
        if self.kind in _VALUED and not self.value:
            raise ValueError(f"a duty of the kind {self.kind} needs a value")
        return self


READERS: dict[str, Callable[[Use], Any]] = {
    "eu": lambda use: use.eu,
    "field": lambda use: use.field,
    "monthly_users": lambda use: use.monthly_users,
    "monthly_revenue_usd": lambda use: use.monthly_revenue_usd,
}
"""What a condition may be about, and where the use says it."""


class Condition(ConfigBase):
    """Something about licensee or field that a grant depends on.

    Attributes:
        about: the key of `Use` it looks at.
        at_most: the largest number for which the grant holds.
        not_in: the values for which it does not hold.
        otherwise: the verdict where the condition is not met.
        unstated: the verdict where the use does not say; ``allow`` leaves a duty to see to it.
    """

    id: str
    about: Literal["eu", "field", "monthly_users", "monthly_revenue_usd"]
    at_most: float | None = None
    not_in: list[str | bool] | None = None
    otherwise: Literal["ask-counsel", "block"]
    unstated: Ruling
    text: str

    @model_validator(mode="after")
    def _one_of_two(self) -> Condition:
        if (self.at_most is None) == (self.not_in is None):
            raise ValueError("give either at_most or not_in")
        return self

    def ruling(self, use: Use) -> Ruling:
        """Say what the condition means for a use."""
        value = READERS[self.about](use)
        if value is None:
            return self.unstated
        met = value <= self.at_most if self.at_most is not None else value not in (self.not_in or [])
        return "allow" if met else self.otherwise

    def duty(self, use: Use) -> Duty | None:
        """Return the duty to see to it, where the use does not say whether the condition is met."""
        if READERS[self.about](use) is None and self.unstated == "allow":
            return Duty(id=f"confirm-{self.id}", kind="person", text=self.text)
        return None


class DutyFile(ConfigBase):
    """``compliance/duties.yaml``."""

    duties: list[Duty]


class ConditionFile(ConfigBase):
    """``compliance/conditions.yaml``."""

    conditions: list[Condition]


F = TypeVar("F", bound=BaseModel)


def read_file(path: Path, model: type[F]) -> F:
    """Read and check one file of facts.

    Raises:
        UserError: a row is not of its model; the row and the field are named.
    """
    return validate(model, yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))


@cache
def duties() -> dict[str, Duty]:
    """Return every duty by id."""
    return _by_id(read_file(compliance_facts() / "duties.yaml", DutyFile).duties, "duties.yaml")


@cache
def conditions() -> dict[str, Condition]:
    """Return every condition by id."""
    return _by_id(read_file(compliance_facts() / "conditions.yaml", ConditionFile).conditions, "conditions.yaml")


R = TypeVar("R", Duty, Condition)


def _by_id(rows: list[R], name: str) -> dict[str, R]:
    found: dict[str, R] = {}
    for row in rows:
        if row.id in found:
            raise WorkFailed(f"compliance/{name}: '{row.id}' stands there twice.", hint="Keep one row for it.")
        found[row.id] = row
    return found
