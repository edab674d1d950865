"""How likely a teacher held each token of its reply, and which others it held likely."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DIGITS = 4
"""Decimals of a kept log-probability, in nats. float16, which logit caches use, is coarser above 2."""

_LEAST = -100.0
"""What an impossible token gets: servers say -inf or -9999, and JSON knows no infinity."""


@dataclass(frozen=True)
class TokenChoice:
    """One token of a reply.

    Attributes:
        token: its text; tokens of a byte-level vocabulary may be parts of a character. Bytes that an endpoint names
            and that are no text stand as lone surrogates; see `token_bytes`.
        logprob: its log-probability in nats, at temperature 1 for a local teacher.
        top: the likeliest tokens at this position with theirs, likeliest first.
        token_id: its number in the teacher's vocabulary; None from an endpoint.
        top_ids: the same for ``top``; empty from an endpoint.
    """

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    token_id: int | None = None
    top_ids: tuple[int, ...] = ()

    @property
    def tail_mass(self) -> float:
        """Probability of all tokens that are not in ``top``."""
        return max(0.0, 1.0 - sum(math.exp(p) for _, p in self.top))


TokenLogprobs = tuple[TokenChoice, ...]


def token_bytes(token: str) -> bytes:
    """Return the bytes of a token as `TokenChoice` writes it."""
    try:
        return token.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair that an endpoint wrote as text
        return token.encode("utf-8", "replace")


def of_message(value: Any) -> TokenLogprobs | None:
    """Read the ``logprobs`` of a choice in the OpenAI protocol; None if they are not there or not of that form."""
    rows = value.get("content") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not rows:
        return None
    try:
        return tuple(_choice(row) for row in rows)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _choice(row: dict[str, Any]) -> TokenChoice:
    top = sorted(((_token(t), _finite(t["logprob"])) for t in row.get("top_logprobs") or ()), key=lambda t: -t[1])
    return TokenChoice(_token(row), _finite(row["logprob"]), tuple(top))


def _token(row: dict[str, Any]) -> str:
    """Return a token by its bytes, if the endpoint names them: its text may be a makeshift for part of a character."""
    named = row.get("bytes")
    return bytes(named).decode("utf-8", "surrogateescape") if isinstance(named, list) else str(row["token"])


def _finite(value: Any) -> float:
    number = float(value)
    if math.isnan(number):
        raise ValueError("not a number")
    return max(_LEAST, min(0.0, number))


def pack(rows: Sequence[TokenChoice]) -> bytes:
    """Return ``rows`` in few bytes: each token's text once, numbers rounded to four decimals, compressed."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    table = [
        [number(r.token), _short(r.logprob), [number(t) for t, _ in r.top], [_short(p) for _, p in r.top], r.token_id,
         list(r.top_ids)]
        for r in rows
    ]  # fmt: skip
    return zlib.compress(json.dumps([list(texts), table], separators=(",", ":")).encode(), 6)


def unpack(data: bytes) -> TokenLogprobs:
    """Return what `pack` packed.

    Raises:
        ValueError: it is nothing that `pack` wrote.
    """
    try:
        texts, table = json.loads(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return tuple(
        TokenChoice(texts[token], logprob, tuple((texts[t], p) for t, p in zip(top, likely)), token_id, tuple(top_ids))
        for token, logprob, top, likely, token_id, top_ids in table
    )


def _short(value: float) -> float:
    return round(value, _DIGITS)
