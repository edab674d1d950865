"""CNXML, the format of OpenStax's books: titles, paragraphs, lists and tables in order, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kdvert.knowledge.loaders import Loaded, document
from kdvert.knowledge.problems import SourceProblem

_NOT_CONTENT = {"metadata", "media", "figure", "exercise", "glossary", "image"}
_BLOCKS = {"para": "", "item": "- ", "quote": "> ", "equation": "", "code": ""}
_DEEPEST = 200


def cnxml(data: bytes, encoding: str | None = None) -> Iterator[Loaded]:
    """Load a CNXML module, which states its own encoding. Pictures, exercises and glossary are left out.

    Raises:
        SourceProblem: it is no CNXML.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        detail = f"cannot be read as XML ({type(error).__name__}). Get a whole copy."
        raise SourceProblem("broken", detail) from None
    if root is None or _name(root) != "document":
        raise SourceProblem("broken", "is XML but no CNXML document.")
    title = next((_words(child) for child in root if _name(child) == "title"), None)
    blocks = [f"# {title}"] if title else []
    for child in root:
        if _name(child) == "content":
            blocks += _blocks(child, 1)
    yield document("\n\n".join(blocks), title, data)


def _blocks(parent: Any, level: int) -> Iterator[str]:
    if level > _DEEPEST:
        raise SourceProblem("broken", "has elements nested too deeply to read.")
    for child in parent:
        name = _name(child)
        if name in _NOT_CONTENT or not name:
            continue
        if name == "title":
            yield f"{'#' * min(level, 6)} {_words(child)}"
        elif name == "row":
            yield f"| {' | '.join(_words(entry) for entry in child)} |"
        elif name in _BLOCKS and (words := _words(child)):
            yield _BLOCKS[name] + words
        else:
            yield from _blocks(child, level + 1 if name == "section" else level)


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
