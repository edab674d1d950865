"""``kdvert vertical list | show | new | test``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kdvert import verticals
from kdvert.cli.output import command
from kdvert.errors import WorkFailed


@click.group()
def vertical() -> None:
    """List, show, make and test verticals: the packages that hold what kdvert knows of a domain."""


@vertical.command("list")
@command
def list_verticals(console: Console) -> dict[str, Any]:
    """List the installed verticals."""
    found = verticals.discover()
    table = Table()
    for column in ("id", "title", "package", "version", "what it covers"):
        table.add_column(column, overflow="fold")
    for name, v in found.items():
        table.add_row(name, v.manifest.title, v.distribution, v.version, v.manifest.description)
    console.print(table if found else "No verticals are installed. pip install kdvert-medicine, for example.")
    return {
        "verticals": [
            {"id": name, "title": v.manifest.title, "distribution": v.distribution, "version": v.version}
            for name, v in found.items()
        ]
    }


@vertical.command()
@click.argument("name")
@command
def show(name: str, console: Console) -> dict[str, Any]:
    """Show what the vertical NAME brings."""
    v = verticals.load(name)
    facts: dict[str, Any] = {
        "id": v.id,
        "title": v.manifest.title,
        "description": v.manifest.description,
        "package": f"{v.distribution} {v.version}",
        "folder": str(v.root),
        "languages": v.manifest.languages,
        "skills": v.manifest.skills,
        "topics": v.manifest.topics,
        "privacy regimes": v.privacy.regimes,
        "recognizers": [r.entity for r in v.recognizers],
        "checks": v.manifest.checks,
        "sample documents": len(v.corpus),
        "eval files": [p.name for p in v.eval_files],
        "open corpora": [s.told() for s in v.sources],
        "disclaimer": v.manifest.disclaimer,
    }
    for key, value in facts.items():
        console.print(f"{key}: {_shown(value)}", markup=False)
    return facts | {"sources": [s.model_dump(mode="json") for s in v.sources]}


def _shown(value: Any) -> str:
    """Short lists stand on one line, sentences on a line each."""
    if not isinstance(value, list):
        return str(value)
    long = any(len(str(item)) > 60 for item in value)
    return "".join(f"\n    {item}" for item in value) if long else ", ".join(map(str, value))


@vertical.command()
@click.argument("name")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@command
def new(name: str, directory: Path | None, console: Console) -> dict[str, Any]:
    """Scaffold the vertical NAME as a package of its own in DIRECTORY (default: kdvert-NAME)."""
    from kdvert.conformance.scaffold import new_vertical

    root = directory or Path(f"kdvert-{name}")
    files = new_vertical(name, root)
    console.print(f"Made {root}. It passes its tests as it stands; now make it yours:", markup=False)
    console.print(f"  pip install -e {root} && kdvert vertical test {name}", markup=False)
    return {"package": str(root.resolve()), "files": files}


@vertical.command()
@click.argument("name")
@command
def test(name: str, console: Console) -> dict[str, Any]:
    """Run the conformance suite on the vertical NAME (an installed id, or a package folder)."""
    from kdvert.conformance import suite

    v = verticals.at(Path(name)) if Path(name, "vertical.yaml").is_file() else verticals.load(name)
    results = suite.run(v)
    for r in results:
        console.print(f"{'pass' if not r.problems else 'FAIL'}  {r.name}: {r.detail}", markup=False)
        for problem in r.problems:
            console.print(f"      - {problem}", markup=False)
    failed = [r for r in results if r.problems]
    rows = [{"name": r.name, "detail": r.detail, "problems": r.problems} for r in results]
    if failed:
        raise WorkFailed(
            f"{len(failed)} of {len(results)} checks failed.", hint="Each problem says what to mend.", details=rows
        )
    console.print(f"{len(results)} checks passed.")
    return {"vertical": v.manifest.id, "checks": rows}
