"""Ed25519 over canonical JSON: bytes in, bytes out; it knows no project and no person."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

LENGTHS = {"key": 32, "signature": 64}
"""Bytes of a key (public or private) and of a signature (RFC 8032)."""


def new_private() -> str:
    """Return a new private key in base64."""
    import secrets

    return encode(secrets.token_bytes(LENGTHS["key"]))


def public_of(private: str) -> str:
    """Return the public key that belongs to ``private``, both in base64.

    Raises:
        ValueError: ``private`` is no key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return encode(Ed25519PrivateKey.from_private_bytes(_sized(private, "key")).public_key().public_bytes_raw())


def public_key(public: str) -> bytes:
    """Return the bytes of a public key.

    Raises:
        ValueError: it is not 32 bytes in base64.
    """
    return _sized(public, "key")


def message(kind: str, payload: Any) -> bytes:
    """Return the bytes that are signed.

    The kind stands in front, so that a signature under one kind of document is none under another.
    """
    return b"kdvert\0" + kind.encode() + b"\0v1\0" + canonical(payload)


def canonical(value: Any) -> bytes:
    """Return ``value`` as JSON that is the same wherever it is written (sorted keys, no spaces, UTF-8).

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def sign(private: str, data: bytes) -> str:
    """Return the signature of ``data`` in base64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return encode(Ed25519PrivateKey.from_private_bytes(_sized(private, "key")).sign(data))


def fits(public: str, data: bytes, signature: str) -> bool:
    """Return whether ``signature`` is that of ``data`` by the holder of ``public``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = _sized(signature, "signature")
        Ed25519PublicKey.from_public_bytes(_sized(public, "key")).verify(raw, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def encode(raw: bytes) -> str:
    """Return ``raw`` in base64."""
    return base64.b64encode(raw).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of base64 ``text``.

    Raises:
        ValueError: it is not base64, or is written in a way that `encode` does not write it.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if encode(raw) != text:
        raise ValueError("not base64 in its only form")
    return raw


def _sized(text: str, what: str) -> bytes:
    raw = decode(text)
    if len(raw) != LENGTHS[what]:
        raise ValueError(f"expected {LENGTHS[what]} bytes in base64, got {len(raw)}")
    return raw
