"""The rules that files are scrubbed by: a vertical's, or all that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdvert import verticals
from kdvert.privacy import detectors
from kdvert.privacy.policy import STRICTNESS, regime_files
from kdvert.verticals import PrivacySpec, RecognizerSpec


@dataclass(frozen=True)
class Rulebook:
    """What `Scrubber` asks of a vertical, without one.

    Attributes:
        privacy: regimes and additions.
        recognizers: recognizers as data, beside the generic ones.
        languages: of the vertical's texts; none: any that kdvert knows, in its own order.
    """

    privacy: PrivacySpec
    recognizers: list[RecognizerSpec]
    languages: Sequence[str] = ()


def rulebook(vertical: str | None) -> Rulebook:
    """Return the rules of ``vertical``, or without one the strictest of every regime and every installed vertical.

    Raises:
        UserError: there is no such vertical.
    """
    if vertical:
        one = verticals.load(vertical)
        return Rulebook(one.privacy, one.recognizers, one.languages)
    additions: dict[str, str] = {}
    recognizers: dict[str, RecognizerSpec] = {}
    for other in verticals.discover().values():
        recognizers |= {spec.name: spec for spec in other.recognizers}
        for entity, action in other.privacy.additions.items():
            additions[entity] = max(additions.get(entity, "keep"), action, key=STRICTNESS.__getitem__)
    privacy = PrivacySpec(regimes=list(regime_files()), additions=dict(sorted(additions.items())))
    return Rulebook(privacy, [recognizers[name] for name in sorted(recognizers)])


def everything() -> Rulebook:
    """Return rules under which every type that kdvert can find is replaced, also what no regime asks for."""
    rules = rulebook(None)
    known = detectors.known_entities([*detectors.generic_specs(), *rules.recognizers])
    privacy = rules.privacy.model_copy(update={"additions": dict.fromkeys(sorted(known), "replace")})
    return Rulebook(privacy, rules.recognizers)
