r"""Time the demo stage by stage on this machine and print what came out, as Markdown.

python benchmarks/demo.py [--vertical law] [--set STAGE.KEY=VALUE]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from real_data import markdown

DEMO = ("elicit.per_passage=2", "filter.min_accepted=60", "distill.epochs=2")
"""The settings of `make demo`."""


def main() -> None:
    """Make a project, run it, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vertical", default="medicine")
    parser.add_argument("--set", action="append", default=list(DEMO), metavar="STAGE.KEY=VALUE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "demo"
        kdvert = [sys.executable, "-m", "kdvert"]
        subprocess.run([*kdvert, "new", options.vertical, str(project)], check=True)
        started = time.monotonic()
        settings = [part for s in options.set for part in ("--set", s)]
        subprocess.run([*kdvert, "run", "--project", str(project), *settings], check=True)
        print(f"Whole run: {time.monotonic() - started:.0f} s\n")
        print(markdown(project))


if __name__ == "__main__":
    main()
