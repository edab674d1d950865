from __future__ import annotations

import pytest

from kdvert.dossier import sources
from kdvert.dossier.lineage import Lineage


def test_groups_add_up_and_carry_the_verdict_of_their_license(lineage: Lineage) -> None:
    groups = sources.groups(lineage)
    assert sum(g.documents for g in groups) == len(lineage.documents)
    assert sum(g.share for g in groups) == pytest.approx(1)
    assert sum(g.findings for g in groups) == lineage.privacy.findings
    verdicts = {g.license: g.verdict for g in groups}
    assert verdicts == {"CC0-1.0": "allow", "CC-BY-4.0": "allow-with-duties"}
    members = [d.id for g in groups for d in sources.members(lineage, g)]
    assert sorted(members) == sorted(d.id for d in lineage.documents)


def test_a_corpus_with_terms_of_its_own_is_a_trap(lineage: Lineage) -> None:
    own = next(link for link in lineage.licensing.links if link.subject == "CC-BY-4.0")
    corpus = own.model_copy(update={"subject": "Some corpus, stated as CC-BY-4.0", "reason": "Per title."})
    check = lineage.licensing.model_copy(update={"links": [*lineage.licensing.links, corpus]})
    groups = sources.groups(lineage.model_copy(update={"licensing": check}))
    assert {g.license: bool(g.traps) for g in groups} == {"CC0-1.0": False, "CC-BY-4.0": True}
    assert next(g for g in groups if g.traps).traps == ["Some corpus, stated as CC-BY-4.0: Per title."]


def test_an_alias_finds_the_link_of_its_license(lineage: Lineage) -> None:
    found = sources.link_of("cc-by-4.0", lineage.licensing.links)
    assert found is not None
    assert found.subject == "CC-BY-4.0"
    assert sources.link_of("MIT", lineage.licensing.links) is None
