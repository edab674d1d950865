"""Read the documents and keep where each came from. A document without a known license stops the run.

Writes

- ``documents.jsonl``: the raw documents, under ids that say nothing of their names;
- ``originals.jsonl``: which file and row each id stands for. It stays here: no other stage reads it;
- ``detected.jsonl``, ``terms.jsonl``, ``mismatches.jsonl``: what licenses the documents show, from which known corpora
  they are, and where that differs from what was stated (`kdvert.licensing.signs`);
- ``skipped.jsonl``: what was left out and why;
- ``summary.json``: counts.

File names, paths and row ids may name a person. So whatever leaves this folder, and every log line and error, knows a
document by its id; a path is shown only if it surely names nobody (`kdvert.privacy.file_names`).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TextIO

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.errors import GateBlocked, UserError
from kdvert.knowledge.identities import Identities
from kdvert.knowledge.listing import FOLDER, SourceFile, list_files
from kdvert.knowledge.loaders import LOADERS, Loaded, load
from kdvert.knowledge.problems import RowProblem, SourceProblem
from kdvert.knowledge.rules import Rule
from kdvert.licensing.corpora import Origin
from kdvert.licensing.detection import companions
from kdvert.licensing.detection.contract import Evidence, ends
from kdvert.licensing.detection.markup import address_of_page
from kdvert.licensing.detection.rows import meant, named_in
from kdvert.licensing.signs import Signs, Stated
from kdvert.licensing.terms import data_license
from kdvert.privacy import file_names
from kdvert.progress import track
from kdvert.records import Document, Source, sha256_text
from kdvert.stages.contract import StageContext
from kdvert.store import read_json, to_line, write_json, write_jsonl

VERSION = 3
VOLATILE: tuple[str, ...] = ()
ORIGINALS = "originals.jsonl"
_SHOWN = 10  # of the problems, in an error
_ROWS = ".jsonl"  # the one kind of file whose documents can state a license themselves
_SLOW = (".pdf", ".docx")
_READ = "read"  # folder for what was read so far


class Config(ConfigBase):
    """Which files are read, and what their rights are.

    Attributes:
        sources: the first rule whose ``path`` matches a file holds for it.
        on_broken: ``stop`` ends the run at documents that cannot be read; ``skip`` leaves them out and names them.
        max_megabytes: larger files are not read.
    """

    sources: list[Rule] = Field(default_factory=list)
    on_broken: Literal["stop", "skip"] = "stop"
    max_megabytes: float = Field(default=50, gt=0)


def content(ctx: StageContext, config: Config) -> list[Path]:
    """Return the sources folder, source files that lie elsewhere, and the facts about licenses."""
    top = ctx.project / FOLDER
    files = list_files(ctx.project, [rule.path for rule in config.sources])
    paths = [f.path for f in files] + companions.beside({folder for f in files for folder in f.folders(ctx.project)})
    elsewhere = [p for p in dict.fromkeys(paths) if not p.resolve().is_relative_to(top.resolve())]
    return [top, *elsewhere, *(compliance_facts() / name for name in ("corpora", "detection", "licenses", "texts"))]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Write ``documents.jsonl``, ``skipped.jsonl`` and ``summary.json``.

    Raises:
        UserError: there are no sources, or one cannot be read and ``on_broken`` is ``stop``.
        GateBlocked: a document has no license, or one that kdvert knows nothing about.
    """
    listed = list_files(ctx.project, [rule.path for rule in config.sources])
    files = [file for file in listed if not _is_about_others(config, file)]
    if not files:
        others = " Files that state licenses lie there, and nothing they hold for." if listed else ""
        raise UserError(
            f"There are no documents in {ctx.project / FOLDER}.{others}",
            hint=f"Put files there ({' '.join(LOADERS)}) and state their license in kdvert.yaml under ingest.sources.",
        )
    _warn_of_idle_rules(ctx, config, files)
    intake = _Intake(ctx, config, Identities(ctx.cache / "ids.json"))
    with intake.kept(), intake.signs.kept(ctx.out):
        write_jsonl(ctx.out / "documents.jsonl", intake.documents(files))
    _tell_of_signs(ctx, config, intake.signs)
    write_jsonl(ctx.out / "skipped.jsonl", intake.broken)
    shutil.rmtree(ctx.out / _READ, ignore_errors=True)
    summary = {
        "documents": len(intake.seen),
        "files": len(files),
        "skipped": len(intake.broken),
        "characters": intake.characters,
        "guessed_encodings": intake.guessed,
        "licenses": dict(sorted(intake.licenses.items())),
        "reasons": dict(sorted(Counter(row["reason"] for row in intake.broken).items())),
        "license_files": len(listed) - len(files),
    } | intake.signs.summary()
    write_json(ctx.out / "summary.json", summary)
    return summary


