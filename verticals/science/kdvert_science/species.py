"""Latin names of organisms: those of the answer stand in the evidence."""

from __future__ import annotations

import re

_GENUS = (
    r"[A-Z][a-z]*(?:bacter|bacterium|coccus|bacillus|monas|myces|ella|spora|vibrio|plasma|phyton|saurus|pithecus|cystis|"
    r"ium|ia|us|is|um|as|es|ma|ra|la|na|ca|ea|on|er|yx|ix)"
)
_EPITHET = (
    r"[a-z]{2,}(?:us|um|is|ii|ae|ensis|ans|ens|oides|iformis|icola|cola|ina|ana|osa|ica|ata|ida|ola|ula|era|ria|sia|nia|"
    r"ea|ei|coli|pestis|sapiens|melanogaster|typhi|tetani|difficile|elegans)"
)
_BINOMIAL = re.compile(rf"(?<![\w.-])(?P<genus>{_GENUS})\s(?P<epithet>{_EPITHET})(?![\w-])")
_SHORT = re.compile(r"(?<![\w.])(?P<genus>[A-Z][a-z]?)\.\s(?P<epithet>[a-z]{4,})(?![\w-])")
_NO_EPITHET = re.compile(
    r".*(?:ous|ness|less|ious)$|(?:this|thus|plus|virus|genus|status|focus|bonus|analysis|basis|hypothesis|axis|species|"
    r"medium|equilibrium|spectrum|maximum|minimum|momentum|vacuum|quantum|bacterium|mitosis|meiosis|synthesis|nucleus|"
    r"stimulus|radius|area|data|media|bacteria|era|idea|also|versus|various|does|continuum|consensus|emphasis|"
    r"photosynthesis|osmosis|homeostasis|diagnosis|crisis|census|campus|formula|criteria|phenomena|membrana|anemia|"
    r"pneumonia|disease|via|apparatus|sepsis|tuberculosis|infections|campaign|them|then|when|from|often)$"
)


def species_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Reject a species that neither the evidence nor the question names.

    ``E. coli`` and ``Escherichia coli`` are one name. Only Latin endings count, so most other pairs of words pass.

    Args:
        question: The question; a species that it names may be repeated.
        answer: The answer to check.
        evidence: The quoted source passage.

    Returns:
        ``"species_not_in_evidence"`` or ``None``.
    """
    ground = f"{evidence}\n{question}"
    for form in (_BINOMIAL, _SHORT):
        for match in form.finditer(answer):
            if not _NO_EPITHET.match(match["epithet"]) and not _named(match["genus"], match["epithet"], ground):
                return "species_not_in_evidence"
    return None


def _named(genus: str, epithet: str, ground: str) -> bool:
    """Tell whether the ground has the epithet with the genus, its initial, or another species of it just before."""
    initial = re.escape(genus[0])
    return (
        re.search(rf"\b{initial}[a-z]*\.?\s(?:[a-z]+[,\s]+(?:and\s|or\s)?)?{re.escape(epithet)}\b", ground) is not None
    )
