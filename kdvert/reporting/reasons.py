"""What each reason code means, in plain language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kdvert.decisions import codes
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
    "no_records": "The teacher's reply holds no record.",
    "more_than_asked": "The teacher wrote more records than it was asked for.",
    "missing_field": "A part of the record is missing in the teacher's reply.",
    "wrong_field_type": "A part of the record is of the wrong kind in the teacher's reply.",
    "wrong_field_value": "A part of the record has a value that is not allowed in the teacher's reply.",
    "empty_field": "A part of the record is empty in the teacher's reply.",
    "no_such_sentence": "The teacher cites a sentence number that was not shown.",
    "no_quote": "Nothing in the record is proved by a quote.",
    "too_few_turns": "The dialogue has fewer than two questions.",
    "repeated_turn": "The dialogue asks the same question twice.",
    "too_few_steps": "The answer has fewer than two steps.",
    "summary_not_shorter": "The summary is hardly shorter than the passage.",
    "unknown_field": "The teacher filled a field that was not asked for.",
    "field_twice": "The teacher filled a field twice.",
    "value_not_found": "An extracted value does not stand in the passage.",
    "nothing_extracted": "No field of the passage was filled.",
    "unknown_label": "The teacher chose a label that is not among the topics.",
    "no_distractors": "No passage stands beside this one that does not say the same.",
    "unknown_tool": "The teacher called a tool that was not offered.",
    "not_calculable": "What the calculator was given is no plain arithmetic.",
    "argument_not_in_question": "The calculation uses numbers that the question does not give.",
    "answer_without_result": "The answer does not give the result of the calculation.",
    "rejected_equals_answer": "The worse answer says the same as the right one.",
    "rejected_is_supported": "The worse answer is proved by the passages.",
    "too_few_criteria": "The answer is judged by fewer than two criteria.",
    "repeated_criterion": "The answer is judged by the same criterion twice.",
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
    "no_passage_found": "The index gave no passage for the question.",
    "not_answered_by_passages": "The passages that were found do not answer the question.",
    "near_duplicate_of_seed": "The teacher gave the question back that it was to vary.",
    "seed_is_held_out": "The question to vary resembles one that measures the student.",
    "answer_not_supported": "The evidence does not hold what the answer says.",
    "answer_repeats_question": "The answer is the question again.",
    "answer_recombines": "The answer puts words of its evidence together in another way.",
    "question_assumed": "What the answer says of its question's subject, the evidence does not say of it.",
    "judge_says_unsupported": "Shown the sentences that the answer rests on, the teacher did not find it there.",
    "judge_said_nothing": "The judge was asked about the record and gave no usable reply.",
    "answer_is_table_row": "The answer is a row of a table as it stands.",
    "evidence_has_placeholder": "The sentence that proves the answer is about a value that was replaced.",
    "words_not_found": "No sentence of the passages holds the short answer.",
    "answer_is_no_sentence": "What holds the short answer is a heading, a row of a table or a question.",
    "answer_gives_orders": "The sentence that would be the answer speaks to a language model.",
    "answer_points_back": "The sentence that would be the answer begins with a word for what stands before it.",
    "answer_of_another_question": "The sentence that would be the answer is not about the question.",
    "another_sample_kept": "An earlier answer of the student to the same question was kept.",
    "student_is_right": "The student's answer was right, so there is nothing to correct.",
    "rejected_like_chosen": "The correction says what the student had said.",
    "same_request_twice": "The same request was made from two places.",
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
    # review
    **{f"reviewer_{code}": f"A reviewer turned it down: {about}." for code, about in codes.REASONS.items()},
    "undecided": "Nobody has decided about it yet.",
    "review_escalated": "A reviewer asked an approver to decide, and none has.",
    "review_conflict": "Reviewers disagree about it, and no approver has decided.",
    "edit_erased": "A reviewer's words for it were erased.",
    "edit_altered": "A reviewer's words for it are not those that were decided on.",
    "edit_failed_checks": "In a reviewer's words it fails a check.",
    # distill
    "documents_on_both_sides": "It rests on documents of both training and validation, and would give validation away.",
    "unstable_chat_template": "The student's chat template does not keep the turns apart.",
    "empty_answer": "The answer holds no text.",
    "empty_passage": "The passage holds no text.",
    "features_record_missing": "The teacher's distributions of this record were not kept.",
    "features_of_other_answer": "The kept distributions are of another answer than the one that is trained on.",
    "pair_too_long": "One of the two answers makes the conversation longer than the settings allow.",
    "no_reward_applies": "None of the rewards that are weighed says anything of its kind.",
    "no_passage": "It rests on no passage that could be shown to the teacher.",
    "passage_missing": "The passage that it rests on is not in the index.",
    "passages_already_shown": "The student itself is shown passages with the question.",
    "passages_too_long": "With its passages it is longer than the settings allow.",
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
