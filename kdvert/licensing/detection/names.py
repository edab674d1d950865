"""From an address or a spelled name to the id of a license: SPDX, or one of the facts.

The tables stand in ``compliance/detection/names.yaml``; names and addresses of Creative Commons follow rules.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from license_expression import ExpressionError, Licensing, get_spdx_licensing

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.licensing.facts import data_licenses, model_licenses
from kdvert.licensing.obligations import read_file

_LONGEST = 500  # characters of a value; what is longer is no name
_NEWEST = "4.0"
_CC_ADDRESS = re.compile(
    r"creativecommons\.org/(?:licen[sc]es|publicdomain)/([a-z+-]{2,24})(?:/(\d\.\d))?(?:/([a-z]{2,4}))?"
)
_CC_PARTS = {
    "attribution": "BY", "by": "BY", "noncommercial": "NC", "nc": "NC", "sharealike": "SA", "sa": "SA",
    "noderivatives": "ND", "noderivs": "ND", "noderivative": "ND", "nd": "ND",
}  # fmt: skip
_CC_SPLIT = {("non", "commercial"), ("share", "alike"), ("no", "derivatives"), ("no", "derivs"), ("no", "derivative")}
_CC_FILLING = {"license", "licence", "public", "international", "unported", "generic", "version", "v", "and", "works",
               "the", "cc", "share"}  # fmt: skip
_SINGLE = {"mit", "isc", "cc0", "gfdl", "odbl", "pddl", "gplv3", "gplv2", "agplv3", "unlicense"}
_CC_RIGHTS = {"zero": "CC0-1.0", "mark": "CC-PDM-1.0", "publicdomain": "CC-PDDC", "certification": "CC-PDDC"}


class Named(NamedTuple):
    """A license that was recognized; ``exact`` is False if the version was left open and is the newest one."""

    license: str
    exact: bool = True


class NamesFile(ConfigBase):
    """``compliance/detection/names.yaml``."""

    addresses: dict[str, str]
    names: dict[str, str]
    unstated: list[str]
    like: dict[str, list[str]]


@cache
def table() -> NamesFile:
    """Return the table of addresses and names."""
    return read_file(compliance_facts() / "detection" / "names.yaml", NamesFile)


def is_unstated(value: str) -> bool:
    """Return whether a value of a license field says that there is none stated."""
    return words_of(value[:_LONGEST]) in table().unstated


def identify(value: str) -> Named | None:
    """Return the license that a value means: an address, an SPDX expression or a name; None if it means none.

    Args:
        value: the whole of a field. For names within sentences see `named_at`.
    """
    value = value.strip()
    if not value or len(value) > _LONGEST:
        return None
    words = words_of(value)
    listed = _row(table().names.get(words))
    return listed or _known(value) or address(value) or _cc_name(words.split()) or _joined(value)


def address(value: str) -> Named | None:
    """Return the license that lies at a web address, which may stand within other text."""
    lowered = value[:_LONGEST].lower()
    if found := _CC_ADDRESS.search(lowered):
        return _cc_address(*found.groups())
    if found := re.search(r"spdx\.org/licenses/([a-z0-9.+-]{2,60})", lowered):
        return _known(found[1].removesuffix(".html").removesuffix(".json").rstrip("."))
    for start in re.finditer(r"(?:https?://|(?<![\w./@-]))(?:www\.)?(?=[a-z0-9-]+\.[a-z])", lowered):
        rest = lowered[start.end() :]
        fitting = [known for known in table().addresses if rest.startswith(known)]
        if fitting:
            return _row(table().addresses[max(fitting, key=len)])
    return None


def named_at(words: list[str]) -> Named | None:
    """Return the license whose name the words start with, whatever follows.

    Args:
        words: in lower case, as `words_of` gives them.
    """
    words = words[1:] if words[:1] in (["the"], ["a"], ["an"]) else words
    if found := _cc_name(words):
        return found
    for count in range(min(9, len(words)), 1, -1):
        name = " ".join(words[:count])
        dashed = name.replace(" ", "-")
        found = _row(table().names.get(name)) or _known(dashed) or _known(re.sub(r"-(?=\d$)", ".", dashed))
        if found:
            return found
    single = words[0] if words and words[0] in _SINGLE else ""  # "fair" and "intel" are SPDX ids too
    return _row(table().names.get(single)) or _known(single)


def words_of(text: str) -> str:
    """Return the words and numbers of a text in lower case, with one blank between them."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def without_version(license_: str) -> str:
    """Return an id without its version: what is left when a text does not state it."""
    return re.sub(r"-v?\d+(?:\.\d+)*(?:-[A-Z]{2,3})?(?:-only|-or-later)?$", "", license_)


