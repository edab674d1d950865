"""Domain verifiers for answers about finance: figures, stated arithmetic and currencies."""

import re

from .derivation import follows
from .direction import direction_agrees as direction_agrees
from .identifiers import identifiers_valid as identifiers_valid

_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SCALE = r"(?:\s?(?P<scale>thousand|million|billion|trillion)s?\b)?"
_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)"
_FIGURE = re.compile(rf"(?<![\w.,])(?P<number>{_NUMBER})(?!\d|,\d){_SCALE}", re.IGNORECASE)
_IN_THOUSANDS = re.compile(r"[’'`]000\b|\b000s\b")  # the head of a table: $'000
_COUNTED = re.compile(r"\b(?:how many|number of)\b", re.IGNORECASE)
_SMALL_COUNTS = range(21)
_LIST_MARKER = re.compile(r"^\s*\(?\d{1,2}[.)]\s|(?<=\s)\(\d{1,2}\)\s", re.MULTILINE)
_PERCENT = re.compile(r"%|\b(?:percent|per cent|basis points?|half)\b", re.IGNORECASE)

_DIGITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: float(value) for value, word in enumerate(["zero", *_DIGITS, *_TEENS])}
_WORDS |= {word: 10.0 * value for value, word in enumerate(_TENS, start=2)}
_WORDS |= {"half": 0.5, "once": 1.0, "twice": 2.0, "double": 2.0, "doubles": 2.0, "dozen": 12.0, "hundred": 100.0}
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_WORDS)})(?:[\s-]({'|'.join(_DIGITS)}))?\b", re.IGNORECASE)

_SIGN = r"[-+*/\u00d7\u00f7\u2212]"
_OPERATOR = r"(?:[+*/\u00d7\u00f7\u2212]|(?<=\s)-(?=\s)|\bx\b)"  # "2023-2024" is a range, not a difference
_TERM = rf"[$\u20ac\u00a3\u00a5]?{_NUMBER}(?:\s?(?:%|percent\b))?"
_EQUATION = re.compile(
    rf"(?<![\w.,])(?P<left>{_TERM}(?:\s*{_OPERATOR}\s*{_TERM})+)\s*=\s*(?P<right>-?{_TERM})(?!\d|[.,]\d)", re.IGNORECASE
)
_OPERAND = re.compile(
    rf"(?P<operator>{_OPERATOR})?\s*[$\u20ac\u00a3\u00a5]?(?P<number>{_NUMBER})\s?(?P<percent>%|percent)?",
    re.IGNORECASE,
)
_CONTINUES_BEFORE = re.compile(
    rf"(?:{_SIGN}|[\^)\]]|\b(?:x|of|times|by|plus|minus|over|per|percent|less|thousand|million|billion|trillion))$",
    re.IGNORECASE,
)
_CONTINUES_AFTER = re.compile(rf"\s*(?:{_SIGN}|x\b|[\^(]|(?:thousand|million|billion|trillion))", re.IGNORECASE)

_CURRENCIES = {
    "dollar": r"\$|(?<![a-z])(?:USD|CAD|AUD|dollars?)\b",
    "euro": r"\u20ac|(?<![a-z])(?:EUR|euros?)\b",
    "pound": r"\u00a3|(?<![a-z])(?:GBP|pounds?|sterling)\b",
    "yen": r"\u00a5|(?<![a-z])(?:JPY|yen)\b",
    "franc": r"(?<![a-z])(?:CHF|francs?)\b",
    "yuan": r"(?<![a-z])(?:CNY|RMB|yuan|renminbi)\b",
    "rupee": r"\u20b9|(?<![a-z])(?:INR|rupees?)\b",
}
_SCALED = r"\d(?:\s(?:thousand|million|billion|trillion))?[\s-]?"
_NAMED = {name: re.compile(form, re.IGNORECASE) for name, form in _CURRENCIES.items()}
_AMOUNT = {
    name: re.compile(rf"(?:{form})\s?\d|{_SCALED}(?:{form})", re.IGNORECASE) for name, form in _CURRENCIES.items()
}


