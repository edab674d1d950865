"""Which topics of the vertical the records cover: a map of what the documents do not say."""

from __future__ import annotations

from pydantic import ValidationError

from kdvert.records import Record
from kdvert.reporting.inputs import Inputs
from kdvert.store import read_json

FILE = "coverage.json"


class TopicRow(Record):
    """A topic: passages about it, those asked about, records written that rest on them."""

    topic: str
    passages: int
    drawn: int
    records: int


class Topics(Record):
    """Every topic, and what is about none of them."""

    topics: list[TopicRow]
    outside: TopicRow


def topics(inputs: Inputs) -> Topics | None:
    """Return the coverage of topics; None where the stage ``elicit`` of an older version wrote none."""
    folder = inputs.folders.get("elicit")
    if folder is None or not (folder / FILE).is_file():
        return None
    try:
        return Topics.model_validate(read_json(folder / FILE))
    except ValidationError:
        return None
