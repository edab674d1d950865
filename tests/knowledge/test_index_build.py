"""Building, moving, opening and searching the embedded index; damage is seen."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.knowledge import chroma
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.index import TITLE_TOKENS, Retriever, build, embedded_text
from kdvert.knowledge.settings import SearchSettings
from kdvert.records import Chunk

Make = Callable[..., list[Chunk]]
TEXTS = (
    "Wash your hands before you touch a patient.",
    "Insulin lowers the sugar in the blood.",
    "A fever above 38 °C needs a doctor.",
    "日本の病院では手を洗います。",
)


@pytest.fixture(scope="module")
def built(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index whose graph Chroma wrote to files, as it does of its own accord from 1,000 passages on."""
    texts = [*TEXTS, *(f"Room {i} has {i % 7} beds and {i % 3} windows." for i in range(100))]
    chunks = [
        Chunk(id=f"d{i}@0-{len(t)}", document_id=f"d{i}", start=0, end=len(t), title="Ward", license="MIT", text=t)
        for i, t in enumerate(texts)
    ]
    out = tmp_path_factory.mktemp("built") / "index"
    out.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chroma, "_HNSW", chroma._HNSW | {"sync_threshold": 50, "batch_size": 50})
        build(chunks, out, embedder)
    assert list((out / "chroma").glob("*/data_level0.bin"))
    return out


def test_build_in_a_partial_folder_rename_and_open_again_and_again(
    embedder: Embedder, tmp_path: Path, passages: Make
) -> None:
    partial, final = tmp_path / "work" / "index.partial", tmp_path / "work" / "index"
    for number in range(3):  # the same two paths, in the same process, as when a stage runs again
        partial.mkdir(parents=True)
        build(passages(*TEXTS, f"Round {number} of the ward."), partial, embedder)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
        with Retriever.open(final) as retriever:
            assert retriever.search("Which round?", 1)[0].chunk.text == f"Round {number} of the ward."
            retriever.store.add_texts(["written after the move"], ids=["extra"])  # no "readonly database"


def test_hits_by_meaning_are_chunks_with_cosine_similarities(embedder: Embedder, built: Path) -> None:
    with Retriever.open(built, search=SearchSettings(by="meaning")) as retriever:
        questions = ["How is blood sugar lowered?", "When is a temperature dangerous?", "手を洗う"]
        found = retriever.search_many(questions, 5)
        assert [hits[0].chunk.text for hits in found] == [TEXTS[1], TEXTS[2], TEXTS[3]]
        for question, hits in zip(questions, found, strict=True):
            assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
            vector = np.array(embedder.embed_query(question))
            exact = vector @ embedder.vectors([embedded_text(hits[0].chunk, embedder)])[0]
            assert hits[0].score == pytest.approx(float(exact), abs=1e-5)
        assert retriever.search(questions[0], 5) == found[0]


def test_a_lone_passage_beside_a_thousand_alike_is_found(tmp_path: Path, passages: Make) -> None:
    random = np.random.default_rng(0)
    lone = random.normal(size=(10, 64))
    crowd = random.normal(size=64) + 0.3 * random.normal(size=(1500, 64))
    vectors = np.concatenate([lone, crowd]).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    questions = vectors[:10] + 0.6 * vectors[10:20]  # nearest to a lone one, and drawn to the crowd
    assert list((questions @ vectors.T).argmax(axis=1)) == list(range(10))
    chunks = passages(*(f"t{i}" for i in range(len(vectors))))
    client = chroma.connect(tmp_path, None)
    chroma.fill(client, "kdvert", chunks, list(vectors))
    found = client.get_collection("kdvert").query(query_embeddings=questions.tolist(), n_results=1)
    client.close()
    assert [ids[0] for ids in found["ids"]] == [c.id for c in chunks[:10]]


def test_the_langchain_store_can_be_used(built: Path) -> None:
    with Retriever.open(built) as retriever:
        (document,) = retriever.store.similarity_search("How is blood sugar lowered?", k=1)
        assert document.page_content == TEXTS[1]
        assert document.metadata == {"document_id": "d1", "title": "Ward", "license": "MIT", "start": 0,
                                     "end": len(TEXTS[1])}  # fmt: skip


def test_small_and_empty_indexes(embedder: Embedder, tmp_path: Path, passages: Make) -> None:
    for number, texts in enumerate(([], ["One."])):
        out = tmp_path / str(number)
        out.mkdir()
        assert build(passages(*texts), out, embedder).count == number
        with Retriever.open(out) as retriever:
            assert [h.chunk.text for h in retriever.search("One?", 5)] == texts
            assert retriever.search_many([], 5) == []
            assert retriever.search("One?", 0) == []


def test_content_sha_is_stable_and_sees_every_change(embedder: Embedder, tmp_path: Path, passages: Make) -> None:
    def sha(chunks: list[Chunk], name: str) -> str:
        (tmp_path / name).mkdir()
        return build(chunks, tmp_path / name, embedder).content_sha

    chunks = passages(*TEXTS)
    first = sha(chunks, "a")
    assert sha(chunks[::-1], "b") == first
    assert sha(passages(*TEXTS, title="Other"), "c") != first
    assert sha(chunks[:3], "d") != first
    info = json.loads((tmp_path / "a" / "index.json").read_text(encoding="utf-8"))
    assert info["collection"] == f"kdvert-{first[:40]}"
    assert info["server"] is None