def figures_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Require that every figure of the answer stands in the evidence or the question, or follows from the evidence.

    A figure may be spelled otherwise there (number word, thousands separator, scale word, percent for fraction) or be
    rounded by at most 5 percent. It follows if it is the sum, difference, product, ratio, percent change or mean of
    figures in one row, column or paragraph, and exact enough not to be so by chance. The result of an equation that the
    answer states is left to `arithmetic_adds_up`. The answer to "how many" may count the rows of a table.

    Args:
        question: the question.
        answer: the answer to test.
        evidence: the quoted source passage.

    Returns:
        None, or ``figure_not_in_evidence``.
    """
    ground = f"{evidence}\n{question}"
    known = [value for value, _ in _figures(ground)] + _spelled_out(ground)
    factors = _factors(answer, ground)
    stated = _EQUATION.sub(lambda match: match["left"], _LIST_MARKER.sub(" ", answer))
    counts = _COUNTED.search(question) is not None and "|" in evidence
    for value, precision in _figures(stated):
        if counts and value in _SMALL_COUNTS:
            continue
        if any(_same(value, other * factor, precision) for other in known for factor in factors):
            continue

        def fits(result: float, value: float = value, precision: float = precision) -> bool:
            return any(_same(value, result * factor, precision) for factor in factors)

        if not follows(value, precision, fits, ground, f"{question} {answer}", _figures):
            return "figure_not_in_evidence"
    return None


def arithmetic_adds_up(question: str, answer: str, evidence: str) -> str | None:
    """Recompute every plain equation in the answer, such as ``600 / 400 = 1.5``.

    Equations with brackets, powers or words between the numbers are not judged. A result may be off by 1 percent or by
    its own rounding, and may be given as a percentage of the computed value.

    Args:
        question: the question (unused).
        answer: the answer to test.
        evidence: the quoted source passage (unused).

    Returns:
        None, or ``arithmetic_wrong``.
    """
    for match in _EQUATION.finditer(answer):
        if _CONTINUES_BEFORE.search(answer[: match.start()].rstrip()) or _CONTINUES_AFTER.match(answer, match.end()):
            continue
        value = _evaluate(match["left"])
        if value is not None and not _result_fits(value, match["right"]):
            return "arithmetic_wrong"
    return None


def currency_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Reject an amount in a currency that neither evidence nor question names, when they name another currency.

    Args:
        question: the question.
        answer: the answer to test.
        evidence: the quoted source passage.

    Returns:
        None, or ``currency_not_in_evidence``.
    """
    known = {name for name, form in _NAMED.items() if form.search(f"{evidence}\n{question}")}
    used = {name for name, form in _AMOUNT.items() if form.search(answer)}
    return "currency_not_in_evidence" if known and used - known else None


def _figures(text: str) -> list[tuple[float, float]]:
    """Return the value of each figure, scale word applied, with the size of its last stated digit."""
    found = []
    for match in _FIGURE.finditer(text):
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
        found.append((_number(match["number"]) * scale, _last_digit(match["number"]) * scale))
    return found


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _last_digit(text: str) -> float:
    return 10.0 ** -len(text.partition(".")[2])


def _spelled_out(text: str) -> list[float]:
    """Return the values of number words, compounds such as "thirty-one" both joined and apart."""
    values = []
    for first, second in _NUMBER_WORD.findall(text.lower()):
        values += [_WORDS[first], _WORDS[first] + _WORDS.get(second, 0.0), _WORDS.get(second, 0.0)]
    return values


def _factors(answer: str, ground: str) -> list[float]:
    """Return what a known figure may be multiplied by: table scales and percent against fraction."""
    scales = [scale for word, scale in (_SCALES | {"hundred": 100.0}).items() if word in ground.lower()]
    if _IN_THOUSANDS.search(ground):
        scales.append(_SCALES["thousand"])
    percent = [100.0, 0.01] if _PERCENT.search(f"{answer}\n{ground}") else []
    return [1.0, *percent, *scales, *(1 / scale for scale in scales)]


def _same(value: float, other: float, precision: float) -> bool:
    difference = abs(value - other)
    rounding = min(precision / 2, abs(other) / 20)
    return difference <= max(rounding, 1e-9 * max(1.0, abs(other)))


def _evaluate(expression: str) -> float | None:
    """Compute a chain of numbers, products and quotients first; None if it is ambiguous or divides by zero."""
    operands = list(_OPERAND.finditer(expression))
    additive = any((operand["operator"] or "") in "+-\u2212" for operand in operands[1:])
    if additive and len({bool(operand["percent"]) for operand in operands}) > 1:
        return None  # "100 - 5%" may mean 99.95 or 95
    terms: list[float] = []
    for operand in operands:
        value = _number(operand["number"]) / (100 if operand["percent"] else 1)
        operator = operand["operator"] or "+"
        if operator in "/\u00f7" and value == 0:
            return None
        _append(terms, operator.lower(), value)
    return sum(terms)


def _append(terms: list[float], operator: str, value: float) -> None:
    if operator in "*\u00d7x":
        terms[-1] *= value
    elif operator in "/\u00f7":
        terms[-1] /= value
    else:
        terms.append(-value if operator in "-\u2212" else value)


def _result_fits(value: float, stated: str) -> bool:
    digits = _OPERAND.findall(stated)[0][1]
    result = _number(digits) * (-1 if stated.startswith("-") else 1)
    tolerance = max(_last_digit(digits) / 2 + 1e-9, abs(result) / 100)
    return any(abs(candidate - result) <= tolerance for candidate in (value, 100 * value))
