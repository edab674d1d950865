"""The pages around people: signing in and out, invitations, who may review."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kdvert.decisions import enrolling
from kdvert.errors import UserError
from kdvert.review.accounts import ROLES
from kdvert.review.app import Call, Denied, Route, page, redirect
from kdvert.review.desk import now

if TYPE_CHECKING:
    from starlette.responses import Response


def prove(call: Call, passphrase: str) -> None:
    """Have the person who is signed in give her passphrase again.

    Raises:
        Denied: it is wrong, or was wrong too often.
    """
    signer = call.me.signer
    keys = _keys(call, signer.name)
    _must_not_wait(call, keys)
    opened = call.site.accounts.open(signer.name, passphrase)
    if opened is None or opened.key_id != signer.key_id:
        raise Denied(403, "The passphrase is wrong. Nothing was signed.")
    call.site.throttle.succeeded(*keys)


def _keys(call: Call, name: str) -> tuple[str, ...]:
    return (f"name {' '.join(name.split()).casefold()[:200]}", f"from {call.client}")


def _must_not_wait(call: Call, keys: tuple[str, ...]) -> None:
    if (seconds := call.site.throttle.begin(*keys)) > 0:
        raise Denied(429, f"Too many wrong tries. Wait {math.ceil(seconds)} seconds.")


def _sign_in_page(call: Call) -> Response:
    if not call.site.accounts.active():
        return page(call, "setup", roles=ROLES)
    return page(call, "sign-in", name="", wrong="")


def _sign_in(call: Call) -> Response:
    name = call.form.get("name", "")
    keys = _keys(call, name)
    _must_not_wait(call, keys)
    signer = call.site.accounts.open(name, call.form.get("passphrase", ""))
    if signer is None:
        return page(call, "sign-in", 403, name=name[:200], wrong="Name or passphrase is wrong.")
    call.site.throttle.succeeded(*keys)
    if call.session:
        call.site.sessions.end(call.session.id)
    session = call.site.sessions.begin(signer)  # a fresh id, whatever the browser brought
    return _with_cookie(call, redirect("/"), session.id)


def _setup(call: Call) -> Response:
    """Make the first person, an admin: whoever started the server and holds its token."""
    if call.site.accounts.active():
        raise Denied(403, "There are people already; an admin adds others.")
    call.site.accounts.add(call.form.get("name", ""), "admin", _chosen(call), now())
    return redirect("/sign-in")


def _sign_out(call: Call) -> Response:
    call.site.sessions.end(call.me.id)
    return _with_cookie(call, redirect("/sign-in"), "")


def _people(call: Call, code: str = "", invited: str = "") -> Response:
    book = call.site.accounts.book()
    invitations = [i for i in book.invitations if i.is_open(now())]
    return page(
        call, "people", active=call.site.accounts.active(), invitations=invitations,
        roles=ROLES, code=code, invited=invited,
    )  # fmt: skip


def _invite(call: Call) -> Response:
    role, name = call.form.get("role", ""), call.form.get("name", "")
    if role not in ROLES:
        raise UserError("Choose a role.")
    code = call.site.accounts.invite(name, role, now())
    return _people(call, code=code, invited=" ".join(name.split()))


def _retire(call: Call) -> Response:
    key = call.form.get("key", "")
    enrolling.retire(call.site.desk.root, key, signer=call.me.signer, now=now())
    call.site.sessions.end_all_of(key)
    call.site.desk.refresh()
    return redirect("/people") if key != call.me.signer.key_id else redirect("/sign-in")


def _join_page(call: Call) -> Response:
    return page(call, "join", wrong="")


def _join(call: Call) -> Response:
    keys = ("join", f"join from {call.client}")
    _must_not_wait(call, keys)
    code = call.form.get("code", "").strip()
    if call.site.accounts.invited(code, now()) is None:
        return page(call, "join", 403, wrong="This code is not valid (any more).")
    call.site.throttle.succeeded(*keys)
    call.site.accounts.accept(code, _chosen(call), now())
    return redirect("/sign-in")


def _chosen(call: Call) -> str:
    first, second = call.form.get("passphrase", ""), call.form.get("again", "")
    if first != second:
        raise UserError("The two passphrases differ.")
    return first


def _with_cookie(call: Call, response: Response, value: str) -> Response:
    response.set_cookie(
        call.site.cookie, value, httponly=True, samesite="strict", secure=call.site.secure, path="/",
        max_age=None if value else 0,
    )  # fmt: skip
    return response


PEOPLE: tuple[Route, ...] = (
    Route("GET", "/sign-in", _sign_in_page, None),
    Route("POST", "/sign-in", _sign_in, None),
    Route("POST", "/setup", _setup, None),
    Route("POST", "/sign-out", _sign_out),
    Route("GET", "/join", _join_page, None),
    Route("POST", "/join", _join, None),
    Route("GET", "/people", _people),
    Route("POST", "/people", _invite, ("admin",)),
    Route("POST", "/people/retire", _retire, ("admin",)),
)
"""Addresses around people."""
