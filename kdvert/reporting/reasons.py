"""What each reason code means, in plain language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kdvert.knowledge import problems
from kdvert.reporting.facts import Loss

MEANINGS: Mapping[str, str] = {
    **problems.REASONS,  # ingest
    # elicit
    "timeout": "The teacher did not answer in time.",
    "unreachable": "The teacher could not be reached.",
    "connection_lost": "The connection to the teacher broke.",
    "rate_limited": "The teacher takes no more requests for now.",
    "server_error": "The teacher's server reported an error of its own.",
    "request_refused": "The teacher refused this request.",
    "not_authorized": "The teacher did not accept the credentials.",
    "not_found": "The teacher does not know the model.",
    "bad_response": "The teacher's reply broke its own protocol.",
    "personal_data_in_prompt": "The prompt was held back: the detectors found personal data in it.",
    "scrubbed_by_another_policy": "The prompt was held back: it was scrubbed by a policy that no longer holds.",
    "prompt_too_long": "The prompt is longer than the teacher can read.",
    "cannot_score": "The teacher gives no token likelihoods, which were asked for.",
    "empty_reply": "The teacher answered nothing.",
    "truncated_reply": "The teacher's reply was cut off at its limit.",
    "not_json": "The teacher's reply was not in the form that was asked for.",
    "no_pairs": "The teacher's reply holds no question and answer.",
    "missing_field": "Question, answer or quote is missing in the teacher's reply.",
    "wrong_field_type": "Question, answer or quote is not text in the teacher's reply.",
    "empty_field": "Question, answer or quote is empty in the teacher's reply.",
    "no_quotable_sentence": "The passage holds no sentence that can be quoted as evidence.",
    "not_a_question": "The teacher wrote something that is no question.",
    "question_too_short": "The question has fewer than three words.",
    "question_points_at_text": "The question speaks of the text instead of standing alone.",
    "question_has_placeholder": "The question asks about a name or number that was scrubbed.",
    "answer_has_placeholder": "The answer gives a name or number that was scrubbed.",
    "no_likelihood": "The teacher gave no likelihood for the round trip.",
    "question_off_topic": "The question shares no word with its evidence.",
    "question_adds_words": "The question brings in words that its quote does not have.",
    "question_not_grounded": "The question brings in words that its passage does not have.",
    "question_repeats_itself": "The question says the same words twice.",
    "question_gives_answer_away": "The question already says what it asks.",
    "question_ungrammatical": "The question is not a whole sentence.",
    "evidence_not_retrieved": "Searching with the question does not find the passage it was written from.",
    "round_trip_mismatch": "Asked its own question, the teacher gave an answer that the evidence does not hold.",
    # filter
    "no_evidence": "The record names no evidence.",
    "unknown_passage": "The evidence points to a passage that is not in the index.",
    "evidence_offsets_wrong": "The offsets of the evidence do not cut out the quote.",
    "evidence_changed": "The passage changed since the evidence was taken from it.",
    "quote_not_found": "The quoted evidence does not stand in the passage.",
    "too_short": "The question or the answer has fewer words than the settings ask for.",
    "too_long": "It is longer than the settings allow.",
    "wrong_language": "The text is not in a language of this vertical.",
    "exact_duplicate": "The same question was asked before.",
    "near_duplicate": "Nearly the same question was asked before.",
    "eval_overlap": "The question or the answer resembles one of the held-out questions that measure the student.",
    # distill
    "documents_on_both_sides": "It rests on documents of both training and validation, and would give validation away.",
    "unstable_chat_template": "The student's chat template does not keep the turns apart.",
    "empty_answer": "The answer holds no text.",
}

OVERLAP = frozenset({"eval_overlap"})
"""Codes that say a record resembles a held-out question."""

_PRIVATE = ("personal", "privacy", "pii", "identif")


def meaning(code: str) -> str:
    """Return the plain-language meaning of a code, or the empty string if nobody wrote one."""
    return MEANINGS.get(code, "")


def is_private(codes: Iterable[str]) -> bool:
    """Return whether any code says that the text may hold personal data, so that it must not be shown."""
    return any(part in code.lower() for code in codes for part in _PRIVATE)


def losses(stage: str, counts: Mapping[str, int]) -> list[Loss]:
    """Return the counts of a stage as rows, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Loss(stage=stage, code=code, meaning=meaning(code), count=count) for code, count in ordered]
