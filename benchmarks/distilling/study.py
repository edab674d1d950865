"""The study: what objectives make of the same teacher, the same questions and the same number of student tokens.

The teacher is the student's own base with the passage in its prompt. Every run is kept in a file of its own, so a
study that was cut off goes on where it stood.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from distilling.questions import Question, read, split
from kdvert import verticals
from kdvert.distillation import qlora
from kdvert.distillation.data import IGNORED, Encoded, encode
from kdvert.distillation.objectives import objective, sft
from kdvert.distillation.objectives.contract import Material, Phase
from kdvert.distillation.settings import Settings
from kdvert.evaluation.comparison import Pair, paired_bootstrap
from kdvert.features.forcing import Forcing, readings
from kdvert.features.header import Header
from kdvert.features.store import Writer
from kdvert.features.tails import POWER
from kdvert.features.vocabulary import token_bytes, tokenizer_sha256
from kdvert.hardware import probe
from kdvert.progress import Silent
from kdvert.students.models import load_base, load_tokenizer, unpacked, with_adapter
from kdvert.students.prompts import Prompts, prompt_ids
from kdvert.teachers.local import LocalTeacher
from kdvert.templates import TemplateSet
from kdvert.weights import DEFAULT_MODEL, resolve

RUNS: dict[str, list[str]] = {
    "sft": ["sft"], "kl": ["kl"], "cpt+sft": ["cpt", "sft"], "privileged": ["privileged"],
}  # fmt: skip
ANSWERS = ("teacher", "gold")
EPOCHS = 3
NEW_TOKENS = 40
WITH_PASSAGE = 40
"""Held-out questions that the base is asked with their passages: the prompts are long, and it is for orientation."""
_AT_ONCE = 8
NLL = dict[str, tuple[float, int]]
"""By question: the sum of the answer's negative log-likelihood in nats, and its tokens."""


