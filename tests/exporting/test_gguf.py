"""GGUF and Ollama: the converter is found or asked for, and what a chat template becomes in a Modelfile.

The conversion itself runs where ``LLAMA_CPP`` names a folder with llama.cpp's converter; docs/using.md tells what was
tried.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdvert.exporting.chat_form import chat_form
from kdvert.students.models import load_tokenizer
from kdvert.weights import DEFAULT_MODEL, resolve
from tests.exporting.test_export import export

DAY = "2026-11-24"
converts = pytest.mark.skipif(not os.environ.get("LLAMA_CPP"), reason="LLAMA_CPP names no llama.cpp")
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "First."},
    {"role": "user", "content": "Two?"},
]
TEMPLATES = {
    "chatml": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "llama3": "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>"
    "{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
    "zephyr": "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
    "vicuna": "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n\n{% elif m.role == 'user' %}USER: "
    "{{ m.content }}\n{% else %}ASSISTANT: {{ m.content }}</s>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT: {% endif %}",
}
UNEVEN = (
    "{% for m in messages %}{% if m.role == 'system' %}{% else %}[{{ m.role }}] "
    "{% if loop.index == 2 %}{{ messages[0].content }} {% endif %}{{ m.content }}{{ ' ' * loop.index }}{% endif %}"
    "{% endfor %}"
)


@pytest.mark.parametrize("target", ["gguf", "ollama"])
def test_without_the_converter_the_error_says_how_to_get_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    found = export(project, target, code=2)
    assert "convert_hf_to_gguf.py" in found["error"]
    assert "git clone" in found["hint"]
    assert "--converter" in found["hint"]
    assert not (project / "export").exists()


def test_a_converter_that_is_not_there_is_named(project: Path, tmp_path: Path) -> None:
    found = export(project, "gguf", "--converter", str(tmp_path / "nowhere"), code=2)
    assert "nowhere" in found["error"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise SystemExit('Model FooForCausalLM is not supported')", "FooForCausalLM"),
        ("import not_there", "not_there"),
    ],
)
def test_a_converter_that_fails_is_quoted(project: Path, tmp_path: Path, script: str, said: str) -> None:
    """llama.cpp's own script fails in these ways; a program of one line fails in the same."""
    (tmp_path / "convert_hf_to_gguf.py").write_text(script + "\n", encoding="utf-8")
    found = export(project, "gguf", "--converter", str(tmp_path), code=1)
    assert said in found["error"]
    if said == "not_there":
        assert found["hint"] == "pip install not_there"
    assert not (project / "export/gguf").exists()


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_chat_template_becomes_texts_around_messages(name: str) -> None:
    tokenizer = load_tokenizer(resolve(DEFAULT_MODEL))
    tokenizer.chat_template = TEMPLATES[name]
    form = chat_form(tokenizer)
    assert form is not None
    expected = tokenizer.apply_chat_template(TALK, tokenize=False, add_generation_prompt=True)
    assert form.render(TALK) == expected
    assert _as_go(form.go_template, TALK) == expected


def test_the_default_students_template_is_one_of_them() -> None:
    tokenizer = load_tokenizer(resolve(DEFAULT_MODEL))
    form = chat_form(tokenizer)
    assert form is not None
    assert form.around["user"] == ("<|im_start|>user\n", "<|im_end|>\n")
    assert form.answer == "<|im_start|>assistant\n"


def test_a_template_that_moves_the_system_message_is_left_to_ollama() -> None:
    tokenizer = load_tokenizer(resolve(DEFAULT_MODEL))
    tokenizer.chat_template = UNEVEN
    assert chat_form(tokenizer) is None


def _as_go(template: str, turns: list[dict[str, str]]) -> str:
    """Fill in the few forms of Go's templates that are used."""
    body, _, answer = template.removeprefix("{{ range .Messages }}").rpartition("{{ end }}{{ end }}")
    branches = {}
    for branch in body.replace("{{ else if ", "{{ if ").split("{{ if ")[1:]:
        test, _, text = branch.partition(" }}")
        branches[test] = text
    parts = [branches[f'eq .Role "{t["role"]}"'].replace("{{ .Content }}", t["content"]) for t in turns]
    return "".join(parts) + answer


@converts
def test_a_gguf_file_answers_like_the_student(project: Path) -> None:
    made = export(project, "gguf")
    path = project / "export/gguf/ward-assistant-f16.gguf"
    assert path.read_bytes()[:4] == b"GGUF"
    assert made["facts"]["agreement"]["top1"] >= 0.97
    assert not (project / "export/gguf/merged").exists()


@converts
def test_ollama_gets_a_modelfile(project: Path) -> None:
    export(project, "ollama", "--type", "q8_0")
    text = (project / "export/ollama/Modelfile").read_text(encoding="utf-8")
    assert "FROM ./ward-assistant-q8_0.gguf" in text
    assert 'TEMPLATE """{{ range .Messages }}' in text
    assert "You explain everyday medicine" in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert text.count("LICENSE") >= 1
    assert (project / "export/ollama/LICENSES").is_dir()
