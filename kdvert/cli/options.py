"""The options that commands on a project share."""

from __future__ import annotations

from pathlib import Path

import click

SET = click.option(
    "--set", "overrides", multiple=True, metavar="STAGE.KEY=VALUE", help="Override a setting for this run."
)
PROJECT = click.option(
    "--project", "folder", type=click.Path(path_type=Path), default=Path(), help="The project's folder (default: here)."
)
