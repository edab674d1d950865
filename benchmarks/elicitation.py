r"""Accepted records per 1,000 teacher tokens: kdvert beside sdg-hub and synthetic-data-kit, on the same passages.

    python benchmarks/elicitation.py --corpus openstax_microbiology.jsonl --base-url http://localhost:8000/v1 \
        --model NAME --sdg-hub VENV/bin/python --synthetic-data-kit VENV/bin/python

Passages are drawn evenly from the corpus (JSON lines with title, text, source, license). The tools need environments of
their own (``pip install sdg-hub==0.9.4``, ``pip install synthetic-data-kit==0.0.5``); one that is not given is left
out. A proxy counts what each asks of the teacher and keeps the replies, so the same command goes on where it stopped.
Every record is judged by one rule (``eliciting/judging.py``): its question stands alone and is no copy, its numbers and
at least 80 % of the content words of each sentence stand in the passage. Of kdvert only what its own filters accepted
is judged; of the others all that they give.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from eliciting.counting import Proxy, proxy
from eliciting.judging import Pair, counted, judge
from eliciting.tools import TOOLS, Job

OURS = ("kdvert", "kdvert-extractive")
RESULT, PAIRS = "result.json", "pairs.jsonl"


def main() -> None:
    """Run every tool that is there; print a table, or JSON."""
    options = _options()
    if not (options.corpus and options.base_url and options.model):
        print(f"{Path(__file__).name}: skipped; it needs --corpus, --base-url and --model (see --help)")
        return
    rows = passages(options.corpus, options.passages)
    with proxy(options.base_url, options.folder / "replies") as served:
        for tool, count in wanted(options):
            name = f"{tool} {count}"
            if options.only and name not in options.only:
                continue
            print(f"== {name}", file=sys.stderr)
            run(tool, count, rows, served, options)
    print(table(options.folder, as_json=options.json))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--passages", type=int, default=12)
    parser.add_argument("--per-passage", type=int, nargs="+", default=[2, 3], help="kdvert: elicit.per_passage")
    parser.add_argument("--counts", type=int, nargs="+", default=[3, 6], help="synthetic-data-kit: pairs of a passage")
    parser.add_argument("--sdg-hub", type=Path, help="python of an environment with sdg-hub")
    parser.add_argument("--synthetic-data-kit", type=Path, help="python of an environment with synthetic-data-kit")
    parser.add_argument("--folder", type=Path, default=Path("benchmarks/work/elicitation"))
    parser.add_argument("--only", action="append", help="run just this row of the table, such as 'kdvert 3'")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def passages(corpus: Path, count: int) -> list[dict[str, str]]:
    """Return ``count`` rows, evenly spaced over the corpus."""
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").split("\n") if line]
    return [rows[number * len(rows) // count] for number in range(count)]


def wanted(options: argparse.Namespace) -> list[tuple[str, int]]:
    """Return the tools to run and how many records to ask for; sdg-hub always writes about three questions."""
    runs = [(tool, count) for tool in OURS for count in options.per_passage]
    if options.synthetic_data_kit:
        runs += [("synthetic-data-kit", count) for count in options.counts]
    return runs + ([("sdg-hub", 3)] if options.sdg_hub else [])


def run(tool: str, count: int, rows: list[dict[str, str]], served: Proxy, options: argparse.Namespace) -> None:
    """Run a tool and write what it gave and cost."""
    name = f"{tool}-{count}"
    folder = (options.folder / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    served.begin(name)
    python = {"sdg-hub": options.sdg_hub, "synthetic-data-kit": options.synthetic_data_kit}.get(tool)
    python = python.absolute() if python else Path(sys.executable)
    made = TOOLS[tool](Job(rows, count, folder, served.url(name), options.model, python))
    _write(folder, {"tool": tool, "count": count, "asked_for": made.asked_for}, made.pairs, served)


def _write(folder: Path, result: dict[str, Any], pairs: list[Pair], served: Proxy) -> None:
    from kdvert.knowledge.language import load

    verdicts = judge(pairs, load("en"))
    with open(folder / PAIRS, "w", encoding="utf-8") as stream:
        for pair, verdict in zip(pairs, verdicts, strict=True):
            stream.write(json.dumps({"verdict": verdict, "question": pair.question, "answer": pair.answer}) + "\n")
    used = served.tools[folder.name]
    result |= {
        "requests": used.requests,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "given": len(pairs),
        "verdicts": counted(verdicts),
        "accepted": verdicts.count("accepted"),
        "accepted_per_1000_tokens": round(1000 * verdicts.count("accepted") / max(used.tokens, 1), 3),
    }
    (folder / RESULT).write_text(json.dumps(result, indent=2), encoding="utf-8")


def table(folder: Path, *, as_json: bool) -> str:
    """Return what all runs in ``folder`` gave, as Markdown or JSON."""
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"*/{RESULT}"))]
    results.sort(key=lambda r: -r["accepted_per_1000_tokens"])
    if as_json:
        return json.dumps(results, indent=2)
    lines = [
        "| tool | asked for | requests | tokens read | written | given | accepted | accepted per 1,000 tokens |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        cells = [r["tool"], r["asked_for"], r["requests"], r["input_tokens"], r["output_tokens"], r["given"]]
        lines.append(
            "| " + " | ".join(map(str, [*cells, r["accepted"], f"{r['accepted_per_1000_tokens']:.2f}"])) + " |"
        )
    best = max((r["accepted_per_1000_tokens"] for r in results if r["tool"] not in OURS), default=0)
    ours = max((r["accepted_per_1000_tokens"] for r in results if r["tool"] in OURS), default=0)
    if best and ours:
        lines += ["", f"kdvert's best is {ours / best:.1f} times the best of the others."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
