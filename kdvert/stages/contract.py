"""What a stage is: a module with a config, a version, the files it reads from outside, and ``run``.

Every stage module exposes

- ``Config``: a `ConfigBase` with the stage's own settings, nothing else;
- ``VERSION``: a number, raised when the stage's output changes for the same input;
- ``VOLATILE``: names in its output folder whose bytes may change without meaning (left out of hashes);
- ``content(ctx, config) -> list[Path]``: files and folders outside the pipeline that it reads;
- if it reads a part of a file that others share, ``extracts(ctx, config) -> dict[str, str]``: name to hash of that;
- ``run(ctx, config) -> dict``: do the work, write below ``ctx.out``, return a small summary for the user.

Stages meet only through files: a stage sees the output folders of the stages it needs, and nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from kdvert.configuration import ConfigBase
from kdvert.progress import Progress, Silent
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical


@dataclass(frozen=True)
class StageContext:
    """What the runner gives a stage.

    Attributes:
        project: the project folder (user files are read from here).
        name: the project's name.
        vertical: the domain package.
        templates: project, vertical and shared templates, in that order.
        out: the folder to write into. It may hold what a killed run left; the stage reuses or overwrites that.
        inputs: finished output folder of each stage this one needs, by stage name.
        cache: a folder that outlives a rerun of the stage (teacher replies, checkpoints).
        resolved: the whole resolved configuration, for the report and for what the student must be called.
        progress: where to report progress.
        log: the run's log. Never give it a raw value that scrubbing would remove.
        today: the day on which facts about licenses are judged.
    """

    project: Path
    name: str
    vertical: Vertical
    templates: TemplateSet
    out: Path
    inputs: Mapping[str, Path]
    cache: Path
    resolved: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = field(default_factory=Silent)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("kdvert"))
    today: date = field(default_factory=date.today)


class Stage(Protocol):
    """The shape of a stage module."""

    Config: type[ConfigBase]
    VERSION: int
    VOLATILE: tuple[str, ...]

    def content(self, ctx: StageContext, config: Any) -> list[Path]:
        """Return files and folders outside the pipeline that ``run`` reads."""

    def run(self, ctx: StageContext, config: Any) -> dict[str, Any]:
        """Do the work below ``ctx.out``; return a summary for the user."""
