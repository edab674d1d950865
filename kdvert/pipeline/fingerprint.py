"""Why a stage would run: its fingerprint, part by part, against the lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from kdvert.configuration import ConfigBase
from kdvert.content import content_root
from kdvert.pipeline.lock import LockRow
from kdvert.pipeline.table import Row
from kdvert.privacy import file_names
from kdvert.records import sha256_json, sha256_text
from kdvert.stages.contract import StageContext
from kdvert.store import hash_tree, sha256_file

SUMMARY = "summary.json"  # holds counts and timings: shown by the report, read by no other stage


def fingerprint(row: Row, ctx: StageContext, config: ConfigBase, lock: dict[str, LockRow]) -> dict[str, Any]:
    """Return what the stage's output depends on.

    Returns:
        ``version``, ``config`` (hash), ``inputs`` (hash by stage), ``content`` (hash by path, or by hash of the path
        for a stage that reads raw documents) and, for a stage that reports on the others, ``settings`` (hash of all
        settings).
    """
    module = row.module
    extracts = getattr(module, "extracts", None)
    content = _content_hashes(module.content(ctx, config), _roots(ctx)) | (extracts(ctx, config) if extracts else {})
    parts: dict[str, Any] = {
        "version": module.VERSION,
        "config": sha256_json(config.model_dump(mode="json")),
        "inputs": {name: input_hash(lock[name], with_summary=row.reports) for name in row.needs if name in lock},
        "content": {_opaque(name): sha for name, sha in content.items()} if row.raw else content,
    }
    if row.reports:
        parts["settings"] = sha256_json(ctx.resolved)
    return parts


def why(
    row: Row,
    parts: dict[str, Any],
    lock: dict[str, LockRow],
    out: Path,
    *,
    force: bool = False,
    names: Callable[[], Collection[str]] = tuple,
) -> str | None:
    """Return the reason the stage must run, in words, or None when it is up to date.

    Args:
        names: gives the names behind hashed ones (see `fingerprint`); asked only if something changed.
    """
    if force:
        return "forced"
    old = lock.get(row.name)
    if old is None:
        return "not run yet"
    for part, reason in (("version", "kdvert's own code of it changed"), ("config", "its settings changed")):
        if old.parts.get(part) != parts[part]:
            return reason
    if changed := _changed(old.parts.get("inputs", {}), parts["inputs"]):
        return f"the output of {changed[0]} changed"
    if changed := _changed(old.parts.get("content", {}), parts["content"]):
        first = _spoken(changed[0], names()) if row.raw else changed[0]
        return f"{first} changed" + (f" (and {len(changed) - 1} more)" if len(changed) > 1 else "")
    if old.parts.get("settings") != parts.get("settings"):
        return "settings shown in it changed"
    return _damage(row, old, out)


def content_names(row: Row, ctx: StageContext, config: ConfigBase) -> list[str]:
    """Return the names of the files that the stage reads from outside, as `fingerprint` calls them."""
    return [name for name, _ in _files(row.module.content(ctx, config), _roots(ctx))]


def output_hashes(row: Row, out: Path) -> dict[str, str]:
    """Return the SHA-256 of each output file whose bytes have meaning."""
    return hash_tree(out, leave_out=row.module.VOLATILE)


def _damage(row: Row, old: LockRow, out: Path) -> str | None:
    if not out.is_dir():
        return "its output is gone"
    if changed := _changed(old.outputs, output_hashes(row, out)):
        return f"its output {changed[0]} was changed or removed"
    return None


def input_hash(row: LockRow, *, with_summary: bool) -> str:
    """Return the hash of a stage's output as the stages that read it see it: without its summary, but for a report."""
    return sha256_json({k: v for k, v in row.outputs.items() if with_summary or k != SUMMARY})


def _roots(ctx: StageContext) -> dict[str, Path]:
    return {"": ctx.project, ctx.vertical.root.name: ctx.vertical.root, "kdvert": content_root()}


def _content_hashes(paths: list[Path], roots: dict[str, Path]) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for name, path in _files(paths, roots):
        if name in hashes:  # two folders of one name: only their whole paths tell them apart
            name = path.absolute().as_posix()
        hashes[name] = _sha256(path)
    return hashes


def _files(paths: list[Path], roots: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yield the files at and below ``paths``, each with its name."""
    for path in paths:
        label = _label(path, roots)
        if path.is_file():
            yield label, path
        for below in sorted(path.rglob("*")) if path.is_dir() else ():
            relative = below.relative_to(path)
            if relative.parts[0] != "__pycache__" and below.is_file():
                yield f"{label}/{relative.as_posix()}", below


def _sha256(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:  # the stage itself says what is wrong with it, and how the file is called
        return "unreadable"


def _opaque(name: str) -> str:
    """Return what stands for the name of a user's document in the lock file."""
    return name if name.startswith("kdvert/") else f"source {sha256_text(name)[:16]}"


def _spoken(opaque: str, names: Collection[str]) -> str:
    name = next((name for name in names if _opaque(name) == opaque), None)
    return name if name and file_names.is_plain(name) else "a document"


def _label(path: Path, roots: dict[str, Path]) -> str:
    """Name a path so that it stays the same when the project, the vertical or kdvert itself move."""
    path = path.absolute()
    for name, root in roots.items():
        if path.is_relative_to(root.absolute()):
            return f"{name}/{path.relative_to(root.absolute()).as_posix()}".removeprefix("/")
    return "/".join(path.parts[-2:])


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
