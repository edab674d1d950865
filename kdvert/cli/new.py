"""``kdvert new``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kdvert.cli.output import command


@click.command()
@click.argument("vertical")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@command
def new(vertical: str, directory: Path | None, console: Console) -> dict[str, Any]:
    """Make a project from VERTICAL in DIRECTORY (default: <vertical>-assistant).

    The project holds kdvert.yaml, the vertical's sample documents in sources/, and templates/ for your own prompts.
    A folder that is not empty is refused and left as it is.
    """
    from kdvert import verticals
    from kdvert.pipeline.scaffold import new_project

    found = verticals.load(vertical)
    root = directory or Path(f"{vertical}-assistant")
    files = new_project(found, root)
    console.print(f"Made {root} from the vertical {found.manifest.title} ({len(found.corpus)} sample documents).")
    console.print(f"Next: cd {root} && kdvert run", markup=False)
    return {"project": str(root.resolve()), "vertical": vertical, "files": files}
