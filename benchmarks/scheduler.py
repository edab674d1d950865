"""How much of an endpoint's speed a client gets, what a call costs in CPU, and what a kill costs.

python benchmarks/scheduler.py                    # both parts, all clients, 4,000 calls at 64 and at 256 in flight
python benchmarks/scheduler.py --clients kdvert --calls 1000 --kills 0
python benchmarks/scheduler.py --kills 10 --no-speed --json

**Speed.** A mock OpenAI server in a process of its own answers after 0.25 to 0.75 seconds and takes as many calls at
once as the client may send. Its ceiling is that number divided by the mean of the seconds it slept; the share is the
ceiling's time for all calls over the client's time for them, start and end included. CPU is that of the client.

**Kills.** A run of 2,000 records of two calls, with the real client, scheduler and reply store, is killed with SIGKILL
at random moments and started again. Its records are compared with those of a run without kills. The server notes each
call: one that is asked again must have been in flight at a kill, which is without a reply, or with one that was on its
way or not yet committed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "scheduling"
MEAN_S = 0.5
CLIENTS = ("kdvert", "kdvert through LangChain", "LangChain abatch", "plain httpx", "plain aiohttp")


@contextmanager
def endpoint(cap: int) -> Iterator[str]:
    """Run the mock server; give its address."""
    command = [sys.executable, str(HERE / "endpoint.py"), "--cap", str(cap)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        finally:
            server.kill()


def call(url: str, *, post: bool = False) -> dict[str, Any]:
    """Ask the mock server what it saw."""
    with urllib.request.urlopen(urllib.request.Request(url, method="POST" if post else "GET")) as reply:
        return json.load(reply)


def speed(client: str, at_once: int, calls: int) -> dict[str, Any]:
    """Run one client; return its share of the ceiling and its CPU time for a call."""
    with endpoint(at_once) as url:
        command = [sys.executable, str(HERE / "client.py"), client, f"{url}/v1", "--calls", str(calls)]
        done = subprocess.run([*command, "--at-once", str(at_once)], stdout=subprocess.PIPE, text=True, check=True)
        seen, used = call(f"{url}/stats"), json.loads(done.stdout)
    # the server saw one warm-up call too; the client's own clock spans the run alone
    ideal = (seen["slept"] / (calls + 1)) * calls / at_once
    return {
        "client": client, "at_once": at_once, "calls": calls, "share": ideal / used["wall_s"],
        "per_s": calls / used["wall_s"], "peak": seen["peak"], "cpu_ms": 1000 * used["cpu_s"] / calls,
    }  # fmt: skip


def kills(count: int, records: int, at_once: int, seed: int) -> dict[str, Any]:
    """Kill a run ``count`` times; return what was repeated and whether the records are the same."""
    draw = random.Random(seed)
    with endpoint(at_once) as url, tempfile.TemporaryDirectory() as folder:
        undisturbed = records_of(url, Path(folder) / "calm", records, at_once)
        call(f"{url}/reset", post=True)
        moments = []
        for _ in range(count):
            run = start(url, Path(folder) / "killed", records, at_once)
            run.stdout.readline()  # it says that it begins to ask
            time.sleep(draw.uniform(0.3, 1.6 * MEAN_S * records / at_once / count))
            run.send_signal(signal.SIGKILL)
            moments.append(time.monotonic())
            run.wait()
        resumed = records_of(url, Path(folder) / "killed", records, at_once)
        calls = call(f"{url}/stats")["calls"]
    return {
        "kills": count, "records": records, "at_once": at_once, "same_records": resumed == undisturbed,
        "calls": len(calls), **repeats(calls, moments),
    }  # fmt: skip


def repeats(calls: list[tuple[str, float, float | None]], moments: list[float]) -> dict[str, Any]:
    """Tell repeated calls by whether the reply to the first had left the server when the client was killed."""
    unanswered, late = 0, []
    before: dict[str, tuple[float, float]] = {}
    for prompt, arrived, answered in sorted(calls, key=lambda row: row[1]):
        if prompt in before:
            killed = min(m for m in moments if m >= before[prompt][0])
            left = before[prompt][1]
            if left >= killed:
                unanswered += 1
            else:
                late.append(1000 * (killed - left))
        before[prompt] = (arrived, answered if answered is not None else float("inf"))
    return {
        "repeated": unanswered + len(late), "unanswered_at_a_kill": unanswered,
        "answered_before_a_kill": len(late), "longest_before_ms": max(late, default=0.0),
    }  # fmt: skip


def start(url: str, folder: Path, records: int, at_once: int) -> subprocess.Popen[str]:
    """Start the run that is to be killed."""
    command = [sys.executable, str(HERE / "records.py"), f"{url}/v1", str(folder), str(records), str(at_once)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def records_of(url: str, folder: Path, records: int, at_once: int) -> str:
    """Run to the end; return a hash of the records."""
    run = start(url, folder, records, at_once)
    if run.wait():
        raise SystemExit("the run failed")
    return hashlib.sha256((folder / "records.jsonl").read_bytes()).hexdigest()


def main() -> None:
    """Run the benchmark and print its tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=4000)
    options.add_argument("--at-once", type=int, nargs="+", default=[64, 256])
    options.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    options.add_argument("--no-speed", action="store_true", help="only the part with kills")
    options.add_argument("--kills", type=int, default=10, help="how often a run is killed (0: not at all)")
    options.add_argument("--records", type=int, default=2000, help="of the run that is killed")
    options.add_argument("--seed", type=int, default=0, help="draws the moments of the kills")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    rows = []
    for at_once in [] if chosen.no_speed else chosen.at_once:
        rows += [speed(client, at_once, chosen.calls) for client in chosen.clients]
    killed = kills(chosen.kills, chosen.records, 64, chosen.seed) if chosen.kills else None
    if chosen.json:
        print(json.dumps({"speed": rows, "kills": killed}, indent=1))
    else:
        show(rows, killed)


def show(rows: list[dict[str, Any]], killed: dict[str, Any] | None) -> None:
    """Print the tables."""
    if rows:
        print("| client | at once | calls | of the ceiling | calls/s | CPU ms a call | peak |\n" + "|---" * 7 + "|")
    for row in rows:
        print(
            f"| {row['client']} | {row['at_once']} | {row['calls']} | {row['share']:.1%} | {row['per_s']:.0f} "
            f"| {row['cpu_ms']:.2f} | {row['peak']} |"
        )
    if killed:
        print(
            f"\n{killed['kills']} kills in a run of {killed['records']} records: records "
            f"{'the same' if killed['same_records'] else 'DIFFER'}; {killed['repeated']} of {killed['calls']} calls "
            f"were repeated: {killed['unanswered_at_a_kill']} had no reply when the run was killed, and "
            f"{killed['answered_before_a_kill']} replies had left the server at most "
            f"{killed['longest_before_ms']:.0f} ms before."
        )


if __name__ == "__main__":
    main()
