"""Lines that set passages apart in a prompt, so that nothing in a passage can pose as the end of it.

A passage may still speak to the model. It stays quoted data; `instructs` tells that it does, so that it can be counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdvert.records import Chunk, ScrubbedText, sha256_text

LINE = re.compile(r"<<[a-p]{12}>> (?:passage \d{1,3}|reply|question|answer|end)")
"""A whole line that templates write between passages."""

_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits in a fence could be taken for a number of somebody's."""


def fence(passages: Sequence[str]) -> ScrubbedText:
    """Return the mark for ``passages``. Unlike a fixed one, it cannot be written into a document beforehand."""
    return ScrubbedText(f"<<{sha256_text(chr(0).join(passages))[:12].translate(_LETTERS)}>>", "package")


INSTRUCTIONS = "instructions_in_passage"
"""The check that notes passages which speak to the model."""

_EARLIER = r"(?:previous|prior|above|preceding|earlier|foregoing)"
_ORDERS = r"(?:instructions?|prompts?|rules?|directions?|guidelines?|messages?|context)"
_SPEAKS = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{{0,30}}\b(?:{_EARLIER}\b[^.\n]{{0,20}}\b{_ORDERS}|"
    rf"(?:the|all|everything|anything) (?:the )?{_EARLIER}|(?:all|your|these|those|any) (?:of )?(?:your )?{_ORDERS})\b"
    r"|\byou are (?:now|no longer) (?:a|an|the|in|bound)\b|\bact as (?:a|an|the) (?:ai|assistant|language model|dan)\b"
    r"|\b(?:reveal|print|repeat|show|output)\b[^.\n]{0,20}\b(?:system|hidden|initial) (?:prompt|instructions?)\b"
    r"|\bnew instructions?\s*:|<\|?(?:im_start|im_end|system|assistant|endoftext)\|?>|\[/?INST\]|<</?SYS>>"
    r"|\b(?:ai|language model|chatbot|llm)s?\b[^.\n]{0,30}\b(?:must|should|shall|please)\b[^.\n]{0,30}"
    r"\b(?:answer|reply|respond|output|write|say|ignore)\b"
    r"|\bignor(?:iere|ieren sie)\b[^.\n]{0,30}\banweisungen\b|\bignore[zr]?\b[^.\n]{0,30}\binstructions\b"
    r"|\b(?:ignora|ignore) (?:todas )?las instrucciones\b",
    re.IGNORECASE,
)


def instructs(passage: str) -> bool:
    """Tell whether a passage holds words that order a language model about, such as "ignore the above"."""
    return bool(_SPEAKS.search(" ".join(passage.split())))


def gives_orders(chunk: Chunk) -> bool:
    """Tell whether the passage or the title of its document does; a prompt shows both."""
    return instructs(chunk.text) or instructs(chunk.title)
