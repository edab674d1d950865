"""What kdvert itself costs around a teacher's calls: CPU milliseconds for a record, by part.

python benchmarks/overhead.py                        # 300 passages of ../shared/data, two records asked of each
python benchmarks/overhead.py --beside 0             # as by default: grounded_qa needs no neighbors of the passage
python benchmarks/overhead.py --passages 400 --per-passage 1 --folder FOLDER --json

Neighbors of a passage are shown beside it, so that search is part of the work.

A project is made of real documents, and the stages up to ``index`` run. Then ``elicit`` and ``filter`` run as a user's
do, against a mock endpoint in a process of its own that answers at once with quotes from the passage. CPU time is that
of this process, all threads together: it hardly depends on what else the machine does. A first run over two passages
loads programs and models; what it took is told apart, as is what the measured run does once, however many records it
writes. With --folder the project is kept and found again.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import yaml
from scheduling.meter import Meter

from kdvert import project
from kdvert.offline import quiet
from kdvert.pipeline import runner

ONCE, UNSEEN = "once a run", "threads of libraries"
GOAL_MS = 25.0
MODEL = "Qwen/Qwen2.5-7B-Instruct"  # the license check knows this name; the mock server answers to any
SERVER = Path(__file__).parent / "scheduling" / "quoting.py"
PARTS = [
    ("kdvert.knowledge.index:Retriever.search_many", "search: the rest"),
    ("kdvert.knowledge.index:Retriever._nearest", "search: vectors (Chroma)"),
    ("kdvert.knowledge.lexicon:Lexicon.scores", "search: words (BM25)"),
    ("kdvert.knowledge.embeddings:Embedder.embed_queries", "search: embedding the query"),
    ("kdvert.knowledge.embeddings:Embedder._encode", "search: embedding the query"),
    ("kdvert.templates:TemplateSet.prompt", "rendering the prompt"),
    ("kdvert.privacy.gate:EgressGate.__call__", "egress gate"),
    ("kdvert.elicitation.drafts:as_lines", "numbering sentences"),
    ("kdvert.teachers.endpoint:EndpointTeacher.complete", "calling the endpoint"),
    ("kdvert.privacy.scrubber:Scrubber.passage", "scrubbing the reply"),
    ("kdvert.teachers.replies:ReplyStore.keep", "storing the reply"),
    ("kdvert.teachers.replies:ReplyStore.find", "storing the reply"),
    ("kdvert.elicitation.drafts:read", "parsing the reply"),
    ("kdvert.elicitation.drafts:records", "checking quotes, making records"),
    ("kdvert.teachers.scheduler:Scheduler.run", "scheduling"),
    ("kdvert.stages.elicit:_write", "writing records"),
    ("kdvert.stages.filter:_write", "writing records"),
    ("kdvert.stages.filter:judge", "filters: the rest"),
    # once, however many records: these stand last, so that they are seen within the parts above
    ("kdvert.privacy.scrubber:Scrubber.load", ONCE),
    ("kdvert.stages.elicit:map_topics", ONCE),
    ("py3langid.langid:LanguageIdentifier.from_model_file", ONCE),
    ("kdvert.pipeline.runner:execute", ONCE),
]
"""Where a part's time goes in, as ``module:attribute``."""
PART_OF = {"scrubbing the reply": "egress gate", "search: embedding the query": ONCE}
"""Parts that are not told apart within another one."""


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--vertical", default="medicine", help="also names the folder in corpus/")
    parser.add_argument("--documents", type=int, default=300, help="the first so many of the corpus")
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--per-passage", type=int, default=2)
    parser.add_argument("--beside", type=int, default=4, help="neighbors of a passage, found by search, in its prompt")
    parser.add_argument("--folder", type=Path, help="keep the project here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "corpus" / options.vertical).is_dir():
        print(f"skipped: there is no corpus/{options.vertical} in {options.data}; name the folder with --data")
        return
    quiet()
    with nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory() as folder:
        found = measure(prepared(Path(folder) / "project", options), options)
    print(json.dumps(found, indent=1) if options.json else table(found))


def prepared(folder: Path, options: argparse.Namespace) -> Path:
    """Make a project of the corpus, up to its index, unless it is there."""
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "kdvert", "new", options.vertical, str(folder)], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        shutil.rmtree(folder / "sources")
        (folder / "sources").mkdir()
        files = sorted((options.data / "corpus" / options.vertical).glob("*.jsonl"))
        rows = itertools.chain.from_iterable(path.read_text(encoding="utf-8").splitlines() for path in files)
        some = list(itertools.islice(rows, options.documents))
        (folder / "sources" / "corpus.jsonl").write_text("\n".join([*some, ""]), encoding="utf-8")
    settings = {"vertical": options.vertical, "ingest": {"sources": [{"path": "sources/*.jsonl"}]}}
    (folder / "kdvert.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    runner.execute(runner.prepare(project.read(folder.resolve())), last="index")
    return folder


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return CPU seconds by part, counts, and what a record cost."""
    used = time.process_time()
    elicited(folder, 2, options)
    first = time.process_time() - used
    with Meter() as meter:
        for place, part in [*PARTS, *filters()]:
            wrap(meter, place, part)
        elicit, filtered = elicited(folder, options.passages, options)
    parts = {**meter.seconds, UNSEEN: meter.unseen}
    once = parts.pop(ONCE)
    records = elicit["examples"]
    rows = [{"part": p, "ms": round(1000 * s / records, 2)} for p, s in sorted(parts.items(), key=lambda r: -r[1])]
    return {
        "records": records, "accepted": filtered["accepted"], "calls": elicit["requests"], "parts": rows,
        "ms_per_record": round(1000 * sum(parts.values()) / records, 2),
        "ms_per_call": round(1000 * sum(parts.values()) / elicit["requests"], 2),
        "goal_ms": GOAL_MS, "once_s": round(once, 2), "first_run_s": round(first, 2),
    }  # fmt: skip


def elicited(folder: Path, passages: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run ``elicit`` and ``filter`` anew; return their summaries."""
    shutil.rmtree(folder / "work" / "cache" / "elicit", ignore_errors=True)  # kept replies would save the calls
    with endpoint() as url:
        teacher = {"model": MODEL, "base_url": url}
        asked = {"passages": passages, "per_passage": options.per_passage, "beside": options.beside}
        settings = [f"elicit.{name}={json.dumps(value)}" for name, value in (asked | {"teacher": teacher}).items()]
        run = runner.prepare(project.read(folder.resolve()), [*settings, "filter.min_accepted=0"])
        steps = runner.execute(run, first="elicit", last="filter", force=True)
    return [step.summary for step in steps]


@contextmanager
def endpoint() -> Iterator[str]:
    """Run the mock server; give its address."""
    with subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}/v1"
        finally:
            server.kill()


def filters() -> list[tuple[str, str]]:
    """Return where each filter is, and what it is called here."""
    from kdvert.filters.table import FILTERS

    return [(place, f"filter: {name}") for name, place in FILTERS.items()]


def wrap(meter: Meter, place: str, part: str) -> None:
    """Let the meter count a function; scrubbing within the gate is the gate's, and topics are embedded once a run."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for own in owners:
        owner = getattr(owner, own)
    meter.wrap(owner, name, part, unless_in=PART_OF.get(part))


def table(found: dict[str, Any]) -> str:
    """Lay it out for people."""
    lines = [f"{'part':36} {'CPU ms a record':>15}", *(f"{r['part']:36} {r['ms']:15.2f}" for r in found["parts"])]
    lines.append(f"{'in all':36} {found['ms_per_record']:15.2f}   (goal: at most {found['goal_ms']:.0f})")
    lines.append(
        f"\n{found['records']} records of {found['calls']} calls, {found['accepted']} accepted; "
        f"{found['ms_per_call']:.1f} ms a call. Once a run: {found['once_s']:.1f} s of CPU, and "
        f"{found['first_run_s']:.1f} s for a first run of two passages, which loads programs and models."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
