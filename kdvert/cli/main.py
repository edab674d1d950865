"""The command line: one table of commands, each imported only when it is called."""

from __future__ import annotations

import importlib
from typing import Any

import click

from kdvert import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("kdvert.cli.new:new", "Make a project from a vertical."),
    "plan": ("kdvert.cli.plan:plan", "Say what a run will take and give: requests, tokens, money, records, time."),
    "preview": ("kdvert.cli.preview:preview", "Elicit a few records and show them, before a run is paid for."),
    "run": ("kdvert.cli.run:run", "Run the stages that must run: documents in, student and report out."),
    "review": ("kdvert.cli.review:review", "Read, decide and sign the records in the browser; samples, people, trail."),
    "distill": ("kdvert.cli.distill:distill", "Train the student alone: in one process, or with --launch in several."),
    "status": ("kdvert.cli.run:status", "Show each stage: when it ran, what came out, whether it is up to date."),
    "check": ("kdvert.cli.check:check", "Judge sources, teacher and student for the intended use."),
    "override": ("kdvert.cli.override:override", "Lift a verdict by counsel's signed decision; list such decisions."),
    "verify": ("kdvert.cli.verify:verify", "Hold a project against what was recorded when it was made."),
    "keys": ("kdvert.cli.keys:keys", "Make and list the keys that people sign decisions with."),
    "license": ("kdvert.cli.license:license", "Say what kdvert believes of licenses, and what they come to together."),
    "teacher": ("kdvert.cli.teacher:teacher", "Say whose terms hold for what a teacher writes."),
    "cassette": ("kdvert.cli.cassette:cassette", "Keep what a teacher said, to repeat a run without it."),
    "trace": ("kdvert.cli.trace:trace", "Show where a record comes from, or what was made of a source."),
    "forget": ("kdvert.cli.forget:forget", "Remove a source and all that was made of it, for good."),
    "report": ("kdvert.cli.report:report", "Write the dossier of a finished run: cards, bill of materials, controls."),
    "chat": ("kdvert.cli.chat:chat", "Ask the student, with the project's passages and citations."),
    "serve": ("kdvert.cli.serve:serve", "Serve the student by the OpenAI chat API on this machine."),
    "export": ("kdvert.cli.export:export", "Write the student for others: adapter, merged, GGUF, Ollama or vLLM."),
    "scrub": ("kdvert.cli.scrub:scrub", "Take personal data out of files, folders or standard input."),
    "doctor": ("kdvert.cli.doctor:doctor", "Say what this machine can do, what is missing, and what mends it."),
    "vertical": ("kdvert.cli.vertical:vertical", "List, show, make and test verticals."),
}
"""Command to (module:attribute, one line of help): ``--help`` reads this and imports none of the modules."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, not when help lists it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return command ``name``."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command or suggest the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from kdvert.registry import suggest

            ctx.fail(f"No such command '{args[0]}'. {suggest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kdvert")
def cli() -> None:
    """Turn a domain's documents into a small assistant model that may be handed to a client.

    Start with: kdvert new medicine my-assistant
    """


def main(argv: list[str] | None = None) -> Any:
    """Entry point of the ``kdvert`` command: returns through ``sys.exit`` with the documented exit codes."""
    from kdvert.offline import quiet

    quiet()
    return cli(argv)
