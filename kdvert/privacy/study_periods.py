"""Tell the time in which a study saw its many subjects ("from May 2003 to June 2005") from the dates of somebody."""

from __future__ import annotations

import regex as re

REACH = 300
"""Characters around a date in which a study tells of its subjects."""

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = r"(?:\d{1,2},?\s)?"
_TO = r"(?:to|and|through|until|till|[-–])"
_ENDS = re.compile(
    rf"\b(?i:from|between)\s$|\b(?:{_MONTH}\s{_DAY})?\d{{4}},?\s?{_TO}\s?$|\b(?i:from|between)\s{_MONTH}(?:\s\d{{1,2}})?\s{_TO}\s$"
)
_BEGINS = re.compile(rf",?\s?{_TO}\s?(?:{_MONTH}\s{_DAY})?\d{{4}}\b")
_RANGE = re.compile(rf"\s{_TO}\s")
_BORN = re.compile(r"\b(?i:born|birth|d\.?o\.?b)")
_MANY = re.compile(
    r"\d\s(?:[\w-]+\s){0,3}(?:patients|women|men|children|subjects|participants|cases|adults|infants|newborns|individuals|"
    r"specimens|procedures|births|admissions|pregnancies|controls|students|respondents)\b|"
    r"\b(?:[Cc]ohort|[Rr]etrospective(?:ly)?|[Rr]andomi[sz]ed|[Mm]ulticent(?:er|re)|METHODS|POPULATION|PARTICIPANTS|"
    r"RESULTS|OBJECTIVES?|CONCLUSIONS?|(?:[Ee]xaminations|[Ii]nterviews|[Ss]amples|[Cc]harts)\swere|[Ss]ingle\s(?:institution|cent(?:er|re))|"
    r"[Cc]onsecutive\spatients|[Ss]tudy\s(?:period|population|design))\b|\b[nN]\s?=\s?\d"
)


def is_one(text: str, start: int, end: int) -> bool:
    """Return whether the date at ``start`` to ``end`` (exclusive) is such a time, or an end of one."""
    near = text[max(0, start - 60) : start]
    bounded = _ENDS.search(near) or _BEGINS.match(text, end) or _RANGE.search(text, start, end)
    if not bounded or _BORN.search(near):
        return False
    return bool(_MANY.search(text, max(0, start - REACH), end + REACH))
