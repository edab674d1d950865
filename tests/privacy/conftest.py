"""The real scrubber: Presidio, the spaCy model, the regimes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdvert import verticals
from kdvert.privacy.scrubber import Scrubber
from kdvert.stages.scrub import Config


@pytest.fixture(scope="session")
def make_scrubber() -> Callable[..., Scrubber]:
    """Return a function that builds the scrubber of a vertical with the stage's settings."""

    def make(name: str = "medicine", **settings: object) -> Scrubber:
        return Scrubber.for_vertical(verticals.load(name), Config.model_validate(settings))

    return make


@pytest.fixture(scope="session")
def scrubber(make_scrubber: Callable[..., Scrubber]) -> Scrubber:
    """The medicine vertical's scrubber, loaded."""
    made = make_scrubber()
    made.load()
    return made
