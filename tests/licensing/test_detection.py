"""What documents of every kind show of their license."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from kdvert.content import compliance_facts
from kdvert.licensing.detection.contract import ALL_RIGHTS_RESERVED, Detected, Evidence
from kdvert.licensing.detection.license_texts import identify_text, texts
from kdvert.licensing.detection.statements import of_text
from kdvert.licensing.detection.table import DETECTORS, detect
from kdvert.registry import lookup

NC = "https://creativecommons.org/licenses/by-nc/4.0/"
Show = Callable[..., list[tuple[str | None, str, bool]]]


@pytest.fixture
def show(tmp_path: Path) -> Show:
    """Return a function that writes a file and gives (license, method, exact) of every sign of it."""

    def run(name: str, content: str | bytes, **extra: object) -> list[tuple[str | None, str, bool]]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        text = content if isinstance(content, str) and path.suffix == ".txt" else "Some text."
        folders = tuple(folder for folder in path.parents if folder.is_relative_to(tmp_path))
        evidence = Evidence(path=path, suffix=path.suffix, text=text, folders=folders, **extra)  # type: ignore[arg-type]
        return [(d.license, d.method, d.exact) for d in detect(evidence)[0]]

    return run


def put(folder: Path, name: str, content: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def test_every_detector_can_be_loaded() -> None:
    assert all(callable(lookup("detector", DETECTORS, name)) for name in DETECTORS)


# --- sentences ---------------------------------------------------------------------------------------------------

SENTENCES = {
    "This work is licensed under a Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International License.": (
        "CC-BY-NC-SA-4.0", True),
    "This is an open access article under the CC BY-NC-ND license (http://creativecommons.org/licenses/by-nc-nd/4.0/).": (
        "CC-BY-NC-ND-4.0", True),
    "This article is distributed under the terms of the Creative Commons Attribution License, which permits use.": (
        "CC-BY-4.0", False),
    "Contains public sector information licensed under the Open Government Licence v3.0.": ("OGL-UK-3.0", True),
    "Permission is granted to copy and modify this document under the terms of the GNU Free Documentation License, "
    "Version 1.3 or any later version.": ("GFDL-1.3-only", True),
    "**License:** CC BY-SA 3.0": ("CC-BY-SA-3.0", True),
    "You may use this material under the terms of the Open Justice Licence.": ("LicenseRef-Open-Justice-Licence", True),
    "Text is available under the Creative Commons Attribution-ShareAlike License 4.0; terms may apply.": (
        "CC-BY-SA-4.0", True),
    "This report is a work of the United States government.": ("LicenseRef-US-Government-Work", True),
    "© 2021 Smith et al. CC BY-NC 4.0": ("CC-BY-NC-4.0", True),
    "(CC BY-NC-ND 4.0)": ("CC-BY-NC-ND-4.0", True),
    "Some rights reserved. This work is available under the CC BY-NC-SA 3.0 IGO licence.": ("CC-BY-NC-SA-3.0-IGO", True),
    'Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file.': ("Apache-2.0", True),
    "You may re-use the information in this publication (not including logos) free of charge, under the terms of the "
    "Open Government Licence v3.0.": ("OGL-UK-3.0", True),
    "This work has been released into the public domain by its author.": ("LicenseRef-Public-Domain", True),
    "This page is licensed under a Creative Commons license.": (None, True),
}  # fmt: skip
SILENT = [
    "Software that companies offer is often licensed under the GPL.",
    "(credit: modification of work by Ash/Wikimedia Commons, licensed under CC BY-SA 2.0)",
    "Figure 3: Jane Doe, https://creativecommons.org/licenses/by-sa/3.0",
    "The plaintiff argued that the material was used under fair use.",
    "Licensed practical nurses are licensed under state law.",
    "Licence: this section is about driving.",
    "This agreement is governed by the laws of Ohio. The software is released under the MIT License.",
    "Jacobsen v. Katzer was about software licensed under the Artistic License, and about works under Creative Commons.",
]


@pytest.mark.parametrize(("sentence", "expected"), SENTENCES.items())
@pytest.mark.parametrize("place", ["the start", "the end"])
def test_a_sentence_at_either_end_of_a_text(sentence: str, expected: tuple[str | None, bool], place: str) -> None:
    filling = "The lungs take up oxygen. " * 2_000
    text = f"{sentence}\n\n{filling}" if place == "the start" else f"{filling}\n\n{sentence}"
    found = list(of_text(text, "statement", "its text"))
    assert [(d.license, d.exact) for d in found] == [expected]
    assert found[0].where == f"{place} of its text"


@pytest.mark.parametrize("sentence", SILENT)
def test_what_speaks_of_other_licenses_or_of_none(sentence: str) -> None:
    assert list(of_text(sentence, "statement", "its text")) == []


def test_the_middle_of_a_long_text_is_not_read() -> None:
    filling = "The lungs take up oxygen. " * 1_000
    assert list(of_text(f"{filling}This work is licensed under CC BY 4.0. {filling}", "statement", "its text")) == []


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("© 2024 Example Press. All rights reserved.", "all-rights-reserved"),
        ("No part of this publication may be reproduced in any form.", "all-rights-reserved"),
        ("Copyright (c) 2019 Jane Doe", "copyright-line"),
        ("© Crown copyright 2021", "copyright-line"),
    ],
)
def test_reserved_rights_are_told_only_where_no_license_is(text: str, method: str) -> None:
    (found,) = of_text(text, "statement", "its text")
    assert (found.license, found.method) == (ALL_RIGHTS_RESERVED, method)
    (licensed,) = of_text(f"{text} This work is licensed under CC BY 4.0.", "statement", "its text")
    assert licensed.license == "CC-BY-4.0"


# --- inside the file ---------------------------------------------------------------------------------------------


def test_a_tag_in_a_comment(show: Show) -> None:
    assert show("a.md", "<!-- SPDX-License-Identifier: CC-BY-SA-4.0 -->\n# T") == [("CC-BY-SA-4.0", "spdx-tag", True)]
    assert show("b.html", "<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->")[0][0] == "MIT OR Apache-2.0"
    assert show("c.txt", "SPDX-License-Identifier: LicenseRef-Jane-Doe-Secret") == [(None, "spdx-tag", True)]


def test_front_matter(show: Show) -> None:
    assert show("a.md", "---\nlicense: cc-by-nc-4.0\n---\nText") == [("CC-BY-NC-4.0", "front-matter", True)]
    assert show("b.md", "---\nlicense: other\nlicense_name: Secret\n---\nText") == [(None, "front-matter", True)]
    assert show("c.md", "---\nlicense: unknown\n---\nText") == []
    assert show("d.md", f"---\nlicense: other\nlicense_name: x\nlicense_link: {NC}\n---\nT")[0][0] == "CC-BY-NC-4.0"


PAGES = {
    f'<html><body><a rel="license" href="{NC}">CC</a></body></html>': "CC-BY-NC-4.0",
    f'<html><head><link rel="license" href="{NC}"></head></html>': "CC-BY-NC-4.0",
    f'<html><head><meta name="DCTERMS.license" content="{NC}"></head></html>': "CC-BY-NC-4.0",
    '<html><head><meta name="dc.rights" content="Licensed under CC BY-ND 4.0"></head></html>': "CC-BY-ND-4.0",
    f'<html><head><script type="application/ld+json">{{"@type": "Article", "license": "{NC}"}}</script></head></html>': (
        "CC-BY-NC-4.0"),
    f'<div property="dct:license" resource="{NC}"></div>': "CC-BY-NC-4.0",
    '<html><a rel="license" href="https://example.org/terms">terms</a></html>': None,
}  # fmt: skip
OTHER_THINGS = [
    f'<figure><img><figcaption><a rel="license" href="{NC}">photo</a></figcaption></figure>',
    f'<div about="photo.jpg"><a rel="license" href="{NC}">photo</a></div>',
    f'<script type="application/ld+json">{{"@type": "ImageObject", "license": "{NC}"}}</script>',
    '<script type="application/ld+json">{"broken</script>',
    '<meta name="dc.rights" content="Jane Doe">',
]


@pytest.mark.parametrize(("page", "license_"), PAGES.items())
def test_elements_of_a_page(show: Show, page: str, license_: str | None) -> None:
    assert [found[:2] for found in show("a.html", page)] == [(license_, "html")]


@pytest.mark.parametrize("page", OTHER_THINGS)
def test_elements_about_something_else(show: Show, page: str) -> None:
    assert show("a.html", page) == []


def test_cnxml_metadata(show: Show, tmp_path: Path) -> None:
    module = (
        '<document xmlns="http://cnx.rice.edu/cnxml"><metadata xmlns:md="http://cnx.rice.edu/mdml">'
        '<md:license url="http://creativecommons.org/licenses/by-nc-sa/4.0/">CC</md:license></metadata></document>'
    )
    assert show("m1/index.cnxml", module) == [("CC-BY-NC-SA-4.0", "cnxml", True)]
    put(tmp_path, "m2/collection.xml", module)
    assert show("m2/modules/a.txt", "Text") == [("CC-BY-NC-SA-4.0", "collection", True)]


def pdf(packet: str = "", **info: str) -> bytes:
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, NameObject

    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.add_metadata({f"/{key}": value for key, value in info.items()})
    if packet:
        stream = DecodedStreamObject()
        stream.set_data(packet.encode())
        writer._root_object[NameObject("/Metadata")] = writer._add_object(stream.flate_encode())
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:cc="http://creativecommons.org/ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/" {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize(
    ("attributes", "elements"),
    [
        (f'xmpRights:WebStatement="{NC}"', ""),
        ("", f"<xmpRights:WebStatement>{NC}</xmpRights:WebStatement>"),
        ("", f'<cc:license rdf:resource="{NC}"/>'),
        ("", "<dc:rights><rdf:Alt><rdf:li>This work is licensed under CC BY-NC 4.0.</rdf:li></rdf:Alt></dc:rights>"),
    ],
)
def test_the_metadata_of_a_pdf(show: Show, attributes: str, elements: str) -> None:
    packet = XMP.format(attributes=attributes, elements=elements)
    assert show("a.pdf", pdf(packet)) == [("CC-BY-NC-4.0", "pdf", True)]


def test_the_document_information_of_a_pdf(show: Show) -> None:
    assert show("a.pdf", pdf(License="CC BY-NC 4.0")) == [("CC-BY-NC-4.0", "pdf", True)]
    assert show("b.pdf", pdf(Copyright="© 2020 Jane Doe. All rights reserved."))[0][0] == ALL_RIGHTS_RESERVED
    assert show("c.pdf", pdf(Title="Nothing")) == []


def test_fields_of_a_row(show: Show) -> None:
    fields = {"license_url": NC, "rights": "All rights reserved", "copyright": "Jane Doe"}
    found = show("a.jsonl", "{}", row=True, fields=fields)
    assert [(license_, method) for license_, method, _ in found] == [
        ("CC-BY-NC-4.0", "row-field"), (ALL_RIGHTS_RESERVED, "row-field"),
    ]  # fmt: skip


# --- beside the file ---------------------------------------------------------------------------------------------


def license_text(id_: str) -> str:
    return (compliance_facts() / "texts" / f"{id_}.txt").read_text(encoding="utf-8")


def test_every_text_is_told_from_every_other() -> None:
    assert [id_ for id_ in texts() if identify_text(license_text(id_)) != (id_, 1.0)] == []
    assert len(texts()) > 50


@pytest.mark.parametrize(
    "id_", [f"CC-BY{part}-4.0" for part in ("", "-SA", "-NC", "-ND", "-NC-SA", "-NC-ND")] + ["ODbL-1.0"]
)
def test_texts_with_words_added_are_told_apart(id_: str) -> None:
    found = identify_text(f"Our book, second edition\n\n{license_text(id_)}\n\nQuestions? Write to us.")
    assert found is not None
    assert found[0] == id_
    assert 0.97 < found[1] < 1


def test_a_text_with_its_blanks_filled_in() -> None:
    text = license_text("MIT").replace("<year>", "2024").replace("<copyright holders>", "Example Corporation of Ohio")
    assert (identify_text("The MIT License (MIT)\n\n" + text) or ("",))[0] == "MIT"
    assert identify_text("word " * 500) is None
    assert identify_text("Lorem ipsum.") is None


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE.md", "COPYING", "licence.txt", "License"])
def test_a_license_file_holds_for_its_folder_and_those_below(show: Show, tmp_path: Path, name: str) -> None:
    put(tmp_path, f"top/{name}", license_text("CC-BY-NC-SA-4.0"))
    assert show("top/a.txt", "Text") == [("CC-BY-NC-SA-4.0", "license-file", True)]
    assert show("top/deep/er/a.txt", "Text") == [("CC-BY-NC-SA-4.0", "license-file", True)]
    assert show("other/a.txt", "Text") == []


def test_the_nearest_license_file_counts(show: Show, tmp_path: Path) -> None:
    put(tmp_path, "LICENSE", license_text("MIT"))
    put(tmp_path, "book/LICENSE", "This book is licensed under CC BY-ND 4.0.")
    assert show("book/a.txt", "Text") == [("CC-BY-ND-4.0", "license-file", True)]


def test_a_license_file_that_nobody_knows(show: Show, tmp_path: Path) -> None:
    put(tmp_path, "LICENSE", "You may look at this on Tuesdays, if you ask the wizard. " * 10)
    assert show("a.txt", "Text") == [(None, "license-file", True)]


def test_reuse_files(show: Show, tmp_path: Path) -> None:
    put(tmp_path, "r/REUSE.toml", 'version = 1\n[[annotations]]\npath = "**.txt"\nSPDX-License-Identifier = "CC-BY-4.0"\n'
        '[[annotations]]\npath = ["secret/**"]\nSPDX-License-Identifier = ["MIT"]')  # fmt: skip
    assert show("r/a.txt", "Text") == [("CC-BY-4.0", "reuse", True)]
    assert show("r/secret/a.txt", "Text") == [("MIT", "reuse", True)]
    put(
        tmp_path, "d/.reuse/dep5", "Format: x\n\nFiles: *\nCopyright: J\nLicense: CC0-1.0\n\nFiles: b/*\nLicense: MIT\n"
    )
    assert show("d/a.txt", "Text") == [("CC0-1.0", "reuse", True)]
    assert show("d/b/a.txt", "Text") == [("MIT", "reuse", True)]
    put(tmp_path, "s/a.txt.license", "SPDX-FileCopyrightText: J\n\nSPDX-License-Identifier: CC-BY-SA-4.0\n")
    assert show("s/a.txt", "Text") == [("CC-BY-SA-4.0", "side-file", True)]
    put(tmp_path, "l/LICENSES/CC-BY-4.0.txt", "…")
    assert show("l/a.txt", "Text") == [("CC-BY-4.0", "licenses-folder", True)]


PACKAGES = {
    "package.json": ('{"license": "CC-BY-NC-4.0"}', "CC-BY-NC-4.0"),
    "PKG-INFO": ("Metadata-Version: 2.4\nLicense-Expression: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
    "METADATA": ("Name: x\nClassifier: License :: OSI Approved :: MIT License\n", "MIT"),
    "Cargo.toml": ('[package]\nlicense = "MIT/Apache-2.0"', "MIT OR Apache-2.0"),
    "pyproject.toml": ('[project]\nlicense = {text = "CC-BY-SA-4.0"}', "CC-BY-SA-4.0"),
    "CITATION.cff": ("cff-version: 1.2.0\nlicense: CC-BY-4.0", "CC-BY-4.0"),
    "datapackage.json": ('{"licenses": [{"name": "ODbL-1.0"}]}', "ODbL-1.0"),
    "croissant.json": (json.dumps({"@type": "sc:Dataset", "license": NC}), "CC-BY-NC-4.0"),
    "dataset_infos.json": ('{"default": {"license": "cc-by-nc-sa-4.0"}}', "CC-BY-NC-SA-4.0"),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_metadata_of_a_package_or_data_set(show: Show, tmp_path: Path, name: str) -> None:
    content, license_ = PACKAGES[name]
    put(tmp_path, name, content)
    assert show("a.txt", "Text") == [(license_, "package", True)]


def test_unlicensed_is_npms_word_for_no_license(show: Show, tmp_path: Path) -> None:
    put(tmp_path, "package.json", '{"license": "UNLICENSED"}')
    assert show("a.txt", "Text") == [(ALL_RIGHTS_RESERVED, "package", True)]


def test_the_card_of_a_data_set(show: Show, tmp_path: Path) -> None:
    put(tmp_path, "README.md", "---\nlicense:\n- cc-by-nc-4.0\n---\n# Data")
    assert show("a.txt", "Text") == [("CC-BY-NC-4.0", "card", True)]
    put(tmp_path, "sub/README.md", "# Data\n\n## License\n\nThis dataset is released under CC BY-SA 4.0.\n")
    assert show("sub/a.txt", "Text") == [("CC-BY-SA-4.0", "card", True)]


# --- broken, huge and hostile ------------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "CC-BY-4.0">'
    + "".join(f'<!ENTITY a{i} "&a{i - 1 or ""};&a{i - 1 or ""};">' for i in range(1, 40))
    + '<!ENTITY x SYSTEM "file:///etc/passwd">]><document><metadata><license url="&x;">&a39;</license></metadata></document>'
)
HOSTILE: dict[str, str | bytes] = {
    "bomb.cnxml": BOMB,
    "deep.cnxml": "<document>" + "<a>" * 100_000,
    "deep.html": "<div rel='license'>" * 50_000,
    "ld.html": '<script type="application/ld+json">' + "[" * 100_000 + "</script>",
    "aliases.md": "---\na: &a [x]\n" + "".join(f"b{i}: [*a, *a, *a]\n" for i in range(5_000)) + "license: mit\n---\n",
    "front.md": "---\n" + "a: [" * 20_000 + "\n---\n",
    "nul.txt": b"\x00" * 1_000_000 + b"licensed under " * 100_000,
    "broken.pdf": b"%PDF-1.4\n1 0 obj << /Metadata 2 0 R >>\n%%EOF",
    "none.pdf": b"",
    "spdx.txt": "SPDX-License-Identifier: " * 50_000,
    "verbs.txt": "this work is licensed under " * 50_000,
    "spaces.txt": "this" + " " * 500_000 + "licensed",
    "utf16.txt": "This work is licensed under CC BY 4.0".encode("utf-16"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_stops_a_detector_or_is_let_out_of_its_bounds(show: Show, name: str) -> None:
    assert [found for found in show(name, HOSTILE[name]) if "root:" in str(found)] == []


def test_entities_are_not_expanded_and_nothing_is_fetched(show: Show) -> None:
    assert [license_ for license_, _, _ in show("bomb.cnxml", BOMB)] in ([], [None])


def test_xmp_that_unpacks_without_end_is_cut_off(show: Show) -> None:
    packet = XMP.format(attributes="", elements="<dc:rights>" + " " * 30_000_000 + NC + "</dc:rights>")
    assert show("a.pdf", pdf(packet)) == []


def test_signs_never_hold_text_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text('<meta name="dcterms.license" content="Property of Jane Doe"><a rel=license href="/jane-doe">x</a>')
    evidence = Evidence(path=path, suffix=".html", text="© 2020 Jane Doe. SPDX-License-Identifier: LicenseRef-Jane-Doe")
    signs, failed = detect(evidence)
    assert failed == []
    assert {d.license for d in signs} == {None, ALL_RIGHTS_RESERVED}
    assert "jane" not in "".join(d.model_dump_json() for d in signs).lower()


def test_a_detector_that_cannot_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4 broken")
    assert detect(Evidence(path=path, suffix=".pdf", text="Text")) == ([], ["pdf"])
    gone = Evidence(path=tmp_path / "gone.txt", suffix=".txt", text="licensed under CC BY 4.0, this work")
    assert "spdx-tag" in detect(gone)[1]


@pytest.mark.parametrize(
    ("name", "method"), [("package.json", "package"), ("CITATION.cff", "package"), ("REUSE.toml", "reuse")]
)
def test_broken_metadata_is_told(tmp_path: Path, name: str, method: str) -> None:
    put(tmp_path, name, "[[[ {")
    put(tmp_path, "a.txt", "Text")
    evidence = Evidence(path=tmp_path / "a.txt", suffix=".txt", text="Text", folders=(tmp_path,))
    assert detect(evidence) == ([], [method])


def test_a_sign_says_what_was_not_recognized() -> None:
    assert Detected.of(None, "html", "x", "H") == Detected(license=None, method="html", where="x", confidence="H")
