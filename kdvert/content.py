"""Where the shared templates and compliance facts lie: inside the wheel, or in the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kdvert.errors import WorkFailed


@cache
def content_root() -> Path:
    """Return the folder that holds ``templates/`` and ``compliance/``.

    A wheel carries them under ``kdvert/_content``; a checkout has them beside ``kdvert/``, and is known by its
    own ``pyproject.toml``, so that a stray folder of the same name elsewhere is never picked up.

    Raises:
        WorkFailed: neither is there (a broken installation).
    """
    package = Path(__file__).resolve().parent
    bundled = package / "_content"
    if bundled.is_dir():
        return bundled
    checkout = package.parent
    manifest = checkout / "pyproject.toml"
    if manifest.is_file() and 'name = "kdvert"' in manifest.read_text(encoding="utf-8"):
        return checkout
    raise WorkFailed("kdvert's own templates are missing.", hint="Reinstall it: pip install --force-reinstall kdvert")


def shared_templates() -> Path:
    """Return the folder of shared Jinja templates."""
    return content_root() / "templates"


def compliance_facts() -> Path:
    """Return the folder of compliance facts."""
    return content_root() / "compliance"
