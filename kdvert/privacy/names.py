"""Tell names of persons from what a general-purpose tagger takes for one.

The tagger knows news text; in a textbook it takes drugs, diseases, statutes and headings for people. So a span
counts as a name only with evidence: a title or a role before it, personal data behind it, or words that are names
and not dictionary words. The lists are in `gazetteer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy import gazetteer, name_cues

Span = tuple[int, int]

_WORD = r"(?:[A-Z][’'])?\p{Lu}[^\W\d_]+(?:[-’']\p{Lu}?[^\W\d_]{2,})*"
_INITIAL = r"\p{Lu}(?:\.|(?=[ \t]))"
_PARTICLE = r"(?:de|da|di|del|della|dos|van|von|der|den|la|le|el|al|bin|ibn)"
_NAME = rf"(?:{_WORD}[ \t]|\p{{Lu}}\.[ \t]?|\p{{Lu}}[ \t]){{0,8}}(?:{_PARTICLE}[ \t]){{0,2}}{_WORD}"  # one way to match
_TITLES = (
    r"Dr|Drs|Mr|Mrs|Ms|Miss|Mx|Messrs|Prof|Professor|Doctor|Sir|Dame|Lord|Lady|Rev|Reverend|Hon|Judge|Justice|"
    r"Capt|Captain|Sgt|Sergeant|Lt|Lieutenant|Col|Colonel|Nurse|Attorney|Adv|Advocate|Shri|Smt|Sri|Kumari|Km|Sh|Pt|Hon[’']?ble"
)
_ROLES = (
    r"patients?|nurse|doctor|physician|surgeon|midwife|dentist|therapist|pharmacist|client|customer|plaintiff|"
    r"defendant|respondent|petitioner|appellant|appellee|witness|applicant|student|pupil|teacher|instructor|tutor|"
    r"professor|principal|mother|father|sister|brother|daughter|son|wife|husband|spouse|grandmother|grandfather|"
    r"aunt|uncle|cousin|niece|nephew|guardian|colleague|clerk|registrar|investigator|coordinator|statistician|"
    r"solicitor|barrister|counsel|lawyer|attorney|supervisor|officer|counselor|advisor|donor|participant|volunteer|"
    r"named|named\sas|signed\sby|written\sby|reported\sby|prepared\sby|reviewed\sby|seen\sby|spoke\s(?:to|with)|"
    r"name\sis|name|signature|sincerely|regards|dear|attn|cc"
)
_LOWER = re.compile(r"(?<![\w.@/-])[a-z][a-z’']+(?![\w@])")
_LETTERS = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_SHAPE = re.compile(rf"(?<![\w.’'-]){_NAME}")
_LEAD = re.compile(rf"({_WORD})\.?[ \t]+(?=\p{{Lu}})")
_TITLE = re.compile(_TITLES)
_ROLE = re.compile(_ROLES, re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:][\s\"“]+$")
_SAINT = re.compile(r"\bSt\.?\s$")
_THE = re.compile(r"^the\s", re.IGNORECASE)
_TITLE_BEFORE = re.compile(rf"\b(?:{_TITLES})\b\.?\s+$")
_ROLE_BEFORE = re.compile(rf"\b(?:{_ROLES})\s*[,:]?\s+$", re.IGNORECASE)
_IN_SENTENCE = re.compile(r"(?:(?<![.!?:])\s[a-z]+|^[a-z]+|,|\band|\d)[ \t]$")
_CLAUSE_AFTER = re.compile(
    r"\s*(?:[.,;:?!)]|$|\s(?:and|or|is|was|has|had|who|to|on|for|with|from|lives|lived|will|would|can|could|said|says|"
    r"asked|told|wrote|called|did|does|works|worked)\b)"
)
_NAMED_BY_TITLE = re.compile(rf"\b(?:{_TITLES})\b(?:\.[ \t]*|[ \t]+)({_NAME})")
_CUES = (
    r"(?<=[,\"”]\s?)(?:says|said|asked|replied)|songwriter|singer|starring|directed\sby|produced\sby|sung\sby|my\s(?:kid|son|daughter|wife|husband|friend|boss)|"
    r"accused|deceased|complainant|prosecutrix|informant|constable|inspector|[ps]\.?w\.?[\s-]?\d+|a\.?s\.?i|h\.?c|s\.?i|ct|"
    r"[swd]/o|wife\sof|son\sof|daughter\sof|widow\sof|one|witness|namely|proprietor|partner|lessee|landlord|tenant|"
    r"advocate|counsel|petitioner|appellant|respondent|plaintiff|defendant|learned\scounsel"
)
_NAMED_BY_ROLE = re.compile(
    rf"\b(?i:{_CUES})\.?,?[ \t]+(?:(?i:shri|sri|smt|mr|mrs|ms|dr)\b\.?[ \t]*)?({_NAME})(?![\w’'-])"
)
_ADDRESSED = re.compile(rf"\b(?i:hi|hello|hey|dear|thanks|cheers|regards),?[ \t]+({_WORD})(?=[ \t]?[,!.\n]|$)")
_SUBJECT = re.compile(
    rf"(?:^|(?<=[.!?\n“\"][ \t]?))({_WORD})(?=[ \t](?:is|was|has|had|will|would|can|could|said|says|asked|told|wrote|"
    r"called|did|does|likes|wants|works|lives|lived|resides)\b|,[ \t](?:can|could|please|I|thank)\b)",
    re.MULTILINE,
)
_LIST = re.compile(rf"(?<![\w’'-]){_WORD}(?:,[ \t]{_WORD})+,?[ \t](?:and|&)[ \t]{_WORD}(?![\w’'-]|[ \t]\p{{Lu}})")
_NAMED_BY_LABEL = re.compile(
    rf"(?:\b(?i:(?:my|his|her|their|patient(?:[’']s)?|full|first|last|maiden|family|sur)\s?(?:last\s|first\s|full\s)?name\b"
    rf"(?:\sis|:|\?)\s*)|^(?i:(?:patient\s)?name):[ \t]*)({_NAME})",
    re.MULTILINE,
)
_NAME_SEQUENCE = re.compile(
    rf"(?<![\w.’'-]){_WORD}(?:[ \t](?:{_WORD}|{_INITIAL})|(?:[ \t]{_PARTICLE}){{1,2}}[ \t]{_WORD}){{1,4}}"
)
_FIRST_AND_INITIAL = re.compile(r"(?<![\w.-])([A-Z][a-z]{2,})[ \t][A-Z](?:\.|(?![\w’'.]))")
_PERSONAL_AFTER = re.compile(
    r"(?:[’']s)?\s*[,(]?\s*(?:an?\s)?\(?(?:aged?[:\s]\s?\d|age\b|born\b|d\.?o\.?b\b|date\sof\sbirth|mrn\b|medical\srecord|"
    r"\d{1,3}[- ]year|(?:lives?|lived|resides?)\s(?:at|in)\b|"
    r"m\.?d\b|ph\.?d|r\.?n\b|esq\b|jr\b|orcid|npi\b|staff\sid|student\s(?:id|number)|employee\snumber)",
    re.IGNORECASE,
)
_THING_AFTER = re.compile(
    r"(?:[’']s?)?[\s-](?:acids?|acts?|agreement|algorithm|amendment|anemia|appearance|approach|argument|ataxia|bank|"
    r"bases?|bodies|body|case|cells?|chart|clause|code|coefficient|complex|conjecture|constant|contractures?|"
    r"convention|criteria|curves?|cycle|decision|dementia|diagrams?|diseases?|disorders?|doctrine|dystrophy|effects?|"
    r"equations?|factors?|fever|formula|fractures?|functions?|game|grading|granulomatosis|growth|hypothesis|index|"
    r"inequality|inequalities|kappa|laws?|lens|lines?|lymphomas?|maneuver|matrix|measure|methods?|model|molecule|"
    r"mutations?|neuropathy|numbers?|palsy|paradox|phenomenon|plot|principles?|problem|procedures?|process|purpura|"
    r"ratio|reaction|reagent|reflex|regulations?|remainder|report|reviews?|rights|rules?|sarcoma|scales?|scan|score|"
    r"sequences?|series|signs?|space|stains?|standard|statute|structures?|study|surgery|syndromes?|system|taxonomy|"
    r"tests?|theorems?|theory|thyroiditis|transformation|triad|trial|tumou?rs?|units?|variables?|virus|viruses|"
    r"warnings?|plc|inc|llc|ltd|corp|corporation|company|foundation|institute|university|college|school|hospital|"
    r"clinic|center|centre|street|road|lane|avenue|court|county|harbor|river|lake|island|falls|park|heights|beach|"
    r"hills|valley|springs?)\b|"
    r"[\s-][A-Za-z-]+\s(?:syndrome|disease|type|dysplasia|anomaly)\b|"
    r",?\set\sal|(?-i:,\s[A-Z][a-z]+\s[A-Z]{1,2}\b[,.])|,?\s\(?(?:19|20)\d\d[a-z]?[);]|-\d",
    re.IGNORECASE,
)
_OWN_PAPERS = re.compile(
    r"[’']s?\s(?:case|chart|report|file|number|rights|account|study\splan|e-?mail|address|phone)\b", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"\((?:(?:see|e\.g\.|cf\.),?\s)?[^()\d]{2,100},\s(?:1[89]|20)\d\d[a-z]?(?:,\spp?\.\s?[\d–-]+)?\s?(?:[;)]|,\s(?:1[89]|20)\d\d)"
)
_NOT_LAST = {
    "street", "road", "lane", "avenue", "court", "drive", "boulevard", "terrace", "row", "square", "place", "way",
    "hospital", "clinic", "center", "centre", "university", "college", "school", "institute", "foundation",
    "association", "society", "county", "city", "state", "states", "act", "code", "rule", "rules", "law", "bank",
    "company", "corp", "inc", "llc", "ltd", "courts", "river", "lake", "falls", "island", "islands", "beach", "heights",
    "park", "valley", "harbor", "church", "day", "group", "health", "disease", "syndrome", "test", "union", "press",
    "books", "tools", "convention", "agreement", "treaty", "department", "office", "program", "project", "study",
    "trial", "case", "no", "vignette",
}  # fmt: skip
_SHORT = re.compile(r"(?:\b[Tt]he\s|\p{Ll}\s\()(?P<word>\p{Lu}{2,6})(?=\)|\s\p{Ll}|[.,])")
_EPITHET = re.compile(r"\.?[ ](?P<word>[a-z]{2,}(?:is|i|um|us|ae|ans|ens|oides|osa|ica|ata|ella|arum|orum))(?![\w’'])")
"""The second word of a Latin binomial, by its ending."""
_LATIN = ("idis", "tis", "dum", "cus", "lus", "tum", "rum", "num", "ae", "ii")
"""Endings that dictionaries have in Latin words alone ("pestis", "pallidum")."""
_AMBIGUOUS = frozenset(
    {
        "art", "author", "black", "can", "case", "east", "faith", "grace", "green", "hope", "little", "long", "may",
        "north", "people", "rich", "south", "the", "tiny", "west", "white", "will", "young",
    }
)  # fmt: skip


def find(text: str, tagged: Iterable[Span]) -> list[Span]:
    """Return the spans of ``text`` that name a person, sorted.

    Args:
        text: any text.
        tagged: spans that a tagger takes for persons.
    """
    lower = lower_case_words(text)
    spans = {span for raw in tagged for span in _accepted(text, raw, lower)}
    spans |= {span for m in _NAMED_BY_TITLE.finditer(text) for span in _titled(text, m.span(1))}
    spans |= {span for m in _NAME_SEQUENCE.finditer(text) for span in _listed_name(text, m.span(), lower)}
    spans |= {m.span(1) for m in _NAMED_BY_LABEL.finditer(text)}
    spans |= {span for m in _NAMED_BY_ROLE.finditer(text) for span in _by_role(text, m.span(1), lower)}
    spans |= {m.span(1) for p in (_ADDRESSED, _SUBJECT) for m in p.finditer(text) if _is_given(m.group(1), lower)}
    spans |= {span for m in _LIST.finditer(text) for span in _enumerated(text, m.span(), lower)}
    spans |= {m.span() for m in _FIRST_AND_INITIAL.finditer(text) if _is_first_and_initial(text, m)}
    spans |= set(name_cues.marked(text))
    spans |= set(name_cues.listed(text, sorted(spans)))
    return sorted(span for span in spans if not _is_historic(text, span))


def is_possible(text: str, span: Span) -> bool:
    """Return whether a span that a tagger of personal data takes for a person can be one."""
    words = words_of(text[slice(*span)])
    full = [w for w in words if len(w) > 1]
    if (full and _is_thing(text, span, full)) or _is_historic(text, span) or _is_organism(text, span, words):
        return False
    if not any(w[0].isupper() for w in words):  # who writes nothing in capitals writes no name so
        doubted = any(w in _AMBIGUOUS or (gazetteer.is_ordinary(w) and not _listed(w)) for w in full)
        return bool(full) and text == text.lower() and not doubted
    return len(full) != 1 or not is_plain(full[0], frozenset())


def _is_organism(text: str, span: Span, words: list[str]) -> bool:
    """Return whether a span is the Latin name of a species or a part of one: "Eikenella corrodens", "T. pallidum"."""
    if not words or not words[0][0].isupper() or _listed(words[0]):
        return False
    if len(words) > 1:
        last = words[-1]
        return last.islower() and len(last) > 3 and not _listed(last) and not re.fullmatch(_PARTICLE, last)
    epithet = _EPITHET.match(text, span[1])
    if not epithet or _listed(epithet["word"]):
        return False
    return epithet["word"].endswith(_LATIN) or not gazetteer.is_ordinary(epithet["word"])


def is_cited(text: str, span: Span) -> bool:
    """Return whether a family name stands in a reference in brackets: "(Brandmere & Tallis, 1950, p. 3)"."""
    if " " in text[slice(*span)].strip():
        return False
    opened = text.rfind("(", max(0, span[0] - 120), span[0])
    return opened >= 0 and bool(_REFERENCE.match(text, opened)) and ")" not in text[opened : span[0]]


def lower_case_words(text: str) -> frozenset[str]:
    """Return the words that ``text`` writes in lower case: capitals at a sentence's start are no sign of a name."""
    return frozenset(_LOWER.findall(text))


