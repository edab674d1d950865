"""The page: one closed file, every value escaped, nothing loaded and nothing run."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from kdvert.errors import UserError
from kdvert.reporting.comparison import MODES, metric, shown
from kdvert.templates import TemplateSet

PAGE = "report/report.html.j2"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
DASH = "–"


def render(
    templates: TemplateSet,
    context: Mapping[str, Any],
    *,
    page: str = PAGE,
    links: Collection[str] = frozenset(),
    filters: Mapping[str, Any] | None = None,
) -> str:
    """Render a page from the project's, the vertical's or the shared template.

    Args:
        page: the template.
        links: relative names of files that the page may link to.
        filters: more filters than the report needs.

    Raises:
        UserError: the template is wrong, or the page it gives is not a closed file (see `openings`).
    """
    escaping = replace(templates, autoescape=True)
    escaping.environment.filters.update({**FILTERS, **(filters or {})})
    text = escaping.render(page, {"policy": POLICY, **context})
    if found := openings(text, links):
        raise UserError(
            f"Template '{page}' makes a page that is not closed: {found[0]}.",
            hint="A report runs no script, loads nothing and carries the content policy; take that part out.",
        )
    return text


def openings(page: str, links: Collection[str] = frozenset()) -> list[str]:
    """Return what in ``page`` could run, load or send anything, in words; an empty list if nothing.

    Args:
        links: what the page may link to beside itself.
    """
    parser = _Openings(links)
    parser.feed(page)
    parser.close()
    return parser.found + ([] if parser.policy == POLICY else ["the content policy is missing or was changed"])


class _Openings(HTMLParser):
    _ACTIVE = frozenset({"script", "iframe", "object", "embed", "form", "link", "base", "audio", "video", "frame"})
    _LOADS = frozenset({"src", "srcset", "poster", "background", "data", "action", "formaction", "ping"})

    def __init__(self, links: Collection[str]) -> None:
        super().__init__()
        self._links = links
        self.found: list[str] = []
        self.policy: str | None = None
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._ACTIVE:
            self.found.append(f"<{tag}>")
        if tag == "meta":
            self._meta(dict(attrs))
        self._in_style = tag == "style"
        for name, value in attrs:
            self._attribute(tag, name, value or "")

    def handle_data(self, data: str) -> None:
        if self._in_style and re.search(r"@import|url\(\s*['\"]?(?!data:|#)", data):
            self.found.append("the style sheet loads a file")

    def _meta(self, attrs: dict[str, str | None]) -> None:
        kind = (attrs.get("http-equiv") or "").lower()
        if kind == "content-security-policy":
            self.policy = attrs.get("content")
        elif kind == "refresh":
            self.found.append("a page refresh")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        target = value.strip().lower()
        if name.startswith("on"):
            self.found.append(f"the attribute {name} of <{tag}>")
        elif name in self._LOADS and not target.startswith("data:image/"):
            self.found.append(f"<{tag} {name}>")
        elif name in ("href", "xlink:href") and not target.startswith("#") and value not in self._links:
            self.found.append(f"<{tag}> links to {value[:60]!r}")
        elif name == "style" and re.search(r"url\(\s*['\"]?(?!data:|#)", target):
            self.found.append(f"the style of <{tag}> loads a file")


def count(value: float | None) -> str:
    """Return a whole number with its thousands separated."""
    return DASH if value is None else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Return a time span in the two largest units that matter."""
    if seconds is None:
        return DASH
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def value(number: float | None, name: str) -> str:
    """Return a value of the metric ``name``."""
    return shown(name, number)


def signed(number: float | None, name: str) -> str:
    """Return a difference of the metric ``name``, with its sign."""
    return shown(name, number, signed=True)


def metric_name(name: str) -> str:
    """Return the metric's name in words."""
    return metric(name).label


def metric_unit(name: str) -> str:
    """Return the unit of a difference of the metric, or the empty string."""
    return metric(name).unit


def mode_name(name: str) -> str:
    """Return the mode in words, as a heading."""
    words = MODES.get(name, name.replace("_", " "))
    return words[:1].upper() + words[1:]


def planned(found: Mapping[str, Any], kind: str) -> str:
    """Return what was expected and its range, of a count, of money or of seconds."""
    low, high = (quantity(found[name], kind) for name in ("low", "high"))
    limits = f"{low} or more" if found["high"] is None else f"{low} to {high}"
    if found["low"] is None and found["expected"] is None:
        return "not known"
    if found["expected"] is None:
        return limits
    return quantity(found["expected"], kind) if low == high else f"{quantity(found['expected'], kind)} ({limits})"


def quantity(number: float | None, kind: str) -> str:
    """Return a count, an amount of money or a time span."""
    if kind == "seconds":
        return duration(number)
    return DASH if number is None else f"{number:,.4g}" if kind == "money" and number < 1000 else count(number)


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return the number with the word in the right form."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


FILTERS: Mapping[str, Any] = {
    "number": count,
    "duration": duration,
    "value": value,
    "signed": signed,
    "metric_name": metric_name,
    "metric_unit": metric_unit,
    "mode_name": mode_name,
    "plural": plural,
    "planned": planned,
    "quantity": quantity,
}
