"""Token distributions in the report: counts and reasons, or nothing where none were asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kdvert.reporting.facts import Report
from kdvert.reporting.features import features
from kdvert.reporting.inputs import Inputs
from kdvert.store import write_json

KEPT = {
    "asked": 12, "records": 10, "tokens": 431, "bytes_per_token": 273.0, "failures": {"too_long": 2}, "teacher": "t",
    "source": "forced", "k": 64, "samples": 24, "tokenizer": "same", "seconds": 3.0,
}  # fmt: skip


def test_the_page_tells_what_was_kept_and_what_not(
    page: Callable[..., str], collect: Callable[..., Report], folders: dict[str, Path], tmp_path: Path
) -> None:
    assert collect().features is None
    assert "Token distributions" not in page()
    folders["features"] = tmp_path / "features"
    write_json(folders["features"] / "summary.json", KEPT)
    found = collect().features
    assert found is not None
    assert (found.asked, found.records, found.failures) == (12, 10, {"too_long": 2})
    text = page()
    assert "10 of 12 records that were asked for, 431 tokens, the 64 likeliest of each and 24 drawn" in text
    assert "too_long: 2" in text


def test_nothing_asked_for_is_nothing_told(tmp_path: Path) -> None:
    assert features(Inputs({})) is None
    write_json(tmp_path / "summary.json", {"asked": 0, "records": 0})
    assert features(Inputs({"features": tmp_path})) is None
