"""A teacher behind the OpenAI protocol: vLLM, llama.cpp, Ollama, a vendor, a gateway.

LangChain costs about ten times the CPU of a call made with aiohttp, which is what bounds a run against a fast server;
so these endpoints have a client of their own. All other providers go through `kdvert.teachers.chat`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kdvert.errors import UserError
from kdvert.records import sha256_json
from kdvert.teachers import completion
from kdvert.teachers.faults import Fault, by_status, classify
from kdvert.teachers.fleet import Fleet
from kdvert.teachers.protocol import RawReply, TeacherRequest
from kdvert.teachers.settings import TeacherSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import ClientResponse, ClientSession

_LARGEST = 32 * 2**20  # bytes of a reply; with log-probabilities of 8,192 tokens it is about 12 MB
_NO_SCHEMA = frozenset({400, 415, 422, 501})
"""What servers answer to a ``response_format`` or to ``logprobs`` that they do not know."""
_NAMES_SCHEMA = "names response_format"
"""Some answer with a status 500 and name the field; llama-cpp-python's server does."""
_LONGEST_ERROR = 64 * 2**10  # bytes of an error's body that are looked through


@dataclass
class EndpointTeacher:
    """One endpoint and one model on it. One prompt is one user message.

    Attributes:
        name: the model, as in the settings of the project.
        served: what this endpoint calls it.
        base_url: the address, mostly ending in ``/v1``.
        key: sent as a bearer token, if there is one.
        key_variable: the environment variable that holds it.
        timeout_s: seconds until a call is given up.
    """

    name: str
    served: str
    base_url: str
    timeout_s: float
    key: str | None = field(default=None, repr=False)
    key_variable: str | None = None
    batch_size: int = 1
    local: bool = False
    _session: ClientSession | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _takes_schema: bool | None = field(default=None, repr=False)
    _takes_logprobs: bool | None = field(default=None, repr=False)
    _plain: set[str] = field(default_factory=set, repr=False)

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def route(self) -> str:
        """How it is reached."""
        return f"openai-compatible:{self.host}"

    @property
    def where(self) -> str:
        """The address without credentials."""
        return without_credentials(self.base_url)

    @property
    def identity(self) -> str:
        """Hash over the model's name: whichever endpoint serves it, it is the same teacher."""
        return identity(self.name)

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Answer each request. See `kdvert.teachers.protocol.Teacher`."""
        if len(requests) == 1:
            return [await self._one(requests[0])]
        return list(await asyncio.gather(*map(self._one, requests)))

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _one(self, request: TeacherRequest) -> RawReply | Fault:
        if request.continuation is not None:
            return Fault("refused", "cannot_score", "chat models give no likelihood of a text")
        with_schema = self._takes_schema is not False and request.id not in self._plain
        found = await self._likely_or_plain(request, with_schema=with_schema)
        return self._schema_settled(request, found, tried=with_schema and request.schema is not None)

    async def _likely_or_plain(self, request: TeacherRequest, *, with_schema: bool) -> RawReply | Fault:
        """Ask for log-probabilities, and once more without them if the endpoint seems not to take that."""
        likely = bool(request.top_logprobs) and self._takes_logprobs is not False
        found = await self._sent(request, with_schema=with_schema, with_logprobs=likely)
        if not likely or self._takes_logprobs:
            return found
        if not isinstance(found, Fault):
            self._takes_logprobs = True
        elif _status(found) in _NO_SCHEMA:
            plain = await self._sent(request, with_schema=with_schema, with_logprobs=False)
            if not isinstance(plain, Fault):
                self._takes_logprobs, found = False, plain
        return found

    async def _sent(self, request: TeacherRequest, *, with_schema: bool, with_logprobs: bool) -> RawReply | Fault:
        sent = completion.body(request, self.served, with_schema=with_schema, with_logprobs=with_logprobs)
        try:
            async with self._open().post(self._address, json=sent, allow_redirects=False) as response:
                return await self._read(request, response)
        except Exception as error:  # noqa: BLE001 - `_broken` sorts all that a connection can do
            return _broken(error)

    async def _read(self, request: TeacherRequest, response: ClientResponse) -> RawReply | Fault:
        if response.status >= 300:
            detail = f"status {response.status}"
            if b"response_format" in await response.content.read(_LONGEST_ERROR):  # its text may hold the prompt
                detail = f"{detail}, {_NAMES_SCHEMA}"
            return by_status(response.status, detail, retry_after(response.headers))
        data = bytearray()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > _LARGEST:
                response.close()
                return Fault("bad_reply", "reply_too_large", f"more than {_LARGEST >> 20} MiB")
        found = completion.read(request, bytes(data), self.served)
        return found if isinstance(found, Fault) else replace(found, endpoint=self.host)

    def _schema_settled(self, request: TeacherRequest, found: RawReply | Fault, *, tried: bool) -> RawReply | Fault:
        """Find out whether the endpoint takes schemas, and ask again without one if it seems not to."""
        if request.schema is None:
            return found
        if isinstance(found, Fault):
            no_schema = _status(found) in _NO_SCHEMA or found.detail.endswith(_NAMES_SCHEMA)
            if tried and self._takes_schema is None and no_schema:
                self._plain.add(request.id)
                return Fault("bad_reply", "schema_refused", found.detail, at_once=True)
            return found
        if tried:
            self._takes_schema = True
            return found
        if request.id in self._plain:  # refused with the schema, answered without
            self._plain.discard(request.id)
            self._takes_schema = False
        return completion.replace_notes(found, "schema_not_offered")

    @property
    def _address(self) -> str:
        parts = urlsplit(self.base_url)  # some carry a query, such as ?api-version=
        return parts._replace(path=parts.path.rstrip("/") + "/chat/completions").geturl()

    def _open(self) -> ClientSession:
        """Return the connections of this event loop."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the scheduler limits
                timeout=aiohttp.ClientTimeout(total=self.timeout_s),
                headers={"Authorization": f"Bearer {self.key}"} if self.key else None,
                trust_env=True,
            )
            self._loop = loop
        return self._session


