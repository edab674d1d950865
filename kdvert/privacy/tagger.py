"""Tag names, places, addresses, organizations, dates and free-form numbers in English, Spanish and French.

A small neural network (`tagger_network`), trained on synthetic text by ``benchmarks/tagger/train.py``. Its weights ship
with the package as safetensors, which hold numbers only and run nothing; their hash is checked before they are read.
Nothing is fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from kdvert.errors import WorkFailed
from kdvert.privacy import tagger_features
from kdvert.privacy.spans import Hit
from kdvert.privacy.tagger_features import Tokens, tokenize
from kdvert.privacy.tagger_network import REACH, Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "tagger_weights"
WEIGHTS = "tagger.safetensors"
MANIFEST = "manifest.json"

_SILENT = {"COURT"}
"""Labels that the network tells apart from others and that name nobody."""
_JOINTS = {"UNIQUE_ID": "-/.:_", "FINANCIAL_ACCOUNT": "-/.", "USERNAME": "-._", "PASSWORD": "-/.:_!@#$%&*?+^=~"}
"""Marks that join parts of a code where no blank stands beside them."""
_OF_WORDS = {"USERNAME", "PASSWORD"}
"""Codes whose parts may be words; the parts of others have digits."""
_BATCH = 16_384
"""Tokens after which the texts so far are computed; longer texts are computed alone."""


class Manifest(BaseModel):
    """What ``manifest.json`` says of the weights beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    features: int
    """The `tagger_features.VERSION` they were trained with."""
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    """The network has one tag for no label and two for each label: its first token, and the others."""
    threshold: float
    """A token belongs to an entity where the probability of no label is below this."""
    training: dict[str, Any]
    """Seeds, counts, versions and scores, as the training script found them."""


@dataclass(frozen=True)
class Tagger:
    """Weights in memory, ready for use; nothing in it changes but a store of words' vectors."""

    manifest: Manifest
    network: Network

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Tagger:
        """Read the weights of ``folder``.

        Raises:
            WorkFailed: a file is missing, or the weights are not those that the manifest names.
        """
        from safetensors.numpy import load

        manifest = _manifest(folder)
        data = _read(folder / WEIGHTS)
        if hashlib.sha256(data).hexdigest() != manifest.sha256:
            raise WorkFailed(
                f"The tagger's weights ({folder / WEIGHTS}) are damaged: their sha256 is not the one in {MANIFEST}.",
                hint="Install kdvert again, or train them anew with benchmarks/tagger/train.py.",
            )
        if manifest.features != tagger_features.VERSION:
            raise WorkFailed(
                f"The tagger's weights are for features of version {manifest.features}, and this is version "
                f"{tagger_features.VERSION}.",
                hint="Train them anew with benchmarks/tagger/train.py.",
            )
        return cls(manifest, Network(load(data)))

    def tag(self, texts: Sequence[str]) -> list[list[Hit]]:
        """Return what is found in each text, in order and disjoint."""
        found: list[list[Hit]] = []
        for batch in _batches([tokenize(text) for text in texts]):
            found += self._tag_batch(batch)
        return found

    def _tag_batch(self, batch: Sequence[Tokens]) -> Iterator[list[Hit]]:
        # Line breaks around every text, as many as the network reads, so that none sees another.
        words = ["\n"] * REACH
        context = [0] * REACH
        for tokens in batch:
            words += [*tokens.words, *["\n"] * REACH]
            context += [*tokens.context, *[0] * REACH]
        probabilities = self.network.probabilities(words, context)
        start = 0
        for tokens in batch:
            end = start + len(tokens.words)
            yield list(self._hits(tokens, probabilities[start:end]))
            start = end + REACH

    def _hits(self, tokens: Tokens, probabilities: NDArray[Any]) -> Iterator[Hit]:
        reach = 0
        for group, label, score in self._groups(probabilities):
            group = _trimmed([index for index in group if index >= reach], tokens.words)
            name = self.manifest.labels[label]
            if not group or name in _SILENT:
                continue
            first, last = _whole(name, group[0], group[-1], tokens)
            first = first if first >= reach else group[0]
            yield Hit(name, tokens.starts[first], tokens.end(last), score)
            reach = last + 1

    def _groups(self, probabilities: NDArray[Any]) -> Iterator[tuple[list[int], int, float]]:
        """Join neighbors of one label, save where the second is more likely the first token of another entity.

        Yields:
            The tokens of a group, its label's number, and the mean probability that they have a label.
        """
        inside = (probabilities[:, 0] < self.manifest.threshold).nonzero()[0]
        if not len(inside):
            return
        found = probabilities[inside]
        labels = (found[:, 1::2] + found[:, 2::2]).argmax(axis=1)
        rows = range(len(inside))
        begins = (found[rows, 1 + 2 * labels] > found[rows, 2 + 2 * labels]).tolist()
        none, named, numbers = found[:, 0].tolist(), labels.tolist(), inside.tolist()
        start = 0
        for end in range(1, len(numbers) + 1):
            apart = end == len(numbers) or numbers[end] != numbers[end - 1] + 1 or named[end] != named[end - 1]
            if apart or begins[end]:
                yield numbers[start:end], named[start], round(1 - sum(none[start:end]) / (end - start), 4)
                start = end


