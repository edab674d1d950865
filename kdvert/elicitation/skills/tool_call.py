"""Tool calls: the assistant calls a tool with JSON, reads what it gives, and answers.

Results are no invention of the teacher: ``search`` gives the passage that holds the quote, ``calculate`` is worked out.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from pydantic import Field

from kdvert.elicitation.skills.calculator import calculate
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable, Variables
from kdvert.elicitation.skills.wording import passage, phrase, standing, tidy, worded
from kdvert.errors import UserError
from kdvert.filters.figures import equal, figures, plain
from kdvert.filters.wording import locate
from kdvert.records import Message, ScrubbedText
from kdvert.templates import TemplateSet

_TOOLS = phrase("tool_call", "tools")
_RECORD = phrase("tool_call", "record")
_RESULT = phrase("tool_call", "result")
_CONSTANTS = frozenset((1, 2, 7, 12, 24, 60, 100, 365, 1000))
"""Numbers that a calculation may bring in: percent, and the usual conversions."""


class Call(Item):
    """A question, the tool that helps, its one argument, and the answer with the quote it rests on."""

    question: str = Field(min_length=1)
    tool: str = Field(min_length=1)
    argument: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: str = Field(min_length=1)


def _search(call: Call, occasion: Occasion) -> str:
    """Return the passage that holds the quote: what a search that works would find."""
    chunk = next((c for c in occasion.shown if locate(call.quote, c.text)), None)
    if chunk is None:
        raise Unusable("quote_not_found", call.quote)
    return passage(chunk)


def _calculation(call: Call, occasion: Occasion) -> str:
    """Return the value; its numbers must be known from the question, and the answer must give it."""
    value = calculate(call.argument)
    if value is None:
        raise Unusable("not_calculable", call.argument)
    given = figures(plain(call.question))
    used = figures(plain(call.argument))
    if not all(f.value in _CONSTANTS or any(equal(f, g) for g in given) for f in used):
        raise Unusable("argument_not_in_question", call.argument)
    result = f"{value:.10g}"
    (stated,) = figures(result.lstrip("-"))
    if not any(equal(f, stated) for f in figures(plain(call.answer))):
        raise Unusable("answer_without_result", call.answer)
    return result


TOOLS: dict[str, tuple[str, Callable[[Call, Occasion], str]]] = {
    "search": ("query", _search),
    "calculate": ("expression", _calculation),
}
"""The tools that code can run: the name of the argument, and what gives the result."""


def offered(templates: TemplateSet) -> list[dict[str, str]]:
    """Return the tools that the template names, a line each: ``name: what it is for``.

    Raises:
        UserError: a tool has no code that runs it, or there is none.
    """
    lines = [line.partition(":") for line in templates.render(_TOOLS, {}).splitlines() if line.strip()]
    tools = {name.strip(): about.strip() for name, _, about in lines}
    if not tools or (unknown := [name for name in tools if name not in TOOLS]):
        what = f"names the tool '{unknown[0]}'" if tools else "names no tool"
        raise UserError(f"Template '{_TOOLS}' {what}.", hint=f"Tools that can be run: {', '.join(TOOLS)}.")
    return [{"name": name, "argument": TOOLS[name][0], "about": about} for name, about in tools.items()]


def variables(occasion: Occasion) -> Variables:
    """Return the tools, as lines."""
    lines = [f"{t['name']} ({t['argument']}): {t['about']}" for t in offered(occasion.task.templates)]
    return {"tools": [ScrubbedText(line, "package") for line in lines]}


def draft(call: Call, occasion: Occasion, number: int) -> Draft:
    """Return the question, the call, its result and the answer; the tools stand in the system turn.

    Raises:
        Unusable: ``unknown_tool``, ``quote_not_found``, ``not_calculable``, ``argument_not_in_question``,
            ``answer_without_result``, or what is wrong with the question.
    """
    tools = offered(occasion.task.templates)
    name = tidy(call.tool)
    if name not in {tool["name"] for tool in tools}:
        raise Unusable("unknown_tool", name)
    question = standing(call.question, occasion)
    argument, run = TOOLS[name]
    result = run(call, occasion)
    calling = json.dumps({"tool": name, "arguments": {argument: tidy(call.argument)}}, ensure_ascii=False)
    messages = [
        Message(role="system", content=worded(occasion, _RECORD, tools=tools)),
        Message(role="user", content=question),
        Message(role="assistant", content=calling),
        Message(role="tool", content=worded(occasion, _RESULT, tool=name, result=result)),
        Message(role="assistant", content=tidy(call.answer)),
    ]
    return Draft(messages, [call.quote], templates=[_TOOLS, _RECORD, _RESULT])


SKILL = Skill("tool_call", Call, draft, variables)
