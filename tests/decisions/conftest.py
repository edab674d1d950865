"""A project folder with two people who can sign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kdvert.decisions import enrolling
from kdvert.decisions.signing import KEY, Signer

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def enroll(tmp_path: Path) -> Callable[..., Signer]:
    """Return a function that adds a person with a fresh key to the project in ``tmp_path``."""

    def add(name: str = "Jane Doe", role: str = "counsel") -> Signer:
        return enrolling.enroll(tmp_path, name=name, role=role, now=NOW, fresh=True)[0]

    return add


@pytest.fixture
def jane(enroll: Callable[..., Signer]) -> Signer:
    return enroll()


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
