"""From data to HTML: every value escaped, no script but our own file, no style but our own file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kdvert.content import shared_templates
from kdvert.decisions.codes import REASONS, SCOPES
from kdvert.decisions.kinds import KINDS
from kdvert.review.risk import MEANINGS, WEIGHTS

FOLDER = "review"
STATIC: Mapping[str, str] = {"review.css": "text/css; charset=utf-8", "review.js": "text/javascript; charset=utf-8"}
"""Files that pages load, with their types."""


@cache
def environment() -> Environment:
    """Return the Jinja environment of the pages. A project's own templates do not reach them: they hold sessions."""
    made = Environment(
        loader=FileSystemLoader(shared_templates() / FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(share=share, address=address, day=day, words=words)
    made.globals.update(REASONS=REASONS, RISKS=MEANINGS, WEIGHTS=WEIGHTS, KINDS=KINDS, SCOPES=SCOPES)
    return made


def render(name: str, context: Mapping[str, Any]) -> str:
    """Render a page."""
    return environment().get_template(f"{name}.html.j2").render(context)


def static(name: str) -> tuple[bytes, str] | None:
    """Return a file that pages load and its type; None for any other name."""
    if name not in STATIC:
        return None
    return (shared_templates() / FOLDER / name).read_bytes(), STATIC[name]


def share(value: float | None) -> str:
    """Return a share as a percentage with as many digits as matter."""
    if value is None:
        return "–"
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.2%}"


def address(values: Mapping[str, Any], **more: Any) -> str:
    """Return a query string, with its question mark; empty values are left out."""
    wanted = {k: v for k, v in {**values, **more}.items() if v not in ("", None)}
    return f"?{urlencode(wanted)}" if wanted else ""


def day(stamp: str) -> str:
    """Return a time of the trail for a reader."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%d %H:%M UTC")


def words(code: str) -> str:
    """Return a code as words."""
    return code.replace("_", " ")
