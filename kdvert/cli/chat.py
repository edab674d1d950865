"""``kdvert chat``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from kdvert.cli.answering import answer_options
from kdvert.cli.options import PROJECT, SET
from kdvert.cli.output import command
from kdvert.errors import UserError
from kdvert.project import find, read

if TYPE_CHECKING:
    from kdvert.serving.assistant import Answer, Assistant

QUIT, ANEW = "/quit", "/new"
_BEGINNING = 72  # characters of a passage that are shown with its citation


@click.command()
@click.argument("question", required=False)
@PROJECT
@answer_options
@SET
@command
def chat(
    question: str | None,
    folder: Path,
    passages: int | None,
    max_tokens: int | None,
    least: float | None,
    overrides: tuple[str, ...],
    console: Console,
) -> dict[str, Any]:
    """Ask the student, with the project's passages and citations; without QUESTION, talk to it.

    In a talk /new begins another one and /quit ends it; Ctrl-C stops an answer. Nothing leaves this machine.
    """
    from kdvert.pipeline import assistant, runner

    if question is not None and not question.strip():
        raise UserError("The question is empty.", hint='For example: kdvert chat "What is photosynthesis?"')
    if question is None and console.stderr:
        raise UserError("--json answers one question.", hint='For example: kdvert chat --json "What is osmosis?"')
    project = read(find(folder))
    run = runner.prepare(project, overrides)
    settings = assistant.settings(run, passages=passages, max_tokens=max_tokens, least=least)
    with assistant.open_assistant(run, settings) as opened:
        if question is not None:
            answer = _say(console, opened, [{"role": "user", "content": question}], streams=not console.stderr)
            return _plain(opened, answer)
        return {"questions": _talk(console, opened)}


def _talk(console: Console, assistant: Assistant) -> int:
    """Ask and answer until the user has enough; return how many questions were answered."""
    title = assistant.prompts.vertical_title
    console.print(f"{assistant.trained.name}, {title}. {ANEW} begins another talk, {QUIT} ends it.", markup=False)
    for line in assistant.trained.displays:
        console.print(line, markup=False)
    turns: list[dict[str, str]] = []
    asked = 0
    for text in _lines(console):
        if text == ANEW:
            turns = []
            console.print("A new talk.")
            continue
        turns.append({"role": "user", "content": text})
        try:
            answer = _say(console, assistant, turns, streams=True)
        except UserError as error:  # a question that is too long ends no talk
            turns.pop()
            console.print(f"{error.message} {error.hint or ''}", style="red", markup=False)
            continue
        turns.append({"role": "assistant", "content": answer.text})
        asked += 1
    return asked


def _lines(console: Console) -> Iterator[str]:
    """Yield what the user types, until the end of the input or `QUIT`."""
    while True:
        try:
            text = console.input("\n[bold]>[/bold] " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if text == QUIT:
            return
        if text:
            yield text


def _say(console: Console, assistant: Assistant, turns: list[dict[str, str]], *, streams: bool) -> Answer:
    """Print the answer while it is written, then what it rests on."""
    prepared = assistant.prepare(turns)
    writing = None if prepared.abstained is not None else assistant.write(prepared)
    parts: list[str] = [] if writing else [prepared.abstained or ""]
    if streams:
        console.print(parts[0] if parts else "", markup=False, end="")
    pieces = iter(writing) if writing else iter(())
    try:
        for piece in pieces:
            parts.append(piece)
            if streams:
                console.print(piece, markup=False, end="")
    except KeyboardInterrupt:
        if writing is None or not streams:
            raise
        writing.cancel()
        pieces.close()  # type: ignore[attr-defined]
        console.print(" …", end="")
    answer = assistant.whole(prepared, "".join(parts), writing)
    if streams:
        console.print()
        _rests_on(console, answer)
    return answer


def _rests_on(console: Console, answer: Answer) -> None:
    if answer.citations:
        console.print()
    for row in answer.citations:
        published = f", {row.publisher}" if row.publisher else ""
        console.print(
            f"[{row.number}] {row.title} · {row.source}{published} ({row.license})", style="dim", markup=False
        )
    if answer.closing:
        console.print(answer.closing, style="italic", markup=False)


def _plain(assistant: Assistant, answer: Answer) -> dict[str, Any]:
    plain = {**asdict(answer), "citations": [row.model_dump(mode="json") for row in answer.citations]}
    return {"model": assistant.trained.name, "displays": assistant.trained.displays, **plain}
