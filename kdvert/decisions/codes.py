"""The words that a decision may carry in the trail itself: kdvert's own, never a person's."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "unsupported": "the passage does not say it",
    "wrong": "it is wrong, or leaves out what changes its meaning",
    "personal_data": "it names or describes a real person",
    "license": "source or license is in doubt",
    "harmful": "somebody who follows it could come to harm",
    "unclear": "question or answer cannot be understood",
    "out_of_scope": "it does not belong to this domain",
    "repeated": "it says what another record says",
    "form": "its language, tone or form is not fit",
    "other": "another reason, which the comment gives",
}
"""Why a reviewer rejects a record."""

SCOPES: dict[str, str] = {
    "training": "I have reviewed these records, or had them reviewed as the policy asks, and approve them for training",
    "release": "I approve this student, the records it learned from and the report on it for release",
}
"""What an approver signs, to the meaning of the signature."""

CODES = frozenset(REASONS) | frozenset(SCOPES)
"""All of them; a reference of the trail is a hash, an id, a day, a number or one of these."""