def _warn_of_idle_rules(ctx: StageContext, config: Config, files: list[SourceFile]) -> None:
    used = {file.rule for file in files}
    for number in range(len(config.sources)):
        if number not in used:
            shown = _rule(config, number)
            ctx.log.warning("ingest.sources: %s holds for no file (none matches, or an earlier rule does)", shown)


def _is_about_others(config: Config, file: SourceFile) -> bool:
    """Return whether a file says something about the license of others; not if a rule names it outright."""
    named = file.rule is not None and config.sources[file.rule].path == file.uri
    return not named and companions.is_companion(file.path)


def _tell_of_signs(ctx: StageContext, config: Config, signs: Signs) -> None:
    if count := signs.summary()["license_mismatches"]:
        ctx.log.warning("documents show another license than was stated (%d); `kdvert check` lists them", count)
    for number, rule in enumerate(config.sources):
        for _ in signs.idle(number, rule.settled):
            ctx.log.warning("ingest.sources: %s settles a license that no document shows", _rule(config, number))


class _Intake:
    """Turns files into documents and collects what stands in the way, so that a user sees all of it at once."""

    def __init__(self, ctx: StageContext, config: Config, ids: Identities) -> None:
        self._ctx = ctx
        self._config = config
        self._terms: dict[str, str | GateBlocked] = {}
        self.ids = ids
        self.gate: list[str] = []
        self.broken: list[dict[str, str]] = []
        self._originals: TextIO | None = None
        self.seen: set[str] = set()
        self.licenses: Counter[str] = Counter()
        self.guessed: dict[str, str] = {}
        self.characters = 0
        self.signs = Signs()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write down which file each id stands for, also when an error ends the block: it names documents by id."""
        with open(self._ctx.out / ORIGINALS, "w", encoding="utf-8", newline="\n") as self._originals:
            try:
                yield
            finally:
                self.ids.save()

    def documents(self, files: list[SourceFile]) -> Iterator[Document]:
        """Yield the documents, then raise if there was a reason to.

        Raises:
            GateBlocked: a license is missing or unknown.
            UserError: a document cannot be read and the settings say ``stop``, or none can.
        """
        for file in files:  # files first, so that a row more or less in one does not move the others
            self._original(self.ids.of(file.uri), file)
        for file in track(self._ctx.progress, "reading documents", self._admitted(files)):
            for item in self._items(file):
                document = self._document(file, item)
                if document is not None:
                    self.seen.add(document.id)
                    self.licenses[document.source.license] += 1
                    self.characters += len(document.text)
                    yield document
        originals = self._ctx.out / ORIGINALS
        if self.gate:
            raise _blocked(self.gate, originals)
        if self.broken and (self._config.on_broken == "stop" or not self.seen):
            raise _unreadable(self.broken, originals, none_left=not self.seen)

    def _admitted(self, files: list[SourceFile]) -> list[SourceFile]:
        """Return the files to read: all that pass the gate; if one does not, only JSON lines, to check their rows."""
        readable = [file for file in files if self._is_readable(file)]
        good = [file for file in readable if self._has_license(file)]
        return [f for f in good if f.path.suffix.lower() == _ROWS] if self.gate else good

    def _shown(self, file: SourceFile, line: int | None = None) -> str:
        """Return how a file or row is called outside this folder: by its path if that names nobody, else by its id."""
        name = file.uri
        if not file_names.is_plain(name):
            suffix = file.path.suffix.lower()
            name = self.ids.of(file.uri) + (f" ({suffix})" if suffix in LOADERS else "")
        return name if line is None else f"{name}, line {line}"

    def _is_readable(self, file: SourceFile) -> bool:
        if _in_unicode(file.uri) != file.uri:
            self._leave_out(self._shown(file), "file_name", "has a name that is not valid Unicode. Rename it.")
            return False
        if file.path.suffix.lower() in LOADERS:
            return True
        detail = f"has another suffix than {' '.join(LOADERS)}, which kdvert reads. Convert it, or move it out."
        self._leave_out(self._shown(file), "unsupported", detail)
        return False

    def _has_license(self, file: SourceFile) -> bool:
        if file.rule is None:
            self.gate.append(f"{self._shown(file)}: no rule matches it. Add the line  {_line(file.uri)}")
            return False
        rule = self._config.sources[file.rule]
        if rule.license is None:
            if file.path.suffix.lower() != _ROWS:
                where = f"{_rule(self._config, file.rule)} states no license"
                self.gate.append(f"{self._shown(file)}: {where}. Make it  {_line(rule.path)}")
            return file.path.suffix.lower() == _ROWS
        return self._known(file, rule.license) is not None

    def _known(self, file: SourceFile, expression: str, line: int | None = None) -> str | None:
        """Return the license as its facts spell it; None, and a line for the gate, if there are none."""
        if expression not in self._terms:
            try:
                self._terms[expression] = data_license(meant(expression) if line else expression).expression
            except GateBlocked as error:
                self._terms[expression] = error
        found = self._terms[expression]
        if isinstance(found, str):
            return found
        self.gate.append(f"{self._shown(file, line)}: {found.message} {found.hint or ''}".rstrip())
        return None

    def _items(self, file: SourceFile) -> Iterator[Loaded]:
        guessed = None
        try:
            for item in self._loaded(file):
                if isinstance(item, Loaded):
                    guessed = item.guessed
                    yield item
                else:
                    self._leave_out(self._shown(file), item.reason, item.detail)
        except SourceProblem as problem:
            self._leave_out(self._shown(file), problem.reason, problem.detail)
        if guessed:
            shown = self._shown(file)
            self.guessed[shown] = guessed
            self._ctx.log.warning(
                "%s is not UTF-8 and was read as %s; if that is wrong, state `encoding:` in its rule", shown, guessed
            )

    def _loaded(self, file: SourceFile) -> Iterator[Loaded | RowProblem]:
        """Load a file; keep the text of a slow format until the stage is done, so a killed run goes on from there."""
        slow = file.path.suffix.lower() in _SLOW
        kept = self._ctx.out / _READ / f"{sha256_text(file.uri)}.json"
        if slow and kept.is_file():
            yield Loaded(**read_json(kept))
            return
        encoding = self._config.sources[file.rule or 0].encoding
        for item in load(file.path, max_bytes=int(self._config.max_megabytes * 1e6), encoding=encoding):
            if slow and isinstance(item, Loaded):
                write_json(kept, asdict(item))
            yield item

    def _leave_out(self, shown: str, reason: str, detail: str) -> None:
        self._ctx.log.warning("%s left out: %s", shown, reason)
        self.broken.append({"document": shown, "reason": reason, "detail": detail})

    def _original(self, id_: str, file: SourceFile, row: str | None = None) -> None:
        assert self._originals
        place = {"uri": _in_unicode(file.uri)} | ({} if row is None else {"row": row})
        self._originals.write(to_line({"id": id_} | place))

    def _document(self, file: SourceFile, item: Loaded) -> Document | None:
        id_ = self.ids.of(file.uri, item.row)
        license_ = self._license(file, item)
        if license_ is None:
            return None
        if id_ in self.seen:
            detail = "has the id of another row. Give each row an id of its own, or none."
            self._leave_out(self._shown(file, item.line), "duplicate_id", detail)
            return None
        if item.row is not None:
            self._original(id_, file, item.row)
        source = self._source(file, item, license_)
        self.signs.add(id_, self._stated(file, item, license_), self._evidence(file, item), _origin(file, item, source))
        return Document(id=id_, source=source, text=item.text)

    def _stated(self, file: SourceFile, item: Loaded, license_: str) -> Stated:
        number = file.rule or 0
        rule = self._config.sources[number]
        return Stated(
            license=license_,
            overruled=rule.license if item.license else None,
            number=number,
            rule=_rule(self._config, number).removeprefix("the rule "),
            settled=rule.settled,
            written_by=rule.written_by,
        )

    def _evidence(self, file: SourceFile, item: Loaded) -> Evidence:
        return Evidence(
            path=file.path,
            suffix=file.path.suffix.lower(),
            text=item.text,
            fields=item.stated,
            folders=file.folders(self._ctx.project),
            row=item.row is not None,
        )

    def _license(self, file: SourceFile, item: Loaded) -> str | None:
        """Return what the row, else the rule, states; None, and a line for the gate, if it is no good."""
        number = file.rule or 0
        rule = self._config.sources[number]
        stated = item.license or rule.license or named_in(item.stated)
        if stated is not None:
            return self._known(file, stated, item.line)
        where = f"neither the row nor {_rule(self._config, number)} states a license"
        self.gate.append(f"{self._shown(file, item.line)}: {where}. Make it  {_line(rule.path)}")
        return None

    def _source(self, file: SourceFile, item: Loaded, license_: str) -> Source:
        rule = self._config.sources[file.rule or 0]
        title = (item.title or rule.title) if item.row else (rule.title or item.title)
        if not title:
            stem = PurePosixPath(file.uri).stem
            title = file_names.title_of(stem, item.text, otherwise=self.ids.of(file.uri, item.row))
        if rule.edition and rule.edition.lower() not in title.lower():
            title = f"{title}, {rule.edition}"
        return Source(
            uri=file.uri,
            title=title,
            license=license_,
            publisher=item.publisher or rule.publisher,
            url=item.url,
            sha256=item.sha256,
            retrieved=rule.retrieved.isoformat() if rule.retrieved else None,
        )


def _origin(file: SourceFile, item: Loaded, source: Source) -> Origin:
    page = address_of_page(ends(file.path)[0]) if file.path.suffix.lower() in (".html", ".htm") else None
    return Origin(
        url=item.url or page, publisher=source.publisher, id=item.row, source=item.origin, title=source.title,
        text=item.text,
    )  # fmt: skip


def _in_unicode(uri: str) -> str:
    return uri.encode("utf-8", "backslashreplace").decode()


def _rule(config: Config, number: int) -> str:
    """Return how a rule is called: a user may have written a person's name into its pattern."""
    path = config.sources[number].path
    return f"the rule '{path}'" if file_names.is_plain(path) else f"rule {number + 1} of ingest.sources"


