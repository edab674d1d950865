"""The pages of the queue, of a record, of figures and of signatures, and all addresses in one table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from kdvert.decisions import kinds, signers, trail
from kdvert.decisions.codes import SCOPES
from kdvert.errors import UserError
from kdvert.records import Message
from kdvert.review import pages, plots, signing
from kdvert.review.app import Call, Denied, Route, page, redirect
from kdvert.review.checking import EditStopped
from kdvert.review.desk import Desk, Stale, Wish
from kdvert.review.people import PEOPLE, prove
from kdvert.review.preparing import draw_sample
from kdvert.review.queue import PAGE, Entry, Filter
from kdvert.review.view import view
from kdvert.rulings import sign_offs
from kdvert.rulings.folding import Action
from kdvert.rulings.sign_offs import Scope

if TYPE_CHECKING:
    from starlette.responses import Response

_START = {"status": "todo", "place": "accepted"}
_LAST = 200  # entries of the trail on its page


def _filter(call: Call) -> Filter:
    given = {k: v for k, v in call.query.items() if k != "page"}
    return Filter.of(given if given or "all" in call.query else _START)


def _queue(call: Call) -> Response:
    wanted, desk = _filter(call), call.site.desk
    try:
        number = max(1, min(10**6, int(call.query.get("page", "1"))))
    except ValueError:
        number = 1
    with desk.lock:
        entries, count = desk.queue.page(wanted, desk.who(call.me.signer), number)
        choices = desk.queue.choices
        asked = {e.id: desk.queue.example(e).question for e in entries}
    shown = [replace(e, status="open") if desk.hides_from(e, call.me.signer.key_id) else e for e in entries]
    return page(
        call, "queue", entries=shown, asked=asked, count=count, number=number, pages=max(1, math.ceil(count / PAGE)),
        wanted=wanted, query=wanted.query() or {"all": "1"}, choices=choices, people=signers.read(desk.root),
        policy=desk.policy, sample=desk.review.samples,
    )  # fmt: skip


def _entry(call: Call) -> Entry:
    with call.site.desk.lock:
        entry = call.site.desk.queue.entry(call.path["record"])
    if entry is None:
        raise Denied(404, "There is no such record.")
    return entry


def _record(call: Call, *, draft: Wish | None = None, problem: UserError | None = None) -> Response:
    """Show a record; with ``draft``, what was typed stands in its form again, below why it was not kept."""
    entry, desk, me = _entry(call), call.site.desk, call.me
    with desk.lock:
        shown = view(desk, entry, me.signer)
    me.opened.setdefault(entry.id, call.site.clock())
    wanted = _filter(call).query() or {"all": "1"}
    return page(
        call, "record", 409 if isinstance(problem, Stale) else 400 if problem else 200, view=shown, entry=entry,
        query=wanted, draft=draft, problem=problem, stopped=problem if isinstance(problem, EditStopped) else None,
        may_decide=me.role in kinds.REVIEWING,
    )  # fmt: skip


def _step(call: Call) -> Response:
    """Go to the next record of the filter, or the one before."""
    entry, desk, wanted = _entry(call), call.site.desk, _filter(call)
    forward = call.query.get("to", "next") != "previous"
    with desk.lock:
        target = desk.queue.step(wanted, desk.who(call.me.signer), entry.n, forward)
    query = pages.address(wanted.query() or {"all": "1"})
    if target is None:
        call.me.message = "That was the last record of this list." if forward else "That was the first record."
        return redirect(f"/{query}")
    return redirect(f"/record/{target}{query}")


def _decide(call: Call) -> Response:
    entry, me, desk = _entry(call), call.me, call.site.desk
    wish = _wish(call, entry)
    try:
        made = desk.decide(me.signer, wish)
    except UserError as problem:
        return _record(call, draft=wish, problem=problem)
    me.opened.pop(entry.id, None)
    me.message = f"{_SAID[wish.action]}. Entry {made.seq} of the trail."
    return _step(call)


def _wish(call: Call, entry: Entry) -> Wish:
    form, action = call.form, call.form.get("action", "")
    if action not in _SAID:
        raise UserError("Choose accept, edit, reject or escalate.")
    version = form.get("version", "")
    if not version.isdecimal() or len(version) > 12:
        raise UserError("The form is not whole. Load the page again.")
    messages: tuple[Message, ...] = ()
    if action == "edit":
        turns = call.site.desk.queue.example(entry).messages
        messages = tuple(
            m if m.role == "system" else Message(role=m.role, content=_lines(form.get(f"turn{i}", "")))
            for i, m in enumerate(turns)
        )
    opened = call.me.opened.get(entry.id)
    return Wish(
        record=entry.id, action=cast(Action, action), version=int(version), reason=form.get("reason", ""),
        comment=form.get("comment", ""), messages=messages,
        seconds=call.site.clock() - opened if opened is not None else None,
    )  # fmt: skip


def _lines(text: str) -> str:
    """Return a text without the line ends of forms."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _comment(call: Call) -> Response:
    entry = _entry(call)
    call.site.desk.comment(call.me.signer, entry.id, call.form.get("comment", ""))
    call.me.message = "The comment is kept."
    return redirect(f"/record/{entry.id}{pages.address(_filter(call).query() or {'all': '1'})}")


def _undo(call: Call) -> Response:
    records = call.site.desk.undo(call.me.signer, call.form.get("entry", ""))
    call.me.message = f"Taken back, for {len(records)} record{'s' if len(records) != 1 else ''}."
    return redirect(f"/record/{records[0]}?all=1" if len(records) == 1 else "/")


