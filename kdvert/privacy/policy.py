"""Which personal data is treated how: regimes as data, combined to the strictest."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase, validate
from kdvert.content import compliance_facts
from kdvert.errors import UserError
from kdvert.privacy.generalization import FORMS, GENERALIZABLE, form
from kdvert.registry import suggest
from kdvert.verticals import PrivacySpec

Action = Literal["keep", "generalize", "mask", "replace", "drop"]

STRICTNESS: dict[str, int] = {"keep": 0, "generalize": 1, "mask": 2, "replace": 3, "drop": 4}
"""Every action, loosest first."""


class Rule(ConfigBase):
    """What a regime asks for one type of personal data, and why.

    ``generalization`` names what may be left of a value that is generalized or masked, a key of
    `kdvert.privacy.generalization.FORMS`.
    """

    action: Action
    reason: str
    generalization: str = ""


class Regime(ConfigBase):
    """One file of ``compliance/privacy``: a body of rules as kdvert applies it."""

    id: str
    title: str
    source: str
    read: datetime.date
    confidence: Literal["high", "medium", "low"]
    rules: dict[str, Rule] = Field(min_length=1)
    limits: list[str] = Field(default_factory=list)
    zip3_small: list[str] = Field(default_factory=list)

    @field_validator("rules")
    @classmethod
    def _leaves_what_it_names(cls, rules: dict[str, Rule]) -> dict[str, Rule]:
        for entity, rule in rules.items():
            if rule.action == "generalize" and entity not in GENERALIZABLE:
                raise ValueError(f"{entity} cannot be generalized; types that can: {', '.join(sorted(GENERALIZABLE))}")
            left = form(entity, rule.action)
            if rule.generalization != left:
                wanted = f"write `generalization: {left}`" if left else "leave `generalization` out"
                raise ValueError(f"{entity}: {rule.action} leaves {FORMS.get(left, 'nothing')}; {wanted}")
        return rules


_NO_REGIMES = ("recognizers", "historic-people", "public-identifiers")
"""How the names of files of ``compliance/privacy`` begin that hold something else."""


@dataclass(frozen=True)
class Policy:
    """The action for every type of personal data, with the reasons.

    Attributes:
        regimes: the regimes that hold, in order.
        actions: strictest action by entity type. A type without a rule is kept.
        reasons: why, by entity type: one line per regime or setting that names it.
        zip3_small: three-digit ZIP areas with too few people to be shown.
    """

    regimes: tuple[Regime, ...]
    actions: Mapping[str, str]
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zip3_small: frozenset[str] = frozenset()

    @property
    def targets(self) -> list[str]:
        """The entity types that anything is done to, sorted."""
        return sorted(e for e, action in self.actions.items() if action != "keep")


def regime_files() -> dict[str, Path]:
    """Return the file of every regime by id (the file's name)."""
    folder = compliance_facts() / "privacy"
    return {p.stem: p for p in sorted(folder.glob("*.yaml")) if not p.stem.startswith(_NO_REGIMES)}


@cache
def regime(name: str) -> Regime:
    """Read one regime.

    Raises:
        UserError: there is no such regime, or its file does not hold one.
    """
    files = regime_files()
    if name not in files:
        raise UserError(f"Unknown privacy regime '{name}'.", hint=suggest(name, files))
    return validate(Regime, yaml.safe_load(files[name].read_text(encoding="utf-8")), where=str(files[name]))


def combine(
    privacy: PrivacySpec, *, extra_regimes: Iterable[str], actions: Mapping[str, str], known: Iterable[str]
) -> Policy:
    """Combine a vertical's regimes and additions with a project's own wishes to the strictest.

    Args:
        privacy: the vertical's ``privacy.yaml``.
        extra_regimes: regimes that the project adds.
        actions: actions that the project sets by entity type; they may only tighten.
        known: entity types that some recognizer finds.

    Raises:
        UserError: a regime, entity type or action is unknown, or an action would loosen the policy.
    """
    names = tuple(dict.fromkeys([*privacy.regimes, *extra_regimes]))
    regimes = tuple(regime(name) for name in names)
    wishes: list[tuple[str, str, str]] = [
        (entity, rule.action, f"{r.id}: {rule.reason}") for r in regimes for entity, rule in r.rules.items()
    ]
    entities = {*known, *(entity for entity, _, _ in wishes)}
    _check(privacy.additions, entities, "privacy.yaml: additions")
    wishes += [(entity, action, "vertical") for entity, action in privacy.additions.items()]
    policy = _strictest(regimes, wishes)
    _check(actions, entities, "scrub.actions")
    for entity, action in actions.items():
        _tightens(entity, action, policy.actions.get(entity, "keep"))
    return _strictest(regimes, [*wishes, *((e, a, "project") for e, a in actions.items())])


def _strictest(regimes: tuple[Regime, ...], wishes: Iterable[tuple[str, str, str]]) -> Policy:
    actions: dict[str, str] = {}
    reasons: dict[str, tuple[str, ...]] = {}
    for entity, action, reason in wishes:
        actions[entity] = max(actions.get(entity, "keep"), action, key=STRICTNESS.__getitem__)
        reasons[entity] = (*reasons.get(entity, ()), reason)
    zips = frozenset(zip3 for r in regimes for zip3 in r.zip3_small)
    return Policy(regimes, dict(sorted(actions.items())), reasons, zips)


def _check(actions: Mapping[str, str], entities: set[str], where: str) -> None:
    for entity, action in actions.items():
        if entity not in entities:
            raise UserError(f"{where}: unknown type '{entity}'.", hint=suggest(entity, entities))
        if action not in STRICTNESS:
            raise UserError(f"{where}: {entity}: unknown action '{action}'.", hint=suggest(action, STRICTNESS))
        if action == "generalize" and entity not in GENERALIZABLE:
            raise UserError(
                f"{where}: {entity} cannot be generalized.",
                hint=f"Types that can: {', '.join(sorted(GENERALIZABLE))}. Otherwise use mask, replace or drop.",
            )


def _tightens(entity: str, action: str, rule: str) -> None:
    if STRICTNESS[action] < STRICTNESS[rule]:
        allowed = [name for name, rank in STRICTNESS.items() if rank >= STRICTNESS[rule]]
        raise UserError(
            f"scrub.actions: {entity}: '{action}' is looser than '{rule}', which the privacy regimes ask for.",
            hint=f"A project may only tighten: {', '.join(allowed)}.",
        )


def describe(policy: Policy) -> list[dict[str, Any]]:
    """Return what the report says of each regime: id, title, source, date read, confidence, limits, coarser forms."""
    return [
        {
            "id": r.id,
            "title": r.title,
            "source": r.source,
            "read": r.read.isoformat(),
            "confidence": r.confidence,
            "limits": r.limits,
            "may_be_left": {e: FORMS[rule.generalization] for e, rule in r.rules.items() if rule.generalization},
        }
        for r in policy.regimes
    ]
