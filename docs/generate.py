"""Write docs/reference/ anew from the code. `--check` writes nothing and fails if a page is out of date."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import click

from kdvert import verticals
from kdvert.cli.main import COMMANDS, cli
from kdvert.configuration import ConfigBase, _inner_model
from kdvert.pipeline.resolve import Head
from kdvert.pipeline.table import STAGES
from kdvert.privacy import policy
from kdvert.privacy.generalization import FORMS

FOLDER = Path(__file__).parent / "reference"
IN_TREE = ("education", "finance", "law", "medicine", "science")


def commands() -> str:
    """The help of every command."""
    lines = [
        "# Commands",
        "",
        "Every command takes `--json` and ends with 0 (done), 1 (the work failed), 2 (the input is",
    ]
    lines += ["wrong) or 3 (a compliance gate blocked).", ""]
    context = click.Context(cli, info_name="kdvert")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        lines += _help(command, f"kdvert {name}")
        for sub in getattr(command, "commands", {}).values():
            lines += _help(sub, f"kdvert {name} {sub.name}")
    return "\n".join(lines)


def settings() -> str:
    """Every setting with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Order: default < vertical < `kdvert.yaml` < `--set stage.key=value`.",
        "",
        "## (top level)",
        "",
    ]
    lines += _table(Head)
    for row in STAGES:
        lines += ["", f"## {row.name}", "", f"Stage: {row.about}.", ""]
        lines += _table(row.module.Config)
    return "\n".join(lines)


def domains() -> str:
    """What each in-tree vertical brings."""
    lines = ["# Verticals", ""]
    for name in IN_TREE:
        v = verticals.load(name)
        lines += [
            f"## {v.manifest.title}", "", v.manifest.description, "",
            f"- sample documents: {len(v.corpus)}, topics: {', '.join(v.manifest.topics)}",
            f"- privacy regimes: {', '.join(v.privacy.regimes)}",
            f"- recognizers of its own: {', '.join(f'`{e}`' for e in dict.fromkeys(r.entity for r in v.recognizers))}",
            f"- checks on answers: {', '.join(f'`{c}`' for c in v.manifest.checks)}",
            f"- disclaimer: {v.manifest.disclaimer}", "",
        ]  # fmt: skip
    return "\n".join(lines)


def regimes() -> str:
    """What each privacy regime asks for every type of personal data."""
    lines = ["# Privacy regimes", "", "What each rule book asks for; several combine to the strictest.", ""]
    for name in policy.regime_files():
        one = policy.regime(name)
        origin = f"Source: {one.source}; read {one.read}; confidence {one.confidence}."
        lines += [f"## {one.id}", "", f"{one.title}. {origin}", ""]
        lines += ["| type | action | what may be left | reason |", "|---|---|---|---|"]
        for entity, rule in one.rules.items():
            left = "the value" if rule.action == "keep" else FORMS.get(rule.generalization, "nothing")
            lines.append(f"| `{entity}` | {rule.action} | {left} | {rule.reason} |")
        lines += ["", *(f"- {limit}" for limit in one.limits), ""]
    return "\n".join(lines)


PAGES = {"regimes.md": regimes, "commands.md": commands, "settings.md": settings, "verticals.md": domains}


def _help(command: click.Command, name: str) -> list[str]:
    context = click.Context(command, info_name=name, terminal_width=96, max_content_width=96)
    return [f"## {name}", "", "```", command.get_help(context), "```", ""]


def _table(model: type[ConfigBase]) -> list[str]:
    lines = ["| key | default | meaning |", "|---|---|---|"]
    return lines + [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in _rows(model)]


def _rows(model: type[ConfigBase], prefix: str = "") -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for name, field in model.model_fields.items():
        inner = _inner_model(field.annotation)
        key = prefix + name + ("[]" if inner and "list" in str(field.annotation) else "")
        if inner:
            rows += _rows(inner, f"{key}.")
            continue
        default: Any = (
            "(required)" if field.is_required() else f"`{_plain(field.get_default(call_default_factory=True))}`"
        )
        meaning = field.description or _attributes(model).get(name, "")
        rows.append((key, default, " ".join(meaning.split()).replace("|", "\\|")))
    return rows


def _attributes(model: type[ConfigBase]) -> dict[str, str]:
    """The ``Attributes:`` section of a class docstring, by name."""
    section = inspect.getdoc(model) or ""
    section = section.partition("Attributes:\n")[2]
    entries = re.findall(r"^    (\w+): (.*(?:\n {6,}.*)*)", section, re.M)
    return dict(entries)


def _plain(value: Any) -> str:
    """Return a value as YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(list(value)) if isinstance(value, tuple) else str(value)


def main() -> None:
    """Write the pages, or with ``--check`` compare them."""
    stale = []
    for name, page in PAGES.items():
        text = "<!-- Written by docs/generate.py (make docs). -->\n\n" + page().rstrip() + "\n"
        path = FOLDER / name
        if "--check" in sys.argv and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif "--check" not in sys.argv:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}; run `make docs`")


if __name__ == "__main__":
    main()
