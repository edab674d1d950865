"""What a document of the dossier is: a row that names a file and the function that writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdvert.dossier.lineage import Lineage


@dataclass(frozen=True)
class Document:
    """One document of the dossier.

    Attributes:
        name: the file it writes, relative to the dossier's folder; with ``/`` at the end, a folder.
        title: what to call it.
        write: writes it below the folder that it is given.
        about: one sentence for the index: what it is and whom it is for.
    """

    name: str
    title: str
    write: Callable[[Lineage, Path], None]
    about: str


@dataclass(frozen=True)
class Label:
    """A file of the dossier that no document writes; the fields are those of `Document`."""

    name: str
    title: str
    about: str