def abbreviations(text: str) -> frozenset[str]:
    """Return the words in capitals that ``text`` introduces as short forms or calls with "the": "the LUCA", "(PAM)"."""
    return frozenset(match["word"] for match in _SHORT.finditer(text))


def words_of(name: str) -> list[str]:
    """Return the words of a name, initials included, without punctuation."""
    return _LETTERS.findall(name)  # type: ignore[no-any-return]


def is_plain(word: str, lower: frozenset[str]) -> bool:
    """Return whether a capitalized word is more likely an ordinary one.

    Args:
        word: the word as written.
        lower: the words that the text also writes in lower case.
    """
    key = word.lower()
    if key in lower or key in _AMBIGUOUS:
        return True
    if _is_common_first(word) or (key in gazetteer.surnames() and key in gazetteer.first_names()):
        return False
    return gazetteer.is_ordinary(word)


def _accepted(text: str, raw: Span, lower: frozenset[str]) -> Iterator[Span]:
    """Cut a tagged span to what has the shape of a name, and give it back if there is evidence for one."""
    for match in _SHAPE.finditer(text[raw[0] : raw[1]]):
        start, end = raw[0] + match.start(), raw[0] + match.end()
        if text[end - 2 : end] in ("'s", "’s"):
            end -= 2
        start = _without_lead(text, start, end)
        if _has_evidence(text, (start, end), lower):
            yield start, end


