"""Questions that a project gives: inputs to label, and seeds to vary. One form for both.

A ``.txt`` file holds a question a line; a ``.jsonl`` file ``{"question": …}``. What people write holds personal data
like any document, so each question is scrubbed when it is read; an error names file and line and never the text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdvert.errors import UserError
from kdvert.filters.wording import words
from kdvert.records import ScrubbedText, sha256_text

LONGEST = 4000
"""Characters of a question; more is a document and belongs into sources/."""

_FORM = 'A .txt file holds one question a line, a .jsonl file one object a line: {"question": "What is …?"}.'


@dataclass(frozen=True)
class Given:
    """A question of the project.

    Attributes:
        id: hash of the scrubbed text; the same question twice is one.
        text: the question.
    """

    id: str
    text: ScrubbedText


def read(files: Sequence[str], setting: str, root: Path, scrub: Callable[[str], ScrubbedText]) -> list[Given]:
    """Read question files.

    Args:
        files: paths, relative to ``root``.
        setting: the setting that names them, for errors.
        root: the project folder.
        scrub: removes personal data.

    Returns:
        The questions in order, without copies.

    Raises:
        UserError: a file is missing, is not UTF-8 text of the form above, or holds no question.
    """
    found: dict[str, Given] = {}
    for name in files:
        for line in _lines(root / name, name, setting):
            text = scrub(line)
            given = Given(sha256_text(" ".join(words(text.text))), text)
            found.setdefault(given.id, given)
    return list(found.values())


def paths(files: Sequence[str], root: Path) -> list[Path]:
    """Return the files that are there, to hash."""
    return [root / name for name in files if (root / name).is_file()]


def _lines(path: Path, name: str, setting: str) -> list[str]:
    if path.suffix not in (".txt", ".jsonl"):
        raise UserError(f"{setting}: {name} is neither .txt nor .jsonl.", hint=_FORM)
    try:
        raw = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UserError(f"{setting}: {name} does not exist.", hint="Paths start at the project folder.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise UserError(f"{setting}: {name} cannot be read ({type(error).__name__}).", hint=_FORM) from None
    read_line = _of_json if path.suffix == ".jsonl" else str.strip
    found: list[str] = []
    for number, line in enumerate(raw, 1):
        if not line.strip():
            continue
        question = read_line(line)
        if not isinstance(question, str) or not words(question) or len(question) > LONGEST:
            raise UserError(
                f"{setting}: {name}, line {number} is no question of 1 to {LONGEST} characters.", hint=_FORM
            )
        found.append(" ".join(question.split()))
    if not found:
        raise UserError(f"{setting}: {name} holds no question.", hint=_FORM)
    return found


def _of_json(line: str) -> str | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict) or set(value) != {"question"}:
        return None
    question = value["question"]
    return question if isinstance(question, str) else None
