"""How a project's documents were scrubbed, for texts that come later: a teacher's replies, a reviewer's edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kdvert.store import read_json


@dataclass(frozen=True)
class AsScrubbed:
    """The settings that the stage ``scrub`` worked by."""

    extra_regimes: Sequence[str] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.4
    seconds_per_megabyte: float = 600.0
    replace_with: str = "placeholder"
    consistency: str = "document"
    sealed_map: bool = False

    @classmethod
    def read(cls, folder: Path) -> AsScrubbed:
        """Read what the stage wrote into its output ``folder``."""
        return cls(**read_json(folder / "settings.json"))
