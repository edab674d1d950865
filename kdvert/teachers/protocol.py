"""What a teacher is: it takes scrubbed prompts and gives raw replies. Nothing else about it is known elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kdvert.records import Sampling, ScrubbedText, sha256_json
from kdvert.teachers.faults import Fault
from kdvert.teachers.logprobs import TokenLogprobs

Scrub = Callable[[str], ScrubbedText]
"""Removes personal data from a text. Passed in, so that this package needs to know no detector."""


@dataclass(frozen=True)
class TeacherRequest:
    """One call, known by its id before it is made.

    Attributes:
        id: hash of all that shapes the reply. See `request_id`.
        step: what the call is for, e.g. ``"question"``; requests of a step are batched together.
        prompt: what the teacher reads.
        sampling: temperature (0 is greedy), longest reply in tokens, seed.
        stop: texts that end the reply; they are not part of it.
        chat: the prompt is a message to a chat model and not a text to go on with. Remote teachers always take it so.
        continuation: if given, nothing is written; the reply's ``score`` is the mean log-likelihood per token, in
            nats, of this text after the prompt. Only local teachers can do that.
        schema: JSON schema that the reply is to meet. A local teacher is held to it if the extra ``structured`` is
            installed, an endpoint is asked for it; one that refuses schemas is asked without. So the reply still has
            to be checked.
        top_logprobs: how many likeliest tokens to give for each position of the reply (0: none).

    Raises:
        TypeError: a text was not scrubbed. This is a bug, not a user error.
    """

    id: str
    step: str
    prompt: ScrubbedText
    sampling: Sampling
    stop: tuple[str, ...] = ()
    chat: bool = False
    continuation: ScrubbedText | None = None
    schema: Mapping[str, Any] | None = None
    top_logprobs: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, ScrubbedText):
            raise TypeError(f"a teacher accepts ScrubbedText only, not {type(self.prompt).__name__}")
        if self.continuation is not None and not isinstance(self.continuation, ScrubbedText):
            raise TypeError(f"a teacher accepts ScrubbedText only, not {type(self.continuation).__name__}")


@dataclass(frozen=True)
class RawReply:
    """What a teacher wrote, before scrubbing. It goes to the reply store and nowhere else.

    Attributes:
        input_tokens: tokens read; None if the endpoint does not report them or cannot be believed.
        output_tokens: the same for tokens written.
        truncated: the longest length was reached.
        score: mean log-likelihood per token of the request's continuation, in nats.
        logprobs: token by token, if the request asks for them and the teacher gives them.
        model: the name that the endpoint answers by, where it is not the one that was asked for.
        endpoint: host that answered.
        notes: what was odd about the reply and tolerated, as stable short codes (`NOTES`).
    """

    request_id: str
    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    truncated: bool = False
    score: float | None = None
    logprobs: TokenLogprobs | None = None
    model: str | None = None
    endpoint: str | None = None
    notes: tuple[str, ...] = ()


NOTES = {
    "other_model": "the endpoint answers by another model's name",
    "implausible_usage": "the token counts cannot be true; they are taken as not reported",
    "no_finish_reason": "the endpoint does not say why the reply ended",
    "reasoning_left_out": "the model's reasoning is not part of the reply",
    "streamed_unasked": "the reply came as a stream, complete",
    "schema_not_offered": "asked without the JSON schema, because the teacher takes none",
    "no_logprobs": "the teacher gives no log-probabilities",
    "logprobs_dropped": "scrubbing changed the reply, so its tokens are not kept",
}
"""Every code of `RawReply.notes`, and what it means."""


@dataclass(frozen=True)
class Reply:
    """A reply as it is kept: scrubbed. ``logprobs`` is None too if scrubbing changed the text."""

    request_id: str
    text: ScrubbedText
    input_tokens: int | None = None
    output_tokens: int | None = None
    truncated: bool = False
    score: float | None = None
    logprobs: TokenLogprobs | None = None
    model: str | None = None
    endpoint: str | None = None


class Teacher(Protocol):
    """A model that answers prompts.

    Attributes:
        name: the model reference, as in the settings.
        route: how it is reached: ``local``, ``openai-compatible:<host>`` or ``langchain:<provider>``.
        identity: hash over the model's name, whatever endpoint serves it; for local weights over their bytes, so that
            other weights under the same name are another teacher.
        batch_size: how many requests one `complete` takes. 1 for remote teachers, which are called concurrently.
        local: it computes on this machine, so calls run one after another.
        where: what to name in an error: the address, or the provider.
        key_variable: the environment variable that holds the key, for errors; None if there is none.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def route(self) -> str: ...  # noqa: D102

    @property
    def identity(self) -> str: ...  # noqa: D102

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    @property
    def local(self) -> bool: ...  # noqa: D102

    @property
    def where(self) -> str: ...  # noqa: D102

    @property
    def key_variable(self) -> str | None: ...  # noqa: D102

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Answer each request, in order; a `Fault` stands for one that failed, and says whether to try again."""

    async def close(self) -> None:
        """Close connections. The teacher may be used again in another event loop."""


def request_id(
    teacher: Teacher,
    *,
    step: str,
    template_sha: str,
    prompt: ScrubbedText,
    sampling: Sampling,
    stop: Sequence[str] = (),
    chat: bool = False,
    continuation: ScrubbedText | None = None,
    schema: Mapping[str, Any] | None = None,
    top_logprobs: int = 0,
) -> str:
    """Return the id of a call: a hash over everything that shapes its reply.

    The policy that scrubbed the prompt is part of it, because the kept reply was scrubbed by the same policy.
    """
    return sha256_json(
        {
            "teacher": teacher.identity,
            "step": step,
            "template": template_sha,
            "prompt": prompt.text,
            "policy": prompt.scrubbed_by,
            "sampling": sampling.model_dump(),
            "stop": list(stop),
            "chat": chat,
            "continuation": continuation.text if continuation else None,
            "schema": schema,
            "top_logprobs": top_logprobs,
        }
    )
