"""Addresses and spelled names of licenses."""

from __future__ import annotations

import pytest

from kdvert.licensing.detection.names import Named, identify, is_unstated, named_at, table, words_of
from kdvert.licensing.terms import validate_expression

NAMED = {
    "CC BY 4.0": "CC-BY-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International": "CC-BY-NC-SA-4.0",
    "Creative Commons Attribution Non Commercial No Derivatives 2.5": "CC-BY-NC-ND-2.5",
    "http://creativecommons.org/licenses/by-nd/3.0/": "CC-BY-ND-3.0",
    "https://creativecommons.org/licenses/by/3.0/us/": "CC-BY-3.0-US",
    "https://creativecommons.org/licenses/by-sa/3.0/igo": "CC-BY-SA-3.0-IGO",
    "https://creativecommons.org/licenses/by/4.0/legalcode.en": "CC-BY-4.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/": "CC-PDM-1.0",
    "CC0 1.0 Universal": "CC0-1.0",
    "public-domain-us-gov": "LicenseRef-US-Government-Work",
    "MIT License": "MIT",
    "https://opensource.org/licenses/MIT": "MIT",
    "https://www.apache.org/licenses/LICENSE-2.0.txt": "Apache-2.0",
    "see https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/": "OGL-UK-3.0",
    "Open Government Licence v3.0": "OGL-UK-3.0",
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/": "LicenseRef-arXiv-nonexclusive-distrib-1.0",
    "https://spdx.org/licenses/CC-BY-4.0.html": "CC-BY-4.0",
    "MIT OR Apache-2.0": "MIT OR Apache-2.0",
    "llama3.1": "LicenseRef-Llama-3.1",
    "odbl": "ODbL-1.0",
}
LEFT_OPEN = {
    "CC BY": "CC-BY-4.0",
    "ccby": "CC-BY-4.0",
    "https://creativecommons.org/licenses/by-nc/": "CC-BY-NC-4.0",
    "Creative Commons Attribution License": "CC-BY-4.0",
    "GNU Free Documentation License": "GFDL-1.3-only",
    "Apache": "Apache-2.0",
}
NO_LICENSE = ["", "see website", "Creative Commons", "Acme Secret 1.0", "https://example.org/license", "fair use", "x" * 5000,
              "https://evil.example/creativecommons.org.license", "licensed", "MIT OR Acme-1.0"]  # fmt: skip


@pytest.mark.parametrize(("value", "license_"), NAMED.items())
def test_a_name_or_address_with_a_version(value: str, license_: str) -> None:
    assert identify(value) == Named(license_, exact=True)


@pytest.mark.parametrize(("value", "license_"), LEFT_OPEN.items())
def test_one_that_leaves_the_version_open(value: str, license_: str) -> None:
    assert identify(value) == Named(license_, exact=False)


@pytest.mark.parametrize("value", NO_LICENSE)
def test_what_names_none(value: str) -> None:
    assert identify(value) is None


def test_a_name_in_a_sentence_ends_where_the_sentence_goes_on() -> None:
    words = words_of(
        "the Creative Commons Attribution-ShareAlike 3.0 license and no derivatives of other works"
    ).split()
    assert named_at(words) == Named("CC-BY-SA-3.0")
    assert named_at(["fair", "use", "rules"]) is None
    assert named_at(["intel", "processors"]) is None


def test_values_that_state_nothing() -> None:
    assert is_unstated("Unknown")
    assert is_unstated("N/A")
    assert not is_unstated("MIT")


def test_every_id_in_the_table_is_one_of_spdx_or_a_licenseref() -> None:
    ids = {value.removesuffix("?") for value in (*table().addresses.values(), *table().names.values())}
    ids |= {name for group in table().like.values() for name in group}
    for id_ in ids:
        validate_expression(id_)
    assert len(ids) > 40


def test_every_name_of_the_table_is_found_as_it_is_written() -> None:
    rows = {name: Named(value.removesuffix("?"), not value.endswith("?")) for name, value in table().names.items()}
    assert {name: identify(name) for name in rows} == rows
    assert [name for name in rows if words_of(name) != name] == []
