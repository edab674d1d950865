"""``kdvert export`` on a finished project with a tiny student: what is written, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli
from kdvert.exporting import agreement, job, merged
from kdvert.hardware import probe
from kdvert.store import read_json, sha256_file, write_json
from kdvert.students import trained
from kdvert.students.models import load_base, load_tokenizer

DAY = "2026-11-24"
PAPERS = {"README.md", "NOTICE", "ATTRIBUTION.md", "system.txt", "base/LICENSE", "LICENSES/CC-BY-4.0.txt"}


def export(root: Path, target: str, *more: str, code: int = 0) -> dict[str, Any]:
    arguments = ["export", "--to", target, "--project", str(root), "--as-of", DAY, "--json", *more]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == code, result.output + str(result.exception)
    assert "Traceback" not in result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(root: Path, target: str, *more: str, code: int) -> str:
    out = root / "export" / target
    before = sorted(out.rglob("*")) if out.is_dir() else None
    found = export(root, target, *more, code=code)
    assert (sorted(out.rglob("*")) if out.is_dir() else None) == before
    assert not list(root.glob("export/.*"))
    return f"{found['error']}\n{found['hint']}"


def test_an_adapter_goes_with_its_card_and_its_papers(project: Path) -> None:
    made = export(project, "adapter")
    out = project / "export/adapter"
    names = {row["file"] for row in made["files"]}
    assert names >= PAPERS | {"adapter_model.safetensors", "adapter_config.json", "adapter.json"}
    assert all(sha256_file(out / row["file"]) == row["sha256"] for row in made["files"])
    own = project / "work/distill/adapter/adapter_model.safetensors"
    assert (out / "adapter_model.safetensors").read_bytes() == own.read_bytes()
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "## How to use it" in card
    assert "How to load it" not in card
    assert "nf4" in card
    assert "The base's own LICENSE is at base/LICENSE." in (out / "NOTICE").read_text(encoding="utf-8")
    said = read_json(out / "export.json")
    assert said["name"] == "ward-assistant"
    assert said["sources"]["licenses"] == ["CC-BY-4.0"]
    assert said["adapter_sha256"] == sha256_file(own)
    assert said["verdict"].startswith("allow")


def test_a_merged_model_answers_like_the_student_that_was_evaluated(project: Path) -> None:
    from transformers import AutoModelForCausalLM

    found = export(project, "merged")["facts"]["agreement"]
    assert found["prompts"] == agreement.PROMPTS
    assert found["positions"] > 50
    assert found["top1"] == 1.0
    assert found["max_difference"] < 1e-3
    model = AutoModelForCausalLM.from_pretrained(project / "export/merged")
    assert not hasattr(model.config, "quantization_config")
    student = trained.read(project / "work/distill", project)
    evaluated = trained.load(student, probe())
    asked = [agreement.Probe(load_tokenizer(student.weights)("What is asthma? A disease.")["input_ids"], 3)]
    again = agreement.compare(agreement.logits(evaluated, asked), agreement.logits(model.eval(), asked))
    assert again.top1 == 1.0
    card = (project / "export/merged/README.md").read_text(encoding="utf-8")
    assert "library_name: transformers" in card


def test_merging_into_the_weights_before_rounding_is_found_out(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual way to merge a QLoRA adapter gives another model than the one that was evaluated."""
    if not probe().four_bit:
        pytest.skip("this machine holds no model in 4 bits")

    def unrounded(work: Any) -> Any:
        return load_base(work.trained.weights, work.hardware, four_bit=False)

    monkeypatch.setattr(merged, "plain_base", unrounded)
    monkeypatch.setattr(agreement, "LEAST", 0.9999)
    found = export(project, "merged", code=1)
    assert "does not answer like the student that was evaluated" in found["error"]
    assert found["details"]["max_difference"] > 0.01  # 0.0000 when merged into the rounded weights
    assert not (project / "export/merged").exists()


def test_vllm_gets_a_command_that_rounds_the_base(project: Path) -> None:
    made = export(project, "vllm")
    script = project / "export/vllm/serve.sh"
    text = script.read_text(encoding="utf-8")
    assert "--enable-lora" in text
    assert "--max-lora-rank 8" in text  # vLLM knows no 4
    assert ("--quantization bitsandbytes" in text) == probe().four_bit
    assert bool(made["warnings"]) == probe().four_bit
    called = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    assert called.returncode != 0
    assert "name the folder of the base" in called.stderr
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_vllm_is_refused_for_dora(
    tmp_path: Path, make_student: Callable[..., Path], vertical: Any, tiny_model: Path
) -> None:
    root = make_student(tmp_path / "dora", vertical, tiny_model, use_dora=True)
    assert "kdvert export --to merged" in refused(root, "vllm", code=2)
    assert export(root, "merged")["facts"]["agreement"]["top1"] == 1.0


