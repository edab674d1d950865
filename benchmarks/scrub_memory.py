r"""Measure the peak memory of ``kdvert scrub`` on JSON-lines files of different sizes.

    python benchmarks/scrub_memory.py --megabytes 10 50

Writes files of invented letters (Faker, seeded), scrubs each with `kdvert scrub`, and prints the highest sum of the
resident memory of all its processes, and the speed. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SEED = 20261124
EVERY_S = 0.2


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1, 5])
    parser.add_argument("--vertical", default="medicine")
    options = parser.parse_args()
    print(f"Machine: {os.cpu_count()} cores, no GPU.\n")
    print("| input, MB | peak memory, MB | characters/s |\n|---|---|---|")
    for size in options.megabytes:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "rows.jsonl"
            characters = write(source, int(size * 1e6))
            peak, seconds = measured(source, Path(folder) / "out", options.vertical)
        print(f"| {size:g} | {peak / 1e6:.0f} | {characters / seconds:,.0f} |", flush=True)


def write(path: Path, size: int) -> int:
    """Write at least ``size`` bytes of rows; return the characters of text in them."""
    characters = written = 0
    with open(path, "w", encoding="utf-8") as stream:
        for number, text in enumerate(letters()):
            line = json.dumps({"number": number, "text": text}) + "\n"
            stream.write(line)
            written += len(line)
            characters += len(text)
            if written >= size:
                return characters
    return characters


def letters() -> Iterator[str]:
    """Yield invented letters without end; no two are the same."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(SEED)
    while True:
        yield (
            f"Dear {fake.name()},\n\n{fake.paragraph(12)} {fake.name()} of {fake.street_address()}, {fake.city()}, "
            f"called on {fake.date()} from {fake.phone_number()}. {fake.paragraph(12)}\n\nSincerely,\n{fake.name()}"
        )


def measured(source: Path, out: Path, vertical: str) -> tuple[int, float]:
    """Scrub ``source``; return the peak of resident memory in bytes, and seconds."""
    command = [sys.executable, "-m", "kdvert", "scrub", str(source), "--vertical", vertical, "--out", str(out)]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(resident, family(process.pid))))
        time.sleep(EVERY_S)
    if process.returncode:
        raise SystemExit(f"kdvert scrub ended with {process.returncode}")
    return peak, time.monotonic() - started


def family(root: int) -> list[int]:
    """Return a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the name, or nothing if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    fields = stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


if __name__ == "__main__":
    main()
