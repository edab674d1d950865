"""The license files that lie beside a base: a student made of it carries them on.

Licenses ask that copyright lines and NOTICE files of the original stay with what is made of it, and only the original's
own files hold them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDER = "base"
_NAMES = ("license", "licence", "notice", "copying", "copyright", "use_policy", "acceptable_use")
_SUFFIXES = ("", ".txt", ".md", ".rst")
_MOST_BYTES = 500_000


def keep(base: Path, adapter: Path) -> list[str]:
    """Copy the license files of a base beside its adapter.

    Args:
        base: the folder that the base is loaded from.
        adapter: the adapter's folder; the files go to ``base/`` in it.

    Returns:
        the names of the files, sorted.
    """
    found = sorted(path for path in base.iterdir() if _is_one(path)) if base.is_dir() else []
    for path in found:
        (adapter / FOLDER).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, adapter / FOLDER / path.name)
    return [path.name for path in found]


def _is_one(path: Path) -> bool:
    name = path.name.lower()
    fits = name.startswith(_NAMES) and path.suffix.lower() in _SUFFIXES
    return fits and path.is_file() and path.stat().st_size <= _MOST_BYTES
