"""The two keys of scrubbing: one that surrogates are drawn with, one that the sealed map is encrypted with.

Surrogates are drawn by HMAC. A plain hash would let anybody who guesses a name check the guess, so a secret is needed,
and the same one for a rerun, or a killed run could not go on. In a project it is a random file in the stage's cache
folder (readable by its owner alone): it lies beside the raw documents, for whose reader it hides nothing, and outside
every stage's output, so that what is handed on does not hold it. Who loses it gets other surrogates with the next run,
which is safe. Outside a project it lives as long as the process. A corpus that is scrubbed in several places, or again
and again, needs the same key everywhere: it comes from the environment and is never written.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

from kdvert.errors import UserError

SURROGATE_KEY = "KDVERT_SURROGATE_KEY"
SEAL_KEY = "KDVERT_SEAL_KEY"
SECRET_FILE = "surrogates.key"
SHORTEST = 32
"""Characters that a key from the environment must have at least."""


def surrogate_key(consistency: str, folder: Path | None = None) -> bytes:
    """Return the secret that surrogates are drawn with.

    Args:
        consistency: ``corpus`` takes the key of the environment and no other; ``document`` can do without.
        folder: where a project keeps its own secret; None: a secret of this process.

    Raises:
        UserError: the key is missing or too short.
    """
    given = os.environ.get(SURROGATE_KEY, "")
    if given:
        if len(given) < SHORTEST:
            raise UserError(f"{SURROGATE_KEY} is too short.", hint=_how(SURROGATE_KEY, "secrets.token_hex(32)"))
        return given.encode()
    if consistency == "corpus":
        raise UserError(
            f"scrub.consistency is 'corpus', and {SURROGATE_KEY} is not set.",
            hint=_how(SURROGATE_KEY, "secrets.token_hex(32)"),
        )
    return _kept(folder / SECRET_FILE) if folder else _of_this_process()


def seal_key() -> bytes:
    """Return the key of the sealed map.

    Raises:
        UserError: it is missing or is no key.
    """
    from cryptography.fernet import Fernet

    given = os.environ.get(SEAL_KEY, "").encode()
    how = _how(SEAL_KEY, "base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()", "base64, secrets")
    if not given:
        raise UserError(f"The sealed map needs a key, and {SEAL_KEY} is not set.", hint=how)
    try:
        Fernet(given)
    except ValueError:
        raise UserError(f"{SEAL_KEY} is not a key: it must be 32 bytes in URL-safe base64.", hint=how) from None
    return given


def _how(name: str, call: str, modules: str = "secrets") -> str:
    return (
        f"Make one with: python -c 'import {modules}; print({call})', keep it safe and apart, and set it as {name} "
        "in the environment."
    )


@cache
def _of_this_process() -> bytes:
    return secrets.token_bytes(32)


def _kept(path: Path) -> bytes:
    """Return the secret in ``path``; make one that is there either whole or not at all."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(fresh, path)
    return path.read_bytes()
