"""Write compliance/manifest.sha256 anew. `--check` writes nothing and fails if it is out of date."""

from __future__ import annotations

import sys

from kdvert.content import compliance_facts
from kdvert.licensing import manifest
from kdvert.store import write_text


def main() -> int:
    """Write the manifest, or compare it."""
    if "--check" not in sys.argv[1:]:
        write_text(compliance_facts() / manifest.FILE, manifest.text())
        return 0
    found = list(manifest.differences())
    for code, name, what in found:
        print(f"compliance/{name}: {code}: {what}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
