"""The manifest of kdvert's own facts."""

from __future__ import annotations

from kdvert.licensing import manifest


def test_the_facts_are_as_the_manifest_says():
    assert list(manifest.differences()) == [], "run: python docs/manifest.py"