def available(language: str) -> bool:
    """Return whether texts of ``language`` (a two-letter code) can be tagged."""
    return language in _languages()


def tag(texts: Sequence[str], language: str) -> list[list[Hit]]:
    """Return what is found in each text, in order and disjoint.

    Args:
        texts: texts of any length; many at once are faster.
        language: a two-letter code that is `available`. One network reads all of them.

    Raises:
        WorkFailed: the weights are missing or damaged, or do not know the language.
    """
    tagger = load()
    if language not in tagger.manifest.languages:
        raise WorkFailed(
            f'The tagger does not know the language "{language}"; it knows {", ".join(tagger.manifest.languages)}.',
            hint="Ask `available` first, or name one of these.",
        )
    return tagger.tag(texts)


def digest() -> str:
    """Return the sha256 of the weights in use."""
    return _manifest(FOLDER).sha256


@cache
def _languages() -> tuple[str, ...]:
    return _manifest(FOLDER).languages if (FOLDER / WEIGHTS).is_file() else ()


@cache
def load() -> Tagger:
    """Return the tagger that ships, loaded once for the process.

    Raises:
        WorkFailed: see `Tagger.load`.
    """
    return Tagger.load()


def _manifest(folder: Path) -> Manifest:
    return Manifest.model_validate_json(_read(folder / MANIFEST))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorkFailed(
            f"The tagger's file {path} cannot be read: {error.strerror}.", hint="Install kdvert again."
        ) from None


def _batches(texts: Sequence[Tokens]) -> Iterator[list[Tokens]]:
    batch: list[Tokens] = []
    size = 0
    for tokens in texts:
        batch.append(tokens)
        size += len(tokens.words) + REACH
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _trimmed(group: list[int], words: Sequence[str]) -> list[int]:
    """Leave out blanks and marks at the ends; what holds no letter and no digit is nothing."""
    while group and not (words[group[0]][0].isalnum() or words[group[0]] in "(+@#"):
        group = group[1:]
    while group and not (words[group[-1]][0].isalnum() or words[group[-1]] in ")!?$#&*%@."):
        group = group[:-1]
    return group if any(words[index][0].isalnum() for index in group) else []


def _whole(name: str, first: int, last: int, tokens: Tokens) -> tuple[int, int]:
    """Widen a code to the whole of it: part of a number, of a plate or of a password is none."""
    if name not in _JOINTS:
        return first, last
    while (step := _joined(name, tokens, last, 1)) != 0:
        last += step
    while (step := _joined(name, tokens, first, -1)) != 0:
        first -= step
    return first, last


def _joined(name: str, tokens: Tokens, index: int, way: int) -> int:
    """Return how many tokens next to ``index`` belong to its code: a glued word, or a mark and the part behind it."""
    near, far = index + way, index + 2 * way
    if not _glued(tokens, index, near):
        return 0
    if tokens.words[near][0].isalnum():
        return 1
    if tokens.words[near] not in _JOINTS[name] or not _glued(tokens, near, far):
        return 0
    part = tokens.words[far][0]
    return 2 if part.isdigit() or (part.isalpha() and name in _OF_WORDS) else 0


def _glued(tokens: Tokens, one: int, other: int) -> bool:
    """Return whether no blank stands between two neighbors, of which the second may lie outside the text."""
    return 0 <= other < len(tokens.words) and bool(tokens.context[max(one, other)] & 1)
