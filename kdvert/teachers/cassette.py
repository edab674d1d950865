"""Cassettes: what a teacher said, in a file, so that a run can be repeated bit for bit without the teacher.

JSON lines. The first says whose replies they are and holds a hash over the other lines; those are sorted by request id.
A cassette holds what the reply store holds and nothing else: scrubbed replies, and calls that failed with their reason.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.errors import UserError, WorkFailed
from kdvert.store import write_text
from kdvert.teachers import logprobs
from kdvert.teachers.faults import Fault
from kdvert.teachers.fleet import members
from kdvert.teachers.protocol import Reply, Teacher
from kdvert.teachers.replies import ReplyStore

FORMAT = 1
_FACTS = {"name": str, "route": str, "identity": str, "local": bool, "batch_size": int, "reached": list}


@dataclass(frozen=True)
class Cassette:
    """A cassette in memory.

    Attributes:
        teacher: facts of the teacher that was recorded; see `facts`.
        replies: what it said, by request id.
        failures: reason and detail of calls without a reply, by request id.
    """

    teacher: dict[str, Any]
    replies: dict[str, dict[str, Any]]
    failures: dict[str, tuple[str, str]]

    @property
    def policies(self) -> set[str]:
        """Hashes of the policies that the replies were scrubbed by."""
        return {str(row["scrubbed_by"]) for row in self.replies.values()}


def facts(teacher: Teacher) -> dict[str, Any]:
    """Return what a cassette says of a teacher: enough to stand in for it, and to judge its terms.

    ``reached`` lists model and address (None: no address) of every endpoint that may have answered.
    """
    recorded = getattr(teacher, "recorded", None)
    if recorded:  # a replay is recorded as what it replays
        return dict(recorded)
    return {
        "name": teacher.name,
        "route": teacher.route,
        "identity": teacher.identity,
        "local": teacher.local,
        "batch_size": teacher.batch_size,
        "reached": [_reached(one) for one, _ in members(teacher)],
    }


def _reached(teacher: Teacher) -> dict[str, str | None]:
    served = str(getattr(teacher, "served", teacher.name))
    return {"model": served, "base_url": teacher.where if teacher.route.startswith("openai-compatible:") else None}


def save(store: ReplyStore, path: Path, *, teacher: str | None = None) -> dict[str, Any]:
    """Write what one teacher said to ``path``.

    Args:
        store: the replies of a project.
        path: the cassette.
        teacher: name of the teacher (None: the one that was asked last).

    Returns:
        name of the teacher, and how many replies and failures were written.

    Raises:
        UserError: no teacher, or not the named one, was asked in this project.
    """
    identity, known = _chosen(store, teacher)
    rows = [_row(reply) for reply in store.replies_of(identity)]
    rows += [{"id": i, "reason": reason, "detail": detail} for i, reason, detail in store.failures_of(identity)]
    lines = [_line(row) for row in sorted(rows, key=lambda r: str(r["id"]))]
    head = {"cassette": FORMAT, "teacher": known, "rows": len(lines), "sha256": _digest(lines)}
    write_text(path, "".join(f"{line}\n" for line in [_line(head), *lines]))
    failed = sum("reason" in row for row in rows)
    return {"teacher": known["name"], "replies": len(rows) - failed, "failures": failed}


def read(path: Path) -> Cassette:
    """Read a cassette.

    Raises:
        UserError: it is not there, or is no cassette.
        WorkFailed: it was changed or cut off.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        head = json.loads(lines[0])
        teacher = _checked(head)
    except OSError as error:
        raise UserError(
            f"The cassette {path} cannot be read ({error.strerror}).",
            hint="Write one with `kdvert cassette save FILE` in the project whose run is to be repeated.",
        ) from error
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no cassette of format {FORMAT}.", hint="Write one with `kdvert cassette save FILE`."
        ) from error
    if len(lines) - 1 != head["rows"] or _digest(lines[1:]) != head["sha256"]:
        raise WorkFailed(
            f"The cassette {path} was changed or cut off: its rows do not have the hash that its first line states.",
            hint="Take the file as it was written, or save it again.",
        )
    rows = [json.loads(line) for line in lines[1:]]
    return Cassette(
        teacher,
        {row["id"]: row for row in rows if "reason" not in row},
        {row["id"]: (row["reason"], row["detail"]) for row in rows if "reason" in row},
    )


def fault(reason: str, detail: str) -> Fault:
    """Return a failure as it was recorded; it is not tried again."""
    return Fault("refused", reason, detail)


def _chosen(store: ReplyStore, name: str | None) -> tuple[str, dict[str, Any]]:
    known = store.teachers()
    fits = [(identity, row) for identity, row in known.items() if name in (None, row["name"])]
    if not fits:
        there = ", ".join(sorted({row["name"] for row in known.values()})) or "none"
        raise UserError(
            f"No replies of {name or 'a teacher'} are kept in this project. Teachers that were asked: {there}.",
            hint="Run `kdvert run` first; a cassette is made of the replies that it kept.",
        )
    return fits[0]


def _row(reply: Reply) -> dict[str, Any]:
    row: dict[str, Any] = {"id": reply.request_id, "text": reply.text.text, "scrubbed_by": reply.text.scrubbed_by}
    row |= {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens, "truncated": reply.truncated}
    optional = {"score": reply.score, "model": reply.model, "endpoint": reply.endpoint}
    row |= {key: value for key, value in optional.items() if value is not None}
    if reply.logprobs:
        row["logprobs"] = base64.b64encode(logprobs.pack(reply.logprobs)).decode()
    return row


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=True)  # ASCII: no character can be taken for the end of a line


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256(b"".join(_bytes(lines))).hexdigest()


def _bytes(lines: Sequence[str]) -> Iterator[bytes]:
    return (f"{line}\n".encode() for line in lines)


def _checked(head: dict[str, Any]) -> dict[str, Any]:
    if head["cassette"] != FORMAT or not isinstance(head["rows"], int) or not isinstance(head["sha256"], str):
        raise ValueError("head")
    teacher: dict[str, Any] = head["teacher"]
    if any(not isinstance(teacher[key], kind) for key, kind in _FACTS.items()):
        raise TypeError("teacher")
    return teacher
