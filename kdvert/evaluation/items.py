"""Held-out questions: where they are read from and which of them are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kdvert.errors import UserError, WorkFailed
from kdvert.records import EvalItem, sha256_text
from kdvert.store import read_jsonl


def load_items(files: Sequence[Path], *, limit: int | None = None, seed: int = 0) -> list[EvalItem]:
    """Read question files (one `EvalItem` a line).

    Args:
        files: paths of JSON-lines files.
        limit: ask only so many, drawn by ``seed`` and id, in the order of the files.
        seed: of the draw.

    Raises:
        UserError: a file is missing, holds no valid question, or two questions share an id.
    """
    items = [item for path in files for item in _read(path)]
    if not items:
        raise UserError(f"There is no question in {', '.join(str(f) for f in files) or 'no file'}.", hint=_FORM)
    twice = [name for name, count in Counter(i.id for i in items).items() if count > 1]
    if twice:
        raise UserError(f"The id '{twice[0]}' stands twice in the questions.", hint="Give each question its own id.")
    if limit is None or limit >= len(items):
        return items
    drawn = {i.id for i in sorted(items, key=lambda i: sha256_text(f"{seed}:{i.id}"))[:limit]}
    return [i for i in items if i.id in drawn]


_FORM = 'One JSON object a line: {"id": …, "question": …, "answer": …, "task": …, "source": …, "license": …}'


def _read(path: Path) -> list[EvalItem]:
    if not path.is_file():
        raise UserError(f"There is no question file {path}.", hint="See evaluate.files in kdvert.yaml.")
    try:
        return read_jsonl(path, EvalItem)
    except WorkFailed as error:
        raise UserError(error.message, hint=_FORM) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error.reason}).", hint="Save it as UTF-8.") from None
