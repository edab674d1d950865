"""The hashes of the fact files that kdvert ships, so that one edited after installation is noticed.

``compliance/manifest.sha256`` is in the format of ``sha256sum``: ``sha256sum --check manifest.sha256`` reads it too. It
notices an accident or a well-meant edit; who may edit the facts may edit the manifest beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kdvert.content import compliance_facts
from kdvert.store import hash_tree

FILE = "manifest.sha256"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def text(root: Path | None = None) -> str:
    """Return what the manifest of the facts as they are must hold."""
    hashes = hash_tree(root or compliance_facts(), leave_out=(FILE,))
    return "".join(f"{sha}  {name}\n" for name, sha in sorted(hashes.items()))


def differences(root: Path | None = None) -> Iterator[tuple[str, str, str]]:
    """Yield (code, file, what) of every file of facts that is not as it was shipped."""
    root = root or compliance_facts()
    if not (root / FILE).is_file():
        yield "manifest_missing", FILE, "it is gone, so that edited facts cannot be noticed"
        return
    shipped: dict[str, str] = {}
    for number, line in enumerate((root / FILE).read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if match := _LINE.fullmatch(line):
            shipped[match[2]] = match[1]
        else:
            yield "manifest_damaged", FILE, f"line {number} is no hash and name"
    present = hash_tree(root, leave_out=(FILE,))
    for name in sorted(shipped.keys() | present.keys()):
        if name not in present:
            yield "fact_file_missing", name, "it was shipped with kdvert and is gone"
        elif name not in shipped:
            yield "fact_file_added", name, "it was not shipped with kdvert"
        elif shipped[name] != present[name]:
            yield "fact_file_edited", name, "it differs from what was shipped with kdvert"
