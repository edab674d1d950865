"""What a PDF says of its license in its XMP metadata and its document information."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdvert.licensing.detection.contract import Detected, Evidence, Unreadable
from kdvert.licensing.detection.markup import safe_xml, value_of

_LIMIT = 1_000_000  # bytes of XMP, unpacked
_LICENSE = {"license", "WebStatement"}  # local names of XMP elements and attributes; the last by xmpRights
_RIGHTS = {"rights", "UsageTerms", "Copyright", "copyright"}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def pdf(evidence: Evidence) -> Iterator[Detected]:
    """Yield what XMP (``xmpRights:WebStatement``, ``cc:license``, ``dc:rights``) and document information say.

    Raises:
        Unreadable: the file or its metadata is broken.
    """
    if evidence.suffix == ".pdf":
        info, packet = _metadata(evidence.path)
        for key, value in info:
            yield from value_of(value, "pdf", f"the document information, {key}", must_be_license=key == "License")
        if packet.strip(b"\x00 \r\n\t"):
            yield from _xmp(packet)


def _metadata(path: Path) -> tuple[list[tuple[str, str]], bytes]:
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import decode_text

    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it quotes broken objects in warnings
    try:
        with open(path, "rb") as stream:
            opened = PDFDocument(PDFParser(stream))
            stated = [
                (key, decode_text(raw))
                for info in opened.info for key in ("License", "Rights", "Copyright")
                if isinstance(raw := resolve1(info.get(key)), bytes)
            ]  # fmt: skip
            return stated, _packet(resolve1(opened.catalog.get("Metadata")))
    except Exception as error:  # a damaged file surfaces in pdfminer as nearly any exception
        raise Unreadable(type(error).__name__) from error


def _packet(stream: Any) -> bytes:
    """Return the XMP packet, unpacked by hand: pdfminer's own way has no limit."""
    if stream is None or not hasattr(stream, "get_rawdata"):
        return b""
    raw = stream.get_rawdata() or b""
    filters = [str(getattr(name, "name", name)) for name, _ in stream.get_filters()]
    if len(raw) > _LIMIT or filters not in ([], ["FlateDecode"], ["Fl"]):
        return b""
    return zlib.decompressobj().decompress(raw, _LIMIT) if filters else raw


def _xmp(packet: bytes) -> Iterator[Detected]:
    for element in safe_xml(packet).iter():
        if not isinstance(element.tag, str):
            continue
        local = _local(element.tag)
        values = [element.get(f"{_RDF}resource"), *element.itertext()] if local in _LICENSE | _RIGHTS else []
        stated = [(local, str(value)) for value in values if value and str(value).strip()]
        stated += [
            (_local(name), value) for name, value in element.attrib.items() if _local(name) in _LICENSE | _RIGHTS
        ]
        for name, value in stated:
            yield from value_of(value.strip(), "pdf", f"XMP, {name}", must_be_license=name == "license")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