def test_a_long_title_leaves_room_for_the_passage(embedder: Embedder, passages: Make) -> None:
    (chunk,) = passages("The passage.", title="word " * 300)
    assert len(embedder.offsets(embedded_text(chunk, embedder))) <= TITLE_TOKENS + 3


def test_more_than_one_call_to_the_store(
    embedder: Embedder, tmp_path: Path, passages: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "AT_ONCE", 3)
    info = build(passages(*TEXTS, "five", "six", "seven"), tmp_path, embedder)
    with Retriever.open(tmp_path) as retriever:
        assert len(retriever.search("anything", 100)) == info.count == 7


def test_a_killed_build_leaves_nothing_in_the_way(embedder: Embedder, tmp_path: Path, passages: Make) -> None:
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"half a file")
    (tmp_path / "chunks.jsonl").write_text('{"half', encoding="utf-8")
    build(passages(*TEXTS), tmp_path, embedder)
    with Retriever.open(tmp_path) as retriever:
        assert len(retriever.search("hands", 9)) == len(TEXTS)


_CHILD = """
from kdvert.offline import quiet; quiet()
import sys
from pathlib import Path
from kdvert.knowledge.index import build
from kdvert.records import Chunk
from kdvert.weights import DEFAULT_EMBEDDER
texts = [f"Bed {i} stands in room {i % 9}. " * (1 + i % 30) for i in range(300)]
same = {"document_id": "d", "start": 0, "end": 1, "title": "T", "license": "MIT"}
chunks = [Chunk(id=f"d{i}", text=text, **same) for i, text in enumerate(texts)]
out = Path(sys.argv[1]); out.mkdir(parents=True, exist_ok=True)
print(build(chunks, out, DEFAULT_EMBEDDER, cache=Path(sys.argv[2])).content_sha)
"""


@pytest.mark.slow
def test_kill_9_in_the_middle_then_the_same_index(tmp_path: Path) -> None:
    def start(name: str, cache: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _CHILD, str(tmp_path / name), str(tmp_path / cache)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    killed = start("a", "a.sqlite")
    while killed.poll() is None and _cached(tmp_path / "a.sqlite") < 50:
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    done = _cached(tmp_path / "a.sqlite")
    assert 50 <= done < 300
    resumed = start("a", "a.sqlite").communicate()[0]
    whole = start("b", "b.sqlite").communicate()[0]
    assert resumed == whole != ""


def _cached(file: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(file, timeout=5) as database:
            return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


# --- damage ------------------------------------------------------------------------------------------------------


def _lose_store(out: Path) -> None:
    shutil.rmtree(out / "chroma")


def _garbage(out: Path) -> None:
    (out / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def _half_database(out: Path) -> None:
    path = out / "chroma" / "chroma.sqlite3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _no_database(out: Path) -> None:
    (out / "chroma" / "chroma.sqlite3").write_bytes(b"")


def _lose_vectors(out: Path) -> None:
    for folder in (out / "chroma").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def _half_vectors(out: Path) -> None:
    (path,) = (out / "chroma").glob("*/data_level0.bin")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _lose_chunks(out: Path) -> None:
    lines = (out / "chunks.jsonl").read_text(encoding="utf-8").splitlines()
    (out / "chunks.jsonl").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")


def _lose_words(out: Path) -> None:
    (out / "lexicon" / "labels" / "vocab.index.json").unlink()


def _strange_info(out: Path) -> None:
    (out / "index.json").write_text("{}", encoding="utf-8")


def _lose_all(out: Path) -> None:
    shutil.rmtree(out)


@pytest.mark.parametrize(
    "damage",
    [_lose_store, _garbage, _half_database, _no_database, _lose_vectors, _lose_chunks, _lose_words,
     _strange_info, _lose_all],
)  # fmt: skip
def test_damage_is_an_error_with_a_way_out(built: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    out = tmp_path / "index"
    shutil.copytree(built, out)
    damage(out)
    with pytest.raises(WorkFailed) as caught:
        Retriever.open(out)
    assert "kdvert run" in str(caught.value.hint)


def test_vectors_cut_short_are_an_error_for_the_next_process(built: Path, tmp_path: Path) -> None:
    """Not for this one: what a short file leaves unread is old memory, which can hold these very vectors here."""
    out = tmp_path / "index"
    shutil.copytree(built, out)
    _half_vectors(out)
    code = f"""
from pathlib import Path
from kdvert.errors import WorkFailed
from kdvert.knowledge.index import Retriever
try:
    Retriever.open(Path({str(out)!r}))
except WorkFailed as error:
    print("refused:", error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "refused:" in done.stdout
    assert "kdvert run" in done.stdout


def test_another_revision_of_the_embedder_is_refused(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "index"
    shutil.copytree(built, out)
    info = json.loads((out / "index.json").read_text(encoding="utf-8"))
    (out / "index.json").write_text(json.dumps(info | {"embedder_sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(UserError, match="another revision"):
        Retriever.open(out)
