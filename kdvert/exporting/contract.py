"""What an export is made from, and what a target is: a module with ``check``, ``size`` and ``write``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from kdvert.dossier import release
from kdvert.dossier.lineage import Lineage
from kdvert.hardware import Hardware
from kdvert.progress import Progress, Silent
from kdvert.students.prompts import Prompts
from kdvert.students.trained import Trained

GgufType = Literal["f16", "bf16", "f32", "q8_0"]


@dataclass(frozen=True)
class Probe:
    """A conversation that two models are compared on.

    Attributes:
        ids: the tokens of question and answer.
        start: where the answer begins; the model is looked at where it predicts this token and those behind it.
    """

    ids: list[int]
    start: int


@dataclass(frozen=True)
class Job:
    """What every target gets.

    Attributes:
        trained: the student, read and checked.
        lineage: what the dossier says of it; there is one only where nothing forbids handing the student on.
        prompts: how the student is asked.
        work: the project's ``work`` folder.
        hardware: what this machine can do.
        converter: llama.cpp's ``convert_hf_to_gguf.py``, if the user named it.
        gguf_type: how a GGUF file holds numbers.
        progress: where to show what is done.
    """

    trained: Trained
    lineage: Lineage
    prompts: Prompts
    work: Path
    hardware: Hardware
    converter: Path | None = None
    gguf_type: GgufType = "f16"
    progress: Progress = field(default_factory=Silent)

    @property
    def name(self) -> str:
        """What the student must be called where it is handed on."""
        return release.name(self.lineage)

    @property
    def displays(self) -> list[str]:
        """Lines that must be shown wherever it is offered."""
        return release.displays(self.lineage)


@dataclass(frozen=True)
class Made:
    """What a target says of what it wrote.

    Attributes:
        usage: how to use it, in Markdown, for the card.
        facts: what else stands in ``export.json``.
        card: metadata of the card that differ from the adapter's; None takes a key away.
        warnings: what the user should know, in sentences.
    """

    usage: str
    facts: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()


class TargetModule(Protocol):
    """The shape of a target."""

    def check(self, job: Job) -> None:
        """Refuse what this target cannot do, before anything is written."""

    def size(self, job: Job) -> int:
        """Return how many bytes it takes on disk while it works."""

    def write(self, job: Job, folder: Path) -> Made:
        """Write the export into an empty folder; card and licenses are added by others."""
