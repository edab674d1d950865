"""The web application: routes in one table, each a function from a request to an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from kdvert.errors import KdvertError, UserError
from kdvert.review import pages
from kdvert.review.accounts import Accounts
from kdvert.review.desk import Desk, Stale
from kdvert.review.sessions import Clock, Session, Sessions, Throttle, same

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

Form = dict[str, str]


@dataclass
class Site:
    """What the pages share: the review, the people, who is signed in."""

    desk: Desk
    accounts: Accounts
    cookie: str
    secure: bool = False
    clock: Clock = monotonic
    sessions: Sessions = field(init=False)
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.sessions, self.throttle = Sessions(self.clock), Throttle(self.clock)


@dataclass(frozen=True)
class Call:
    """One request, read.

    Attributes:
        session: None only on pages that need none.
        query, form: what the address and the form bring.
        path: the parts of the path that vary.
    """

    site: Site
    session: Session | None
    query: Form
    form: Form
    path: Form
    client: str

    @property
    def me(self) -> Session:
        """The session.

        Raises:
            Denied: there is none.
        """
        if self.session is None:
            raise Denied(401, "Sign in first.")
        return self.session


class Denied(Exception):
    """A request that is not answered as asked. ``status`` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


Handler = Callable[[Call], "Response"]


@dataclass(frozen=True)
class Route:
    """One address. ``roles`` may use it; empty: everybody who is signed in; None: everybody past the gate."""

    method: str
    path: str
    handler: Handler
    roles: tuple[str, ...] | None = ()


def build(site: Site) -> FastAPI:
    """Return the application, without the guard that must stand before it (`kdvert.review.guard`)."""
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException

    from kdvert.review.routes import ROUTES

    app = FastAPI(title="kdvert review", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)
    for route in ROUTES:
        app.add_route(route.path, _endpoint(site, route), methods=[route.method])
    return app


def _endpoint(site: Site, route: Route) -> Callable[[Request], Awaitable[Response]]:
    from starlette.concurrency import run_in_threadpool

    async def endpoint(request: Request) -> Response:
        form = await _form(request) if route.method == "POST" else {}
        return await run_in_threadpool(answer, site, route, request, form)

    return endpoint


async def _form(request: Request) -> Form:
    from starlette.requests import ClientDisconnect

    try:
        given = await request.form(max_files=0, max_fields=200)
    except ClientDisconnect:
        return {}
    return {name: _writable(value) for name, value in given.items() if isinstance(value, str)}


def _writable(text: str) -> str:
    """Return a text that UTF-8 can hold: halves of characters, which odd encodings of forms bring, become '?'."""
    return text.encode("utf-8", "replace").decode()


async def _refused(request: Request, error: Exception) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(f"{getattr(error, 'detail', error)}.", status_code=getattr(error, "status_code", 400))


async def _failed(request: Request, error: Exception) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("That failed, and nothing was decided by it. The server's log says why.", status_code=500)


def answer(site: Site, route: Route, request: Request, form: Form) -> Response:
    """Answer a request, or say in a page why not."""
    client = request.client.host if request.client else ""
    call = Call(site, None, dict(request.query_params), form, dict(request.path_params), client)
    try:
        call = replace(call, session=_session(site, request))
        _must_be_allowed(call, route)
        site.desk.refresh()
        return route.handler(call)
    except Denied as error:
        if error.status == 401 and route.method == "GET":
            return redirect("/sign-in")
        return page(call, "message", error.status, title="Not possible", text=error.message, hint="")
    except Stale as error:
        return page(call, "message", 409, title="Changed meanwhile", text=error.message, hint=error.hint or "")
    except UserError as error:
        return page(call, "message", 400, title="Not possible", text=error.message, hint=error.hint or "")
    except KdvertError as error:
        return page(call, "message", 500, title="That failed", text=error.message, hint=error.hint or "")


def _session(site: Site, request: Request) -> Session | None:
    session = site.sessions.get(request.cookies.get(site.cookie, ""))
    if session and not site.accounts.is_active(session.signer.key_id):  # retired since, perhaps by another process
        site.sessions.end(session.id)
        return None
    return session


def _must_be_allowed(call: Call, route: Route) -> None:
    if route.roles is not None:
        role = call.me.role
        if route.roles and role not in route.roles:
            raise Denied(403, f"This is for {' or '.join(route.roles)}, and you are {role}.")
        if route.method == "POST" and not same(call.form.get("csrf", ""), call.me.csrf):
            raise Denied(403, "The form is not one of this session. Load the page again.")


def page(call: Call, template: str, status: int = 200, **context: Any) -> Response:
    """Return a rendered page."""
    from starlette.responses import HTMLResponse

    session = call.session
    shared = {
        "me": session.signer.row if session else None,
        "csrf": session.csrf if session else "",
        "told": session.take_message() if session else "",
        "project": call.site.desk.run.resolved.head.name or call.site.desk.root.name,
    }
    return HTMLResponse(pages.render(template, {**shared, **context}), status_code=status)


def redirect(target: str) -> Response:
    """Return an answer that sends the browser to another page of this site."""
    from starlette.responses import RedirectResponse

    return RedirectResponse(target, status_code=303)