def _bulk(call: Call) -> Response:
    """Show how many records a decision would be about, and ask for that number."""
    desk, wanted = call.site.desk, _filter(call)
    with desk.lock:
        count = len(desk.bulk_rows(call.me.signer, wanted))
    return page(call, "bulk", count=count, wanted=wanted, query=wanted.query() or {"all": "1"})


def _decide_bulk(call: Call) -> Response:
    typed = call.form.get("count", "").strip()
    if not typed.isdecimal() or len(typed) > 9:
        raise UserError("Type the number of records.")
    action = cast(Action, call.form.get("action", ""))
    made = call.site.desk.bulk(
        call.me.signer, _filter(call), action, count=int(typed), reason=call.form.get("reason", "")
    )
    call.me.message = f"{made} records {'accepted' if action == 'accept' else 'rejected'} at once."
    return redirect("/")


def _figures(call: Call) -> Response:
    found = call.site.desk.figures()
    desk = call.site.desk
    lost = bool(desk.review.planted) and desk.known() is None
    return page(
        call, "figures", figures=found, policy=desk.policy, sample=desk.review.samples, lost=lost,
        ignored=len(desk.review.ignored), times=plots.times(found.seconds), statuses=plots.statuses(found.records),
        may_draw=call.me.role in ("admin", "approver"), kept_back=_kept_back(call),
    )  # fmt: skip


def _kept_back(call: Call) -> bool:
    """Return whether numbers are kept from this person that tell, decision by decision, which errors were planted."""
    return call.me.role == "reviewer" and bool(call.site.desk.review.planted)


def _draw(call: Call) -> Response:
    count = draw_sample(call.site.desk, call.me.signer)
    call.me.message = f"A sample of {count} records was drawn."
    return redirect("/?sample=1&status=todo")


def _signatures(call: Call) -> Response:
    desk = call.site.desk
    with desk.lock:
        found = desk.figures()
        asked = {scope: signing.requirements(desk, call.me.signer, cast(Scope, scope), found) for scope in SCOPES}
        held, kept = signing.held(desk), signing.kept(desk)
    return page(
        call, "signatures", asked=asked, held=held, figures=found, policy=desk.policy, dataset=kept.sha,
        records=kept.count, kept_back=_kept_back(call),
    )  # fmt: skip


def _sign(call: Call) -> Response:
    scope = call.form.get("scope", "")
    if scope not in SCOPES:
        raise UserError("Choose what to sign.")
    prove(call, call.form.get("passphrase", ""))  # the second component of a signature, given anew
    made = signing.sign(call.site.desk, call.me.signer, cast(Scope, scope))
    call.site.desk.refresh()
    return redirect(f"/signature/{made.id}")


def _signature(call: Call) -> Response:
    held = next((h for h in signing.held(call.site.desk) if h.sign_off.id == call.path["id"]), None)
    if held is None:
        raise Denied(404, "There is no such signature.")
    return page(call, "signature", held=held, made=held.sign_off)


def _withdraw(call: Call) -> Response:
    prove(call, call.form.get("passphrase", ""))
    desk: Desk = call.site.desk
    sign_offs.withdraw(desk.root, call.form.get("id", ""), signer=call.me.signer, now=signing.now())
    call.me.message = "The signature was taken back; the trail keeps both."
    return redirect("/signatures")


def _trail(call: Call) -> Response:
    """Show the last entries of the trail, newest first, with the names behind the keys.

    What somebody decided about a record that this person judges blindly is left out, as on the record's own page.
    """
    desk = call.site.desk
    entries = trail.entries(desk.root)
    last = entries[-_LAST:][::-1]
    with desk.lock:
        about = {str(e.refs["record"]) for e in last if "record" in e.refs}
        blind = {i for i in about if (e := desk.queue.entry(i)) and desk.hides_from(e, call.me.signer.key_id)}
    return page(call, "trail", entries=last, count=len(entries), trusted=signers.read(desk.root), blind=blind)


def _static(call: Call) -> Response:
    from starlette.responses import Response

    found = pages.static(call.path["name"])
    if found is None:
        raise Denied(404, "There is no such file.")
    return Response(found[0], media_type=found[1], headers={"cache-control": "private, max-age=600"})


_SAID = {"accept": "Accepted", "edit": "Edited and accepted", "reject": "Rejected", "escalate": "Sent to an approver"}
_JUDGES = ("reviewer", "approver")

ROUTES: tuple[Route, ...] = (
    *PEOPLE,
    Route("GET", "/static/{name}", _static, None),
    Route("GET", "/", _queue),
    Route("GET", "/record/{record}", _record),
    Route("GET", "/record/{record}/step", _step),
    Route("POST", "/record/{record}/decide", _decide, _JUDGES),
    Route("POST", "/record/{record}/comment", _comment),
    Route("POST", "/undo", _undo, _JUDGES),
    Route("GET", "/bulk", _bulk, _JUDGES),
    Route("POST", "/bulk", _decide_bulk, _JUDGES),
    Route("GET", "/figures", _figures),
    Route("POST", "/sample", _draw, ("admin", "approver")),
    Route("GET", "/signatures", _signatures),
    Route("POST", "/signatures", _sign, ("approver",)),
    Route("GET", "/signature/{id}", _signature),
    Route("POST", "/signature/withdraw", _withdraw, ("approver",)),
    Route("GET", "/trail", _trail),
)
"""All addresses of the page."""