def test_a_base_in_full_precision_is_merged_as_it_is(
    tmp_path: Path, make_student: Callable[..., Path], vertical: Any, tiny_model: Path
) -> None:
    root = make_student(tmp_path / "full", vertical, tiny_model, four_bit=False)
    facts = export(root, "merged")["facts"]
    assert facts["merged_into"] == "the base"
    assert facts["agreement"]["top1"] == 1.0
    assert "--quantization" not in (_vllm(root) / "serve.sh").read_text(encoding="utf-8")


def _vllm(root: Path) -> Path:
    export(root, "vllm")
    return root / "export/vllm"


def test_an_older_export_is_replaced_only_by_force(project: Path) -> None:
    export(project, "adapter")
    assert "--force" in refused(project, "adapter", code=2)
    (project / "export/adapter/stray.txt").write_text("x", encoding="utf-8")
    export(project, "adapter", "--force")
    assert not (project / "export/adapter/stray.txt").exists()


def test_a_folder_of_something_else_is_never_touched(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("Dear", encoding="utf-8")
    said = refused(project, "adapter", "--out", str(tmp_path / "mine"), "--force", code=2)
    assert "no export" in said
    assert (tmp_path / "mine/letter.txt").read_text(encoding="utf-8") == "Dear"


def test_an_unknown_target_names_the_nearest(project: Path) -> None:
    said = refused(project, "ggfu", code=2)
    assert "Did you mean: gguf?" in said


def test_a_project_that_has_no_student_is_told_so(project: Path) -> None:
    shutil.rmtree(project / "work/distill")
    assert "There is no finished student" in refused(project, "merged", code=1)


def test_an_adapter_for_another_base_is_refused(project: Path) -> None:
    facts = read_json(project / "work/distill/adapter.json")
    write_json(project / "work/distill/adapter.json", {**facts, "base_sha256": "0" * 64})
    assert "trained on another" in refused(project, "merged", code=1)


@pytest.mark.parametrize("kept", [0, 100, 20_000])
def test_a_cut_off_adapter_is_named(project: Path, kept: int) -> None:
    path = project / "work/distill/adapter/adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    said = refused(project, "adapter", code=1)
    assert "adapter_model.safetensors is damaged" in said
    assert "kdvert run --from distill --force" in said


def test_a_changed_adapter_is_named(project: Path) -> None:
    path = project / "work/distill/adapter/adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(bytes(data))
    said = refused(project, "adapter", code=1)
    assert "adapter/adapter_model.safetensors was changed" in said
    assert "kdvert export" in said


def test_a_missing_piece_of_the_adapter_is_named(project: Path) -> None:
    (project / "work/distill/adapter/adapter_config.json").unlink()
    assert "adapter_config.json is missing" in refused(project, "adapter", code=1)


def test_too_little_disk_is_said_before_anything_is_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(project)
    monkeypatch.setattr(job.shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    said = refused(project, "merged", code=1)
    assert "The disk is too full" in said
    assert "Nothing was written" in said


def test_a_disk_that_fills_up_leaves_nothing(project: Path) -> None:
    """Shown by the operating system's limit on the size of a file, since a test cannot fill a disk."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000));"
        "from kdvert.cli.main import main; main(sys.argv[1:])"
    )
    command = ["export", "--to", "merged", "--project", str(project), "--as-of", DAY]
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "The disk is too full" in done.stderr
    assert not (project / "export/merged").exists()
    assert not list((project / "export").glob(".*"))


def test_a_use_that_is_blocked_gets_nothing(project: Path) -> None:
    said = refused(project, "adapter", "--set", "use.distribution=hosted", "--set", "distill.student=hf:meta-llama/X",
                   code=1)  # fmt: skip
    assert "out of date" in said  # another student than the one that was trained


def test_a_student_of_a_forgotten_source_is_not_handed_on(project: Path) -> None:
    from kdvert.lineage.adapters import Taint, mark

    folder = project / "work/distill/adapter"
    mark(folder, Taint(at="2026-11-25T00:00:00+00:00", documents=["sources/asthma.md"], train=1, validation=0, base=None,
                       data_sha256=None, weights_sha256="0" * 64, job="1"))  # fmt: skip
    assert "forgotten" in refused(project, "adapter", code=3)
