"""Nothing that looks like a secret is shown, wherever it stands in the settings."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "(hidden)"

_SECRET_KEY = re.compile(
    r"(api_?key|secret|passw(or)?d|passphrase|credential|authorization|bearer|cookie|private_?key|(^|_)token$)", re.I
)
_ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_SECRET_VALUE = re.compile(
    r"\b(?:sk|pk|rk|hf|ghp|gho|pypi|xox[abp])[-_][A-Za-z0-9_-]{12,}|\bAKIA[0-9A-Z]{16}\b|\bBearer\s+\S+"
    r"|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*|\bAIza[\w-]{30,}"
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"(?<=[?&])([\w.-]*(?:key|token|secret|password|sig|signature)[\w.-]*)=[^&#\s]+", re.I)


def mask(value: Any, key: str = "") -> Any:
    """Return ``value`` with secrets replaced, at any depth.

    A key that names a secret hides its value, except a key ending in ``_env``: that holds the *name* of an
    environment variable, and is hidden only if it holds something else.
    """
    if isinstance(value, dict):
        return {k: mask(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mask(v, key) for v in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if key.lower().endswith("_env"):
        return value if _ENVIRONMENT_NAME.fullmatch(str(value)) else HIDDEN
    if _SECRET_KEY.search(key):
        return HIDDEN
    return mask_text(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    """Replace credentials in URLs and strings of the known shapes of access tokens."""
    text = _USERINFO.sub("", text)
    text = _QUERY.sub(rf"\1={HIDDEN}", text)
    return _SECRET_VALUE.sub(HIDDEN, text)
