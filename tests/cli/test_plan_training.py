"""``kdvert plan`` on the training: memory from a config alone, with a project and without."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kdvert.cli.main import cli
from kdvert.distillation.settings import Settings
from kdvert.pipeline import plan_times, plan_training
from kdvert.reporting.plans import Course, Plan, Range, exactly


@pytest.fixture
def small(tmp_path):
    """A folder with the config.json of a small Llama, and its license."""
    folder = tmp_path / "small"
    folder.mkdir()
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000,
        "max_position_embeddings": 512,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    return folder


def called(*arguments, code=0):
    done = CliRunner().invoke(cli, ["plan", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.stdout


def test_without_a_project_a_config_is_enough(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = json.loads(called("--training", "--student", small, "--batch", 4, "--length", 64, "--rank", 8, "--json"))
    assert made["parameters"]["base"] == 202_048
    assert made["parameters"]["trainable"] == 2 * 8 * (4 * 64 + 2 * 32 + 2 * 64 + 3 * (64 + 128))
    assert (made["here"]["batch"], made["here"]["length"]) == (4, 64)
    assert made["here"]["peak_bytes"] == sum(part["bytes"] for part in made["here"]["parts"])
    assert [row["machine"] for row in made["fits"]][:2] == ["this machine", "T4 16 GB"]
    assert {row["length"] for row in made["fits"]} == {512}, "as long as the model reads"
    assert not [p for p in tmp_path.rglob("*") if p.suffix == ".safetensors"]


def test_half_the_batch_takes_less_and_tables_fit_a_terminal(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    shown = called("--training", "--student", small, "--batch", 2, "--length", 64)
    assert "202,048 parameters in 2 layers" in shown
    assert "logits and loss" in shown
    assert "H200 141 GB" in shown
    assert max(len(line) for line in shown.splitlines() if line.startswith(("│", "┃"))) <= 80


def test_several_gpus_share_the_base_and_the_records(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ("--training", "--student", small, "--batch", 8, "--length", 64, "--json")
    one, four = (json.loads(called(*asked, *more)) for more in ((), ("--gpus", 4)))
    assert [row["machine"] for row in four["fits"]][:2] == ["this machine", "4 x T4 16 GB"]
    assert four["here"] == one["here"]
    assert four["fits"][1]["peak_bytes"] < one["fits"][1]["peak_bytes"] / 2
    assert any("each takes 2 of 8 records" in note for note in four["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--student", "x"], "belong to --training"),
        (["--gpus", "2"], "belong to --training"),
        (["--training", "--student", "small", "--gpus", "3"], "8 records a step cannot be shared out evenly over 3"),
        (["--training", "--student", "small", "--gpus", "0"], "0 is not in the range"),
        (["--training", "--student", "nowhere"], "there is no file or folder"),
        (["--training", "--student", "small", "--length", "1024"], "reads 512 at most"),
        (["--training", "--student", "small", "--batch", "0"], "greater than or equal to 1"),
        (["--training", "--student", "hf:no/model", "--json"], "No weights are needed"),
    ],
)
def test_what_is_wrong_is_said(small, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["plan", *arguments])
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_plan_of_a_project_tells_of_its_training_and_takes_it_over(indexed, invoke, small):
    student = ("--set", f"distill.student={small}", "--set", "distill.batch_size=2", "--set", "distill.max_length=128")
    made = invoke(indexed, "plan", "--sample", "2", *student, "--json")
    assert made["training"]["parameters"]["base"] == 202_048
    assert made["training"]["here"]["batch"] == 2
    course = made["course"]
    assert course["records"]["high"] <= made["accepted"]["high"]
    rows = course["records"]["high"] + course["canary_rows"]["high"]
    assert course["steps"]["high"] == 3 * -(-rows // 2)
    assert course["tokens_each"] is None, "a folder without a tokenizer"
    again = invoke(indexed, "plan", *student, "--json")
    assert again["training"] == made["training"]
    Plan.model_validate(json.loads((indexed / "work/plan/plan.json").read_text()))


def test_tokens_are_counted_where_the_tokenizer_is_here(indexed, invoke, tiny_model):
    made = invoke(indexed, "plan", "--sample", "2", "--set", f"distill.student={tiny_model}", "--json")
    assert 20 < made["course"]["tokens_each"] <= 512
    expected = made["course"]["records"]["expected"] * 3 * made["course"]["tokens_each"]
    assert made["course"]["canary_rows"]["high"] == 0, "a tenth of so few records holds none"
    assert made["course"]["tokens"]["expected"] == pytest.approx(expected, rel=0.01)


def test_canaries_are_counted_in_tokens_and_steps_and_are_no_records(indexed, invoke, tiny_model):
    settings = (f"student={tiny_model}", "canaries.share=1", "canaries.count=2", "batch_size=1", "epochs=1")
    told = [part for one in settings for part in ("--set", f"distill.{one}")]
    made = invoke(indexed, "plan", "--sample", "2", *told, "--json")["course"]
    none = invoke(indexed, "plan", *told, "--set", "distill.canaries.count=0", "--json")["course"]
    assert made["records"] == none["records"]
    assert made["tokens_each"] == none["tokens_each"]
    assert none["canary_rows"] == {"expected": 0, "low": 0, "high": 0}
    rows = made["canary_rows"]["expected"]
    assert 0 < rows <= 2 * 1 + 2 * 4
    assert made["steps"]["expected"] == none["steps"]["expected"] + rows
    assert rows * 20 < made["tokens"]["expected"] - none["tokens"]["expected"] < rows * 150
    assert f"and about {rows:.0f} rows of canaries" in invoke(indexed, "plan", *told)
    preference = invoke(indexed, "plan", *told, "--set", "distill.objective=preference", "--json")["course"]
    assert preference["canary_rows"]["high"] == 0, "it learns no words"


def test_the_time_of_a_training_counts_canaries_on_both_sides(monkeypatch):
    """A last training of 80 records had eight rows of canaries; one of 160 to come has sixteen."""
    last = {"train_records": 80, "validation_records": 0, "canaries": 5, "seconds": 88.0, "resumed_at_step": 0}
    monkeypatch.setattr(plan_times, "_last", lambda *_: last)
    settings = Settings()
    run = SimpleNamespace(resolved=SimpleNamespace(stages={"distill": settings}))
    rows = plan_training.canary_rows(settings, Range(expected=160, low=80, high=400))
    assert rows == Range(expected=16, low=8, high=20)
    course = Course(records=exactly(160), canary_rows=rows, tokens_each=None, tokens=Range(), steps=Range(), others=[])
    found = plan_times.distilling(Range(expected=160, low=80, high=400), course, run)
    assert found.seconds.expected == pytest.approx(176)
    assert found.seconds.high == pytest.approx(420 * plan_times.STEADY)
    without = plan_times.distilling(exactly(160), course.model_copy(update={"canary_rows": exactly(0)}), run)
    assert without.seconds.expected == pytest.approx(160)


def test_a_student_that_is_not_here_leaves_the_rest_of_the_plan(indexed, invoke):
    made = invoke(indexed, "plan", "--set", "distill.student=hf:Qwen/Qwen2.5-0.5B-Instruct", "--json")
    assert made["training"] is None
    assert any("No weights are needed" in note for note in made["notes"])
    assert made["requests"]["high"]
