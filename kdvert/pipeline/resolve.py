"""From plain YAML to validated settings: stage defaults < vertical defaults < file < ``--set``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kdvert.configuration import ConfigBase, validate
from kdvert.elicitation import feature
from kdvert.errors import UserError
from kdvert.licensing.use import Use
from kdvert.pipeline.table import NAMES, STAGES
from kdvert.privacy import file_names
from kdvert.project import FILE, Project, merge, parse_set
from kdvert.registry import suggest
from kdvert.verticals import Vertical


class Head(ConfigBase):
    """The keys of ``kdvert.yaml`` that belong to no stage.

    Attributes:
        vertical: id of the installed vertical the project is made from.
        name: the project's name in report and adapter (null: the folder's name).
        use: the intended use.
    """

    vertical: str
    name: str | None = None
    use: Use = Use()


@dataclass(frozen=True)
class Resolved:
    """The settings of a run: validated, with every default filled in."""

    head: Head
    stages: dict[str, ConfigBase]

    def plain(self) -> dict[str, Any]:
        """The same as plain data, in the order of ``kdvert.yaml``, but for rules of ingest that may name a person."""
        stages = {name: config.model_dump(mode="json") for name, config in self.stages.items()}
        for rule in stages.get("ingest", {}).get("sources", []):
            hidden = {k: file_names.HIDDEN for k in ("path", "title") if not file_names.is_plain(rule.get(k) or "")}
            rule.update(hidden)
        return {**self.head.model_dump(mode="json"), **stages}


def resolve(project: Project, vertical: Vertical, overrides: Sequence[str] = ()) -> Resolved:
    """Merge and validate all settings.

    Args:
        overrides: ``--set`` options, ``stage.key=value``.

    Raises:
        UserError: an unknown key (with the nearest known one) or a value that does not fit.
    """
    for name, settings in vertical.manifest.defaults.items():
        if name not in NAMES:
            raise UserError(f"{vertical.distribution}: defaults for unknown stage '{name}'.", hint=suggest(name, NAMES))
        _must_be_mapping(settings, f"{vertical.distribution}: defaults.{name}")
    for key, value in project.raw.items():
        if key in NAMES and value is not None:
            _must_be_mapping(value, f"{FILE}: {key}")
    given = {key: value for key, value in project.raw.items() if value is not None}
    merged = merge(vertical.manifest.defaults, given, *(parse_set(option) for option in overrides))
    known = [*Head.model_fields, *NAMES]
    for key in merged:
        if key not in known:
            raise UserError(f"{FILE}: unknown key '{key}'.", hint=suggest(str(key), known))
    head = validate(Head, {k: v for k, v in merged.items() if k not in NAMES}, where=FILE)
    stages = {
        row.name: validate(row.module.Config, merged.get(row.name, {}), where=f"{FILE}: {row.name}") for row in STAGES
    }
    _must_have_distributions(stages["elicit"], stages["distill"])
    return Resolved(head=head, stages=stages)


def _must_have_distributions(elicit: Any, distill: Any) -> None:
    """Refuse an objective whose distributions nobody asks for, before a teacher is paid."""
    if "kl" in distill.objective and not distill.kl.fall_back and not feature.wanted(elicit.mix):
        raise UserError(
            f"{FILE}: distill.objective has kl, and elicit.mix asks for no distributions of the teacher.",
            hint="Add {strategy: feature, skill: …} to elicit.mix, or set distill.kl.fall_back: true.",
        )


def _must_be_mapping(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise UserError(f"{where} must be a mapping of settings, not {value!r}.")
