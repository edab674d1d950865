"""Check the trail: the chain of hashes, the signatures, the texts it names, the tombstones of those that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from kdvert.decisions import batches, erasable, signers, trail
from kdvert.decisions.differences import Difference
from kdvert.decisions.kinds import KINDS, RETIRING, SIGNER_ADDED, SIGNER_RETIRED, TOMBSTONE
from kdvert.decisions.signers import Signers
from kdvert.decisions.signing import FLAWS, Flaw, Signature, flaw
from kdvert.decisions.trail import FOLDER, Entry
from kdvert.errors import WorkFailed

FILE = f"{FOLDER}/{trail.FILE}"


def differences(root: Path, trusted: Signers, *, head: str | None = None) -> list[Difference]:
    """Return everything that is wrong with the trail of the project ``root``; empty when it is whole.

    Args:
        trusted: whose signatures count.
        head: the hash of an entry that was noted elsewhere (in a report, say) and must still be there.
    """
    found: list[Difference] = []
    promised = _head(root, found)
    entries = _read(root, found)
    found += _chain(entries)
    found += _signatures(entries, trusted)
    found += _end(entries, promised, head)
    found += _texts(root, [entry for _, entry in entries], trusted)
    found += _lists(root, [entry for _, entry in entries])
    found += _signers(entries, trusted)
    return found


def _difference(code: str, row: str | None, what: str, file: str = FILE) -> Difference:
    return Difference(check="trail", code=code, file=file, row=row, what=what)


def _head(root: Path, found: list[Difference]) -> trail.Head | None:
    try:
        return trail.head(root)
    except WorkFailed:
        found.append(_difference("head_damaged", None, "it cannot be read", f"{FOLDER}/{trail.HEAD}"))
        return None


def _read(root: Path, found: list[Difference]) -> list[tuple[int, Entry]]:
    """Return the entries that can be read, each with its line."""
    path = trail.path_of(root)
    lines = path.read_bytes().split(b"\n") if path.is_file() else [b""]
    entries = []
    for number, line in enumerate(lines[:-1], 1):
        try:
            entries.append((number, Entry.model_validate_json(line)))
        except ValidationError:
            found.append(_difference("unreadable_entry", f"line {number}", "it is not an entry of the trail"))
    if lines[-1]:
        what = "the last line was never finished (a crash, or somebody cut it); the next decision would cut it off"
        found.append(_difference("torn_line", f"line {len(lines)}", what))
    return entries


def _chain(entries: list[tuple[int, Entry]]) -> Iterator[Difference]:
    before, expected = trail.START, 1
    for line, entry in entries:
        row = f"line {line}, entry {entry.seq}"
        if entry.computed_sha() != entry.sha:
            yield _difference("entry_altered", row, "its content does not fit its hash")
        if entry.seq != expected:
            yield _difference("entry_missing", row, _gap(expected, entry.seq))
        elif entry.previous_sha != before:
            yield _difference("chain_broken", row, "it does not follow the entry before it, which is another one")
        before, expected = entry.sha, entry.seq + 1


def _gap(expected: int, seq: int) -> str:
    if seq < expected:
        return f"entry {expected} should stand here: entries were reordered or repeated"
    gone = f"entry {expected}" if seq == expected + 1 else f"entries {expected} to {seq - 1}"
    return f"{gone} should stand before it: removed or moved"


def _signatures(entries: list[tuple[int, Entry]], trusted: Signers) -> Iterator[Difference]:
    lines = [line for line, _ in entries]
    for line, (entry, code) in zip(lines, judged([entry for _, entry in entries], trusted)):
        row = f"line {line}, entry {entry.seq}"
        known = KINDS.get(entry.kind)
        if known is None:
            yield _difference("unknown_kind", row, f"this kdvert knows no entry of kind '{entry.kind}'")
        elif entry.signature is None:
            if known.signed:
                yield _difference("not_signed", row, f"an entry of kind '{entry.kind}' needs a person's signature")
        elif code:
            yield _difference(code, row, FLAWS[code])


def judged(
    entries: Iterable[Entry], trusted: Signers, retired: set[str] | None = None
) -> Iterator[tuple[Entry, Flaw | None]]:
    """Yield each entry in order, with why its signature does not hold, or None when it does.

    A key that was retired signs nothing more: what follows in the trail counts, whatever time it claims.

    Args:
        entries: of the whole trail, or those that follow others which were judged before.
        trusted: whose signatures count.
        retired: keys that earlier entries retired; those that these entries retire are added.
    """
    retired = set() if retired is None else retired
    for entry in entries:
        found = _flaw(entry, trusted)
        if not found:
            found = "signer_retired" if entry.who in retired else _role_flaw(entry, trusted)
        if entry.kind == SIGNER_RETIRED and not found:
            retired.add(str(entry.refs.get("key")))
        yield entry, found


def _role_flaw(entry: Entry, trusted: Signers) -> Flaw | None:
    role = trusted[entry.who].role
    if entry.kind == SIGNER_RETIRED:
        may = entry.who == entry.refs.get("key") or role in RETIRING
    else:
        roles = KINDS[entry.kind].roles if entry.kind in KINDS else ()
        may = not roles or role in roles
    return None if may else "wrong_role"


def _flaw(entry: Entry, trusted: Signers) -> Flaw | None:
    name = trusted[entry.who].name if entry.who in trusted else ""  # the trail holds no names
    signed = Signature(key_id=entry.who, signer=name, signature=entry.signature or "")
    return flaw(trail.DOCUMENT, entry.statement(), signed, trusted)


def _end(entries: list[tuple[int, Entry]], promised: trail.Head | None, noted: str | None) -> Iterator[Difference]:
    shas = {entry.seq: entry.sha for _, entry in entries}
    if promised and shas.get(promised.seq) != promised.sha:
        last = max(shas, default=0)
        what = f"{trail.HEAD} names entry {promised.seq} as the last one, and the trail ends at entry {last}"
        if promised.seq in shas:
            what = f"{trail.HEAD} names another entry {promised.seq} than the trail holds"
        yield _difference("trail_cut", f"entry {promised.seq}", what)
    if entries and not promised:
        what = "it is gone, so that a trail cut at its end cannot be noticed"
        yield _difference("head_missing", None, what, f"{FOLDER}/{trail.HEAD}")
    if noted is not None and noted not in shas.values():
        yield _difference("head_unknown", None, f"no entry has the hash {noted[:16]}…, which was noted elsewhere")


def _texts(root: Path, entries: list[Entry], trusted: Signers) -> Iterator[Difference]:
    """Compare the texts that the trail names with those that are there."""
    buried = {i for e, code in judged(entries, trusted) if e.kind == TOMBSTONE and not code for i in e.items}
    named = {i: entry for entry in entries if entry.kind != TOMBSTONE for i in entry.items}
    present = set(erasable.ids(root))
    for item, entry in named.items():
        file = f"{FOLDER}/{erasable.FOLDER}/{item}.json"
        row = f"entry {entry.seq}"
        if item not in present:
            if item not in buried:
                yield _difference("text_missing", row, "a text it rests on is gone, and no tombstone says why", file)
        elif item in buried:
            yield _difference("text_not_erased", row, "a tombstone calls it erased; erase it again", file)
        elif not _is_genuine(root, item):
            yield _difference("text_altered", row, "its content does not fit the id that the trail names", file)
    for item in sorted(present - named.keys()):
        file = f"{FOLDER}/{erasable.FOLDER}/{item}.json"
        yield _difference("text_unnamed", None, "no entry of the trail names it", file)


def _lists(root: Path, entries: list[Entry]) -> Iterator[Difference]:
    """Check that the lists which entries are about are there, and are those lists."""
    for entry in entries:
        sha = entry.refs.get("list")
        if not isinstance(sha, str):
            continue
        try:
            batches.get(root, sha)
        except WorkFailed:
            there = (batches.folder_of(root) / f"{sha}.json").is_file()
            code, what = ("list_altered", "was altered") if there else ("list_missing", "is gone")
            file = f"{FOLDER}/{batches.FOLDER}/{sha}.json"
            yield _difference(code, f"entry {entry.seq}", f"the list of records it is about {what}", file)


def _is_genuine(root: Path, item: str) -> bool:
    try:
        return erasable.get(root, item) is not None
    except WorkFailed:
        return False


def _signers(entries: list[tuple[int, Entry]], trusted: Signers) -> Iterator[Difference]:
    """Every trusted key must have come in through ``kdvert keys``, which leaves an entry with the hash of its row."""
    added = {entry.who: entry.refs.get("row") for _, entry in entries if entry.kind == SIGNER_ADDED}
    for key, row in trusted.items():
        if not row.genuine:
            what = "name, role, key or day were changed since it was added"
            yield _difference("signer_altered", f"key {key}", what, signers.FILE)
        elif key not in added:
            what = "the trail does not say that this key was added: the row was written in by hand"
            yield _difference("signer_unrecorded", f"key {key}", what, signers.FILE)
        elif added[key] != row.sha:
            what = "the trail says that this key was added with another name, role or day"
            yield _difference("signer_altered", f"key {key}", what, signers.FILE)
