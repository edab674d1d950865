"""What the lineage shows for a control: one function a kind of evidence, and a table of them by name.

Every function looks at the lineage and says what it found; none takes a claim for a fact. What kdvert does not
measure is missing, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from kdvert.dossier import duties_done, sources, training_summary
from kdvert.dossier.compute import in_powers
from kdvert.dossier.lineage import Lineage
from kdvert.records import Record
from kdvert.reporting.html import count, plural

State = Literal["present", "partial", "missing"]


class Evidence(Record):
    """What was found: whether it is there, in words, and the file of the dossier where it stands."""

    state: State
    text: str
    where: str = ""


def _license_chain(lineage: Lineage) -> Evidence:
    check = lineage.licensing
    state: State = "present" if check.verdict in ("allow", "allow-with-duties") else "partial"
    state = "missing" if check.verdict == "block" else state
    text = f"License check as of {check.as_of}: {check.verdict} over {plural(len(check.links), 'link')}."
    return Evidence(state=state, text=text, where="dossier.html")


def _facts_sourced(lineage: Lineage) -> Evidence:
    links = lineage.licensing.links
    sourced = sum(1 for link in links if link.facts)
    state: State = "present" if links and sourced == len(links) else "partial" if sourced else "missing"
    text = f"{count(sourced)} of {plural(len(links), 'link')} name the text they rest on, with date and confidence."
    return Evidence(state=state, text=text, where="dossier.html")


def _facts_current(lineage: Lineage) -> Evidence:
    expired = [link.subject for link in lineage.licensing.links if link.code.endswith("expired")]
    if expired:
        return Evidence(state="partial", text=f"To be read again: {', '.join(expired)}.", where="dossier.html")
    return Evidence(state="present", text=f"No fact had expired on {lineage.as_of}.", where="dossier.html")


def _duties_known(lineage: Lineage) -> Evidence:
    due = [row for row in duties_done.statuses(lineage) if row.status != "not-due"]
    waiting = [row for row in due if row.status == "open"]
    text = f"{plural(len(due), 'duty', 'duties')} due, {count(len(waiting))} of them open."
    return Evidence(state="partial" if waiting else "present", text=text, where="NOTICE")


def _teacher_terms(lineage: Lineage) -> Evidence:
    links = [link for link in lineage.licensing.links if link.kind in ("teacher", "writer")]
    if not links or not lineage.writers:
        return Evidence(state="missing", text="No terms of a teacher were judged.")
    bad = [link for link in links if link.verdict not in ("allow", "allow-with-duties")]
    state: State = "partial" if bad else "present"
    text = f"{plural(len(links), 'text')} of terms of the models that wrote records: {_verdicts(links)}."
    return Evidence(state=state, text=text, where="dossier.html")


def _provenance(lineage: Lineage) -> Evidence:
    records = lineage.records
    if not records.accepted or records.evidence < records.accepted:
        return Evidence(state="missing", text="Not every accepted record has checked evidence.")
    text = f"{plural(records.accepted, 'record')} rest on {plural(records.evidence, 'span')} checked by offsets."
    return Evidence(state="present", text=text, where="datasheet.md")


def _sources_listed(lineage: Lineage) -> Evidence:
    known = [d for d in lineage.documents if d.license and d.sha256]
    state: State = "present" if known and len(known) == len(lineage.documents) else "missing"
    text = f"{plural(len(known), 'document')} with license, publisher if stated, and hash."
    return Evidence(state=state, text=text, where="bom.cdx.json")


def _components_hashed(lineage: Lineage) -> Evidence:
    student = lineage.student
    hashes = {"base": student.base_sha256, "adapter": student.adapter_sha256, "records": student.data_sha256}
    missing = [name for name, sha in hashes.items() if not sha]
    text = f"Hashes of {', '.join(name for name, sha in hashes.items() if sha)}."
    return Evidence(state="partial" if missing else "present", text=text, where="bom.cdx.json")


def _versions_recorded(lineage: Lineage) -> Evidence:
    number = len(lineage.versions)
    state: State = "present" if number > 2 else "missing"
    return Evidence(state=state, text=f"Versions of {plural(number, 'package')}.", where="bom.cdx.json")


def _stages_recorded(lineage: Lineage) -> Evidence:
    files = sum(len(stage.outputs) for stage in lineage.stages)
    text = f"{plural(len(lineage.stages), 'stage')} with times and {plural(files, 'hash', 'hashes')} of outputs."
    return Evidence(state="present" if files else "missing", text=text, where="bom.cdx.json")


def _method_recorded(lineage: Lineage) -> Evidence:
    if not lineage.templates:
        return Evidence(state="missing", text="No prompt template is recorded.")
    text = f"Settings of every stage, and the hash of {plural(len(lineage.templates), 'prompt template')}."
    return Evidence(state="present", text=text, where="model-card.md")


def _scope_stated(lineage: Lineage) -> Evidence:
    text = f"{lineage.project.vertical_description} {lineage.project.disclaimer}"
    return Evidence(state="present" if lineage.project.disclaimer else "missing", text=text, where="model-card.md")


def _limits_stated(lineage: Lineage) -> Evidence:
    measured = [m for m in lineage.evaluation.measures if m.outcome != "unscored"]
    text = "Limits are stated from the evaluation, the privacy regimes and the sources."
    return Evidence(state="present" if measured else "partial", text=text, where="model-card.md")


def _evaluated(lineage: Lineage) -> Evidence:
    measures = lineage.evaluation.measures
    scored = [m for m in measures if m.low is not None and m.high is not None]
    state: State = "missing" if not scored else "partial" if len(scored) < len(measures) else "present"
    text = (
        f"{count(len(scored))} of {plural(len(measures), 'measure')} with intervals, on "
        f"{plural(lineage.evaluation.questions, 'held-out question')}."
    )
    return Evidence(state=state, text=text, where="model-card.md")


def _independent_questions(lineage: Lineage) -> Evidence:
    if "eval_overlap" not in lineage.records.checks:
        return Evidence(state="missing", text="Records were not compared with the held-out questions.")
    text = (
        f"Compared: {plural(lineage.evaluation.overlap_rejects, 'record')} resembled a question and were turned down."
    )
    return Evidence(state="present", text=text, where="datasheet.md")


def _rejects_reasoned(lineage: Lineage) -> Evidence:
    checks = len(lineage.records.checks)
    text = f"{plural(checks, 'check')}; {plural(lineage.records.rejected, 'record')} turned down, each with a reason."
    return Evidence(state="present" if checks else "missing", text=text, where="datasheet.md")


def _reviewed_by_people(lineage: Lineage) -> Evidence:
    done = lineage.reviewed
    if done is None or not done.decided:
        return Evidence(state="missing", text="No person decided about a record.", where="SIGN-OFF.md")
    text = f"People decided about {plural(done.decided, 'record')}."
    held = [one.sign_off for one in done.sign_offs if one.holds]
    for made in held:
        text += f" {made.name} approved them for {made.scope} on {made.at[:10]}."
    return Evidence(state="present" if held else "partial", text=text, where="SIGN-OFF.md")


def _scrubbed(lineage: Lineage) -> Evidence:
    privacy = lineage.privacy
    if not privacy.regimes or not privacy.policy_sha:
        return Evidence(state="missing", text="No privacy regime is recorded.")
    names = ", ".join(regime.title for regime in privacy.regimes)
    text = f"{plural(privacy.findings, 'finding')} acted on by {names}; recall on these documents was not measured."
    return Evidence(state="partial", text=text, where="dossier.html")


def _text_stayed_inside(lineage: Lineage) -> Evidence:
    outside = [link.subject for link in lineage.licensing.links if link.hosted]
    if outside:
        text = f"Scrubbed text was sent to a vendor: {', '.join(outside)}."
        return Evidence(state="partial", text=text, where="dossier.html")
    return Evidence(state="present", text="No text left for a vendor: all models ran on own machines.")


def _shares_stated(lineage: Lineage) -> Evidence:
    groups = sources.groups(lineage)
    text = (
        f"Shares of the text by publisher are stated ({plural(len(groups), 'group')}); groups of people are not told."
    )
    return Evidence(state="partial" if groups else "missing", text=text, where="datasheet.md")


def _compute_estimated(lineage: Lineage) -> Evidence:
    spent = training_summary.computed(lineage)
    if spent.student is None:
        return Evidence(state="missing", text=f"Unknown: {', '.join(spent.unknown)}.")
    text = f"Training took about {in_powers(spent.student)} FLOP" + (
        f", {in_powers(spent.share)} of the base." if spent.share else "."
    )
    return Evidence(state="partial" if spent.unknown else "present", text=text, where="training-content-summary.md")


def _synthetic_marked(lineage: Lineage) -> Evidence:
    if not lineage.writers:
        return Evidence(state="missing", text="Who wrote the records is not recorded.")
    names = ", ".join(writer.name for writer in lineage.writers)
    return Evidence(
        state="present", text=f"Every record names the model that wrote it: {names}.", where="croissant.json"
    )


def _safe_weights(lineage: Lineage) -> Evidence:
    adapter = [name for stage in lineage.stages if stage.name == "distill" for name in stage.outputs]
    weights = [name for name in adapter if name.endswith(".safetensors")]
    text = "Weights are safetensors with a hash; attacks on the running system were not tried."
    return Evidence(state="partial" if weights else "missing", text=text, where="bom.cdx.json")


def _nothing_tainted(lineage: Lineage) -> Evidence:
    if any(row.current for row in lineage.taint):
        return Evidence(state="missing", text="The student was trained on a source that has been taken back.")
    earlier = f" {plural(len(lineage.taint), 'earlier adapter')} in the project did." if lineage.taint else ""
    return Evidence(state="present", text=f"The student learned from nothing that was taken back.{earlier}")


def _memorization_measured(lineage: Lineage) -> Evidence:
    return _not_measured(lineage, "memorization", "How much training text the student gives back was not measured.")


def _harm_measured(lineage: Lineage) -> Evidence:
    return _not_measured(lineage, "harm", "Harmful answers were not looked for.")


def _not_measured(lineage: Lineage, word: str, otherwise: str) -> Evidence:
    found = [m for m in lineage.evaluation.measures if word in m.metric]
    if not found:
        return Evidence(state="missing", text=otherwise)
    text = ", ".join(f"{m.metric}: {m.student}" for m in found)
    return Evidence(state="present", text=text, where="model-card.md")


def _verdicts(links: list[sources.Link]) -> str:
    return ", ".join(sorted({link.verdict for link in links}))


EVIDENCE: Mapping[str, Callable[[Lineage], Evidence]] = {
    "license_chain": _license_chain,
    "facts_sourced": _facts_sourced,
    "facts_current": _facts_current,
    "duties_known": _duties_known,
    "teacher_terms": _teacher_terms,
    "provenance": _provenance,
    "sources_listed": _sources_listed,
    "components_hashed": _components_hashed,
    "versions_recorded": _versions_recorded,
    "stages_recorded": _stages_recorded,
    "method_recorded": _method_recorded,
    "scope_stated": _scope_stated,
    "limits_stated": _limits_stated,
    "evaluated": _evaluated,
    "independent_questions": _independent_questions,
    "rejects_reasoned": _rejects_reasoned,
    "reviewed_by_people": _reviewed_by_people,
    "scrubbed": _scrubbed,
    "text_stayed_inside": _text_stayed_inside,
    "shares_stated": _shares_stated,
    "compute_estimated": _compute_estimated,
    "synthetic_marked": _synthetic_marked,
    "safe_weights": _safe_weights,
    "nothing_tainted": _nothing_tainted,
    "memorization_measured": _memorization_measured,
    "harm_measured": _harm_measured,
}
"""Evidence by the name that the rows of ``compliance/controls`` call it by."""
