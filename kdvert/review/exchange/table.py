"""The forms in which a review leaves kdvert and comes back: the only list of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kdvert.review.desk import Desk
from kdvert.review.exchange import argilla, csv_table, json_table, label_studio
from kdvert.review.exchange.responses import Response
from kdvert.review.exchange.selection import Selection


@dataclass(frozen=True)
class Format:
    """One form of file.

    Attributes:
        about: what it is, for the help.
        write: returns the whole file.
        read: returns the answers in a file that was parsed as JSON; None if nothing comes back in this form.
        comments: it can hold comments.
        own_names: it names people as ``signers.yaml`` does.
    """

    about: str
    write: Callable[[Desk, Selection], str]
    read: Callable[[Any], list[Response]] | None = None
    comments: bool = False
    own_names: bool = False


FORMATS: dict[str, Format] = {
    "csv": Format("the trail about records, for a spreadsheet", csv_table.write, comments=True),
    "json": Format("the same for programs", json_table.write, json_table.read, comments=True, own_names=True),
    "argilla": Format("records for Argilla 2", argilla.write, argilla.read),
    "label-studio": Format("tasks for Label Studio", label_studio.write, label_studio.read),
    "label-studio-config": Format("the labeling configuration for these tasks", label_studio.write_config),
}