@dataclass(frozen=True)
class Study:
    """One split of the questions, and what is learned from it.

    Attributes:
        data: folder of the test data.
        folder: where teacher's answers, distributions and results are kept.
        seed: of split, adapter and order.
        train: questions to learn from.
        tokens: what a run may read.
    """

    data: Path
    folder: Path
    seed: int
    train: int
    tokens: int

    @cached_property
    def sides(self) -> tuple[list[Question], list[Question]]:
        """Questions to learn from, and held out."""
        return split(read(self.data), self.train, self.seed)

    @cached_property
    def prompts(self) -> Prompts:
        """How the student is asked."""
        vertical = verticals.load("science")
        return Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)

    @cached_property
    def tokenizer(self) -> Any:
        """The student's."""
        return load_tokenizer(resolve(DEFAULT_MODEL))

    def run(self, name: str, answers: str) -> dict[str, Any]:
        """Train and measure one student, or read what an earlier call found."""
        kept = self.folder / f"{name}-{answers}-{self.seed}.json"
        if not kept.is_file():
            found = self._measured(name, answers)
            kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
        return {"run": name, "answers": answers, "seed": self.seed, **json.loads(kept.read_text(encoding="utf-8"))}

    def base(self, *, passages: bool) -> NLL:
        """Return what the untrained base makes of the held-out questions, with their passages or without."""
        kept = self.folder / f"base-{'with' if passages else 'without'}-{self.seed}.json"
        if not kept.is_file():
            model = self._base()
            asked = self.sides[1][:WITH_PASSAGE] if passages else self.sides[1]
            found = likelihoods(model, self.encoded(asked, "gold", passages=passages))
            kept.write_text(json.dumps(found), encoding="utf-8")
        return _nll(json.loads(kept.read_text(encoding="utf-8")))

    def _base(self) -> Any:
        hardware = probe()
        return unpacked(load_base(resolve(DEFAULT_MODEL), hardware, four_bit=hardware.four_bit), hardware).eval()

    def _measured(self, name: str, answers: str) -> dict[str, Any]:
        started = time.monotonic()
        adapter, trained = self._train(name, answers)
        model = with_adapter(self._base(), adapter)
        nll = likelihoods(model, self.encoded(self.sides[1], "gold"))
        return {"nll": nll, "tokens": trained.tokens, "seconds": round(time.monotonic() - started),
                "history": trained.history}  # fmt: skip

    def _train(self, name: str, answers: str) -> tuple[Path, qlora.Trained]:
        hardware, weights = probe(), resolve(DEFAULT_MODEL)
        settings, material = self._material(name, answers)
        phases = [self._fitted(objective(one).phase(material), settings) for one in RUNS[name]]
        work = self.folder / f"{name}-{answers}-{self.seed}"
        trained = qlora.train(
            phases, weights=weights, hardware=hardware, four_bit=hardware.four_bit, settings=settings,
            checkpoints=work / "checkpoints", adapter=work / "adapter", progress=Silent(),
        )  # fmt: skip
        return work / "adapter", trained

    def _material(self, name: str, answers: str) -> tuple[Settings, Material]:
        epochs = 1 if name == "cpt+sft" else EPOCHS
        settings = Settings.model_validate(
            {"objective": RUNS[name], "epochs": epochs, "seed": self.seed, "validation_share": 0,
             "privileged": {"epochs": EPOCHS, "max_new_tokens": NEW_TOKENS, "max_length": 1024}}
        )  # fmt: skip
        train = self.encoded(self.sides[0], answers)
        passages = {q.passage.id: q.passage for q in self.sides[0]}
        material = Material(
            train, Encoded([], [], []), self.tokenizer, self.prompts, settings, passages=list(passages.values()),
            features=self._distributions(answers) if "kl" in RUNS[name] else None,
        )  # fmt: skip
        return settings, material

    def _fitted(self, phase: Phase, settings: Settings) -> Phase:
        """Return a phase of ``cpt`` cut to what the budget leaves beside one reading of the records."""
        if phase.name != "cpt":
            return phase
        left = self.tokens * (EPOCHS - 1) / EPOCHS
        rows = []
        for row in phase.rows:
            left -= len(row["input_ids"])
            if left < 0:
                break
            rows.append(row)
        return Phase(phase.name, rows, (), phase.trainer, phase.epochs, phase.learning_rate)

    def encoded(self, some: Sequence[Question], answers: str, *, passages: bool = False) -> Encoded:
        """Return questions as the student reads them, with their own answers (``gold``) or the teacher's."""
        told = self._told() if answers == "teacher" else {}
        records = [q.record(told.get(q.id)) for q in some]
        if passages:
            records = [r.model_copy(update={"context": [q.passage.text]}) for r, q in zip(records, some, strict=True)]
        return encode(records, self.tokenizer, self.prompts, 2048)

    def _told(self) -> dict[str, str]:
        """Return what the teacher, shown the passages, answers to the questions to learn from (greedy decoding)."""
        kept = self.folder / f"told-{self.seed}.json"
        if not kept.is_file():
            teacher = LocalTeacher.load(DEFAULT_MODEL, batch_size=_AT_ONCE, root=Path.cwd())
            found: dict[str, str] = {}
            for start in range(0, len(self.sides[0]), _AT_ONCE):
                batch = self.sides[0][start : start + _AT_ONCE]
                found |= dict(zip([q.id for q in batch], self._write(teacher.model, batch), strict=True))
            kept.write_text(json.dumps(found, indent=1), encoding="utf-8")
        told: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        return told

    def _write(self, model: Any, batch: Sequence[Question]) -> list[str]:
        rows = [prompt_ids(self.tokenizer, self.prompts.ask(q.question, passages=[q.passage.text])) for q in batch]
        longest, pad = max(map(len, rows)), int(self.tokenizer.pad_token_id or 0)
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        with torch.inference_mode():
            written = model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=pad
            )
        texts = self.tokenizer.batch_decode(written[:, longest:], skip_special_tokens=True)
        return [text.strip() or "I do not know." for text in texts]

    def _distributions(self, answers: str) -> Path:
        """Return the store of what the teacher, shown the passages, holds likely at each token of the answers."""
        folder = self.folder / f"distributions-{answers}-{self.seed}"
        if (folder / "done").is_file():
            return folder
        teacher = LocalTeacher.load(DEFAULT_MODEL, batch_size=_AT_ONCE, root=Path.cwd())
        work = Forcing(teacher.model, int(teacher.tokenizer.pad_token_id or 0), _AT_ONCE, 64, 24, POWER)
        records = self.encoded(self.sides[0], answers).examples
        texts = {q.passage.id: q.passage.text for q in self.sides[0]}
        some, _ = readings(records, teacher.tokenizer, self.prompts, passages=texts, longest=2048)
        header = Header(
            teacher=DEFAULT_MODEL, teacher_identity="study", source="forced", k=64, samples=24, power=POWER,
            coding="uint8", tokenizer_sha256=tokenizer_sha256(teacher.tokenizer), passages=True, prompt_sha256=None,
            vocabulary=int(teacher.model.config.vocab_size),
        )  # fmt: skip
        writer = Writer(folder, header)
        made = work.distributions(some)
        writer.write("all", [(r.record.id, made[r.record.id]) for r in some])
        writer.finish(token_bytes(teacher.tokenizer, int(teacher.model.config.vocab_size)))
        (folder / "done").touch()
        return folder