def _known(name: str) -> Named | None:
    """Look a single id up: in the facts (aliases too), then in the SPDX list, in any case."""
    key = name.strip().strip("()").lower()
    if found := data_licenses().get(key):
        return Named(found[0])
    if model := model_licenses().get(key):
        return Named(model.id)
    spdx = _spdx().get(key)
    return Named(spdx) if spdx else None


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


@cache
def _spdx() -> dict[str, str]:
    known = _licensing().known_symbols
    return {key.lower(): key for key, symbol in known.items() if not symbol.is_exception}


def _joined(value: str) -> Named | None:
    """Read an expression; every license in it must be known."""
    if not re.search(r"\s(?:AND|OR|WITH|and|or|with)\s", value):
        return None
    try:
        parsed = _licensing().parse(value)
    except (ExpressionError, AssertionError, IndexError):
        return None
    keys = [str(key) for key in _licensing().license_keys(parsed)] if parsed is not None else []
    if not keys or any(_known(key) is None and key not in _licensing().known_symbols for key in keys):
        return None
    return Named(parsed.render())


def _row(value: str | None) -> Named | None:
    return Named(value.removesuffix("?"), exact=not value.endswith("?")) if value else None


def _cc_address(code: str, version: str | None, port: str | None) -> Named | None:
    if code in _CC_RIGHTS:
        return Named(_CC_RIGHTS[code])
    parts = {_CC_PARTS.get(part) for part in code.split("-")}
    return None if None in parts else _cc(parts, version, port)


def _cc_name(words: list[str]) -> Named | None:
    """Read a name of Creative Commons at the start of ``words`` and stop at the first word that is no part of one."""
    if words[:2] == ["creative", "commons"]:
        rest = words[2:]
    elif words[:1] == ["cc"]:
        rest = words[1:]
    elif words and (glued := re.fullmatch(r"cc(0|by(?:nc|sa|nd)*)", words[0])):
        rest = [*re.findall(r"0|by|nc|sa|nd", glued[1]), *words[1:]]
    else:
        return None
    if rest[:1] == ["cc0"] or rest[:1] == ["0"] or rest[:1] == ["zero"]:
        return Named("CC0-1.0")
    if rest[:2] == ["public", "domain"]:
        return Named("CC-PDM-1.0" if "mark" in rest[2:3] else "CC-PDDC" if "certification" in rest[2:4] else "CC0-1.0")
    parts, version, after = _cc_parts(rest)
    return _cc(parts, version, "igo" if "igo" in after else None)


def _cc_parts(rest: list[str]) -> tuple[set[str | None], str | None, list[str]]:
    """Return the parts, the version, and the two words after it."""
    parts: set[str | None] = set()
    place = 0
    while place < len(rest):
        word, pair = rest[place], tuple(rest[place : place + 2])
        if pair in _CC_SPLIT:
            parts.add(_CC_PARTS["".join(pair)])
            place += 2
        elif word in _CC_PARTS:
            parts.add(_CC_PARTS[word])
            place += 1
        elif re.fullmatch(r"v?[1-4]", word):
            return parts, f"{word[-1]}.{'5' if pair[1:] == ('5',) else '0'}", rest[place + 1 : place + 3]
        elif word in _CC_FILLING:
            place += 1
        else:
            break
    return parts, None, []


def _cc(parts: set[str | None], version: str | None, port: str | None = None) -> Named | None:
    if "BY" not in parts:
        return None
    name = "-".join(["CC", *(part for part in ("BY", "NC", "SA", "ND") if part in parts)])
    ported = f"{name}-{version}-{port}" if version and port else ""
    if ported.lower() in _spdx():
        return Named(_spdx()[ported.lower()])
    found = _spdx().get(f"{name}-{version or _NEWEST}".lower())
    return Named(found, exact=version is not None) if found else None
