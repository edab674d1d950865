"""The metrics of an answer, and which way each is better: the one table of them."""

from __future__ import annotations

import re
import string
from collections import Counter

HIGHER_IS_BETTER = {"answer_nll": False, "token_f1": True, "choice_accuracy": True}
"""``answer_nll``: nats per token of the reference answer, over all questions. ``token_f1``: of the free answer, over
open questions. ``choice_accuracy``: whether the right choice has the highest likelihood per token."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize(text: str) -> list[str]:
    """Return the words of ``text`` in lower case, without punctuation and articles (as SQuAD's script does)."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def token_f1(answer: str, reference: str) -> float:
    """Return the F1 of the words two texts share, from 0 to 1 (Rajpurkar et al. 2016, arXiv 1606.05250)."""
    given, wanted = normalize(answer), normalize(reference)
    if not given or not wanted:
        return float(given == wanted)
    shared = sum((Counter(given) & Counter(wanted)).values())
    return 2 * shared / (len(given) + len(wanted))
