"""Draws that depend on a secret key and a label: the same label gives the same draws, and no key, no guess."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def derived(key: bytes, *labels: str) -> bytes:
    """Return a key for one purpose, from which ``key`` cannot be told."""
    return hmac.digest(key, "\0".join(labels).encode("utf-8", "surrogatepass"), "sha256")


class Draws:
    """A stream of numbers from HMAC-SHA256 in counter mode."""

    def __init__(self, key: bytes, *labels: str) -> None:
        self._seed = derived(key, *labels)
        self._count = 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to ``limit`` - 1."""
        self._count += 1
        block = hmac.digest(self._seed, self._count.to_bytes(8, "big"), "sha256")
        return int.from_bytes(block, "big") % limit

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of ``choices``."""
        return choices[self.below(len(choices))]
