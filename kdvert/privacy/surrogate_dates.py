"""Dates moved by one offset: the way they are written stays, and so do the days between them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kdvert.privacy.draws import Draws

WEEKS = (4, 104)
"""Least and greatest number of weeks that dates move. Whole weeks, so that weekdays beside them stay true."""
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_SHORT = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
    "fr": "janv févr mars avr mai juin juil août sept oct nov déc",
}
_NAMES: dict[str, list[tuple[str, bool, int]]] = {}
for _language in _MONTHS:
    for _is_short, _table in ((False, _MONTHS), (True, _SHORT)):
        for _number, _name in enumerate(_table[_language].split(), 1):
            _NAMES.setdefault(_name.casefold(), []).append((_language, _is_short, _number))
_NAMES["sept"].append(("en", True, 9))
_NAMES["setiembre"] = [("es", False, 9)]
_BESIDE = frozenset(
    "of de del the le el on monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs "
    "fri sat sun lunes martes miércoles jueves viernes sábado domingo lundi mardi mercredi jeudi vendredi samedi "
    "dimanche".split()
)
"""Words of a date that stay."""
_ORDINALS = {"st", "nd", "rd", "th", "er", "º", "ª"}
_TIME = re.compile(
    r"(?i)[T,\s]+(?:at\s|a\slas\s|à\s)?\d{1,2}[:h]\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:[ap]\.?m\.?|Z|[+-]\d{2}:?\d{2})?$"
)
_TOKEN = re.compile(r"\d+|[^\W\d_]+|.", re.DOTALL)
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(?:\d{4}|\d{2})")
_MIDDLE = 15
"""The day that stands for a month without one; the least offset then leads to another month."""


def offset(draws: Draws) -> datetime.timedelta:
    """Draw how far the dates of a document move, back or on."""
    weeks = WEEKS[0] + draws.below(WEEKS[1] - WEEKS[0] + 1)
    return datetime.timedelta(weeks=draws.pick((weeks, -weeks)))


def day_first(values: Iterable[str], language: str) -> bool:
    """Return whether dates such as 3/4/2021 put the day first: by one of ``values`` that tells, else by language."""
    for value in values:
        if match := _NUMERIC.fullmatch(value):
            if int(match.group(1)) > 12:
                return True
            if int(match.group(3)) > 12:
                return False
    return language != "en"


@dataclass(frozen=True)
class Shift:
    """Moves the dates of one document."""

    offset: datetime.timedelta
    day_first: bool
    language: str

    def __call__(self, value: str) -> str | None:
        """Return ``value`` moved, written in the same way; None if it is not understood."""
        time = _TIME.search(value)
        date, rest = (value[: time.start()], time.group()) if time else (value, "")
        tokens = _TOKEN.findall(date)
        places = self._places(tokens)
        if places is None:
            return None
        moved = self._moved(tokens, places)
        if moved is None:
            return None
        self._write(tokens, places, moved)
        return "".join(tokens) + rest

    def _places(self, tokens: list[str]) -> dict[str, int] | None:
        """Return which token is the year, the month and the day."""
        numbers = [i for i, t in enumerate(tokens) if t.isdigit()]
        words = [i for i, t in enumerate(tokens) if t.isalpha()]
        months = [i for i in words if tokens[i].casefold() in _NAMES]
        other = [i for i in words if i not in months and not _may_stay(tokens, i)]
        if other or len(months) > 1 or not numbers:
            return None
        if months:
            return _named(tokens, numbers, months[0])
        return None if words else self._numeric(tokens, numbers)

    def _numeric(self, tokens: list[str], numbers: list[int]) -> dict[str, int] | None:
        lengths = [len(tokens[i]) for i in numbers]
        if len(numbers) == 3 and lengths[0] == 4 and max(lengths[1:]) <= 2:
            return dict(zip(("year", "month", "day"), numbers, strict=True))
        if len(numbers) == 3 and max(lengths[:2]) <= 2 and lengths[2] in (2, 4):
            order = ("day", "month", "year") if self.day_first else ("month", "day", "year")
            return dict(zip(order, numbers, strict=True))
        if lengths in ([1, 4], [2, 4]):
            return dict(zip(("month", "year"), numbers, strict=True))
        return None

    def _moved(self, tokens: list[str], places: dict[str, int]) -> datetime.date | None:
        word = tokens[places["month"]]
        month = self._month(word)[2] if word.isalpha() else int(word)
        year = _full_year(tokens[places["year"]]) if "year" in places else 2004  # any leap year
        try:
            day = int(tokens[places["day"]]) if "day" in places else _MIDDLE
            return datetime.date(year, month, day) + self.offset
        except (ValueError, OverflowError):
            return None

    def _month(self, word: str) -> tuple[str, bool, int]:
        forms = _NAMES[word.casefold()]
        return next((form for form in forms if form[0] == self.language), forms[0])

    def _write(self, tokens: list[str], places: dict[str, int], moved: datetime.date) -> None:
        word = tokens[places["month"]]
        padded = _is_padded([tokens[i] for field, i in places.items() if field != "year"])
        if word.isalpha():
            language, short, _ = self._month(word)
            tokens[places["month"]] = _in_case(word, (_SHORT if short else _MONTHS)[language].split()[moved.month - 1])
        else:
            tokens[places["month"]] = f"{moved.month:02d}" if padded else str(moved.month)
        if "day" in places:
            tokens[places["day"]] = f"{moved.day:02d}" if padded else str(moved.day)
            _set_ordinal(tokens, places["day"] + 1, moved.day)
        if "year" in places:
            width = len(tokens[places["year"]])
            tokens[places["year"]] = f"{moved.year:04d}"[-width:]


def _named(tokens: list[str], numbers: list[int], month: int) -> dict[str, int] | None:
    days = [i for i in numbers if len(tokens[i]) <= 2 and not _is_short_year(tokens, i)]
    years = [i for i in numbers if i not in days and (len(tokens[i]) == 4 or _is_short_year(tokens, i))]
    if len(days) > 1 or len(years) > 1 or len(days) + len(years) != len(numbers):
        return None
    return {"month": month} | dict(zip(("day",), days)) | dict(zip(("year",), years))


def _is_short_year(tokens: list[str], i: int) -> bool:
    return len(tokens[i]) == 2 and i > 0 and tokens[i - 1] in ("'", "’")


def _is_padded(parts: list[str]) -> bool:
    """Return whether month and day are written with two digits each: "03/04", and in "12/25" it is likely."""
    return any(p.startswith("0") for p in parts) or all(p.isdigit() and len(p) == 2 for p in parts)


def _may_stay(tokens: list[str], i: int) -> bool:
    return tokens[i].casefold() in (_ORDINALS if i and tokens[i - 1].isdigit() else _BESIDE)


def _full_year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else int(digits) + (2000 if int(digits) <= 40 else 1900)


def _in_case(model: str, word: str) -> str:
    if model.isupper() and len(model) > 1:
        return word.upper()
    return word.capitalize() if model[0].isupper() else word.lower()


def _set_ordinal(tokens: list[str], i: int, day: int) -> None:
    if i >= len(tokens) or tokens[i].casefold() not in _ORDINALS - {"º", "ª"}:
        return
    if tokens[i].casefold() == "er":
        tokens[i] = "er" if day == 1 else ""
        return
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    tokens[i] = ending.upper() if tokens[i].isupper() else ending
