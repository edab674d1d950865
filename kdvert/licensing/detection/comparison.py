"""What was declared against what was detected: agreement, or a mismatch that somebody has to settle."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from license_expression import ExpressionError, Licensing, get_spdx_licensing

from kdvert.licensing.detection.contract import Detected
from kdvert.licensing.detection.names import identify, table, without_version

UNRECOGNIZED = "unrecognized"
"""How a license is called that a document states and kdvert does not recognize."""

_PUBLIC_DOMAIN = "public-domain"


def differing(declared: str, signs: Iterable[Detected]) -> list[Detected]:
    """Return the signs that do not agree with the declared expression.

    A declared ``OR`` is a choice that the document must offer, so every license in it has to be shown; of a declared
    ``AND`` each may be shown alone. A version that the document leaves open agrees with any. Of the texts in
    ``LICENSES/``, which belong to different files, one that agrees is enough.
    """
    signs = list(signs)
    folder = [sign for sign in signs if sign.method == "licenses-folder"]
    if any(_agrees(declared, sign, signs) for sign in folder):
        signs = [sign for sign in signs if sign.method != "licenses-folder"]
    return [sign for sign in signs if not _agrees(declared, sign, signs)]


def same(one: str, other: str) -> bool:
    """Return whether two expressions come to the same licenses."""
    return {_kind(name) for name in _names(one)} == {_kind(name) for name in _names(other)} and (
        _has_or(one) == _has_or(other)
    )


def settles(settled: str, sign: str | None) -> bool:
    """Return whether the license named in a ``settled`` entry is the detected one, however it is spelled."""
    if sign is None:
        return settled.strip().lower() == UNRECOGNIZED
    named = identify(settled)
    return (named.license if named else settled.strip()).lower() == sign.lower()


def _agrees(declared: str, sign: Detected, signs: list[Detected]) -> bool:
    if sign.license is None:
        return False
    wanted, shown = _names(declared), _names(sign.license)
    if sign.method == "copyright-line":  # nearly every licensed text has one; only a text without rights cannot
        return not all(_kind(name) == _PUBLIC_DOMAIN for name in wanted)
    if _has_or(sign.license):
        return all(any(_alike(name, other, sign.exact) for other in shown) for name in wanted)
    if not all(any(_alike(name, other, sign.exact) for name in wanted) for other in shown):
        return False
    if not _has_or(declared):
        return True
    everything = [(other, s.exact) for s in signs if s.license for other in _names(s.license)]
    return all(any(_alike(name, other, exact) for other, exact in everything) for name in wanted)


def _alike(declared: str, shown: str, exact: bool) -> bool:
    one, other = _kind(declared), _kind(shown)
    return one == other or (not exact and without_version(one) == without_version(other))


def _kind(name: str) -> str:
    """Return what a license comes to: its group, or its id without port and "or later"."""
    known = identify(name)
    id_ = known.license if known else name
    for group, members in table().like.items():
        if id_ in members:
            return group
    id_ = re.sub(r"-(?:only|or-later)$", "", id_)
    return re.sub(r"^(CC-BY(?:-[A-Z]{2})*-\d\.\d)-[A-Z]{2,3}$", r"\1", id_)


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


@cache
def _names(expression: str) -> tuple[str, ...]:
    try:
        keys = _licensing().license_keys(_licensing().parse(expression))
    except (ExpressionError, AssertionError, IndexError):
        return (expression,)
    return tuple(map(str, keys)) or (expression,)


@cache
def _has_or(expression: str) -> bool:
    return bool(re.search(r"\sOR\s", expression, re.IGNORECASE))
