"""Make the package of a new vertical, which passes the conformance suite as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from kdvert import verticals
from kdvert.content import shared_templates
from kdvert.errors import UserError
from kdvert.store import write_text
from kdvert.templates import TemplateSet
from kdvert.verticals import Manifest

_FOLDER = "vertical"
_PACKAGE = "package"  # the folder among the templates that becomes kdvert_<name>


def new_vertical(name: str, root: Path) -> list[str]:
    """Write the package of the vertical ``name`` into ``root``.

    Returns:
        The files written, relative to ``root``, sorted.

    Raises:
        UserError: the name is no valid id or is taken by an installed vertical, or ``root`` is a file or a folder that
            is not empty (it is left as it is).
    """
    _must_be_free(name)
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is a file.", hint="Name a new folder.")
    if root.is_dir() and any(root.iterdir()):
        raise UserError(f"{root} is not empty; nothing was changed.", hint="Name a new or an empty folder.")
    package = f"kdvert_{name}"
    context = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "package": package,
        "distribution": f"kdvert-{name.replace('_', '-')}",
        "entity": f"{name.upper()}_FILE_NUMBER",
    }
    source, templates = shared_templates() / _FOLDER, TemplateSet(None, None)
    texts: dict[str, str] = {}
    for path in sorted(source.rglob("*.j2")):
        relative = path.relative_to(source).as_posix()
        target = relative.removesuffix(".j2").replace(f"{_PACKAGE}/", f"{package}/", 1)
        texts[target] = templates.render(f"{_FOLDER}/{relative}", context).strip() + "\n"
    for target, text in texts.items():
        write_text(root / target, text)
    return sorted(texts)


def _must_be_free(name: str) -> None:
    pattern = str(next(m.pattern for m in Manifest.model_fields["id"].metadata if hasattr(m, "pattern")))
    if not re.fullmatch(pattern, name):
        raise UserError(
            f"'{name}' cannot be the id of a vertical.",
            hint="Use 2 to 31 small letters, digits and underscores, a letter first. For example: agronomy",
        )
    taken = verticals.discover().get(name)
    if taken:
        raise UserError(
            f"The vertical '{name}' exists already, in the package {taken.distribution}.",
            hint="Choose another name, or uninstall that package first.",
        )
