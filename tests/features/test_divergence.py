"""Divergences from what is kept, against those of the whole distributions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kdvert.features.divergence import KINDS, TERMS, Kept, divergence
from kdvert.features.tails import kept

POSITIONS, VOCABULARY = 40, 500


@pytest.fixture(scope="module")
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Two related distributions with long tails, as log-probabilities."""
    generator = torch.Generator().manual_seed(0)
    teacher = 3 * torch.randn(POSITIONS, VOCABULARY, generator=generator)
    student = teacher + torch.randn(POSITIONS, VOCABULARY, generator=generator)
    return teacher.log_softmax(1), student.log_softmax(1)


def whole(kind: str, teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
    return TERMS[kind](teacher, student).sum(1)


def of(teacher: torch.Tensor, *, k: int, samples: int, seed: int = 0) -> Kept:
    target = torch.zeros(len(teacher), dtype=torch.long)
    return Kept.of(kept(teacher, target, k=k, samples=samples, seed=seed, power=0.75), power=0.75)


@pytest.mark.parametrize("kind", KINDS)
def test_all_tokens_but_one_kept_is_exact(pair, kind):
    teacher, student = pair
    got = divergence(kind, of(teacher, k=VOCABULARY - 1, samples=0), student)
    torch.testing.assert_close(got, whole(kind, teacher, student), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bucket_alone_is_a_lower_bound(pair, kind):
    teacher, student = pair
    bucket = divergence(kind, of(teacher, k=8, samples=0), student)
    assert (bucket <= whole(kind, teacher, student) + 1e-5).all()
    assert bucket.mean() < 0.9 * whole(kind, teacher, student).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_tokens_make_the_estimate_unbiased(pair, kind):
    """The mean over many draws comes as near as its standard error, where the bucket is far off."""
    teacher, student = pair
    exact = whole(kind, teacher, student).mean()
    draws = torch.stack([divergence(kind, of(teacher, k=8, samples=8, seed=n), student).mean() for n in range(300)])
    error = draws.std() / len(draws) ** 0.5
    bucket = divergence(kind, of(teacher, k=8, samples=0), student).mean()
    assert abs(draws.mean() - exact) < 4 * error
    assert abs(bucket - exact) > 10 * error


def test_gradients_reach_the_student(pair):
    teacher, _ = pair
    logits = torch.zeros(POSITIONS, VOCABULARY, requires_grad=True)
    for kind in KINDS:
        logits.grad = None
        divergence(kind, of(teacher, k=8, samples=8), logits.log_softmax(1)).mean().backward()
        assert torch.isfinite(logits.grad).all()
        assert logits.grad.abs().sum() > 0


def test_what_is_kept_is_the_top_the_rest_and_draws_from_the_rest(pair):
    teacher, _ = pair
    target = torch.arange(POSITIONS)
    got = kept(teacher, target, k=16, samples=4, seed=3)
    again = kept(teacher, target, k=16, samples=4, seed=3)
    assert (got.sampled_ids == again.sampled_ids).all()
    order = teacher.argsort(dim=1, descending=True).numpy()
    assert (got.ids == order[:, :16]).all()
    for row in range(POSITIONS):
        assert not set(got.sampled_ids[row]) & set(got.ids[row])
        outside = teacher[row, order[row, 16:].copy()].logsumexp(0)
        assert got.tails[row] == pytest.approx(float(outside), abs=1e-4)
        assert got.target_logprobs[row] == pytest.approx(float(teacher[row, row]), abs=1e-5)


def test_positions_with_fewer_tokens_than_k(pair):
    """Padding counts for nothing, be its id whatever it is."""
    teacher, student = pair
    full = kept(teacher, torch.zeros(POSITIONS, dtype=torch.long), k=8, samples=0, seed=0)
    ids, logprobs = full.ids.copy(), full.logprobs.copy()
    ids[:, 5:], logprobs[:, 5:] = 7, -30.0
    five = kept(teacher, torch.zeros(POSITIONS, dtype=torch.long), k=5, samples=0, seed=0)
    padded = replace(full, ids=ids, logprobs=logprobs, counts=full.counts * 0 + 5, tails=five.tails)
    for kind in KINDS:
        torch.testing.assert_close(
            divergence(kind, Kept.of(padded, power=0.75), student), divergence(kind, Kept.of(five, power=0.75), student)
        )
