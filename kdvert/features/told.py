"""Distributions that an endpoint told while it wrote: the tokens of the answer are found in the reply that holds it.

An endpoint names tokens by their text or bytes and not by number, so the store numbers the tokens that occur. The
distributions are those behind the prompt of elicitation, passages included, and not behind the student's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kdvert.features.asked import Told
from kdvert.features.coding import LEAST
from kdvert.features.store import Distributions
from kdvert.records import Example, Failure
from kdvert.teachers.logprobs import TokenChoice, token_bytes

REASONS = {
    "no_logprobs": "the endpoint gave no log-probabilities with the reply, or scrubbing changed the reply",
    "answer_not_in_reply": "the answer does not stand in the reply as it was written: it was mended or put together",
    "tokens_do_not_spell_reply": "the tokens that the endpoint told do not spell the reply",
    "no_alternatives": "the endpoint told the likelihood of its own tokens only",
}
"""Why a record has no distributions from an endpoint."""

_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')


@dataclass
class Gathered:
    """What endpoints told of records.

    Attributes:
        records: ids with their distributions, sorted by id.
        failures: of the others.
        vocabulary: the bytes of each token by the number that it got here.
        k: most tokens told at one position.
    """

    records: list[tuple[str, Distributions]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    vocabulary: list[bytes] = field(default_factory=list)
    k: int = 0


def gathered(records: Sequence[Example], replies: Mapping[str, Sequence[Told]], *, k: int) -> Gathered:
    """Find the tokens of each record's answer.

    Args:
        records: sorted by id.
        replies: with log-probabilities, by the record that came from them.
        k: most tokens to keep at one position.
    """
    spans: list[tuple[str, Sequence[TokenChoice]]] = []
    result = Gathered()
    for record in records:
        found = _of(record, replies.get(record.id, ()))
        if isinstance(found, str):
            result.failures.append(Failure(request_id=record.provenance.request_ids[0], reason=found, detail=record.id))
        else:
            spans.append((record.id, found))
    result.k = max((min(k, len(t.top)) for _, tokens in spans for t in tokens), default=0)
    names = {token_bytes(name) for _, tokens in spans for t in tokens for name in (t.token, *(x for x, _ in t.top))}
    result.vocabulary = sorted(names)
    numbers = {name: n for n, name in enumerate(result.vocabulary)}
    result.records = [(name, _distributions(tokens, numbers, result.k)) for name, tokens in spans]
    return result


def _of(record: Example, replies: Sequence[Told]) -> Sequence[TokenChoice] | str:
    """Return the tokens of a record's answer, or why there are none. The last reply that holds it wrote it."""
    reason = "no_logprobs"
    for reply in reversed(replies):
        tokens = reply.tokens
        spelled = b"".join(token_bytes(t.token) for t in tokens)
        start = spelled.find(reply.text.encode())
        if start < 0:
            reason = "tokens_do_not_spell_reply"
            continue
        span = place(record.answer, reply.text)
        if span is None:
            reason = "answer_not_in_reply"
            continue
        within = [start + len(reply.text[:at].encode()) for at in span]
        found = _between(tokens, *within)
        if found and not any(t.top for t in found):
            reason = "no_alternatives"
        elif found:
            return found
    return reason


def place(answer: str, text: str) -> tuple[int, int] | None:
    """Return where ``answer`` stands in a reply, plain or as a string of JSON, whatever the blanks; None if nowhere."""
    wanted = "".join(answer.split())
    for shown in (_plain(text), _unescaped(text)):
        letters = [(c, start, end) for c, start, end in shown if not c.isspace()]
        at = "".join(c for c, _, _ in letters).rfind(wanted)
        if wanted and at >= 0:
            return letters[at][1], letters[at + len(wanted) - 1][2]
    return None


def _plain(text: str) -> list[tuple[str, int, int]]:
    return [(c, i, i + 1) for i, c in enumerate(text)]


def _unescaped(text: str) -> list[tuple[str, int, int]]:
    """Return the characters that a string of JSON stands for, each with its place in ``text``."""
    found: list[tuple[str, int, int]] = []
    at = 0
    for escape in _ESCAPE.finditer(text):
        found += [(c, i, i + 1) for i, c in enumerate(text[at : escape.start()], at)]
        value = str(json.loads(f'"{escape.group()}"'))
        if found and "\udc00" <= value <= "\udfff" and "\ud800" <= found[-1][0] <= "\udbff":
            high, start, _ = found.pop()  # two escapes for one character
            value = (high + value).encode("utf-16", "surrogatepass").decode("utf-16")
            found.append((value, start, escape.end()))
        else:
            found.append((value, escape.start(), escape.end()))
        at = escape.end()
    return found + [(c, i, i + 1) for i, c in enumerate(text[at:], at)]


def _between(tokens: Sequence[TokenChoice], start: int, end: int) -> list[TokenChoice]:
    """Return the tokens that begin within these bytes, and the one in which they begin."""
    found: list[TokenChoice] = []
    at = 0
    for token in tokens:
        length = len(token_bytes(token.token))
        if length and at < end and at + length > start:
            found.append(token)
        at += length
    return found


def _distributions(tokens: Sequence[TokenChoice], numbers: Mapping[bytes, int], k: int) -> Distributions:
    import numpy as np

    size = len(tokens)
    ids, logprobs = np.zeros((size, k), dtype=np.int64), np.full((size, k), LEAST, dtype=np.float32)
    counts, tails = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.float32)
    for row, token in enumerate(tokens):
        top = dict.fromkeys(token_bytes(name) for name, _ in token.top)
        best = {name: max(p for n, p in token.top if token_bytes(n) == name) for name in top}
        chosen = sorted(best.items(), key=lambda item: -item[1])[:k] or [(token_bytes(token.token), token.logprob)]
        chosen = chosen[:k]
        counts[row] = len(chosen)
        ids[row, : len(chosen)] = [numbers[name] for name, _ in chosen]
        logprobs[row, : len(chosen)] = [p for _, p in chosen]
        rest = 1.0 - sum(math.exp(p) for _, p in chosen)
        tails[row] = max(LEAST, math.log(rest)) if rest > 0 else LEAST
    return Distributions(
        target=np.array([numbers[token_bytes(t.token)] for t in tokens], dtype=np.int64),
        target_logprobs=np.array([t.logprob for t in tokens], dtype=np.float32), ids=ids, logprobs=logprobs,
        counts=counts, tails=tails, sampled_ids=np.zeros((size, 0), dtype=np.int64),
        sampled_logprobs=np.zeros((size, 0), dtype=np.float32), scales=np.zeros(size, dtype=np.float32),
    )  # fmt: skip
