"""Where the verifiers of answers come from: the vertical, and the templates that word an answer which there is not."""

from __future__ import annotations

from pathlib import Path

from kdvert.content import shared_templates
from kdvert.distillation.rewards import Verifiers
from kdvert.filters.contract import Material, Thresholds
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical

_ABSTENTION = "elicit/skill/retrieval_use/record.j2"


def content(templates: TemplateSet, vertical: Vertical) -> list[Path]:
    """Return the files that decide what an answer is worth."""
    roots = (templates.project, templates.vertical, shared_templates())
    worded = [root / _ABSTENTION for root in roots if root is not None and (root / _ABSTENTION).is_file()]
    return [vertical.root / "vertical.yaml", *sorted(vertical.root.glob("*.py")), *worded]


def verifiers(templates: TemplateSet, vertical: Vertical) -> Verifiers:
    """Return what answers of a student are judged with, at the thresholds that filters have by default.

    Raises:
        UserError: the vertical names a check that does not exist.
    """
    material = Material({}, [], vertical.manifest.languages, vertical.checks(), Thresholds())
    return Verifiers(material, vertical.manifest.disclaimer, abstention(templates))


def abstention(templates: TemplateSet) -> str:
    """Return the fixed words before what is missing, as the templates word records without an answer."""
    mark = "\x00"
    return templates.render(_ABSTENTION, {"missing": mark}).partition(mark)[0].strip()
