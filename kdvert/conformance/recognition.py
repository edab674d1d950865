"""Look whether the recognizers of a vertical hold their cases and its privacy policy stands."""

from __future__ import annotations

from kdvert.privacy import cases, policy
from kdvert.verticals import RecognizerSpec, Vertical


def recognizers(vertical: Vertical) -> tuple[str, list[str]]:
    """Run every recognizer on the texts it must match and on the near misses it must leave alone."""
    specs = vertical.recognizers
    matches, misses = sum(len(s.matches) for s in specs), sum(len(s.near_misses) for s in specs)
    problems = [problem for spec in specs for problem in cases.problems(spec)]
    names = [spec.name for spec in specs]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [f"Two recognizers are named '{name}'; rename one." for name in twice]
    return f"{len(specs)} recognizers, {matches} matches, {misses} near misses", problems


def recall(vertical: Vertical) -> tuple[str, list[str]]:
    """Compare the recall on the recognizers' own match cases with the floors of privacy.yaml."""
    found: dict[str, list[bool]] = {}
    for spec in vertical.recognizers:
        found.setdefault(spec.entity, []).extend(_found(spec))
    floors = vertical.privacy.recall_floor
    problems = [
        f"privacy.yaml: recall_floor names {entity}, which no recognizer of the package finds; remove it or add one."
        for entity in floors
        if entity not in found
    ]
    for entity, hits in found.items():
        reached = sum(hits) / len(hits)
        if entity not in floors:
            problems.append(f"privacy.yaml: recall_floor has no {entity}; state the share of matches it must find.")
        elif reached < floors[entity]:
            problems.append(
                f"{entity}: finds {sum(hits)} of {len(hits)} matches ({reached:.2f}), below its floor "
                f"{floors[entity]:.2f}; mend the pattern or the case."
            )
    lowest = min((sum(hits) / len(hits) for hits in found.values()), default=0.0)
    return f"lowest recall {lowest:.2f} over {len(found)} entity types", problems


def _found(spec: RecognizerSpec) -> list[bool]:
    return [not cases.problems(spec.model_copy(update={"matches": [c], "near_misses": []})) for c in spec.matches]


def privacy(vertical: Vertical) -> tuple[str, list[str]]:
    """Combine the regimes with the additions; unknown names raise, and an addition that is too loose is a problem."""
    spec = vertical.privacy
    known = {recognizer.entity for recognizer in vertical.recognizers}
    known |= {entity for name in policy.regime_files() for entity in policy.regime(name).rules}
    combined = policy.combine(spec, extra_regimes=(), actions={}, known=known)
    problems = [
        f"privacy.yaml: {entity}: {action} is looser than {combined.actions[entity]}, which a regime asks for. "
        "Additions may only tighten; remove it."
        for entity, action in spec.additions.items()
        if policy.STRICTNESS[action] < policy.STRICTNESS[combined.actions[entity]]
    ]
    problems += [
        f"{entity}: a recognizer finds it, and the policy does nothing to it; add it to privacy.yaml: additions."
        for entity in sorted({recognizer.entity for recognizer in vertical.recognizers})
        if combined.actions.get(entity, "keep") == "keep"
    ]
    return f"regimes {', '.join(spec.regimes)}; {len(combined.targets)} types of personal data are treated", problems
