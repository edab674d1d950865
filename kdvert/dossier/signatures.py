"""``SIGN-OFF.md``: who approved what, in the form that is printed and filed."""

from __future__ import annotations

from pathlib import Path

from kdvert.dossier import markdown
from kdvert.dossier.lineage import Lineage
from kdvert.store import write_text

FILE = "SIGN-OFF.md"


def write(lineage: Lineage, out: Path) -> None:
    """Write the page below ``out``."""
    write_text(out / FILE, markdown.render("sign-off.md.j2", lineage, reviewed=lineage.reviewed))
