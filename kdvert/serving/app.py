"""The server: the OpenAI chat API in front of one assistant, one answer at a time."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from kdvert.errors import KdvertError
from kdvert.serving import openai_form
from kdvert.serving.asking import TooLong
from kdvert.serving.assistant import Answer, Assistant, Prepared, pieces
from kdvert.serving.openai_form import ChatRequest, Refused, Reply
from kdvert.serving.settings import Sampling
from kdvert.serving.writing import Writing

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

LARGEST_BODY = 1 << 20
"""Bytes of a request; a conversation that the student can read is far smaller."""
MOST_WAITING = 32
"""Requests that may wait for their turn; more are told to come again."""


class Desk:
    """Where requests queue for the assistant."""

    def __init__(self, assistant: Assistant, token: str) -> None:
        self.assistant = assistant
        self.name = assistant.trained.name
        self.created = int(time.time())
        self.waiting = 0
        self._token = token.encode()
        self._turn = asyncio.Lock()

    def admit(self, authorization: str) -> None:
        """Let a request in.

        Raises:
            Refused: it brings no token, or a wrong one.
        """
        kind, _, given = authorization.partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise Refused(401, "The bearer token is missing or wrong.", kind="authentication_error",
                          code="invalid_api_key")  # fmt: skip

    def require_model(self, name: str) -> None:
        """Refuse a request for another model.

        Raises:
            Refused: there is none of this name.
        """
        if name != self.name:
            raise Refused(404, f"There is no model '{name}'. This server has '{self.name}'.", param="model",
                          code="model_not_found")  # fmt: skip

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the assistant to be free."""
        if self.waiting >= MOST_WAITING:
            raise Refused(429, "Too many requests are waiting.", kind="rate_limit_error", code="rate_limit_exceeded")
        self.waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._turn.release()

    async def prepare(self, request: ChatRequest, sampling: Sampling) -> Prepared:
        """Search for passages and word the question.

        Raises:
            Refused: it does not fit, or the chat template refuses the conversation.
        """
        turns = request.turns(self.assistant.closing)
        async with self.turn():
            try:
                return await asyncio.to_thread(self.assistant.prepare, turns, sampling.max_new_tokens)
            except TooLong as error:
                raise Refused(400, f"{error.message} {error.hint}", param="messages",
                              code="context_length_exceeded") from None  # fmt: skip
            except KdvertError as error:
                raise Refused(400, error.message, param="messages") from None

    async def answer(self, prepared: Prepared, sampling: Sampling) -> AsyncIterator[str | Answer]:
        """Yield the pieces of an answer, and then the answer. Who stops reading stops the student."""
        writing = None if prepared.abstained is not None else self.assistant.write(prepared, sampling)
        parts: list[str] = []
        async with self.turn():
            queue: asyncio.Queue[str | None] = asyncio.Queue()
            task = asyncio.create_task(asyncio.to_thread(_produce, pieces(prepared, writing), _putter(queue)))
            try:
                while (piece := await queue.get()) is not None:
                    parts.append(piece)
                    yield piece
            finally:
                await _ended(task, writing)
            await task
        yield self.assistant.whole(prepared, "".join(parts), writing)


def _putter(queue: asyncio.Queue[str | None]) -> Callable[[str | None], Any]:
    """Return a function that puts a piece into a queue from another thread."""
    loop = asyncio.get_running_loop()
    return lambda piece: loop.call_soon_threadsafe(queue.put_nowait, piece)


def _produce(source: Iterator[str], put: Callable[[str | None], Any]) -> None:
    try:
        for piece in source:
            put(piece)
    finally:
        put(None)


async def _ended(task: asyncio.Task[None], writing: Writing | None) -> None:
    """Stop the student and wait until it has, so that the next one finds it free; nothing cuts the wait short."""
    from anyio import CancelScope

    if writing:
        writing.cancel()
    with CancelScope(shield=True):
        await asyncio.wait([task])


