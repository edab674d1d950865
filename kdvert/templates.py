"""Jinja templates: sandboxed, strict, looked up in the project, then the vertical, then the shared folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError, meta
from jinja2.exceptions import SecurityError, TemplateNotFound, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kdvert.content import shared_templates
from kdvert.errors import UserError
from kdvert.records import ScrubbedText, sha256_json, sha256_text


@dataclass(frozen=True)
class TemplateSet:
    """The templates that hold for a project.

    A template may extend the one it overrides by naming the layer: ``{% extends "shared/student/system.j2" %}``.
    ``autoescape`` escapes every value for HTML: off for prompts, on for pages.
    """

    project: Path | None
    vertical: Path | None
    autoescape: bool = False

    @cached_property
    def environment(self) -> ImmutableSandboxedEnvironment:
        """The Jinja environment. Templates are data: they cannot reach Python internals or change arguments."""
        layers = {
            name: FileSystemLoader(path)
            for name, path in (("project", self.project), ("vertical", self.vertical), ("shared", shared_templates()))
            if path is not None
        }
        loader: BaseLoader = ChoiceLoader([*layers.values(), PrefixLoader(layers)])
        return ImmutableSandboxedEnvironment(
            loader=loader,
            autoescape=self.autoescape,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Render a template.

        Raises:
            UserError: it does not exist, has a syntax error, uses an unknown variable, or does what the sandbox
                forbids; the message names the template.
        """
        try:
            return self.environment.get_template(name).render(context)
        except TemplateNotFound as error:
            raise UserError(f"There is no template '{error.name}'.", hint="Look at templates/ for the names.") from None
        except SecurityError as error:
            raise UserError(f"Template '{name}' is refused by the sandbox: {error}") from None
        except UndefinedError as error:
            known = ", ".join(sorted(context))
            raise UserError(f"Template '{name}': {error}.", hint=f"It may use: {known}.") from None
        except TemplateError as error:
            raise UserError(f"Template '{name}': {error}") from None

    def prompt(
        self, name: str, context: Mapping[str, ScrubbedText | Sequence[ScrubbedText] | int | None]
    ) -> ScrubbedText:
        """Render a prompt for a teacher out of scrubbed text only; a value may also be a list of such texts.

        Raises:
            TypeError: a value is plain text that nobody scrubbed. This is a bug, not a user error.
        """
        texts: list[ScrubbedText] = []
        plain: dict[str, Any] = {}
        for key, value in context.items():
            parts = list(value) if isinstance(value, list | tuple) else [value]
            for part in parts:
                if part is not None and not isinstance(part, ScrubbedText | int):
                    raise TypeError(f"prompt '{name}': '{key}' is {type(part).__name__}, not ScrubbedText")
            texts += [p for p in parts if isinstance(p, ScrubbedText)]
            bare = [p.text if isinstance(p, ScrubbedText) else p for p in parts]
            plain[key] = bare if isinstance(value, list | tuple) else bare[0]
        policies = sorted({t.scrubbed_by for t in texts} - {"package"})
        return ScrubbedText(self.render(name, plain), scrubbed_by="+".join(policies) or "package")

    def has(self, name: str) -> bool:
        """Tell whether a layer holds the template ``name``."""
        layers = (self.project, self.vertical, shared_templates())
        return any((layer / name).is_file() for layer in layers if layer is not None)

    def package_lines(self) -> frozenset[str]:
        """Return the lines without variables in templates that ship with kdvert or the vertical, stripped."""
        layers = [path for path in (self.vertical, shared_templates()) if path is not None]
        files = [file for layer in layers for file in sorted(layer.rglob("*.j2"))]
        lines = (line.strip() for file in files for line in file.read_text(encoding="utf-8").split("\n"))
        return frozenset(line for line in lines if "{{" not in line)

    def sha256(self, name: str) -> str:
        """Return a hash over the template and every template it extends or includes.

        It is computed once: parsing them costs more than to render one, and each request and record asks for it.
        """
        if name not in self._hashes:
            closure = sorted(self._closure(name).items())
            self._hashes[name] = sha256_json({n: sha256_text(source) for n, source in closure})
        return self._hashes[name]

    @cached_property
    def _hashes(self) -> dict[str, str]:
        return {}

    def _closure(self, name: str) -> dict[str, str]:
        assert self.environment.loader is not None
        found: dict[str, str] = {}
        todo = [name]
        while todo:
            current = todo.pop()
            if current in found:
                continue
            try:
                source = self.environment.loader.get_source(self.environment, current)[0]
                found[current] = source
                todo += [n for n in meta.find_referenced_templates(self.environment.parse(source)) if n]
            except TemplateNotFound:
                raise UserError(f"There is no template '{current}'.") from None
            except TemplateError as error:
                raise UserError(f"Template '{current}': {error}") from None
        return found