def likelihoods(model: Any, some: Encoded) -> NLL:
    """Return the negative log-likelihood of each record's answer, end of text included."""
    found: NLL = {}
    with torch.inference_mode():
        for example, row in zip(some.examples, sft.rows(some), strict=True):
            labels = torch.tensor(row["labels"][1:])
            learned = labels != IGNORED
            places = learned.nonzero()[:, 0]  # logits of the prompt are not made: they would be most of the work
            logits = model(input_ids=torch.tensor([row["input_ids"]]), logits_to_keep=places).logits[0]
            loss = torch.nn.functional.cross_entropy(logits.float(), labels[learned], reduction="sum")
            found[example.id] = (float(loss), int(learned.sum()))
    return found


def compared(results: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield for each kind of run its NLL a token over all seeds, and its difference to sft with a 95 % interval.

    A question that is held out by two seeds counts once for each.
    """
    for answers in dict.fromkeys(r["answers"] for r in results):
        own = [r for r in results if r["answers"] == answers]
        seeds = {r["seed"]: _nll(r["nll"]) for r in own if r["run"] == "sft"}
        for name in dict.fromkeys(r["run"] for r in own):
            runs = [r for r in own if r["run"] == name and r["seed"] in seeds]
            pairs = [p for r in runs for p in _pairs(seeds[r["seed"]], _nll(r["nll"]))]
            low, high = paired_bootstrap(pairs, resamples=4000, seed=1)
            yield {
                "run": name, "answers": answers, "nll": _mean([(p.student, p.weight) for p in pairs]),
                "difference": _mean([(p.student - p.base, p.weight) for p in pairs]), "low": low, "high": high,
                "by_seed": {r["seed"]: _mean([(s / n, n) for s, n in _nll(r["nll"]).values()]) for r in runs},
                "tokens": round(statistics.mean(r["tokens"] for r in runs)),
                "seconds": round(statistics.mean(r["seconds"] for r in runs)), "questions": len(pairs),
            }  # fmt: skip


def _pairs(first: NLL, other: NLL) -> list[Pair]:
    return [Pair(s / n, other[name][0] / n, n) for name, (s, n) in first.items()]


def _nll(found: dict[str, Any]) -> NLL:
    return {name: (float(total), int(tokens)) for name, (total, tokens) in found.items()}


def _mean(values: Sequence[tuple[float, float]]) -> float:
    return sum(v * w for v, w in values) / sum(w for _, w in values)
