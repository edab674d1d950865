"""A vertical: a Python package that bundles what kdvert must know of a domain.

Packages announce themselves in the entry point group ``kdvert.verticals``; the value is the import name of an
undotted top-level package. Listing and loading run none of their code: everything but ``checks.py`` is data.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal, Protocol

import yaml
from pydantic import Field

from kdvert.configuration import ConfigBase, validate
from kdvert.errors import UserError
from kdvert.registry import suggest

GROUP = "kdvert.verticals"

Check = Callable[[str, str, str], str | None]
"""A domain verifier: (question, answer, evidence) to None or a reason code."""


class Manifest(ConfigBase):
    """``vertical.yaml``: what the package is and which of its parts to use."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,30}$")
    title: str
    description: str
    languages: list[str] = Field(min_length=1)
    skills: list[str] = Field(min_length=1)
    topics: list[str] = Field(min_length=1)
    disclaimer: str
    checks: list[str] = Field(default_factory=list)
    eval: list[str] = Field(min_length=1)
    defaults: dict[str, dict[str, Any]] = Field(default_factory=dict)


class PatternSpec(ConfigBase):
    """One regular expression of a recognizer; ``score`` is the confidence it gives by itself.

    With a group named ``value``, that is what it finds and the rest is its label: quicker than a lookbehind.
    ``checksum`` names a check of `kdvert.privacy.checksums`; a value that fails it gets ``score_if_wrong`` instead of
    ``score``: 0 leaves it out.
    """

    name: str
    regex: str
    score: float = Field(ge=0, le=1)
    checksum: str = ""
    score_if_wrong: float = Field(default=0, ge=0, le=1)


class MatchCase(ConfigBase):
    """A text and the exact span that must be found in it."""

    text: str
    find: str


class RecognizerSpec(ConfigBase):
    """A recognizer as data, with the cases that prove it.

    ``languages`` are the two-letter codes of the texts it is meant for; none: all. ``needs`` are words in lower case of
    which one must stand in a text before the patterns are tried.
    """

    name: str
    entity: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$")
    description: str
    patterns: list[PatternSpec] = Field(min_length=1)
    context: list[str] = Field(default_factory=list)
    languages: list[str] = Field(default_factory=list)
    needs: list[str] = Field(default_factory=list)
    matches: list[MatchCase] = Field(min_length=1)
    near_misses: list[str] = Field(min_length=1)


class RecognizerFile(ConfigBase):
    """``recognizers.yaml``."""

    recognizers: list[RecognizerSpec] = Field(min_length=1)


class PrivacySpec(ConfigBase):
    """``privacy.yaml``: the regimes that hold and what tightens them."""

    regimes: list[str] = Field(min_length=1)
    additions: dict[str, str] = Field(default_factory=dict)
    recall_floor: dict[str, float] = Field(default_factory=dict)


class OpenCorpus(ConfigBase):
    """A corpus that a user may fetch herself: one title or part of it, under one license.

    Attributes:
        title: what it is.
        part: the title, edition or subset that the license is of (null: all of it).
        url: where it is.
        license: SPDX expression.
        publisher: whom to name.
        trap: what goes wrong with it.
        source: where license and trap were read.
        read: on which day.
        confidence: ``H`` the text itself, ``M`` a quotation or a secondary page, ``L`` general knowledge, not read.
        corpus: its id in ``compliance/corpora``, where kdvert has facts about it (``kdvert check`` then uses them).
    """

    title: str
    part: str | None = None
    url: str
    license: str
    publisher: str
    trap: str
    source: str
    read: date
    confidence: Literal["H", "M", "L"]
    corpus: str | None = None

    def told(self) -> str:
        """Return all of it as a line."""
        part = f", {self.part}" if self.part else ""
        low = " (general knowledge, not read: check it)" if self.confidence == "L" else ""
        known = f"; known to `kdvert check` as {self.corpus}" if self.corpus else ""
        read = f"{self.source}, read {self.read}, confidence {self.confidence}{low}{known}"
        return f"{self.title}{part} ({self.license}): {self.trap} [{read}] {self.url}"


class SourcesFile(ConfigBase):
    """``sources.yaml``."""

    sources: list[OpenCorpus] = Field(min_length=1)


class Rules(Protocol):
    """What scrubbing asks of a vertical; a `Vertical` has it."""

    @property
    def privacy(self) -> PrivacySpec:
        """Regimes, additions and floors."""

    @property
    def recognizers(self) -> list[RecognizerSpec]:
        """Recognizers as data, beside the generic ones."""

    @property
    def languages(self) -> Sequence[str]:
        """Two-letter codes of the languages that its texts are mostly in."""