def _without_lead(text: str, start: int, end: int) -> int:
    """Skip titles and words of an occupation in front of a name ("Statistician Odalys Brandmere")."""
    while lead := _LEAD.match(text[start:end]):
        if not _is_occupation(lead.group(1), starts=_starts_sentence(text[max(0, start - 60) : start])):
            break
        start += lead.end()
    return start


def _is_occupation(word: str, *, starts: bool) -> bool:
    """Return whether a capitalized word is a title or a role; other occupations are capitalized only at a start."""
    if _TITLE.fullmatch(word) or _ROLE.fullmatch(word):
        return True
    ending = word.endswith(("ian", "ist", "or", "er", "ant", "man"))
    return starts and ending and not _listed(word) and gazetteer.is_ordinary(word)


def _starts_sentence(before: str) -> bool:
    return not before or before.endswith("\n") or bool(_SENTENCE_END.search(before))


def _has_evidence(text: str, span: Span, lower: frozenset[str]) -> bool:
    start, end = span
    full = [w for w in words_of(text[start:end]) if len(w) > 1 and w[0].isupper()]
    if not full or _is_thing(text, span, full):
        return False
    before = text[max(0, start - 60) : start]
    if _TITLE_BEFORE.search(before):
        return any(_listed(w) or not is_plain(w, lower) for w in full)
    if len(full) == 1:
        return _single(text, span, full[0], before, lower)
    if any(w.lower() in gazetteer.first_names() and not is_plain(w, lower) for w in full):
        return True
    plain = [w for w in full if is_plain(w, lower)]
    if len(plain) < len(full) and _personal(text, end, before):
        return True
    if plain:
        return _given_and_family(full, lower)
    if _starts_sentence(before):
        return bool(_CLAUSE_AFTER.match(text, end))
    lead = re.search(r"([^\W\d_]+)[ \t]$", before)  # "Producer Liviana Palerma explained"
    occupied = lead is not None and _is_occupation(lead.group(1), starts=_starts_sentence(before[: lead.start()]))
    return occupied or bool(_IN_SENTENCE.search(before))


