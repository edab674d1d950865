"""Whether two names mean one model: servers answer by another spelling of it, or by another model."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALIAS = re.compile(r"[:-]latest$")
_VERSION = re.compile(r"(?:[-@:.](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|\d{3}|v\d+(?:[.:]\d+)*))+")
"""Dates and versions: 2024-08-06, 20240229-v1:0, 2503, 0613, 002. Not a bare 3, which makes another model of llama."""

_WEIGHTS = re.compile(r"\.(?:gguf|safetensors|bin|pt|onnx)$")
_BITS = re.compile(r"[-._](?:i?q\d\w*|[bf]f?p?\d{1,2}\w*|int\d|awq|gptq|mlx)$")
_WHERE = re.compile(r"^(?:[/~.]|[a-z]:)")


def same(answered: str, asked: str) -> bool:
    """Tell whether a server that was asked for one name answers by another spelling of it.

    Names may differ in case, in a date or version at the end that one of them lacks, in ``:latest``, in a provider
    before the name, and one may be the path of a file. ``gpt-4o-mini`` is no ``gpt-4o``.
    """
    ours, theirs = _parts(asked), _parts(answered)
    if not ours or not theirs:
        return False
    behind = min(len(ours), len(theirs))
    if ours[-behind:-1] != theirs[-behind:-1] and not (_is_file(answered) or _is_file(asked)):
        return False
    short, long = sorted((ours[-1], theirs[-1]), key=len)
    return long.startswith(short) and (long == short or bool(_VERSION.fullmatch(long[len(short) :])))


def _parts(name: str) -> Sequence[str]:
    """Return provider, organization and name as far as they are there; without what does not tell models apart."""
    plain = name.strip().casefold().replace("\\", "/")
    if _WEIGHTS.search(plain):
        plain = _BITS.sub("", _WEIGHTS.sub("", plain))
    return [part for part in _ALIAS.sub("", plain).split("/") if part]


def _is_file(name: str) -> bool:
    plain = name.strip().casefold().replace("\\", "/")
    return bool(_WHERE.match(plain) or _WEIGHTS.search(plain))
