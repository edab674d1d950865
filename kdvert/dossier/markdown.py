"""Markdown out of templates, with every value escaped: titles and publishers come from documents of strangers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kdvert.dossier.compute import in_powers
from kdvert.dossier.lineage import Lineage
from kdvert.reporting.html import FILTERS
from kdvert.templates import TemplateSet

_SPECIAL = re.compile(r"([\\`*\[\]<>|])")
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_LINE_START = re.compile(r"^(\s*)([#+=~-]|\d+[.)])(?=\s|$)")


class Plain(str):
    """Markdown that is meant as such and not escaped."""


def escape(value: Any) -> str:
    """Return ``value`` as text that Markdown shows as it stands, on one line."""
    if isinstance(value, Plain):
        return value
    text = " ".join(str(value).split())
    text = _EDGE_UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", text))
    return _LINE_START.sub(r"\1\\\2", text)


def code(value: Any) -> Plain:
    """Return ``value`` as a code span."""
    text = " ".join(str(value).replace("`", "'").split())
    return Plain(f"`{text}`" if text else "–")


def listed(values: Any) -> Plain:
    """Return the values as a bullet list, escaped; a dash for none."""
    return Plain("\n".join(f"- {escape(value)}" for value in values) or "–")


def verbatim(value: Any) -> Plain:
    """Return a text as a fenced block, word for word."""
    longest = max((len(found) for found in re.findall(r"~+", str(value))), default=2)
    fence = "~" * max(3, longest + 1)
    return Plain(f"{fence}text\n{str(value).strip()}\n{fence}")


def render(name: str, lineage: Lineage, /, **context: Any) -> str:
    """Render ``templates/dossier/NAME``.

    Raises:
        UserError: the template is wrong.
    """
    templates = TemplateSet(None, None)
    environment = templates.environment
    environment.finalize = escape
    filters: Mapping[str, Any] = {**FILTERS, "code": code, "listed": listed, "flop": in_powers, "verbatim": verbatim}
    environment.filters.update(filters)
    text = templates.render(f"dossier/{name}", {"lineage": lineage, **context})
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
