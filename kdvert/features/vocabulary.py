"""Which tokenizer ids count in, and the bytes that each token stands for, whatever the kind of tokenizer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kdvert.records import sha256_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_BLANK = "\u2581"  # what SentencePiece writes for a blank


def tokenizer_sha256(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the hash of a tokenizer's vocabulary with its added tokens: equal hashes, equal ids."""
    return sha256_json(sorted(tokenizer.get_vocab().items()))


def token_bytes(tokenizer: PreTrainedTokenizerBase, size: int) -> list[bytes]:
    """Return the bytes of each token of a vocabulary of ``size``; ids that the tokenizer does not use have none.

    Args:
        tokenizer: byte-level (GPT-2 and its heirs) or SentencePiece with bytes to fall back on.
        size: of the model's output, which may be rounded up.
    """
    literal = {token.content for token in tokenizer.added_tokens_decoder.values()}
    decoded = _byte_level() if is_byte_level(tokenizer) else None
    found = [b""] * size
    for token, number in tokenizer.get_vocab().items():
        if number < size:
            found[number] = token.encode() if token in literal else _bytes_of(token, decoded)
    return found


def _bytes_of(token: str, byte_level: dict[str, int] | None) -> bytes:
    if byte_level is not None:
        return bytes(byte_level[c] for c in token) if all(c in byte_level for c in token) else token.encode()
    single = _BYTE.fullmatch(token)
    return bytes([int(single.group(1), 16)]) if single else token.replace(_BLANK, " ").encode()


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return whether each token of a tokenizer stands for bytes, one character a byte, as in GPT-2 and its heirs."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    decoder = json.loads(backend.to_str()).get("decoder") if backend is not None else None
    return '"ByteLevel"' in json.dumps(decoder)


def _byte_level() -> dict[str, int]:
    """Return the byte behind each character of a byte-level vocabulary: printable ones stand for themselves."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in set(plain)]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(others)}
