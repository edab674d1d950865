"""Read the documents and keep where each came from. A document without a known license stops the run."""

from __future__ import annotations

import codecs
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.errors import GateBlocked, UserError
from kdvert.knowledge.listing import FOLDER, SourceFile, list_files
from kdvert.knowledge.loaders import LOADERS, Loaded, load
from kdvert.knowledge.problems import RowProblem, SourceProblem
from kdvert.licensing.terms import data_license
from kdvert.progress import track
from kdvert.records import Document, Source, sha256_text
from kdvert.stages.contract import StageContext
from kdvert.store import read_json, write_json, write_jsonl

VERSION = 1
VOLATILE: tuple[str, ...] = ()
_SHOWN = 10  # of the problems, in an error
_ROWS = ".jsonl"  # the one kind of file whose documents can state a license themselves
_SLOW = (".pdf", ".docx")
_READ = "read"  # folder for what was read so far


class Rule(ConfigBase):
    """What holds for the files that a glob names.

    Attributes:
        path: glob relative to the project folder; ``**`` stands for any depth.
        license: SPDX expression. May be left out for JSON lines that state their own, which wins.
        publisher: whom to name as the origin.
        retrieved: the day the files were fetched.
        title: for a rule that names a single document.
        encoding: of text files, for one that is guessed wrongly. UTF-8, UTF-16 with a mark and what HTML declares
            need no word.
    """

    path: str = Field(min_length=1)
    license: str | None = None
    publisher: str | None = None
    retrieved: date | None = None
    title: str | None = None
    encoding: str | None = None

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        try:
            return codecs.lookup(value).name if value else None
        except LookupError:
            raise ValueError("not an encoding that Python knows, such as utf-8, cp1250, shift_jis") from None

    @field_validator("path")
    @classmethod
    def _is_inside(cls, value: str) -> str:
        if PurePosixPath(value).is_absolute() or ".." in PurePosixPath(value).parts:
            raise ValueError(f"must lie inside the project folder; link or copy the files into {FOLDER}/")
        return value


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
    paths = [file.path for file in list_files(ctx.project, [rule.path for rule in config.sources])]
    elsewhere = [p for p in paths if not p.resolve().is_relative_to(top.resolve())]
    return [top, *elsewhere, compliance_facts() / "licenses"]


def run(ctx: StageContext, config: Config) -> dict[str, Any]:
    """Write ``documents.jsonl``, ``skipped.jsonl`` and ``summary.json``.

    Raises:
        UserError: there are no sources, or one cannot be read and ``on_broken`` is ``stop``.
        GateBlocked: a document has no license, or one that kdvert knows nothing about.
    """
    files = list_files(ctx.project, [rule.path for rule in config.sources])
    if not files:
        raise UserError(
            f"There are no documents in {ctx.project / FOLDER}.",
            hint=f"Put files there ({' '.join(LOADERS)}) and state their license in kdvert.yaml under ingest.sources.",
        )
    _warn_of_idle_rules(ctx, config, files)
    intake = _Intake(ctx, config)
    write_jsonl(ctx.out / "documents.jsonl", intake.documents(files))
    write_jsonl(ctx.out / "skipped.jsonl", intake.broken)
    shutil.rmtree(ctx.out / _READ, ignore_errors=True)
    summary = {
        "documents": len(intake.ids),
        "files": len(files),
        "skipped": len(intake.broken),
        "characters": intake.characters,
        "guessed_encodings": intake.guessed,
        "licenses": dict(sorted(intake.licenses.items())),
        "reasons": dict(sorted(Counter(row["reason"] for row in intake.broken).items())),
    }
    write_json(ctx.out / "summary.json", summary)
    return summary


def _warn_of_idle_rules(ctx: StageContext, config: Config, files: list[SourceFile]) -> None:
    used = {file.rule for file in files}
    for number, rule in enumerate(config.sources):
        if number not in used:
            ctx.log.warning("ingest.sources: '%s' holds for no file (none matches, or an earlier rule does)", rule.path)


