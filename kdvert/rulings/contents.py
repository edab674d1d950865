"""What a decision on a record is about: the hash of all that a reviewer reads and a student learns."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kdvert.decisions.erasable import Item
from kdvert.records import Example, Message, Record, Verdict, sha256_json

_SEEN = {"id", "skill", "messages", "evidence", "quote", "context", "rejected"}


def content_sha(example: Example) -> str:
    """Return the hash that a decision on ``example`` names; another text has another, and the decision lapses.

    Verdicts and provenance are left out: to check a record once more changes nothing that was read.
    """
    return sha256_json(example.model_dump(mode="json", include=_SEEN))


class Edit(Record):
    """What a reviewer changed, as the erasable store keeps it.

    Attributes:
        before, after: all turns of the conversation.
        verdicts: what the checks said of the edited record.
    """

    before: list[Message]
    after: list[Message]
    verdicts: list[Verdict]

    def text(self) -> str:
        """Return it as a text for the erasable store."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)

    @classmethod
    def of(cls, item: Item) -> Edit:
        """Read it from the erasable store."""
        return cls.model_validate_json(item.text)


def edited(example: Example, messages: Sequence[Message], verdicts: Sequence[Verdict] = ()) -> Example:
    """Return ``example`` with other turns, and with the verdicts on them in the place of its own."""
    return example.model_copy(update={"messages": list(messages), "verdicts": list(verdicts)})
