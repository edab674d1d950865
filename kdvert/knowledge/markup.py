"""HTML and Word documents, both by way of HTML to Markdown: headings, lists and tables stay what they are."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kdvert.knowledge.decoding import decode
from kdvert.knowledge.loaders import Loaded, document
from kdvert.knowledge.problems import SourceProblem

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOT_CONTENT = (
    "script", "style", "noscript", "template", "svg", "iframe", "object", "nav", "footer", "form", "button", "dialog",
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of old .doc files and of encrypted .docx files
_EXPANSION = 1_000_000_000  # bytes a .docx may unpack to; text alone never comes near
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def html(data: bytes, encoding: str | None = None) -> Iterator[Loaded]:
    """Load an HTML page: its main part as Markdown, without scripts, navigation, forms and images."""
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(data, is_html=True, search_entire_document=False)
    text, guessed = decode(data, stated=encoding, declared=declared)
    soup = BeautifulSoup(text, "lxml")
    title = _page_title(soup)
    yield document(_markdown(soup), title, data, guessed)


def docx(data: bytes, encoding: str | None = None) -> Iterator[Loaded]:
    """Load a Word document (.docx), which states its own encoding. Pictures are left out.

    Raises:
        SourceProblem: it is encrypted, cut off, or no Word document.
    """
    import mammoth
    from bs4 import BeautifulSoup

    title = _core_title(data)
    try:
        page = mammoth.convert_to_html(
            BytesIO(data),
            convert_image=mammoth.images.img_element(lambda image: {"src": ""}),
            include_embedded_style_map=False,
            style_map="p[style-name='Title'] => h1:fresh",
        ).value
    except Exception as error:  # mammoth has no error of its own: a broken part surfaces as whatever it trips over
        raise _broken(error) from error
    soup = BeautifulSoup(page, "lxml")
    first = soup.h1.get_text(" ") if soup.h1 else None
    yield document(_markdown(soup), title or first, data)


def _page_title(soup: BeautifulSoup) -> str | None:
    heading = soup.find("h1")
    stated = soup.title.get_text(" ").strip() if soup.title else None
    return stated or (heading.get_text(" ") if heading else None)


def _markdown(soup: BeautifulSoup) -> str:
    from markdownify import MarkdownConverter

    for tag in soup(list(_NOT_CONTENT)):
        tag.decompose()
    mains = soup.find_all("main")
    main: Tag | BeautifulSoup = mains[0] if len(mains) == 1 else soup.body or soup
    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", strip=["a", "img", "title"], escape_asterisks=False, escape_underscores=False,
        escape_misc=False, table_infer_header=True,
    )  # fmt: skip
    try:
        text = converter.convert_soup(main)
    except RecursionError:
        raise SourceProblem("broken", "has elements nested too deeply to read. Simplify the page.") from None
    return _BLANK_LINES.sub("\n\n", text)


def _core_title(data: bytes) -> str | None:
    """Check the container of a Word document and return the title in its properties."""
    if data.startswith(_OLE):
        raise SourceProblem(
            "encrypted", "needs a password, or is an old .doc file. Save it as .docx without a password."
        )
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _EXPANSION:
                raise SourceProblem("too_large", "unpacks to more than 1 GB. Split it.")
            if "word/document.xml" not in archive.namelist():
                raise SourceProblem("broken", "is a ZIP archive but no Word document. Save it as .docx again.")
            if (bad := archive.testzip()) is not None:
                raise SourceProblem("broken", f"has a damaged part ({bad}). Get a whole copy.")
            core = archive.read(_CORE) if _CORE in archive.namelist() else b""
        return ElementTree.fromstring(core).findtext(f".//{_TITLE}") if core else None
    except zipfile.BadZipFile:
        if data.startswith(b"PK\x03\x04"):
            raise SourceProblem("truncated", "is cut off. Get a whole copy.") from None
        raise SourceProblem("broken", "is no Word document. Save it as .docx again.") from None
    except ElementTree.ParseError:
        return None


def _broken(error: Exception) -> SourceProblem:
    return SourceProblem("broken", f"cannot be read as a Word document ({type(error).__name__}). Save it again.")
