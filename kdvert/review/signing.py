"""What must hold before an approver signs, and the signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kdvert.decisions import signers, trail_check
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError
from kdvert.pipeline.fingerprint import output_hashes
from kdvert.pipeline.lock import read_lock
from kdvert.pipeline.table import row
from kdvert.records import Example, sha256_json
from kdvert.review.desk import Desk, now
from kdvert.review.figures import Figures
from kdvert.rulings import applying, reading, sign_offs
from kdvert.rulings.sign_offs import Requirement, Scope, SignOff
from kdvert.store import iter_jsonl, sha256_file


@dataclass(frozen=True)
class Case:
    """What a requirement is judged on."""

    desk: Desk
    signer: Signer
    scope: Scope
    figures: Figures


@dataclass(frozen=True)
class Kept:
    """The records that the decisions keep: the hash of the file that the stage ``review`` writes, and how many."""

    sha: str
    count: int


def kept(desk: Desk) -> Kept:
    """Return which records are kept as things stand. All are read, once for each state of the trail."""
    with desk.lock:
        if desk.offset not in desk.kept:
            work = desk.run.project.work / "filter"
            outcome = applying.apply(
                iter_jsonl(work / "accepted.jsonl", Example),
                iter_jsonl(work / "rejected.jsonl", Example),
                desk.review,
                desk.policy,
                partial(reading.edit_of, desk.root),
            )
            desk.kept.clear()
            desk.kept[desk.offset] = Kept(outcome.sha, len(outcome.kept))
        found = desk.kept[desk.offset]
    assert isinstance(found, Kept)
    return found


def requirements(desk: Desk, signer: Signer, scope: Scope, figures: Figures) -> list[Requirement]:
    """Return what is asked for before this person may sign, each with what was found."""
    case = Case(desk, signer, scope, figures)
    return [found for rule in RULES if (found := rule(case))]


def sign(desk: Desk, signer: Signer, scope: Scope) -> SignOff:
    """Sign the records, or the release, as they are now.

    Raises:
        UserError: a requirement is not met.
    """
    with desk.lock:
        figures = desk.figures()
        records = kept(desk)
        plain = figures.model_dump(mode="json")
        report = desk.run.project.work / "report" / "report.html"
        if scope == "release" and not report.is_file():
            raise UserError("There is no report to sign yet.", hint="kdvert run")
        return sign_offs.sign(
            desk.root,
            scope,
            signer=signer,
            now=now(),
            project=desk.run.resolved.head.name or desk.root.name,  # type: ignore[attr-defined]
            dataset=records.sha,
            records=records.count,
            report=sha256_file(report) if scope == "release" else sha256_json(plain),
            requirements=requirements(desk, signer, scope, figures),
            figures=plain,
        )


def held(desk: Desk) -> list[sign_offs.Held]:
    """Return the sign-offs, each with whether it holds for the records and the report as they are."""
    report = desk.run.project.work / "report" / "report.html"
    return sign_offs.judge(
        desk.root, desk.review, dataset=kept(desk).sha, report=sha256_file(report) if report.is_file() else None
    )


def _role(case: Case) -> Requirement | None:
    row = case.signer.row
    what = "who signs is an approver"
    return Requirement(name="role", what=what, met=row.role == "approver", found=f"{row.name} is {row.role}")


def _whole(case: Case) -> Requirement | None:
    wrong = trail_check.differences(case.desk.root, signers.read(case.desk.root))
    found = f"{len(wrong)} found, the first: {wrong[0].what}" if wrong else "nothing wrong with it"
    return Requirement(name="trail", what="the trail of decisions is whole", met=not wrong, found=found)


def _looked_at(case: Case) -> Requirement | None:
    sample, policy = case.figures.sample, case.desk.policy
    if policy.look_at == "nothing":
        return None
    drawn = sample.size > 0
    what = "every record was read" if policy.look_at == "all" else "every record of the sample was read"
    found = f"{sample.examined:,} of {sample.size:,}" if drawn else "no sample was drawn"
    return Requirement(name="looked_at", what=what, met=drawn and sample.examined == sample.size, found=found)


def _bound(case: Case) -> Requirement | None:
    sample, policy = case.figures.sample, case.desk.policy
    if policy.look_at == "nothing":
        return None
    what = f"at most {policy.bound:.2%} of the records are wrong, at {policy.confidence:.0%} confidence"
    by = ", what reviewers overlook counted in" if case.figures.planted.planted else ""
    found = f"at most {sample.upper:.2%} ({sample.wrong} wrong of {sample.examined:,} read{by})"
    if policy.look_at == "all" and not case.figures.planted.planted:
        # all were read: what was found wrong is corrected or kept out, and nothing else is known
        return None
    return Requirement(name="bound", what=what, met=sample.upper <= policy.bound, found=found)


def _settled(case: Case) -> Requirement | None:
    records = case.figures.records
    waiting = records.get("escalated", 0) + records.get("conflict", 0)
    what = "nothing waits for an approver's decision"
    return Requirement(name="settled", what=what, met=not waiting, found=f"{waiting} records wait")


def _second(case: Case) -> Requirement | None:
    waiting = case.figures.sample.waiting
    if not case.desk.doubles():
        return None
    what = "the records that two people judge were judged by two"
    return Requirement(name="second", what=what, met=not waiting, found=f"{waiting} wait for a second person")


def _planted(case: Case) -> Requirement | None:
    least, planted = case.desk.policy.planted, case.figures.planted
    if not least:
        return None
    what = f"reviewers met at least {least} planted errors"
    return Requirement(name="planted", what=what, met=planted.met >= least, found=f"{planted.met} met")


def _two_persons(case: Case) -> Requirement | None:
    if not case.desk.policy.two_persons:
        return None
    own = sum(p.accepted + p.edited + p.rejected for p in case.figures.people if p.key_id == case.signer.key_id)
    is_owner = _same(case.desk.policy.owner, case.signer.name)
    met = not is_owner and not own
    found = "runs this project" if is_owner else f"decided about {own} records" if own else "did neither"
    what = "who signs decided about none of the records and does not run the project"
    return Requirement(name="two_persons", what=what, met=met, found=f"{case.signer.name} {found}")


def _report(case: Case) -> Requirement | None:
    if case.scope != "release":
        return None
    work = case.desk.run.project.work
    lock = read_lock(work)
    what = "the report is there, and shows the run as it is"
    out = work / "report"
    if "report" not in lock or not out.is_dir():
        return Requirement(name="report", what=what, met=False, found="the run has not come to its report")
    whole = output_hashes(row("report"), out) == lock["report"].outputs
    trained = work / "review" / "accepted.jsonl"
    same = trained.is_file() and sha256_file(trained) == kept(case.desk).sha
    found = "it is" if whole and same else "records changed since: kdvert run" if whole else "it was changed by hand"
    return Requirement(name="report", what=what, met=whole and same, found=found)


def _training(case: Case) -> Requirement | None:
    if case.scope != "release" or case.desk.policy.sign_off == "none":
        return None
    holds = any(h.holds and h.sign_off.scope == "training" for h in held(case.desk))
    what = "the records were signed off for training"
    return Requirement(name="training", what=what, met=holds, found="they were" if holds else "no such signature holds")


def _same(owner: str | None, name: str) -> bool:
    return owner is not None and " ".join(owner.split()).casefold() == name.casefold()


Rule = Callable[[Case], Requirement | None]
RULES: tuple[Rule, ...] = (
    _role, _whole, _looked_at, _bound, _settled, _second, _planted, _two_persons, _training, _report,
)  # fmt: skip
"""What is asked for, in this order; a rule that the policy does not ask for gives None."""