def opened(settings: TeacherSettings, root: Path) -> EndpointTeacher | Fleet:
    """Open the endpoint or endpoints that ``settings`` name. See `kdvert.teachers.kinds.open_teacher`."""
    made = [
        (connect(settings.model, e.model, e.base_url, e.api_key_env, settings.timeout_s), e.weight)
        for e in settings.reached()
    ]
    return made[0][0] if len(made) == 1 else Fleet(settings.model, made[0][0].identity, made)


def connect(name: str, served: str | None, base_url: str, key_env: str | None, timeout_s: float) -> EndpointTeacher:
    """Make the client of one endpoint. Nothing is sent yet.

    Raises:
        UserError: the key is not set.
    """
    held = key(key_env)
    address = _keyed(base_url) if held else base_url
    plain = name.removeprefix("openai:")
    return EndpointTeacher(name, served or plain, address, timeout_s, key=held, key_variable=key_env)


def identity(name: str) -> str:
    """Return the hash that stands for a model behind an endpoint."""
    return sha256_json({"model": name.removeprefix("openai:"), "protocol": "openai"})


def key(variable: str | None) -> str | None:
    """Return the key that an environment variable holds; None for no variable.

    Raises:
        UserError: it is not set.
    """
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise UserError(
            f"The environment variable {variable}, which should hold the teacher's key, is not set.",
            hint=f"export {variable}=… or remove api_key_env for an endpoint that needs no key.",
        )
    return value


def without_credentials(url: str) -> str:
    """Return an address as it may be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _keyed(url: str) -> str:
    """Take a user and password out of an address that gets a key: a call can carry one of both."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Return the seconds that a server asks to wait; a date is read by the server's own clock."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None  # neither: the backoff decides


def _status(fault: Fault) -> int:
    """Return the status that a fault came with; 0 if with none."""
    status = fault.detail.rpartition(" ")[2]
    return int(status) if status.isdigit() else 0


def _broken(error: Exception) -> Fault:
    import aiohttp

    detail = type(error).__name__
    if isinstance(error, TimeoutError):
        return Fault("busy", "timeout", detail)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Fault("bad_reply", "cut_off_reply", detail)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Fault("down", "connection_lost", detail)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.ClientSSLError):
        return Fault("down", "unreachable", detail)
    return classify(error)
