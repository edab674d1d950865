"""The conformance suite: what a vertical must hold to be used, each row with what to mend.

Only the row ``checks`` runs code of the package; all others read it as data.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util

from kdvert.configuration import validate
from kdvert.conformance.held_out import questions
from kdvert.conformance.recognition import privacy, recall, recognizers
from kdvert.conformance.rendering import templates
from kdvert.conformance.results import CheckResult, Row, judge, one_line
from kdvert.conformance.verifiers import checks
from kdvert.content import shared_templates
from kdvert.errors import GateBlocked, UserError
from kdvert.licensing.corpora import all_corpora
from kdvert.licensing.terms import validate_expression
from kdvert.registry import suggest
from kdvert.verticals import Vertical

_PREFIX = "kdvert_"


def run(vertical: Vertical) -> list[CheckResult]:
    """Look at every part of a vertical.

    Returns:
        One result for each row of `ROWS`, in order. A package that raises gives a failed row and no exception.
    """
    return [judge(name, row, vertical) for name, row in ROWS.items()]


def manifest(vertical: Vertical) -> tuple[str, list[str]]:
    """Read vertical.yaml; compare id with package, skills with templates, defaults with the stages' settings."""
    m = vertical.manifest
    problems = []
    if vertical.package != _PREFIX + m.id:
        problems.append(
            f"vertical.yaml says id '{m.id}', and the package is named {vertical.package}; name it {_PREFIX}{m.id}, "
            "or change the id."
        )
    for skill in m.skills:
        if not any([*root.glob(f"elicit/*/{skill}/*.j2")] for root in (vertical.templates, shared_templates())):
            problems.append(f"The skill '{skill}' has no template in elicit/*/{skill}/; add one or remove the skill.")
    for stage, settings in m.defaults.items():
        try:
            found = importlib.util.find_spec(f"kdvert.stages.{stage}")
            if found is None:
                problems.append(f"defaults: there is no stage '{stage}'.")
            else:
                stage_config = importlib.import_module(f"kdvert.stages.{stage}").Config
                validate(stage_config, settings, where=f"vertical.yaml: defaults.{stage}")
        except UserError as error:
            problems.append(one_line(str(error)))
    return f"{m.title} ({m.id}), {len(m.topics)} topics, {', '.join(m.languages)}", problems


def inert(vertical: Vertical) -> tuple[str, list[str]]:
    """Look, without running it, whether __init__.py is free of code: a vertical is data until its checks are called."""
    path = vertical.root / "__init__.py"
    if not path.is_file():
        return "no __init__.py", ["Add an __init__.py that holds only a docstring; without it pip installs no package."]
    body = ast.parse(path.read_text(encoding="utf-8"), filename=str(path)).body
    code = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    problems = [f"__init__.py holds code (line {code[0].lineno}); move it to checks.py."] if code else []
    return "listing the vertical runs none of its code", problems


def corpus(vertical: Vertical) -> tuple[str, list[str]]:
    """Look whether there are sample documents, none of them empty."""
    paths = vertical.corpus
    problems = [] if paths else ["corpus/ holds no document; a new project would have nothing to run on."]
    problems += [f"corpus/{p.name} is empty; write it or remove it." for p in paths if not p.read_bytes().strip()]
    return f"{len(paths)} documents, {sum(p.stat().st_size for p in paths):,} bytes", problems


def sources(vertical: Vertical) -> tuple[str, list[str]]:
    """Look whether every open corpus names a license that can be read."""
    problems = []
    for row in vertical.sources:
        try:
            validate_expression(row.license)
        except GateBlocked as error:
            problems.append(f"sources.yaml, '{row.title}': {error.message} {error.hint or ''}".strip())
        if not row.url.startswith(("https://", "http://")):
            problems.append(f"sources.yaml, '{row.title}': '{row.url}' is no web address; start it with https://.")
        if row.corpus and row.corpus not in all_corpora():
            hint = suggest(row.corpus, all_corpora())
            problems.append(f"sources.yaml, '{row.title}': '{row.corpus}' is no corpus of compliance/corpora. {hint}")
    return f"{len(vertical.sources)} open corpora", problems


ROWS: dict[str, Row] = {
    "manifest": manifest,
    "inert": inert,
    "templates": templates,
    "recognizers": recognizers,
    "recall": recall,
    "privacy": privacy,
    "corpus": corpus,
    "sources": sources,
    "eval": questions,
    "checks": checks,
}
"""Name to row, in the order they are shown."""
