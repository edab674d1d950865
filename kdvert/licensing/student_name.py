"""The name a student must carry, and the lines that must be shown with it: licenses of models ask for both.

A license that wants "Llama 3" at the start is met by ``Llama-3-…`` and ``llama_3 …`` too: a name of a file or of a
repository has no spaces, and the publisher's own models are called like that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kdvert.errors import GateBlocked, UserError
from kdvert.licensing.obligations import Duty
from kdvert.licensing.use import Use
from kdvert.records import Record


class StudentName(Record):
    """What the student is called where it is handed on.

    Attributes:
        name: the name.
        prefix: what licenses want it to begin with, if any does.
        displays: lines to show wherever it is offered, such as ``Built with Llama``.
        asked_by: the duties behind both, as sentences.
    """

    name: str
    prefix: str | None
    displays: list[str]
    asked_by: list[str]


def student_name(duties: Iterable[Duty], use: Use, project: str) -> StudentName:
    """Return the name of a student for a use.

    Args:
        duties: everything that the licenses of the chain ask for.
        use: the intended use: which duties are due, and the name that is wished for (``use.name``).
        project: the project's name, which is taken where none is wished for, with the prefix put in front.

    Raises:
        UserError: the wished name breaks a duty; the message holds its clause.
        GateBlocked: two licenses want the name to begin differently.
    """
    due = [duty for duty in duties if use.distribution in duty.when]
    naming = [duty for duty in due if duty.kind == "name_prefix"]
    showing = [duty for duty in due if duty.kind == "display"]
    prefix = _longest(naming)
    name = _named(use.name or project, naming, prefix, wished=bool(use.name))
    return StudentName(
        name=name,
        prefix=prefix,
        displays=list(dict.fromkeys((duty.value or "").replace("{name}", name) for duty in showing)),
        asked_by=list(dict.fromkeys(duty.text for duty in (*naming, *showing))),
    )


def begins_with(name: str, prefix: str) -> bool:
    """Return whether ``name`` begins with ``prefix``; case does not count, nor whether words are joined by a dash."""
    return _plain(name).startswith(_plain(prefix))


def agree(one: str, other: str) -> bool:
    """Return whether one name can begin with both prefixes: one of them is the start of the other."""
    return begins_with(one, other) or begins_with(other, one)


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip()).lower()


def _longest(naming: list[Duty]) -> str | None:
    prefixes = sorted({duty.value or "" for duty in naming}, key=lambda prefix: (len(prefix), prefix))
    for prefix in prefixes:
        if not agree(prefix, prefixes[-1]):
            asked = " ".join(dict.fromkeys(duty.text for duty in naming))
            raise GateBlocked(
                f"No name begins with '{prefix}' and with '{prefixes[-1]}'. {asked}",
                hint="Take another teacher or another base, so that only one license asks for a name.",
            )
    return prefixes[-1] if prefixes else None


def _named(name: str, naming: list[Duty], prefix: str | None, *, wished: bool) -> str:
    if prefix is None or begins_with(name, prefix):
        return name
    if not wished:
        return f"{prefix}-{name}"
    broken = next(duty for duty in naming if not begins_with(name, duty.value or ""))
    raise UserError(
        f"use.name is '{name}', and a license does not allow that. {broken.text}",
        hint=f"Name it '{prefix}-{name}', or leave use.name out.",
    )