class _Intake:
    """Turns files into documents and collects what stands in the way, so that a user sees all of it at once."""

    def __init__(self, ctx: StageContext, config: Config) -> None:
        self._ctx = ctx
        self._config = config
        self._terms: dict[str, str | GateBlocked] = {}
        self.gate: list[str] = []
        self.broken: list[dict[str, str]] = []
        self.ids: set[str] = set()
        self.licenses: Counter[str] = Counter()
        self.guessed: dict[str, str] = {}
        self.characters = 0

    def documents(self, files: list[SourceFile]) -> Iterator[Document]:
        """Yield the documents, then raise if there was a reason to.

        Raises:
            GateBlocked: a license is missing or unknown.
            UserError: a document cannot be read and the settings say ``stop``, or none can.
        """
        for file in track(self._ctx.progress, "reading documents", self._admitted(files)):
            for item in self._items(file):
                document = self._document(file, item)
                if document is not None:
                    self.ids.add(document.id)
                    self.licenses[document.source.license] += 1
                    self.characters += len(document.text)
                    yield document
        if self.gate:
            raise _blocked(self.gate)
        if self.broken and (self._config.on_broken == "stop" or not self.ids):
            raise _unreadable(self.broken, none_left=not self.ids)

    def _admitted(self, files: list[SourceFile]) -> list[SourceFile]:
        """Return the files to read: all that pass the gate; if one does not, only JSON lines, to check their rows."""
        readable = [file for file in files if self._is_readable(file)]
        good = [file for file in readable if self._has_license(file)]
        return [f for f in good if f.path.suffix.lower() == _ROWS] if self.gate else good

    def _is_readable(self, file: SourceFile) -> bool:
        shown = file.uri.encode("utf-8", "backslashreplace").decode()
        if shown != file.uri:
            self._leave_out(shown, "file_name", "has a name that is not valid Unicode. Rename it.")
            return False
        suffix = file.path.suffix.lower()
        if suffix in LOADERS:
            return True
        detail = f"has the suffix '{suffix}', and kdvert reads {' '.join(LOADERS)}. Convert it, or move it out."
        self._leave_out(file.uri, "unsupported", detail)
        return False

    def _has_license(self, file: SourceFile) -> bool:
        if file.rule is None:
            self.gate.append(f"{file.uri}: no rule matches it. Add the line  {_line(file.uri)}")
            return False
        rule = self._config.sources[file.rule]
        if rule.license is None:
            if file.path.suffix.lower() != _ROWS:
                self.gate.append(f"{file.uri}: the rule '{rule.path}' states no license. Make it  {_line(rule.path)}")
            return file.path.suffix.lower() == _ROWS
        return self._known(file.uri, rule.license) is not None

    def _known(self, uri: str, expression: str) -> str | None:
        """Return the license as its facts spell it; None, and a line for the gate, if there are none."""
        if expression not in self._terms:
            try:
                self._terms[expression] = data_license(expression).expression
            except GateBlocked as error:
                self._terms[expression] = error
        found = self._terms[expression]
        if isinstance(found, str):
            return found
        self.gate.append(f"{uri}: {found.message} {found.hint or ''}".rstrip())
        return None

    def _items(self, file: SourceFile) -> Iterator[Loaded]:
        guessed = None
        try:
            for item in self._loaded(file):
                if isinstance(item, Loaded):
                    guessed = item.guessed
                    yield item
                else:
                    self._leave_out(f"{file.uri}#{item.row}", item.reason, item.detail)
        except SourceProblem as problem:
            self._leave_out(file.uri, problem.reason, problem.detail)
        if guessed:
            self.guessed[file.uri] = guessed
            self._ctx.log.warning(
                "%s is not UTF-8 and was read as %s; if that is wrong, state `encoding:` in its rule",
                file.uri,
                guessed,
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

    def _leave_out(self, uri: str, reason: str, detail: str) -> None:
        self._ctx.log.warning("%s left out: %s", uri, reason)
        self.broken.append({"uri": uri, "reason": reason, "detail": detail})

    def _document(self, file: SourceFile, item: Loaded) -> Document | None:
        name = file.uri if item.row is None else f"{file.uri}#{item.row}"
        rule = self._config.sources[file.rule or 0]
        stated = item.license or rule.license
        if stated is None:
            where = f"neither the row nor the rule '{rule.path}' states a license"
            self.gate.append(f"{name}: {where}. Make it  {_line(rule.path)}")
            return None
        license_ = self._known(name, stated)
        if license_ is None:
            return None
        if name in self.ids:
            self._leave_out(name, "duplicate_id", "has the id of another row. Give each row an id of its own, or none.")
            return None
        title = (item.title or rule.title) if item.row else (rule.title or item.title)
        source = Source(
            uri=file.uri,
            title=title or PurePosixPath(file.uri).stem.replace("_", " ").replace("-", " "),
            license=license_,
            publisher=item.publisher or rule.publisher,
            url=item.url,
            sha256=item.sha256,
            retrieved=rule.retrieved.isoformat() if rule.retrieved else None,
        )
        return Document(id=name, source=source, text=item.text)


def _line(path: str) -> str:
    return f'- {{path: "{path}", license: <SPDX id>}}'


def _blocked(lines: list[str]) -> GateBlocked:
    return GateBlocked(
        f"{_count(lines, 'document has', 'documents have')} no license that kdvert can judge:\n{_list(lines)}",
        hint="State it under ingest.sources in kdvert.yaml, as in license: CC-BY-4.0. The first matching rule holds.",
    )


def _unreadable(broken: list[dict[str, str]], *, none_left: bool) -> UserError:
    lines = [f"{row['uri']} {row['detail']} [{row['reason']}]" for row in broken]
    skip = "Repair, replace or remove them" + ("." if none_left else ", or go on without them: ingest.on_broken: skip")
    return UserError(f"{_count(lines, 'document', 'documents')} cannot be read:\n{_list(lines)}", hint=skip)


def _count(lines: list[str], one: str, many: str) -> str:
    return f"{len(lines)} {one if len(lines) == 1 else many}"


def _list(lines: list[str]) -> str:
    more = [f"  … and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([f"  - {line}" for line in lines[:_SHOWN]] + more)
