"""Take in what one person decided in another tool, by the same door as what is decided on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from kdvert.decisions.enrolling import retired
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError
from kdvert.records import Example, Message
from kdvert.review.desk import Desk, EditStopped, Wish
from kdvert.review.exchange.responses import DECISIONS, Response
from kdvert.review.exchange.tasks import conversation
from kdvert.rulings.contents import content_sha, edited
from kdvert.rulings.folding import Action

Outcome = Literal["imported", "ready", "there already", "refused"]


@dataclass(frozen=True)
class Row:
    """What became of one answer. ``ready`` would be imported; ``reason`` says why it was refused."""

    row: int
    record: str
    decision: str
    outcome: Outcome
    reason: str = ""


class _Refused(Exception):
    """The answer cannot be taken in; the message says why."""


def take_in(
    desk: Desk, signer: Signer, responses: Sequence[Response], *, file: str, dry_run: bool = False
) -> list[Row]:
    """Put answers into the trail as decisions of ``signer``; return what became of each, in the order of the file.

    Every answer is checked before the first is written. One that is in the trail already is left as it is.

    Args:
        responses: of one person, whose key signs.
        file: SHA-256 of the file they come from; the trail names it.
        dry_run: write nothing.

    Raises:
        UserError: the key may decide about no records, or was retired.
    """
    signer.require("reviewer", "approver", "counsel", to="decide about records")
    if signer.key_id in retired(desk.root):
        raise UserError(f"The key {signer.key_id} of {signer.name} was retired and signs nothing more.")
    desk.refresh()
    times = Counter(r.record for r in responses)
    checked = [_checked(desk, signer, r, times[r.record], file) for r in responses]
    return [row if wish is None or dry_run else _written(desk, signer, row, wish) for row, wish in checked]


def _checked(desk: Desk, signer: Signer, given: Response, times: int, file: str) -> tuple[Row, Wish | None]:
    try:
        if times > 1:
            raise _Refused(f"the file holds {times} decisions of this person about it")
        example, version = _found(desk, given)
        action = _action(given, example)
        wish = Wish(
            record=given.record, action=action, version=version, comment=given.comment, seconds=given.seconds,
            reason=given.reason if action == "reject" else "", file=file,
            messages=tuple(_changed(given, example)) if action == "edit" else (),
        )  # fmt: skip
        if _is_there(desk, signer, wish, example):
            return _row(given, "there already"), None
        desk.check(signer, wish)
    except (_Refused, UserError) as error:
        return _row(given, "refused", _why(error)), None
    return _row(given, "ready"), wish


def _written(desk: Desk, signer: Signer, row: Row, wish: Wish) -> Row:
    try:
        desk.decide(signer, wish)
    except UserError as error:  # somebody else decided since it was checked
        return replace(row, outcome="refused", reason=_why(error))
    return replace(row, outcome="imported")


def _found(desk: Desk, given: Response) -> tuple[Example, int]:
    """Return the record that an answer is about, and the version of it that the person saw."""
    if given.flaw:
        raise _Refused(given.flaw)
    with desk.lock:
        entry = desk.queue.entry(given.record)
        example = desk.queue.example(entry) if entry else None
    if entry is None or example is None:
        raise _Refused("there is no such record")
    if given.content != entry.content:
        raise _Refused("the file is about another text of it than there is now: the content hash differs")
    if given.shown is not None and given.shown.strip() != conversation(example).strip():
        raise _Refused("the conversation that the file shows is not that of the record")
    return example, entry.version if entry.version in given.versions else given.versions[-1]


def _action(given: Response, example: Example) -> Action:
    if given.decision not in DECISIONS:
        raise _Refused("it has no decision" if not given.decision else "its decision is none that kdvert knows")
    changed = bool(given.answer) and given.answer.strip() != example.answer.strip()
    if given.decision == "edit" and not changed:
        raise _Refused("it is an edit, and the file does not hold other words")
    if changed and given.decision not in ("accept", "edit"):
        raise _Refused("its answer was changed, and it was not accepted")
    return "edit" if changed else cast(Action, given.decision)


def _changed(given: Response, example: Example) -> list[Message]:
    last = max(n for n, message in enumerate(example.messages) if message.role == "assistant")
    turn = Message(role="assistant", content=given.answer)
    return [*example.messages[:last], turn, *example.messages[last + 1 :]]


def _is_there(desk: Desk, signer: Signer, wish: Wish, example: Example) -> bool:
    """Return whether the person's last decision about this text is the same one."""
    with desk.lock:
        ruling = desk.review.of(wish.record).by_person(content_sha(example)).get(signer.key_id)
    if ruling is None or ruling.bulk or ruling.action != wish.action:
        return False
    if wish.action == "edit":
        return ruling.after == content_sha(edited(example, wish.messages))
    return wish.action != "reject" or ruling.reason == wish.reason


def _row(given: Response, outcome: Outcome, reason: str = "") -> Row:
    return Row(given.row, given.record, given.decision, outcome, reason)


def _why(error: Exception) -> str:
    """Return why an answer is refused; of an edit the checks that fail and types of personal data, never a value."""
    if isinstance(error, EditStopped):
        codes = ", ".join(v.reason or v.check for v in error.verdicts)
        return f"a check fails on the edit: {codes}" + (f" ({', '.join(error.entities)})" if error.entities else "")
    return error.message if isinstance(error, UserError) else str(error)
