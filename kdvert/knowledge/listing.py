"""Which files are sources, and which rule of ``kdvert.yaml`` holds for each."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = "sources"
"""Every file in this folder of the project must be covered by a rule."""

_LITTER = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class SourceFile:
    """A file to read.

    Attributes:
        path: where it lies.
        uri: its path relative to the project folder, with ``/``.
        rule: place of the first pattern that matches it, or None.
    """

    path: Path
    uri: str
    rule: int | None

    def folders(self, project: Path) -> tuple[Path, ...]:
        """Return the folders whose license files hold for it, the nearest first: up to the outermost in ``project``.

        For a link, the folder that the file really lies in is the nearest.
        """
        parts = Path(self.uri).parent.parts
        inside = [project.joinpath(*parts[:count]) for count in range(len(parts), 0, -1)] or [project]
        return (self.path.resolve().parent, *inside) if self.path.is_symlink() else tuple(inside)


def list_files(project: Path, patterns: Sequence[str]) -> list[SourceFile]:
    """Return the files in ``sources/`` and those that a pattern matches, each once, sorted by uri.

    Hidden files and what file managers and Word leave behind are no sources. Links are followed; a file that is
    reached on two ways counts once.

    Args:
        project: the project folder.
        patterns: globs relative to it, ``**`` for any depth.
    """
    matched = [set(_glob(project, pattern)) for pattern in patterns]
    names = set(_glob(project, f"{FOLDER}/**")).union(*matched)
    found: dict[str, SourceFile] = {}
    for name in sorted(names, key=lambda n: (n.count(os.sep), n)):
        path = project / name
        if not path.is_file() or path.name.lower() in _LITTER or path.name.startswith(("~$", ".")):
            continue
        rule = next((i for i, those in enumerate(matched) if name in those), None)
        real = os.path.realpath(path)
        if real not in found or (found[real].rule is None and rule is not None):
            found[real] = SourceFile(path, Path(name).as_posix(), rule)
    return sorted(found.values(), key=lambda f: f.uri)


def _glob(project: Path, pattern: str) -> list[str]:
    return [os.path.normpath(name) for name in glob.glob(pattern, root_dir=project, recursive=True)]
