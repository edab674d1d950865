"""From a teacher's reply to records: every quote is looked up in the passages that the teacher was shown.

What the teacher says of its own evidence is not believed. A part of a reply that gives no record gives a `Failure` with
a reason code; a reply of which nothing can be read is asked for once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kdvert.elicitation.contract import Outcome, call_failure
from kdvert.elicitation.fences import INSTRUCTIONS, fence, gives_orders
from kdvert.elicitation.numbering import as_lines
from kdvert.elicitation.parsing import Read, read
from kdvert.elicitation.skills.contract import Draft, Occasion, Skill, Unusable, Variables
from kdvert.elicitation.tally import SURPLUS
from kdvert.filters.wording import locate, words
from kdvert.records import Chunk, Evidence, Example, Failure, ScrubbedText, Verdict, sha256_text
from kdvert.teachers.faults import EMPTY
from kdvert.teachers.protocol import Reply, TeacherRequest
from kdvert.teachers.scheduler import Ask, CallFailed

REPAIR = "elicit/skill/base/repair.j2"
_WORTH_REPAIR = {EMPTY, "not_json", "missing_field", "empty_field", "wrong_field_type", "wrong_field_value"}
_CELLS = " | "


async def write(occasion: Occasion, skill: Skill[Any], ask: Ask) -> Outcome:
    """Ask the teacher for records of ``skill`` and return those that hold, with a failure for each that does not.

    Raises:
        UserError: a template is wrong, or the vertical lacks what the skill needs.
    """
    requests = [request(occasion, skill)]
    try:
        reply = await _reply(requests[0], ask)
        found = read(reply.text.text, skill.item, truncated=reply.truncated)
        if not found.items and set(found.problems) & _WORTH_REPAIR:
            requests.append(_repair(occasion, skill, requests[0], reply, found))
            reply = await ask(requests[1])
            found = read(reply.text.text, skill.item, truncated=reply.truncated)
    except CallFailed as error:
        return [call_failure(error, occasion.about)]
    return records(found, occasion, skill, requests)


async def _reply(request: TeacherRequest, ask: Ask) -> Reply:
    """Return the reply; one without text, which the scheduler does not keep, is worth asking once more."""
    try:
        return await ask(request)
    except CallFailed as error:
        if error.reason != EMPTY:
            raise
        return Reply(request.id, ScrubbedText("", request.prompt.scrubbed_by))


def request(occasion: Occasion, skill: Skill[Any]) -> TeacherRequest:
    """Return the call that asks for records of ``skill``."""
    task = occasion.task
    passages = _as_shown(occasion, skill)
    variables: Variables = {
        "title": task.cleared(" ".join(occasion.about.title.split())),
        "passages": [task.cleared(text) for text in passages],
        "fence": fence(passages),
        "count": occasion.count,
        "about": occasion.written_about,
        **skill.variables(occasion),
        **occasion.extra,
    }
    prompt = task.templates.prompt(occasion.template, variables)
    return task.request(
        occasion.template, prompt, step=skill.name, sampling=task.sampling, chat=True, schema=skill.schema
    )


def _as_shown(occasion: Occasion, skill: Skill[Any]) -> list[str]:
    if skill.numbered:
        return as_lines(occasion.shown, occasion.task.language)
    return [" ".join(c.text.split()) for c in occasion.shown]


def records(found: Read[Any], occasion: Occasion, skill: Skill[Any], requests: Sequence[TeacherRequest]) -> Outcome:
    """Return a record or a failure for each thing that was found in a reply; ``requests`` are all that led to it."""
    number = requests[-1].id
    outcome: Outcome = [failure(number, occasion.about, reason) for reason in found.problems]
    made = 0
    for position, item in enumerate(found.items):
        if made == occasion.count:
            outcome.append(failure(number, occasion.about, SURPLUS))
            continue
        one = _made(item, occasion, skill, requests, position)
        made += isinstance(one, Example)
        outcome.append(one)
    return outcome or [failure(number, occasion.about, "no_records")]


def _made(
    item: Any, occasion: Occasion, skill: Skill[Any], requests: Sequence[TeacherRequest], position: int
) -> Example | Failure:
    try:
        draft = skill.draft(item, occasion, position)
    except Unusable as error:
        return failure(requests[-1].id, occasion.about, error.reason, error.detail)
    return settle(draft, occasion, requests, position)


def settle(draft: Draft, occasion: Occasion, requests: Sequence[TeacherRequest], number: int) -> Example | Failure:
    """Return the record of ``draft`` if all its quotes stand in passages that were shown, or why there is none.

    Reason codes: ``no_quote``, ``quote_not_found``, ``empty_answer``, ``answer_repeats_question``,
    ``answer_is_table_row``, ``answer_has_placeholder``.

    Args:
        draft: what a skill made.
        occasion: what was asked.
        requests: every call that led to it; the last one's id names the record.
        number: tells the records of one reply apart.
    """
    at = requests[-1].id
    if reason := _unfit(draft, occasion):
        return failure(at, occasion.about, reason)
    spans: dict[tuple[str, int, int], Chunk] = {}
    for quote in draft.quotes:
        span = find(quote, occasion.shown)
        if span is None:
            return failure(at, occasion.about, "quote_not_found", quote)
        spans.setdefault((span[0].id, *span[1:]), span[0])
    return _example(draft, occasion, requests, number, spans)


def find(quote: str, shown: Sequence[Chunk]) -> tuple[Chunk, int, int] | None:
    """Return the first passage that holds ``quote`` and where (offsets into its text), or None."""
    for chunk in shown:
        if span := locate(quote, chunk.text):
            return chunk, *span
    return None


def failure(request_id: str, chunk: Chunk, reason: str, detail: str = "") -> Failure:
    """Return the record of something that gave no record."""
    return Failure(request_id=request_id, chunk_id=chunk.id, reason=reason, detail=detail)


def _unfit(draft: Draft, occasion: Occasion) -> str | None:
    if not any(quote.strip() for quote in draft.quotes):
        return "no_quote"
    written = [m.content for m in [*draft.messages, *draft.rejected] if m.role == "assistant"]
    if not written or not all(text.strip() for text in written):
        return "empty_answer"
    asked = [words(m.content) for m in draft.messages if m.role == "user"]
    if any(words(text) in asked for text in written):
        return "answer_repeats_question"
    if any(_CELLS in text for text in written):
        return "answer_is_table_row"
    return "answer_has_placeholder" if any(map(occasion.task.stands_in, written)) else None


def _example(
    draft: Draft,
    occasion: Occasion,
    requests: Sequence[TeacherRequest],
    number: int,
    spans: dict[tuple[str, int, int], Chunk],
) -> Example:
    task = occasion.task
    texts = [chunk.text[start:end] for (_, start, end), chunk in spans.items()]
    quoted = {chunk.id: chunk for chunk in spans.values()}
    seen = [*quoted.values(), *(c for c in occasion.shown if c.id not in quoted)]
    return Example(
        id=f"{requests[-1].id}-{number}",
        vertical=task.vertical,
        strategy=occasion.strategy,
        skill=task.skill,
        messages=list(draft.messages),
        evidence=[
            Evidence(chunk_id=chunk_id, start=start, end=end, quote_sha=sha256_text(text))
            for (chunk_id, start, end), text in zip(spans, texts, strict=True)
        ],
        quote="\n".join(" ".join(text.split()) for text in texts),
        provenance=task.provenance([occasion.template, *draft.templates], requests, seen),
        verdicts=[*draft.verdicts, *_flags(occasion)],
        context=list(draft.context),
        rejected=list(draft.rejected),
    )


def _flags(occasion: Occasion) -> Iterator[Verdict]:
    """Note how many of the passages spoke to the model. They were shown as quoted data, so the record may stand."""
    if count := sum(gives_orders(c) for c in occasion.shown):
        yield Verdict(check=INSTRUCTIONS, passed=True, score=count)


def _repair(
    occasion: Occasion, skill: Skill[Any], asked: TeacherRequest, reply: Reply, found: Read[Any]
) -> TeacherRequest:
    """Return the call that asks again, with what was wrong with the first reply."""
    task = occasion.task
    variables: Variables = {
        "asked": asked.prompt,
        "reply": ScrubbedText(" ".join(reply.text.text.split())[:_MOST_REPEATED], reply.text.scrubbed_by),
        "fence": fence([reply.text.text]),
        "problem": ScrubbedText(found.problems[0].replace("_", " "), "package"),
        "fields": [ScrubbedText(name, "package") for name in skill.item.model_fields],
    }
    prompt = task.templates.prompt(REPAIR, variables)
    return task.request(REPAIR, prompt, step=f"{skill.name} repair", sampling=task.sampling, chat=True,
                        schema=skill.schema)  # fmt: skip


_MOST_REPEATED = 1500  # characters of a reply that could not be read, shown to the teacher again
