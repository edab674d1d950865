"""What a user means by RECORD, DOCUMENT or SOURCE: an id or its beginning, a path, a glob, a publisher, a license."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kdvert.decisions import trail
from kdvert.decisions.kinds import SOURCE_FORGOTTEN
from kdvert.errors import UserError
from kdvert.knowledge.identities import Identities
from kdvert.knowledge.listing import SourceFile, list_files
from kdvert.lineage.reading import Lineage, Original
from kdvert.privacy import file_names

Kind = Literal["record", "passage", "document", "source", "license", "teacher", "forgotten"]

SHORTEST = 4
"""Characters of a beginning of an id."""
_SHOWN = 8  # of the candidates, in an error
_GLOB = re.compile(r"[*?\[]")
_ID = re.compile(r"doc-\d*(#\d*)?(@\d+-\d*)?|[0-9a-f]{4,}…?(-\d+)?")
_SHORT = re.compile(r"([0-9a-f]{4,})…?(-\d+)")  # of a record: the first letters and the number, as tables show it


@dataclass(frozen=True)
class Target:
    """What was asked about.

    Attributes:
        kind: what it turned out to be.
        label: how to call it; it names nobody.
        documents: ids.
        records: ids of records, where they are asked about and not found through ``documents``.
        passages: ids of passages, likewise.
        originals: the files and rows on disk that were meant, for those that ingest has never seen (their id is empty).
    """

    kind: Kind
    label: str
    documents: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()
    originals: tuple[Original, ...] = field(default=())


def resolve(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target:
    """Find what ``text`` means.

    Args:
        lineage: the project.
        text: an id of a record, passage or document, or its beginning; a path (``#row`` after it for a row of JSON
            lines), a folder, a glob; a publisher or a license of documents.
        patterns: the globs of ``ingest.sources``.

    Raises:
        UserError: it means nothing, or more than one thing.
    """
    text = text.strip()
    if not text:
        raise UserError("Nothing was named.", hint=_FORMS)
    for find in (_by_id, _by_path, _by_glob, _by_origin, _by_beginning, _by_trail):
        if target := find(lineage, text, patterns):
            return target
    raise UserError(f"Nothing in this project fits {spoken(text)}.", hint=_FORMS)


_FORMS = (
    "Name a record or a document by its id (or the first letters of it), a source by its path, by a glob in quotes, by "
    "its publisher or its license. `kdvert status` shows what has run."
)


def spoken(text: str) -> str:
    """Return how to call what the user typed: word for word if that surely names nobody."""
    return f"'{text}'" if _ID.fullmatch(text) or file_names.is_plain(text) else "what you named"


def of_license(lineage: Lineage, name: str) -> Target:
    """Return all that stands under a license or under terms (``route:openai``).

    Raises:
        UserError: nothing does; the message names what there is.
    """
    documents = {d.id for d in lineage.documents.values() if in_expression(name, d.license)}
    records = {
        r.example.id
        for r in lineage.records.values()
        if any(in_expression(name, x) for x in (*r.example.provenance.licenses, *r.example.provenance.terms))
    }
    if not documents and not records:
        there = {d.license for d in lineage.documents.values()}
        there |= {t for r in lineage.records.values() for t in r.example.provenance.terms}
        raise UserError(f"Nothing stands under the license '{name}'.", hint=_there(there, "licenses and terms"))
    return Target("license", name, frozenset(documents), frozenset(records))


def of_teacher(lineage: Lineage, name: str) -> Target:
    """Return all records that a teacher wrote; ``name`` is a part of its reference, capitals make no difference.

    Raises:
        UserError: none did, or more than one teacher is meant.
    """
    teachers = {r.example.provenance.teacher for r in lineage.records.values()}
    meant = {t for t in teachers if t.casefold() == name.casefold()} or {
        t for t in teachers if name.casefold() in t.casefold()
    }
    if not meant:
        raise UserError(f"No record was written by the teacher '{name}'.", hint=_there(teachers, "teachers"))
    if len(meant) > 1:
        raise UserError(f"'{name}' is a part of several teachers' names.", hint=_there(meant, "teachers"))
    records = {r.example.id for r in lineage.records.values() if r.example.provenance.teacher in meant}
    return Target("teacher", meant.pop(), records=frozenset(records))


def in_expression(name: str, expression: str) -> bool:
    """Return whether an SPDX expression names a license, in whatever case."""
    parts = re.split(r"[\s()]+", expression)
    return name.casefold() in {expression.casefold(), *(p.casefold() for p in parts if p not in ("AND", "OR", "WITH"))}


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return whether a path fits a glob as `glob.glob` reads it: ``*`` within a folder, ``**`` for any depth."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern)
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    made = (
        forms.get(p) or (p.replace("[!", "[^") if p.startswith("[") and len(p) > 1 else re.escape(p)) for p in parts
    )
    regex = re.compile("".join(made))
    return lambda uri: regex.fullmatch(uri) is not None


def covers(id_: str, other: str) -> bool:
    """Return whether ``other`` is the document ``id_``, or a row of the file ``id_``."""
    return other == id_ or other.startswith(f"{id_}#")


# --- the ways to name something, tried in order --------------------------------------------------------------------


def _by_id(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target | None:
    if text in lineage.records:
        return Target("record", text, records=frozenset({text}))
    if text in lineage.passages:
        return Target("passage", text, passages=frozenset({text}))
    if text in _document_ids(lineage, patterns):
        return _documents("document", text, lineage, [text], patterns)
    return None


def _by_path(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target | None:
    path, mark, row = text.partition("#")
    for name, wanted in ((text, None), (path, row)) if mark else ((text, None),):
        uri = _uri(lineage.root, name)
        if uri is None:
            continue
        meant = [o for o in _originals(lineage, patterns) if o.uri == uri]
        if wanted is not None:
            meant = [o for o in meant if o.row == wanted]
        elif meant:
            meant = [o for o in meant if o.row is None]
        meant = meant or _remembered(lineage, uri, wanted)
        if meant:
            return _target("document", _called(meant[0]), lineage, meant)
    return None


def _by_glob(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target | None:
    uri = _uri(lineage.root, text.rstrip("/")) or ""
    is_glob = bool(_GLOB.search(text))
    fits = matcher(uri if is_glob else f"{uri}/**")
    meant = [o for o in _originals(lineage, patterns) if o.row is None and fits(o.uri)]
    if not meant or not uri:
        return None
    label = uri if file_names.is_plain(uri) else ("a glob" if is_glob else "a folder")
    return _target("source", label, lineage, meant)


def _by_origin(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target | None:
    """By the publisher that the user stated, or the license, exactly."""
    named = {id_ for id_, name in lineage.publishers.items() if name.casefold() == text.casefold()}
    licensed = {d.id for d in lineage.documents.values() if in_expression(text, d.license)}
    if named and licensed and named != licensed:
        raise UserError(f"{spoken(text)} is both a publisher and a license.", hint="Use --license for the license.")
    if not (named or licensed):
        return None
    label = text if licensed or file_names.is_plain(text) else "a publisher"
    return _documents("source", label, lineage, named | licensed, patterns)


def _by_beginning(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target | None:
    if len(text) < SHORTEST:
        return None
    kinds: list[tuple[Kind, Iterable[str]]] = [
        ("record", lineage.records),
        ("document", _document_ids(lineage, patterns)),
    ]
    if "@" in text:
        kinds = [("passage", lineage.passages)]
    short = _SHORT.fullmatch(text)
    start, end = short.groups() if short else (text, "")
    found = [(kind, id_) for kind, ids in kinds for id_ in ids if id_.startswith(start) and id_.endswith(end)]
    if len(found) > 1:
        some = ", ".join(sorted(id_ for _, id_ in found)[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        said = f"{spoken(text)} is the beginning of {len(found)} ids"
        raise UserError(f"{said}: {some}{more}.", hint="Give more of it, or the last number too.")
    if not found:
        return None
    return _by_id(lineage, found[0][1], patterns)


def _by_trail(lineage: Lineage, text: str, patterns: Sequence[str]) -> Target | None:
    """By the id of a document or record that was forgotten."""
    for entry in trail.entries(lineage.root):
        if entry.kind != SOURCE_FORGOTTEN:
            continue
        gone = [str(i) for name in ("documents", "records") if isinstance(v := entry.refs.get(name), list) for i in v]
        if any(text == id_ or covers(id_, text) for id_ in gone):
            documents = entry.refs.get("documents")
            return Target("forgotten", text, frozenset(documents if isinstance(documents, list) else ()))
    return None


def _documents(kind: Kind, label: str, lineage: Lineage, ids: Iterable[str], patterns: Sequence[str]) -> Target:
    wanted = set(ids)
    return _target(kind, label, lineage, [o for o in _originals(lineage, patterns) if o.id in wanted], wanted)


def _target(kind: Kind, label: str, lineage: Lineage, originals: Sequence[Original], ids: Iterable[str] = ()) -> Target:
    wanted = {*ids, *(o.id for o in originals if o.id)}
    known = {*lineage.documents, *lineage.originals}
    covered = {d for d in known if not wanted.isdisjoint((d, d.partition("#")[0]))}
    return Target(kind, label, frozenset(wanted | covered), originals=tuple(originals))


def _document_ids(lineage: Lineage, patterns: Sequence[str]) -> set[str]:
    return {*lineage.documents, *(o.id for o in _originals(lineage, patterns) if o.id)}


def _originals(lineage: Lineage, patterns: Sequence[str]) -> list[Original]:
    """Return the files and rows that ingest has seen, and the source files that it has not."""
    seen = {o.uri for o in lineage.originals.values()}
    ids = identities(lineage.root)
    fresh = [f for f in list_files(lineage.root, patterns) if f.uri not in seen]
    return [*lineage.originals.values(), *(_unseen(f, ids) for f in fresh)]


def _unseen(file: SourceFile, ids: Identities) -> Original:
    return Original(id=ids.find(file.uri) or "", uri=file.uri.encode("utf-8", "backslashreplace").decode())


def _remembered(lineage: Lineage, uri: str, row: str | None) -> list[Original]:
    """Return a file or row that an earlier run saw, or a row of a file that none has seen yet."""
    if id_ := identities(lineage.root).find(uri, row):
        return [Original(id=id_, uri=uri, row=row)]
    unread = row is not None and uri.lower().endswith(".jsonl") and (lineage.root / uri).is_file()
    return [Original(id="", uri=uri, row=row)] if unread else []


def identities(root: Path) -> Identities:
    """Return the numbers that ingest gave to files and rows."""
    return Identities(root / "work" / "cache" / "ingest" / "ids.json")


def _uri(root: Path, name: str) -> str | None:
    """Return a path as sources are called: relative to the project; None if it lies outside."""
    here, below = Path(name).expanduser(), Path(os.path.normpath(root / name))
    candidate = Path(os.path.abspath(here)) if here.is_absolute() or (here.exists() and not below.exists()) else below
    try:
        return candidate.relative_to(root).as_posix()
    except ValueError:
        return None


def _called(original: Original) -> str:
    if original.id and not file_names.is_plain(original.uri):
        return original.id
    return original.uri if file_names.is_plain(original.uri) else "a file that was not read yet"


def _there(names: Iterable[str], what: str) -> str:
    some = sorted(names)
    return f"There are these {what}: {', '.join(some[:_SHOWN])}." if some else "There are no records yet: kdvert run"
