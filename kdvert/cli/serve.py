"""``kdvert serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kdvert.cli.answering import answer_options
from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.project import find, read


@click.command()
@PROJECT
@click.option("--port", type=click.IntRange(0, 65535), default=8008, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Another address lets other machines in.")
@click.option("--new-token", is_flag=True, help="Make a new token; clients with the old one are refused.")
@answer_options
@SET
@command
def serve(
    folder: Path,
    port: int,
    host: str,
    new_token: bool,
    passages: int | None,
    max_tokens: int | None,
    least: float | None,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Serve the student by the OpenAI chat API, with the project's passages and citations.

    Any OpenAI client works: give it the address, the token and the student's name. The token comes from
    KDVERT_SERVE_TOKEN, else from work/private/serve.token, which is made at the first start. Ctrl-C ends it.
    """
    from kdvert.pipeline import assistant, runner
    from kdvert.serving import app, server
    from kdvert.serving.token import VARIABLE, serve_token

    project = read(find(folder))
    run = runner.prepare(project, overrides)
    settings = assistant.settings(run, passages=passages, max_tokens=max_tokens, least=least)
    token, kept = serve_token(project.work, fresh=new_token)
    sock = server.listen(host, port)
    try:
        with assistant.open_assistant(run, settings) as opened:
            url = server.address(sock)
            console.print(f"{opened.trained.name} answers at {url}", markup=False)
            for line in opened.trained.displays:
                console.print(line, markup=False)
            console.print(f"Token: in {kept or VARIABLE}", markup=False)
            if not server.is_local(host):
                console.print(
                    f"Note: {host} can be reached from other machines, and nothing here encrypts.", markup=False
                )
            server.run(app.build(opened, token), sock)
            return {"url": url, "model": opened.trained.name, "token_file": str(kept) if kept else None}
    finally:
        sock.close()