def _given_and_family(words: list[str], lower: frozenset[str]) -> bool:
    """Weigh a name that holds a dictionary word: "Caspian Dworkin", "John Bell"."""
    first, last = words[0].lower(), words[-1].lower()
    if _is_common_first(first) and last in gazetteer.surnames():
        return True
    given = first in gazetteer.first_names() and first not in lower and first not in _AMBIGUOUS
    return given and not is_plain(words[-1], lower)


def _single(text: str, span: Span, word: str, before: str, lower: frozenset[str]) -> bool:
    if word.isupper() or is_plain(word, lower):
        return False
    if _personal(text, span[1], before):
        return True
    if re.match(r"[’']s?\s[a-z]", text[span[1] : span[1] + 4]):  # "Barrett's esophagus"
        return False
    if gazetteer.is_ordinary(word):
        return _is_common_first(word)
    if word.lower() in gazetteer.first_names():
        return True
    in_clause = _IN_SENTENCE.search(before) and _CLAUSE_AFTER.match(text, span[1])
    return word.lower() in gazetteer.surnames() and bool(in_clause)


def _personal(text: str, end: int, before: str) -> bool:
    return bool(_ROLE_BEFORE.search(before) or _PERSONAL_AFTER.match(text, end))


def _is_thing(text: str, span: Span, words: list[str]) -> bool:
    if words[-1].lower() in _NOT_LAST or any(w.isupper() and not _listed(w) for w in words):
        return True
    if len(words) > len(set(words)):  # a heading run into its text: "Germinomas Germinomas are"
        return True
    if len(words) > 1 and _is_common_first(words[0]) and _OWN_PAPERS.match(text, span[1]):
        return False
    saint = _SAINT.search(text[max(0, span[0] - 4) : span[0]]) or text[slice(*span)].startswith(("St ", "St. "))
    return bool(saint or _THING_AFTER.match(text, span[1])) or _is_region(text[slice(*span)])