def build(assistant: Assistant, token: str) -> FastAPI:
    """Return the application.

    Args:
        assistant: who answers.
        token: what each request must bring.
    """
    from fastapi import FastAPI
    from starlette.exceptions import HTTPException

    desk = Desk(assistant, token)
    # no pages about the API: they would load scripts from elsewhere
    app = FastAPI(title="kdvert serve", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _not_there)
    _routes(app, desk)
    return app


def _routes(app: FastAPI, desk: Desk) -> None:
    from starlette.responses import JSONResponse

    async def list_models(request: Request) -> Response:
        _admitted(desk, request)
        return JSONResponse(openai_form.models(desk.name, desk.created))

    async def one_model(request: Request) -> Response:
        _admitted(desk, request)
        desk.require_model(request.path_params["name"])
        return JSONResponse(openai_form.model(desk.name, desk.created))

    async def chat(request: Request) -> Response:
        _admitted(desk, request)
        return await _chat(desk, request)

    app.add_route("/v1/models", list_models, methods=["GET"])
    app.add_route("/v1/models/{name:path}", one_model, methods=["GET"])
    app.add_route("/v1/chat/completions", chat, methods=["POST"])


async def _chat(desk: Desk, request: Request) -> Response:
    from starlette.responses import JSONResponse, StreamingResponse

    wanted = openai_form.parse(await _body(request))
    desk.require_model(wanted.model)
    sampling = wanted.sampling(desk.assistant.settings)
    prepared = await desk.prepare(wanted, sampling)
    reply = Reply(desk.name)
    if wanted.stream:
        usage = bool(wanted.stream_options and wanted.stream_options.include_usage)
        events = _events(desk, prepared, sampling, reply, usage)
        return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    answer = await _whole(desk, prepared, sampling, request)
    return JSONResponse(reply.whole(answer))


async def _whole(desk: Desk, prepared: Prepared, sampling: Sampling, request: Request) -> Answer:
    """Return the answer; stop the student if the client goes away meanwhile."""
    stream = desk.answer(prepared, sampling)
    try:
        async for part in stream:
            if isinstance(part, Answer):
                return part
            if await request.is_disconnected():
                raise Refused(499, "The client has gone.", code="client_closed_request")
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
    raise AssertionError("an answer ends with itself")


async def _events(desk: Desk, prepared: Prepared, sampling: Sampling, reply: Reply, usage: bool) -> AsyncIterator[str]:
    stream = desk.answer(prepared, sampling)
    first = True
    try:
        async for part in stream:
            if isinstance(part, Answer):
                if part.closing:
                    yield _event(reply.piece(f"\n\n{part.closing}"))
                yield _event(reply.last(part))
                if usage:
                    yield _event(reply.usage(part))
            else:
                yield _event(reply.piece(part, first=first))
            first = False
        yield "data: [DONE]\n\n"
    except (KdvertError, Refused) as error:
        # the status line has gone out: an error can only be told in the stream
        body = error.body if isinstance(error, Refused) else Refused(500, error.message, kind="server_error").body
        yield _event(body)
    finally:
        await stream.aclose()  # type: ignore[attr-defined]


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _admitted(desk: Desk, request: Request) -> None:
    desk.admit(request.headers.get("authorization", ""))


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Refused(413, f"A request may have {LARGEST_BODY} bytes.", code="request_too_large")
    return body


async def _refused(request: Request, error: Exception) -> Response:
    from starlette.responses import JSONResponse

    assert isinstance(error, Refused)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "5"}}.get(error.status)
    return JSONResponse(error.body, status_code=error.status, headers=headers)


async def _not_there(request: Request, error: Exception) -> Response:
    from starlette.responses import JSONResponse

    status = getattr(error, "status_code", 500)
    message = f"{request.method} {request.url.path} is not part of this API ({getattr(error, 'detail', '')})."
    return JSONResponse(Refused(status, message, code="not_found").body, status_code=status)
