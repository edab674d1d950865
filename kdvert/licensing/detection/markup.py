"""What HTML and CNXML say of their license in elements made for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kdvert.licensing.detection.contract import Detected, Evidence, Unreadable, bounded, ends
from kdvert.licensing.detection.names import address, identify, is_unstated
from kdvert.licensing.detection.statements import of_text

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_METAS = {
    "dcterms.license", "dc.license", "dc.rights.license", "dcterms.rights", "dc.rights", "license", "licence", "rights",
    "citation_license", "copyright", "dcterms.accessrights",
}  # fmt: skip
_RDFA = {"dct:license", "dcterms:license", "cc:license", "schema:license", "license", "http://schema.org/license"}
_PARTS = {"ImageObject", "VideoObject", "AudioObject", "MediaObject", "Organization", "Person", "SoftwareApplication"}
_DEEPEST = 6  # levels of JSON-LD that are looked at
_MOST = 2_000  # elements of JSON-LD that are looked at
_LINKS = 50  # links to a license that are looked at
_XML_LIMIT = 4_000_000  # bytes


def html(evidence: Evidence) -> Iterator[Detected]:
    """Yield what links, meta elements, RDFa and JSON-LD of a page say of the page itself."""
    if evidence.suffix not in (".html", ".htm"):
        return
    from bs4 import BeautifulSoup

    head, tail = ends(evidence.path)
    for part in (head, tail):
        soup = BeautifulSoup(part, "lxml")
        yield from _links(soup)
        yield from _metas(soup)
        yield from _json_ld(soup)


def cnxml(evidence: Evidence) -> Iterator[Detected]:
    """Yield the ``md:license`` of a CNXML document.

    Raises:
        Unreadable: the file is too large, cannot be opened, or is no XML.
    """
    if evidence.suffix == ".cnxml":
        yield from _md_licenses(bounded(evidence.path, _XML_LIMIT), "cnxml", "its metadata")


def collection(evidence: Evidence) -> Iterator[Detected]:
    """Yield the ``md:license`` of the ``collection.xml`` of a book, in the folder of a document or one above.

    Raises:
        Unreadable: the file is too large, cannot be opened, or is no XML.
    """
    for folder in evidence.folders:
        for path in (folder / "collection.xml", *sorted(folder.glob("*.collection.xml"))[:5]):
            if path.is_file():
                yield from _md_licenses(bounded(path, _XML_LIMIT), "collection", "the collection.xml above it")


def address_of_page(text: str) -> str | None:
    """Return the web address that a saved page states as its own, from the start of its HTML."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "lxml")
    link = soup.find("link", rel="canonical") or soup.find("meta", property="og:url")
    value = (link.get("href") or link.get("content")) if link else None
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else None


def _links(soup: BeautifulSoup) -> Iterator[Detected]:
    for tag in soup.find_all(_speaks_of_license, limit=_LINKS):
        if tag.find_parent(["figure", "figcaption"]) or _is_about_another(tag):
            continue
        value = str(tag.get("href") or tag.get("resource") or tag.get("content") or tag.get_text(" "))
        name = "a link with rel=license" if tag.name in ("a", "link") else "RDFa"
        yield _detected(value, "html", name, said=tag.get_text(" "))


def _speaks_of_license(tag: Tag) -> bool:
    rels = {str(r).lower() for r in _listed(tag.get("rel"))} | {str(tag.get("property") or "").lower()}
    return tag.name != "meta" and bool(rels & _RDFA)


def _is_about_another(tag: Tag) -> bool:
    """Return whether RDFa around the tag names another thing than the page, such as a picture."""
    about = next((str(t["about"]) for t in (tag, *tag.parents) if getattr(t, "attrs", None) and t.get("about")), "")
    return about.lower().endswith((".jpg", ".jpeg", ".png", ".gif", ".svg", ".mp4", ".webm"))


def _metas(soup: BeautifulSoup) -> Iterator[Detected]:
    for tag in soup.find_all("meta", limit=2_000):
        name = str(tag.get("name") or tag.get("property") or "").lower()
        if name in _METAS and (value := str(tag.get("content") or "").strip()):
            yield from value_of(value, "html", f"the meta element {name}", must_be_license="licen" in name)


def _json_ld(soup: BeautifulSoup) -> Iterator[Detected]:
    for tag in soup.find_all("script", type="application/ld+json", limit=20):
        try:
            data = json.loads(tag.get_text()[:200_000])
        except (ValueError, RecursionError):
            continue
        for value in json_licenses(data):
            yield _detected(value, "html", "JSON-LD")


def json_licenses(data: Any) -> list[str]:
    """Return the values of ``license`` in JSON-LD, of the thing itself, not of pictures or people in it."""
    found: list[str] = []
    todo: list[tuple[Any, int]] = [(data, 0)]
    for _ in range(_MOST):
        if not todo:
            break
        node, depth = todo.pop(0)
        if isinstance(node, list):
            todo += [(child, depth) for child in node[:200]]
        elif isinstance(node, dict) and depth < _DEEPEST and not _PARTS & {str(t) for t in _listed(node.get("@type"))}:
            for key in ("license", "sc:license", "schema:license"):
                found += [text for value in _listed(node.get(key)) if (text := _as_text(value))]
            todo += [(child, depth + 1) for child in list(node.values())[:200] if isinstance(child, dict | list)]
    return found


def value_of(value: str, method: str, where: str, *, must_be_license: bool) -> Iterator[Detected]:
    """Yield what a field says: one about licenses always counts, one about rights if it names a license."""
    named = identify(value) or address(value)
    if named or must_be_license:
        if not is_unstated(value):
            yield _detected(value, method, where)
        return
    for found in of_text(f"This content: {value[:4_000]}", method, "it"):
        yield found.model_copy(update={"where": where})


def _detected(value: str, method: str, where: str, said: str = "") -> Detected:
    return Detected.of(identify(value) or address(value) or identify(said), method, where, "H")


def _md_licenses(text: str, method: str, where: str) -> Iterator[Detected]:
    for element in safe_xml(text).iter("{*}license"):
        value = str(element.get("url") or element.text or "")
        if value.strip():
            yield _detected(value, method, where, said=element.text or "")


def safe_xml(text: str | bytes) -> Any:
    """Parse XML without fetching anything and without expanding entities.

    Raises:
        Unreadable: it is no XML.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(type(error).__name__) from None
    if root is None:
        raise Unreadable("empty")
    return root


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url") or value.get("name") or ""
    return value if isinstance(value, str) else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