def _titled(text: str, span: Span) -> Iterator[Span]:
    start, end = span
    words = words_of(text[start:end])
    while len(words) > 1 and gazetteer.is_ordinary(words[-1]) and not _listed(words[-1]):
        words.pop()
    last = words[-1]
    if len(last) > 1 and (_listed(last) or not gazetteer.is_ordinary(last)):
        yield start, text.index(last, start) + len(last)


def _listed_name(text: str, span: Span, lower: frozenset[str]) -> Iterator[Span]:
    """Find a given name and a family name in a row of capitalized words that nothing tagged."""
    start, end = span
    if text[end - 2 : end] in ("'s", "’s"):
        end -= 2
    start = _without_lead(text, start, end)
    full = [w for w in words_of(text[start:end]) if len(w) > 1 and w[0].isupper()]
    if len(full) < 2 or _is_thing(text, (start, end), full):
        return
    first, last = full[0], full[-1]
    given = first.lower() in gazetteer.first_names() and not is_plain(first, lower)
    if given and (last.lower() in gazetteer.surnames() or not is_plain(last, lower)) and last.lower() not in lower:
        yield start, end


def _by_role(text: str, span: Span, lower: frozenset[str]) -> Iterator[Span]:
    """Take the name after a role if one of its words is no dictionary word."""
    full = [w for w in words_of(text[slice(*span)]) if len(w) > 1 and w[0].isupper()]
    if not full or _is_thing(text, span, full) or any(w.isupper() for w in full):
        return
    last_is_word = gazetteer.is_ordinary(full[-1]) and not _is_common_first(full[-1])
    if any(not is_plain(w, lower) for w in (full[0], full[-1])) and not last_is_word:
        yield span


