"""Extraction to a schema: the fields stand in a template, the values in the passage, word for word."""

from __future__ import annotations

import json

from pydantic import Field

from kdvert.elicitation.contract import conversation
from kdvert.elicitation.skills.contract import Draft, Item, Occasion, Skill, Unusable, Variables
from kdvert.elicitation.skills.wording import passage, phrase, tidy, worded
from kdvert.errors import UserError
from kdvert.filters.wording import locate
from kdvert.records import ScrubbedText
from kdvert.templates import TemplateSet

_FIELDS = phrase("extraction", "fields")
_REQUEST = phrase("extraction", "record")


class Value(Item):
    """What one field holds; None if the passage does not say it."""

    field: str = Field(min_length=1)
    value: str | None


class Extraction(Item):
    """The values of a passage."""

    values: list[Value] = Field(min_length=1)


def fields(templates: TemplateSet) -> dict[str, str]:
    """Return the names of the fields and what they hold: a line of the template each, ``name: what it holds``.

    Raises:
        UserError: a line has another form, or there is none.
    """
    lines = [line.strip() for line in templates.render(_FIELDS, {}).splitlines() if line.strip()]
    pairs = [line.partition(":") for line in lines]
    wrong = next((line for line, pair in zip(lines, pairs, strict=True) if not pair[0].strip() or not pair[2]), None)
    if not lines or wrong is not None:
        raise UserError(
            f"Template '{_FIELDS}': '{wrong}' is no field." if lines else f"Template '{_FIELDS}' names no field.",
            hint="Write one field a line: its name, a colon, and what it holds.",
        )
    return {name.strip(): about.strip() for name, _, about in pairs}


def variables(occasion: Occasion) -> Variables:
    """Return the fields, as lines."""
    return {
        "fields": [
            ScrubbedText(f"{name}: {about}", "package") for name, about in fields(occasion.task.templates).items()
        ]
    }


def draft(found: Extraction, occasion: Occasion, number: int) -> Draft:
    """Return the request, with the passage, and the values as JSON; a field that the reply leaves out is null.

    Raises:
        Unusable: ``unknown_field``, ``field_twice``, ``value_not_found`` in the passage, ``nothing_extracted``.
    """
    known = fields(occasion.task.templates)
    values: dict[str, str | None] = dict.fromkeys(known)
    stated: list[str] = []
    for item in found.values:
        if item.field not in known:
            raise Unusable("unknown_field", item.field)
        value = tidy(item.value or "")
        if not value:
            continue
        if values[item.field] is not None:
            raise Unusable("field_twice", item.field)
        if locate(value, occasion.about.text) is None:
            raise Unusable("value_not_found", value)
        values[item.field] = value
        stated.append(value)
    if not stated:
        raise Unusable("nothing_extracted")
    request = worded(occasion, _REQUEST, fields=[f"{name}: {about}" for name, about in known.items()])
    answer = json.dumps(values, ensure_ascii=False)
    return Draft(
        conversation(request, answer), stated, context=[passage(occasion.about)], templates=[_FIELDS, _REQUEST]
    )


SKILL = Skill("extraction", Extraction, draft, variables, most=1)
