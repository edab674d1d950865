"""``SIGN-OFF.md``: who approved what, for the files."""

from __future__ import annotations

from datetime import UTC, datetime

from kdvert.decisions import enrolling
from kdvert.dossier import signatures
from kdvert.dossier.evidence import EVIDENCE
from kdvert.rulings import sign_offs
from kdvert.store import sha256_file, write_json

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def written(lineage, folder):
    signatures.write(lineage, folder)
    return (folder / signatures.FILE).read_text()


def test_nobody_signed(lineage, tmp_path):
    text = written(lineage, tmp_path)
    assert "No person decided about a record of this run." in text
    assert "## Not signed" in text
    assert EVIDENCE["reviewed_by_people"](lineage).state == "missing"


def test_signed(gathered, folders, tmp_path):
    write_json(folders["review"] / "summary.json", {"accepted": 9, "rejected": 0, "decided": 9, "edited": 0})
    assert EVIDENCE["reviewed_by_people"](gathered()).state == "partial"
    approver = enrolling.enroll(tmp_path, name="Abe Low", role="approver", now=NOW, fresh=True)[0]
    made = sign_offs.sign(
        tmp_path, "training", signer=approver, now=NOW, project="p", records=9, report="ab" * 32, requirements=[],
        figures={}, dataset=sha256_file(folders["review"] / "accepted.jsonl"),
    )  # fmt: skip
    found = gathered()
    text = written(found, tmp_path)
    for part in (
        "Abe Low, approver",
        "2026-11-24T09:30:00",
        made.dataset,
        made.signature,
        "| holds | yes |",
        "support",
    ):
        assert part in text, part
    assert "compliant" not in text
    shown = EVIDENCE["reviewed_by_people"](found)
    assert (shown.state, "Abe Low approved them for training on 2026-11-24" in shown.text) == ("present", True)
