"""Static embeddings for the benchmarks: one vector a token, whatever stands around it; a text is their mean.

The wheel of wordllama (MIT) ships a table of 256 numbers a token and its tokenizer. kdvert does not install it:

    pip install --no-deps "wordllama==0.4.0.post1"
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAME = "static (wordllama)"


def load(named: str) -> Any:
    """Return a sentence-transformers model on the CPU.

    Args:
        named: ``wordllama``, or a folder with a static sentence-transformers model.

    Raises:
        SystemExit: wordllama is asked for and not installed.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    if named != "wordllama":
        return SentenceTransformer(named, device="cpu", local_files_only=True)
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit('wordllama is not installed: pip install --no-deps "wordllama==0.4.0.post1"')
    folder = Path(spec.submodule_search_locations[0])
    (table,) = load_file(folder / "weights" / "l2_supercat_256.safetensors").values()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    module = StaticEmbedding(tokenizer, embedding_weights=table.float().numpy())
    return SentenceTransformer(modules=[module], device="cpu")
