"""A real Chroma server, started for the test."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kdvert.errors import WorkFailed
from kdvert.knowledge import chroma
from kdvert.knowledge.embeddings import Embedder
from kdvert.knowledge.index import COLLECTIONS, Retriever, build
from kdvert.records import Chunk
from kdvert.store import read_json

Make = Callable[..., list[Chunk]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running server."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [Path(sys.executable).with_name("chroma"), "run", "--host", "127.0.0.1", "--port", url.rpartition(":")[2],
               "--path", tmp_path_factory.mktemp("chroma")]  # fmt: skip
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "chroma run ended"
        try:
            urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("chroma run does not answer")


def test_build_and_search_on_a_server(server: str, embedder: Embedder, tmp_path: Path, passages: Make) -> None:
    chunks = passages("Insulin lowers sugar.", "Wash your hands.", "Fever needs a doctor.")
    info = build(chunks, tmp_path, embedder, server=server)
    assert info.server == server
    assert not (tmp_path / "chroma").exists()
    with Retriever.open(tmp_path) as retriever:
        (hit,) = retriever.search("How is sugar lowered?", 1)
        assert hit.chunk == chunks[0]
        assert 0.3 < hit.score <= 1


def test_the_same_content_is_stored_once_and_a_part_is_completed(
    server: str, embedder: Embedder, tmp_path: Path, passages: Make
) -> None:
    chunks = passages("Alpha.", "Beta.", "Gamma.")
    info = build(chunks, tmp_path, embedder, server=server)
    client = chroma.connect(None, server)
    client.get_collection(info.collection).delete(ids=[chunks[1].id])  # as if the first build had been killed
    with pytest.raises(WorkFailed, match="holds 2"):
        Retriever.open(tmp_path)
    assert build(chunks, tmp_path, embedder, server=server) == info
    with Retriever.open(tmp_path) as retriever:
        assert len(retriever.search("Alpha", 5)) == 3
    client.delete_collection(info.collection)
    client.close()
    with pytest.raises(WorkFailed, match="does not hold this index"):
        Retriever.open(tmp_path)


def test_a_server_that_is_not_there(embedder: Embedder, tmp_path: Path, passages: Make) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(WorkFailed, match="does not answer") as caught:
        build(passages("Alpha."), tmp_path, embedder, server=url)
    assert "chroma run --host" in str(caught.value.hint)
    assert url in caught.value.message


def test_something_else_answers(embedder: Embedder, tmp_path: Path, passages: Make) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with pytest.raises(WorkFailed, match="does not answer"):
            build(passages("Alpha."), tmp_path, embedder, server=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_every_collection_that_was_made_is_remembered_and_can_be_deleted(
    server: str, embedder: Embedder, tmp_path: Path, passages: Make
) -> None:
    cache = tmp_path / "cache" / "vectors.sqlite"
    first = build(passages("The marzipan zeppelin."), tmp_path / "a", embedder, server=server, cache=cache)
    second = build(passages("Wash your hands."), tmp_path / "b", embedder, server=server, cache=cache)
    names = read_json(cache.with_name(COLLECTIONS))[server]
    assert names == sorted([first.collection, second.collection])
    assert chroma.delete(server, [first.collection, "not-there"]) == [first.collection]
    with Retriever.open(tmp_path / "b") as retriever:
        assert len(retriever.search("hands", 1)) == 1
    with pytest.raises(WorkFailed, match="does not hold this index"):
        Retriever.open(tmp_path / "a")
    with pytest.raises(WorkFailed, match="does not answer"):
        chroma.delete(f"http://127.0.0.1:{free_port()}", names)
