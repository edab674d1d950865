"""The skills that records train, by name: the only list of them. One file a skill."""

from __future__ import annotations

from typing import Any, cast

from kdvert.elicitation.skills.contract import Skill
from kdvert.registry import lookup

_HERE = "kdvert.elicitation.skills"

SKILLS: dict[str, str] = {
    "grounded_qa": f"{_HERE}.grounded_qa:SKILL",
    "extractive_qa": f"{_HERE}.extractive_qa:SKILL",
    "multi_turn": f"{_HERE}.multi_turn:SKILL",
    "reasoning": f"{_HERE}.reasoning:SKILL",
    "summary": f"{_HERE}.summary:SKILL",
    "extraction": f"{_HERE}.extraction:SKILL",
    "classification": f"{_HERE}.classification:SKILL",
    "retrieval_use": f"{_HERE}.retrieval_use:SKILL",
    "refusal": f"{_HERE}.refusal:SKILL",
    "tool_call": f"{_HERE}.tool_call:SKILL",
    "preference": f"{_HERE}.preference:SKILL",
    "rubric": f"{_HERE}.rubric:SKILL",
}


def skill(name: str) -> Skill[Any]:
    """Return the skill ``name``.

    Raises:
        UserError: there is no such skill.
    """
    return cast("Skill[Any]", lookup("skill", SKILLS, name))


def prompt_folders(strategy: str, name: str) -> list[str]:
    """Return the template folders, relative to a layer, whose files decide what is asked."""
    return [f"elicit/{strategy}/{name}", f"elicit/skill/{name}", "elicit/skill/base"]