def _is_given(word: str, lower: frozenset[str]) -> bool:
    """Return whether a word that stands where a person would is a given name and nothing else."""
    key = word.lower()
    return key in gazetteer.first_names() and not is_plain(word, lower) and not _is_region(word)


def _enumerated(text: str, span: Span, lower: frozenset[str]) -> Iterator[Span]:
    """Take all of a list of single words if most are names and none is a dictionary word or a place."""
    words = [(m.start() + span[0], m.end() + span[0]) for m in re.finditer(_WORD, text[slice(*span)])]
    values = [text[slice(*w)] for w in words]
    known = sum(v.lower() in gazetteer.first_names() for v in values)
    if known * 2 >= len(values) and not any(_is_region(v) or v.lower() in lower for v in values):
        yield from words


def _is_first_and_initial(text: str, match: re.Match) -> bool:
    word = match.group(1).lower()
    given = word in gazetteer.first_names() and word not in gazetteer.regions() and word not in _AMBIGUOUS
    if not given or _THING_AFTER.match(text, match.end()):
        return False
    before = text[max(0, match.start() - 30) : match.start()]
    cited = re.search(r"\b[A-Z]{1,2},\s$", before)  # "Rhinehart E, Jackson M"
    return match.group().endswith(".") or bool(not cited and _IN_SENTENCE.search(before))


def _is_historic(text: str, span: Span) -> bool:
    """Return whether a span names a person of history, and nothing around it speaks of a patient of the same name."""
    if text[slice(*span)] not in gazetteer.historic_people():
        return False
    before = text[max(0, span[0] - 60) : span[0]]
    return not (_personal(text, span[1], before) or _TITLE_BEFORE.search(before))


def _listed(word: str) -> bool:
    return word.lower() in gazetteer.first_names() or word.lower() in gazetteer.surnames()


def _is_common_first(word: str) -> bool:
    return word.lower() in gazetteer.common_first_names()


def _is_region(name: str) -> bool:
    plain = _THE.sub("", name.strip())
    return plain.lower() in gazetteer.regions() or plain in gazetteer.region_abbreviations()