def _line(path: str) -> str:
    return f'- {{path: "{path if file_names.is_plain(path) else "<its path>"}", license: <SPDX id>}}'


def _blocked(lines: list[str], originals: Path) -> GateBlocked:
    return GateBlocked(
        f"{_count(lines, 'document has', 'documents have')} no license that kdvert can judge:\n{_list(lines)}",
        hint="State it under ingest.sources in kdvert.yaml, as in license: CC-BY-4.0. The first matching rule holds."
        + _where(lines, originals),
    )


def _unreadable(broken: list[dict[str, str]], originals: Path, *, none_left: bool) -> UserError:
    lines = [f"{row['document']} {row['detail']} [{row['reason']}]" for row in broken]
    hint = "Repair, replace or remove them" + ("." if none_left else ", or go on without them: ingest.on_broken: skip")
    message = f"{_count(lines, 'document', 'documents')} cannot be read:\n{_list(lines)}"
    return UserError(message, hint=hint + _where(lines, originals))


def _where(lines: list[str], originals: Path) -> str:
    return f" {originals} says which file each id stands for." if any("doc-" in line for line in lines) else ""


def _count(lines: list[str], one: str, many: str) -> str:
    return f"{len(lines)} {one if len(lines) == 1 else many}"


def _list(lines: list[str]) -> str:
    more = [f"  … and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([f"  - {line}" for line in lines[:_SHOWN]] + more)
