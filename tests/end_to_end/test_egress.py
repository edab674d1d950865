"""What a remote teacher receives: nothing planted in the sources, nothing from a project's own template."""

from __future__ import annotations

import sqlite3

import pytest

PLANTED = (
    "Marsden", "219-09-9999", "j.marsden@example.com", "48213377", "Larkspur", "Fairhollow", "43999", "(555) 201-3344",
    "03/14/1971", "Wexler",
)  # fmt: skip
NOTE = """# Visit of John Marsden

John Marsden, born 03/14/1971, SSN 219-09-9999, MRN 48213377, lives at 418 Larkspur Lane, Fairhollow, OH 43999.
He can be reached at (555) 201-3344 or j.marsden@example.com. Dr. Alice Wexler examined him.

Asthma is a long-term disease in which the airways are inflamed and narrow too easily. Inhaled corticosteroids are
the main long-term treatment because they reduce the inflammation of the airways.
"""


@pytest.fixture
def project(kdvert, tmp_path, endpoint):
    """A project with one document full of identifiers, asked about by a teacher that records all it reads."""
    root = tmp_path / "project"
    kdvert.run("new", "medicine", str(root))
    for sample in (root / "sources").iterdir():
        sample.unlink()
    (root / "sources" / "John_Marsden_48213377.md").write_text(NOTE)
    (root / "kdvert.yaml").write_text(
        "vertical: medicine\n"
        "ingest: {sources: [{path: 'sources/*', license: CC0-1.0}]}\n"
        f"elicit: {{teacher: {{model: qwen2.5-7b-instruct, base_url: '{endpoint.url}', retries: 0}}, retrieve_k: 2}}\n"
    )
    return kdvert.at(root)


def test_no_planted_identifier_reaches_the_teacher(project, endpoint):
    project.run("run", "--until", "elicit")
    sent = "\n".join(str(body) for body in endpoint.bodies)
    assert "Inhaled corticosteroids" in sent
    assert not [planted for planted in PLANTED if planted in sent]


def test_what_the_teacher_invents_is_scrubbed_before_it_is_kept(project, endpoint):
    endpoint.always("personal")  # "Call Maria Alvarez at 555-555-0123"
    project.run("run", "--until", "elicit", code=1)  # no pair came back
    folder = project.root / "work" / "cache" / "elicit"
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"[PHONE_NUMBER_1]" in kept
    assert b"Alvarez" not in kept
    assert b"0123" not in kept


def test_a_name_in_the_projects_own_template_is_held_back_and_said(project, endpoint):
    override = project.root / "templates" / "elicit" / "skill" / "grounded_qa" / "ask.j2"
    override.parent.mkdir(parents=True)
    override.write_text('{% extends "shared/elicit/skill/grounded_qa/ask.j2" %}\n'
                        "{% block field_rules %}\nYou work for Dr. Alice Wexler.\n{% endblock %}\n")  # fmt: skip
    project.run("run", "--until", "elicit", code=1)
    assert endpoint.calls == 0
    log = max((project.root / "work" / "logs").iterdir())
    assert "personal_data_in_prompt" in log.read_text()
    with sqlite3.connect(project.root / "work" / "cache" / "elicit" / "replies.sqlite") as store:
        assert store.execute("SELECT count(*) FROM replies").fetchone() == (0,)
