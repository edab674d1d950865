"""Licenses of source text: SPDX expressions, and what they mean for a use."""

from __future__ import annotations

import difflib
import re
from datetime import date
from functools import cache
from typing import Any

from license_expression import ExpressionError, Licensing, get_spdx_licensing

from kdvert.errors import GateBlocked
from kdvert.licensing.facts import DataLicense, data_licenses
from kdvert.licensing.rulings import ORDER, Judgment, worst
from kdvert.licensing.use import Use
from kdvert.records import Record


class DataTerms(Record):
    """The terms of a license expression.

    Attributes:
        expression: the expression with every alias turned into its id.
        licenses: the ids in it, each once, in order.
    """

    expression: str
    licenses: list[str]

    def judge(self, use: Use, today: date) -> Judgment:
        """Say what the expression means for a use on a day: of ``AND`` the worst, of ``OR`` the best."""
        return _judge(_parse(self.expression), use, today)


def data_license(expression: str) -> DataTerms:
    """Look a license up.

    Args:
        expression: an SPDX expression, in any case; ``LicenseRef-…`` and the aliases of the facts are understood.

    Raises:
        GateBlocked: it cannot be read, or names a license that the facts do not hold (unknown means block).
    """
    parsed = _parse(expression)
    ids = [_find(_key(symbol), expression)[0] for symbol in parsed.get_symbols()]
    return DataTerms(expression=_rendered(parsed), licenses=list(dict.fromkeys(ids)))


def validate_expression(expression: str) -> None:
    """Check that an expression is well formed and names nothing but SPDX ids, ``LicenseRef-…`` and known aliases.

    Unlike `data_license` this accepts a license that kdvert has no facts about.

    Raises:
        GateBlocked: it is not; the message says at what it stumbled.
    """
    for symbol in _parse(expression).get_symbols():
        key = _key(symbol)
        if not (key in _licensing().known_symbols or key.lower().startswith("licenseref-")):
            _find(key, expression)


def known_licenses() -> list[str]:
    """Return the ids of all data licenses that the facts hold, sorted."""
    return sorted({name for name, _ in data_licenses().values()})


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


def _parse(expression: str) -> Any:
    hint = "Use SPDX ids, AND, OR and parentheses, for example CC-BY-4.0."
    try:
        parsed = _licensing().parse(expression)
    except ExpressionError as error:
        raise GateBlocked(f"'{expression}' is not a license expression ({error}).", hint=hint) from None
    except (AssertionError, IndexError):  # the parser stumbles like this over misplaced parentheses
        raise GateBlocked(f"'{expression}' is not a license expression.", hint=hint) from None
    if parsed is None:
        raise GateBlocked("The license is empty.", hint=hint)
    return parsed


def _key(symbol: Any) -> str:
    extra = getattr(symbol, "exception_symbol", None)
    if extra is None:
        return str(symbol.key)
    if not extra.is_exception:
        raise GateBlocked(
            f"Unknown exception '{extra.key}' in '{symbol.render()}': only SPDX exceptions may follow WITH.",
            hint="A clause that restricts needs a LicenseRef-… of its own in the facts.",
        )
    return str(symbol.license_symbol.key)  # SPDX exceptions only add permissions: the license itself is judged


def _find(key: str, expression: str) -> tuple[str, DataLicense]:
    known = data_licenses()
    found = known.get(key.lower()) or known.get(re.sub(r"[\s_]+", "-", key.lower()))
    if found is None:
        within = f" in '{expression}'" if key != expression.strip() else ""
        raise GateBlocked(
            f"Unknown license '{key}'{within}: kdvert has no facts about it, and unknown means block.",
            hint=f"{_nearest(key)}. If your organization holds the rights in the text, state LicenseRef-Own-Work.",
        )
    return found


def _nearest(key: str) -> str:
    spelled = {name: found[0] for name, found in data_licenses().items()}
    close = difflib.get_close_matches(key.lower(), spelled, n=3, cutoff=0.6)
    if not close:
        return "State an SPDX id such as CC-BY-4.0"
    return f"The nearest known: {', '.join(dict.fromkeys(spelled[name] for name in close))}"


def _rendered(node: Any) -> str:
    if not node.args:
        return _find(_key(node), _key(node))[0]
    return node.operator.join(f"({_rendered(a)})" if a.args else _rendered(a) for a in node.args)


def _judge(node: Any, use: Use, today: date) -> Judgment:
    if not node.args:
        name, row = _find(_key(node), _key(node))
        return row.terms.judge(name, use, today)
    parts = [_judge(part, use, today) for part in node.args]
    if node.operator.strip().upper() == "OR":
        return min(parts, key=lambda j: (ORDER.index(j.verdict), len(j.duties)))
    return together(parts)


def together(parts: list[Judgment]) -> Judgment:
    """Join judgments of terms that all hold: the worst verdict, with its reasons, and every duty once."""
    verdict = worst([part.verdict for part in parts])
    decisive = [part for part in parts if part.verdict == verdict]
    return Judgment(
        verdict=verdict,
        code=decisive[0].code,
        reason=" ".join(dict.fromkeys(part.reason for part in decisive)),
        duties=list({duty.id: duty for part in parts for duty in part.duties}.values()),
        facts=list(dict.fromkeys(fact for part in parts for fact in part.facts)),
        basis=list(dict.fromkeys(sha for part in parts for sha in part.basis)),
    )
