"""BM25 on disk: deterministic bytes, what each field adds, damage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert.errors import WorkFailed
from kdvert.knowledge import lexicon
from kdvert.knowledge.lexicon import Lexicon, build, is_whole, neighbors
from kdvert.records import Chunk
from kdvert.store import hash_tree

Make = Callable[..., list[Chunk]]


def _best(folder: Path, chunks: list[Chunk], query: str) -> str:
    build(chunks, folder, "en")
    scores = Lexicon(folder, "en", len(chunks), "again").scores(query)
    return chunks[int(scores.argmax())].text


def test_a_rare_word_finds_its_passage(tmp_path: Path, passages: Make) -> None:
    chunks = passages("Insulin lowers sugar.", "Sugar is sweet.", "Glucagon raises sugar.")
    assert _best(tmp_path, chunks, "What does glucagon do to sugar?") == "Glucagon raises sugar."


def test_words_side_by_side_beat_the_same_words_apart(tmp_path: Path, passages: Make) -> None:
    chunks = passages(
        "The net of the boat; sales fell here.", "The sales fell net of tax here.", "Here net sales fell."
    )
    assert _best(tmp_path, chunks, "net sales") == "Here net sales fell."


def test_what_stands_in_a_table_counts_more(tmp_path: Path, passages: Make) -> None:
    chunks = [c.model_copy(update={"document_id": c.id}) for c in passages(
        "Goodwill was tested and goodwill stayed.", "Goodwill | 12 | 13 was tested and it stayed.")]  # fmt: skip
    assert "|" in _best(tmp_path, chunks, "goodwill")


def test_neighbors_say_what_a_passage_is_about(tmp_path: Path, passages: Make) -> None:
    about = passages("Asthma narrows the airways.", "The dose is two puffs.")
    other = [c.model_copy(update={"document_id": "o", "id": f"o{c.id}"}) for c in passages(
        "Eczema dries the skin.", "The dose is two grams.")]  # fmt: skip
    build([*other, *about], tmp_path, "en")
    scores = Lexicon(tmp_path, "en", 4, "again").scores("asthma dose")
    assert scores[3] > scores[1]


def test_neighbors_stay_in_their_document(passages: Make) -> None:
    chunks = [*passages("a", "b"), *(c.model_copy(update={"document_id": "x"}) for c in passages("c", "d"))]
    assert [neighbors(chunks, i, 1) for i in range(4)] == [[0, 1], [0, 1], [2, 3], [2, 3]]
    assert neighbors(chunks, 1, 0) == [1]


def test_no_passages_and_no_words(tmp_path: Path, passages: Make) -> None:
    build([], tmp_path / "a", "en")
    assert is_whole(tmp_path / "a")
    build(passages("—", "…"), tmp_path / "b", "en")
    assert Lexicon(tmp_path / "b", "en", 2, "again").scores("anything at all — …").tolist() == [0.0, 0.0]


_CHILD = """
import sys
from pathlib import Path
from kdvert.knowledge.lexicon import build
from kdvert.records import Chunk
same = {"document_id": "d", "start": 0, "end": 1, "title": "Title words", "license": "MIT"}
build([Chunk(id=str(i), text=f"word{i} and many other words {i % 3}", **same) for i in range(20)], Path(sys.argv[1]), "en")
"""


def test_the_same_bytes_in_another_process_and_no_pickle(tmp_path: Path) -> None:
    for name in ("a", "b"):
        subprocess.run([sys.executable, "-c", _CHILD, str(tmp_path / name)], check=True)
    hashes = hash_tree(tmp_path / "a")
    assert hashes == hash_tree(tmp_path / "b")
    assert {Path(name).suffix for name in hashes} == {".npy", ".json"}
    assert len(hashes) == len(lexicon.FIELDS) * len(lexicon._FILES)


@pytest.mark.parametrize(
    "file", ["data.csc.index.npy", "indptr.csc.index.npy", "vocab.index.json", "params.index.json"]
)
def test_damage(tmp_path: Path, passages: Make, file: str) -> None:
    build(passages("One.", "Two."), tmp_path, "en")
    assert is_whole(tmp_path)
    path = tmp_path / "words" / file
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(WorkFailed, match="damaged") as caught:
        Lexicon(tmp_path, "en", 2, "build again").scores("one")
    assert caught.value.hint == "build again"
    path.unlink()
    assert not is_whole(tmp_path)


def test_an_index_of_other_passages(tmp_path: Path, passages: Make) -> None:
    build(passages("One.", "Two."), tmp_path, "en")
    with pytest.raises(WorkFailed, match="not of these passages"):
        Lexicon(tmp_path, "en", 3, "again").scores("one")
