"""Files beside documents that say under which license they stand, and are no documents themselves.

A file holds for its folder and the folders below, up to the next file of its kind: the nearest one counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from kdvert.licensing.detection import spdx_tags
from kdvert.licensing.detection.contract import Detected, Evidence, Unreadable, bounded
from kdvert.licensing.detection.license_texts import identify_text
from kdvert.licensing.detection.names import identify
from kdvert.licensing.detection.statements import of_text

LIMIT = 256_000
"""Bytes; a larger file holds no license."""

METADATA = {
    "package.json", "pkg-info", "metadata", "cargo.toml", "pyproject.toml", "citation.cff", "datapackage.json",
    "codemeta.json", "croissant.json", "dataset_infos.json", "reuse.toml",
}  # fmt: skip
"""Names, in lower case, of files that describe what lies beside them."""

_STEMS = re.compile(r"(licen[sc]es?|copying|unlicense|copyright|notice)(?:[._ -]([\w.+-]{1,40}))?", re.IGNORECASE)
_VARIANTS = {"code", "content", "data", "dataset", "docs", "documentation", "text", "texts", "apache", "third-party"}
_TEXTS = (".md", ".txt", ".html", ".htm")  # suffixes that a document may have too
_OTHERS = ("", ".rst", ".lesser", ".rtf")
_DOCUMENTS = (".jsonl", ".pdf", ".docx", ".cnxml")  # always documents
_COLLECTION = ".collection.xml"
_FOLDER = "LICENSES"


def is_companion(path: Path) -> bool:
    """Return whether a file says something about the license of others and is no document.

    A file with the suffix of a document must be named in capitals (``LICENSE.md``) or hold the text of a license:
    "copyright.md" may well be a chapter, "LICENSE-AGREEMENT.txt" a contract.
    """
    name = path.name.lower()
    if name in METADATA or name == "collection.xml" or name.endswith((".license", _COLLECTION)):
        return True
    if path.parent.name == _FOLDER or (path.parent.name == ".reuse" and name == "dep5"):
        return True
    found = _STEMS.fullmatch(_stem(path))
    if not found or path.suffix.lower() in _DOCUMENTS:
        return False
    usual = not found[2] or found[2].lower() in _VARIANTS or identify(found[2]) is not None
    if usual and (path.suffix.lower() not in _TEXTS or found[1].isupper()):
        return True
    return _text_of(path) is not None


def license_files(evidence: Evidence) -> Iterator[Detected]:
    """Yield what ``LICENSE``, ``COPYING`` and their like say, in the nearest folder that has one."""
    for place, folder in enumerate(evidence.folders):
        files = [f for f in _listed(folder) if _STEMS.fullmatch(_stem(f)) and f != evidence.path and is_companion(f)]
        found = [detected for file in files for detected in _once(file, _whole, _where(file, place))]
        if found:
            yield from found
            return


def side_file(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the ``.license`` file of the REUSE specification beside a document says."""
    path = evidence.path.with_name(f"{evidence.path.name}.license")
    if path.is_file():
        for detected in _once(path, _tagged, "its .license file"):
            yield detected.model_copy(update={"method": "side-file", "confidence": "H"})


def licenses_folder(evidence: Evidence) -> Iterator[Detected]:
    """Yield the licenses whose texts lie in ``LICENSES/``, by the names of the files, in the nearest such folder."""
    for folder in evidence.folders:
        texts = [f for f in _listed(folder / _FOLDER) if f.suffix in (".txt", ".md", "")]
        if texts:
            for file in texts:
                named = identify(file.stem if file.suffix in (".txt", ".md") else file.name)
                yield Detected.of(named, "licenses-folder", "the folder LICENSES", "L")
            return


def beside(folders: Iterable[Path]) -> list[Path]:
    """Return the files in ``folders`` that detectors look at beside the documents, for the fingerprint of a run."""
    found = []
    for folder in folders:
        found += [p for p in _listed(folder) if is_companion(p) or p.name.lower() == "readme.md"]
        found += [p for p in (folder / _FOLDER, folder / ".reuse") if p.is_dir()]
    return sorted(found)


def _stem(path: Path) -> str:
    suffix = path.suffix.lower()
    return path.name[: -len(suffix)] if suffix in _TEXTS + _OTHERS and suffix else path.name


def _where(file: Path, place: int) -> str:
    found = _STEMS.fullmatch(_stem(file))
    stem = found[1].upper() if found else "LICENSE"
    return f"a file {stem} in {'its folder' if place == 0 else 'a folder above'}"


def _whole(path: Path, where: str) -> list[Detected]:
    text = bounded(path, LIMIT)
    if path.suffix.lower() in (".html", ".htm"):
        text = _without_tags(text)
    if found := identify_text(text):
        return [Detected.of((found[0], True), "license-file", where, "M")]
    said = _tagged(path, where) or list(of_text(text, "license-file", "it"))
    said = [d.model_copy(update={"where": where}) for d in said if d.method == "license-file"]
    if said or _stem(path).lower().startswith(("notice", "copyright")):
        return said
    return [Detected.of(None, "license-file", where, "M")]


def _tagged(path: Path, where: str) -> list[Detected]:
    values = spdx_tags.in_text(bounded(path, LIMIT))
    return [Detected.of(identify(value), "license-file", where, "M") for value in dict.fromkeys(values)]


def _text_of(path: Path) -> str | None:
    try:
        found = identify_text(bounded(path, LIMIT))
    except Unreadable:
        return None
    return found[0] if found else None


def _without_tags(text: str) -> str:
    from bs4 import BeautifulSoup

    return BeautifulSoup(text, "lxml").get_text(" ")


def _listed(folder: Path) -> list[Path]:
    try:
        return _names(folder, folder.stat().st_mtime_ns)
    except OSError:
        return []


@lru_cache(maxsize=1024)
def _names(folder: Path, modified: int) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_file())


def _once(path: Path, read: Callable[[Path, str], list[Detected]], where: str) -> list[Detected]:
    """Read a file once for all the documents it holds for."""
    state = path.stat()
    return _remembered(path, read, where, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _remembered(
    path: Path, read: Callable[[Path, str], list[Detected]], where: str, modified: int, size: int
) -> list[Detected]:
    try:
        return read(path, where)
    except Unreadable:
        return [Detected.of(None, "license-file", where, "M")]
