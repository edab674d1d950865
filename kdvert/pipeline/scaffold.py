"""Make a new project folder from a vertical."""

from __future__ import annotations

import shutil
from pathlib import Path

from kdvert.errors import UserError
from kdvert.store import write_text
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical

FILES = {
    "kdvert.yaml": "project/kdvert.yaml.j2",
    "README.md": "project/README.md.j2",
    "templates/README.md": "project/templates.md.j2",
    ".gitignore": "project/gitignore.j2",
}
"""File of the project to shared template."""


def new_project(vertical: Vertical, root: Path) -> list[str]:
    """Write a project into ``root``.

    Returns:
        The files written, relative to ``root``.

    Raises:
        UserError: ``root`` is a file, or a folder that is not empty (it is left as it is).
    """
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is a file.", hint="Name a new folder.")
    if root.is_dir() and any(root.iterdir()):
        raise UserError(f"{root} is not empty; nothing was changed.", hint="Name a new or an empty folder.")
    templates = TemplateSet(None, vertical.templates)
    suffixes = sorted({path.suffix for path in vertical.corpus})
    context = {
        "name": root.resolve().name,
        "vertical": vertical.manifest.model_dump(),
        "suffixes": suffixes,
        "regimes": vertical.privacy.regimes,
        "documents": len(vertical.corpus),
    }
    texts = {name: templates.render(template, context) for name, template in FILES.items()}
    for name, text in texts.items():
        write_text(root / name, text.rstrip() + "\n")
    for path in vertical.corpus:
        (root / "sources").mkdir(exist_ok=True)
        shutil.copyfile(path, root / "sources" / path.name)
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
