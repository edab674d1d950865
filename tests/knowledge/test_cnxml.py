"""CNXML modules, the format of OpenStax's books."""

from __future__ import annotations

import pytest

from kdvert.knowledge.cnxml import cnxml
from kdvert.knowledge.problems import SourceProblem

MODULE = b"""<?xml version="1.0"?>
<document xmlns="http://cnx.rice.edu/cnxml" id="m1"><title>What Is <emphasis>Psychology</emphasis>?</title>
<metadata xmlns:md="http://cnx.rice.edu/mdml"><md:title>Metadata title</md:title></metadata>
<content><para id="a">It is the study of
mind.</para><section><title>Merit <term>awards</term></title><para>Some text.</para>
<list><item>One</item><item>Two</item></list>
<table><tgroup><tbody><row><entry>a</entry><entry>b</entry></row></tbody></tgroup></table>
<figure><caption>A picture</caption></figure><exercise><problem><para>Which?</para></problem></exercise>
</section></content><glossary><definition><term>mind</term></definition></glossary></document>"""


def test_titles_paragraphs_lists_and_tables_in_order() -> None:
    (loaded,) = cnxml(MODULE)
    assert loaded.title == "What Is Psychology?"
    assert loaded.text == (
        "# What Is Psychology?\n\nIt is the study of mind.\n\n## Merit awards\n\nSome text.\n\n- One\n\n- Two\n\n| a | b |"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<document><content>", "broken"),
        (b"<html><p>text</p></html>", "broken"),
        (b"<document><content></content></document>", "empty"),
        (b"<document><content>" + b"<section>" * 250 + b"</section>" * 250 + b"</content></document>", "broken"),
    ],
)
def test_what_is_no_module(data: bytes, reason: str) -> None:
    with pytest.raises(SourceProblem) as caught:
        list(cnxml(data))
    assert caught.value.reason == reason


def test_entities_are_not_expanded() -> None:
    bomb = (
        b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><document><content><para>x &b;</para></content></document>'
    )
    (loaded,) = cnxml(bomb)
    assert "ha" not in loaded.text