@dataclass(frozen=True)
class Vertical:
    """An installed vertical: its folder and what stands in it."""

    root: Path
    package: str
    distribution: str
    version: str

    @cached_property
    def manifest(self) -> Manifest:
        """The parsed ``vertical.yaml``."""
        return validate(Manifest, self._yaml("vertical.yaml"), where=str(self.root / "vertical.yaml"))

    @cached_property
    def privacy(self) -> PrivacySpec:
        """The parsed ``privacy.yaml``."""
        return validate(PrivacySpec, self._yaml("privacy.yaml"), where=str(self.root / "privacy.yaml"))

    @cached_property
    def recognizers(self) -> list[RecognizerSpec]:
        """The recognizers of the domain."""
        path = self.root / "recognizers.yaml"
        return validate(RecognizerFile, self._yaml("recognizers.yaml"), where=str(path)).recognizers

    @cached_property
    def sources(self) -> list[OpenCorpus]:
        """Open corpora of the field."""
        return validate(SourcesFile, self._yaml("sources.yaml"), where=str(self.root / "sources.yaml")).sources

    @property
    def id(self) -> str:
        """The vertical's id, as in ``kdvert new <id>``."""
        return self.manifest.id

    @property
    def languages(self) -> list[str]:
        """The languages of ``vertical.yaml``."""
        return self.manifest.languages

    @property
    def templates(self) -> Path:
        """The folder of the vertical's own templates."""
        return self.root / "templates"

    @property
    def corpus(self) -> list[Path]:
        """The sample documents, sorted by name."""
        return sorted(p for p in (self.root / "corpus").glob("*") if p.is_file())

    @property
    def eval_files(self) -> list[Path]:
        """The held-out question files."""
        return [self.root / "eval" / name for name in self.manifest.eval]

    def checks(self) -> dict[str, Check]:
        """Import ``checks.py`` and return the verifiers that the manifest names.

        Raises:
            UserError: the manifest names a check that does not exist.
        """
        if not self.manifest.checks:
            return {}
        module = importlib.import_module(f"{self.package}.checks")
        missing = [name for name in self.manifest.checks if not callable(getattr(module, name, None))]
        if missing:
            public = [n for n in vars(module) if not n.startswith("_")]
            raise UserError(f"Vertical '{self.id}' names the check '{missing[0]}'.", hint=suggest(missing[0], public))
        return {name: getattr(module, name) for name in self.manifest.checks}

    def _yaml(self, name: str) -> Any:
        path = self.root / name
        if not path.is_file():
            raise UserError(f"The vertical package {self.package} has no {name}.", hint=f"Expected at {path}.")
        try:
            return yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise UserError(f"{path} is not valid YAML: {error}") from error


def discover() -> dict[str, Vertical]:
    """Find the installed verticals by their entry points, without running their code.

    Returns:
        Vertical by entry point name, sorted.

    Raises:
        UserError: two packages claim the same id; both are named.
    """
    found: dict[str, Vertical] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        vertical = _from_entry_point(entry)
        other = found.get(entry.name)
        if other and other.root != vertical.root:
            raise UserError(
                f"Two packages claim the vertical '{entry.name}': {other.distribution} and {vertical.distribution}.",
                hint=f"Uninstall one: pip uninstall {vertical.distribution}",
            )
        found[entry.name] = vertical
    return found


def load(name: str) -> Vertical:
    """Return the installed vertical ``name``.

    Raises:
        UserError: no such vertical (near names are suggested).
    """
    found = discover()
    if name not in found:
        raise UserError(
            f"Unknown vertical '{name}'.", hint=f"{suggest(name, found)} `kdvert vertical list` shows them."
        )
    vertical = found[name]
    if vertical.id != name:
        raise UserError(
            f"{vertical.distribution} is registered as '{name}' but its vertical.yaml says '{vertical.id}'."
        )
    return vertical


def at(root: Path, *, distribution: str = "(folder)", version: str = "0") -> Vertical:
    """Return the vertical in the package folder ``root``, installed or not (for ``vertical test PATH``)."""
    return Vertical(root=root.resolve(), package=root.name, distribution=distribution, version=version)


def _from_entry_point(entry: EntryPoint) -> Vertical:
    name = entry.dist.name if entry.dist else entry.value
    if not entry.value.isidentifier():
        raise UserError(
            f"{name}: the entry point '{entry.name} = {entry.value}' must name an undotted top-level package."
        )
    spec = importlib.util.find_spec(entry.value)  # finds an undotted package without running it
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"{name} announces the package '{entry.value}', which cannot be found.", hint=f"pip install {name}"
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    return Vertical(
        root=root, package=entry.value, distribution=name, version=entry.dist.version if entry.dist else "0"
    )
