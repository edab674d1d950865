"""HTML, Word and PDF, whole and broken."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from kdvert.knowledge.loaders import Loaded, load
from kdvert.knowledge.problems import SourceProblem


def read(path: Path) -> Loaded:
    (loaded,) = load(path, max_bytes=10_000_000)
    assert isinstance(loaded, Loaded)
    return loaded


def reason(path: Path) -> str:
    with pytest.raises(SourceProblem) as caught:
        list(load(path, max_bytes=10_000_000))
    return caught.value.reason


# --- HTML --------------------------------------------------------------------------------------------------------


def page(folder: Path, content: str | bytes) -> Path:
    path = folder / "page.html"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_html_gives_its_content_as_markdown(tmp_path: Path) -> None:
    html = """<!doctype html><html><head><title> Asthma
      care </title><style>p {}</style><script>track()</script></head><body><nav>Home</nav>
      <h1>Asthma</h1><p>Keep a <a href="/x">reliever</a> at hand, a_b * c.<img src="i.png" alt="an inhaler"></p>
      <ul><li>slow<li>deep</ul><table><tr><td>Drug<td>Dose<tr><td>Salbutamol<td>100 µg</table><footer>©</footer>"""
    loaded = read(page(tmp_path, html))
    assert loaded.title == "Asthma care"
    assert loaded.text == (
        "# Asthma\n\nKeep a reliever at hand, a_b * c.\n\n- slow\n- deep\n\n"
        "| Drug | Dose |\n| --- | --- |\n| Salbutamol | 100 µg |"
    )


def test_html_main_part_and_declared_encoding(tmp_path: Path) -> None:
    html = '<meta charset="koi8-r"><body><div>around</div><main><h1>Прием</h1><p>Текст.</main></body>'
    loaded = read(page(tmp_path, html.encode("koi8-r")))
    assert (loaded.title, loaded.text) == ("Прием", "# Прием\n\nТекст.")


def test_old_html_without_end_tags(tmp_path: Path) -> None:
    html = "<body>" + "".join(f"<p>Paragraph {i}.<ul><li>a<li>b</ul>" for i in range(2000))
    assert "Paragraph 1999." in read(page(tmp_path, html)).text


@pytest.mark.parametrize(
    ("html", "expected"), [("<script>x()</script>", "empty"), ("<div>" * 5000 + "x", "broken"), ("<p>\x00", "binary")]
)
def test_bad_html(tmp_path: Path, html: str, expected: str) -> None:
    assert reason(page(tmp_path, html)) == expected


# --- Word --------------------------------------------------------------------------------------------------------


def test_docx_keeps_headings_lists_and_tables(write_docx: Callable[..., Path]) -> None:
    loaded = read(write_docx())
    assert loaded.title == "Wound Care Policy"
    assert loaded.text == (
        "# Wound care\n\n# Cleaning\n\nRinse the wound with saline & keep *sterile* gloves_on.\n\n"
        "- Warm the saline first.\n\n| Drug | Dose |\n| --- | --- |\n| Ibuprofen | 400 mg |"
    )


def test_docx_without_a_title_takes_the_first_heading(write_docx: Callable[..., Path]) -> None:
    assert read(write_docx(title="")).title == "Wound care"


def test_bad_docx(write_docx: Callable[..., Path], tmp_path: Path) -> None:
    whole = write_docx().read_bytes()
    bad = tmp_path / "bad.docx"

    def with_bytes(data: bytes) -> str:
        bad.write_bytes(data)
        return reason(bad)

    assert with_bytes(whole[: len(whole) // 2]) == "truncated"
    assert with_bytes(whole[:200] + b"x" * 60 + whole[260:]) == "broken"
    assert with_bytes(b"no archive at all") == "broken"
    assert with_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600) == "encrypted"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("hello.txt", "hi")
    assert reason(bad) == "broken"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("word/document.xml", "<w:document")
    assert reason(bad) == "broken"


# --- PDF ---------------------------------------------------------------------------------------------------------


def test_pdf_text_is_whole_paragraphs_without_running_feet(write_pdf: Callable[..., Path]) -> None:
    loaded = read(write_pdf())
    assert loaded.title == "Hand Hygiene Guide"
    paragraphs = loaded.text.split("\n\n")
    assert paragraphs[0] == "Why clean hands matter"
    assert paragraphs[1].startswith("Rule 0. Clean hands prevent infection in every ward, so a nurse washes them")
    assert all("\n" not in paragraph for paragraph in paragraphs)
    assert "Ward handbook" not in loaded.text
    assert "Rule 39." in loaded.text


def test_pdf_without_a_title(write_pdf: Callable[..., Path]) -> None:
    assert read(write_pdf(title="", paragraphs=1)).title is None


def test_pdf_words_split_at_line_ends_become_whole(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "split.pdf"))
    text = canvas.beginText(72, 700)
    text.textLines("The hospital gives medi-\ncine on time, and the ISO-\n9001 rules hold.")
    canvas.drawText(text)
    canvas.save()
    assert read(tmp_path / "split.pdf").text == "The hospital gives medicine on time, and the ISO- 9001 rules hold."


def test_pdf_passwords_and_permissions(write_pdf: Callable[..., Path]) -> None:
    assert reason(write_pdf(encrypt=StandardEncryption("secret", ownerPassword="o"))) == "encrypted"
    assert reason(write_pdf(encrypt=StandardEncryption("", ownerPassword="o", canCopy=0))) == "no_extraction"
    assert "Rule 0." in read(write_pdf(encrypt=StandardEncryption("", ownerPassword="o"))).text


def test_pdf_with_pictures_only(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "scan.pdf"))
    canvas.rect(10, 10, 100, 100, fill=1)
    canvas.save()
    assert reason(tmp_path / "scan.pdf") == "no_text"


def test_bad_pdf(write_pdf: Callable[..., Path], tmp_path: Path) -> None:
    whole = write_pdf().read_bytes()
    bad = tmp_path / "bad.pdf"

    def with_bytes(data: bytes) -> str:
        bad.write_bytes(data)
        return reason(bad)

    assert with_bytes(whole[: len(whole) // 2]) == "truncated"
    assert with_bytes(whole[:-2000]) == "truncated"
    assert with_bytes(whole[:500] + bytes(len(whole) - 1500) + whole[-1000:]) == "broken"
    assert with_bytes(b"%PDF-1.4\n%%EOF") == "broken"
    assert with_bytes(b"just a letter") == "broken"
