"""A loss in tiles is the loss, and so is its gradient; and the plan of memory knows that it takes less."""

from __future__ import annotations

import pytest
import torch

from kdvert.students import tiling
from kdvert.students.tiling import tiled


def whole(logits, positions, words):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1)[positions].float(), words, reduction="sum")


def in_tiles(logits, positions, words):
    def some(rows, these):
        return torch.nn.functional.cross_entropy(rows, words[these], reduction="sum")

    return tiled(logits, positions, some)


@pytest.fixture
def given():
    torch.manual_seed(0)
    positions = torch.tensor([0, 3, 4, 9, 10, 11, 13])
    return torch.randn(2, 7, 50, requires_grad=True), positions, torch.randint(50, (7,))


@pytest.mark.parametrize("numbers", [1, 100, 150, 10_000])
def test_loss_and_gradient_are_those_of_the_whole(given, numbers, monkeypatch):
    monkeypatch.setattr(tiling, "_NUMBERS", {"cpu": numbers})
    logits, positions, words = given
    losses, gradients = [], []
    for how in (whole, in_tiles):
        total = 3 * how(logits, positions, words)
        losses.append(float(total))
        gradients.append(torch.autograd.grad(total, logits)[0])
    assert losses[1] == pytest.approx(losses[0])
    torch.testing.assert_close(*gradients)
    assert float(gradients[1].flatten(0, 1)[5].abs().sum()) == 0, "no position that is not asked about"


def test_half_precision_keeps_its_type_and_nothing_is_kept_where_nothing_is_learned(given):
    logits, positions, words = given
    half = logits.detach().bfloat16().requires_grad_()
    total = in_tiles(half, positions, words)
    assert total.dtype == torch.float32
    total.backward()
    assert half.grad.dtype == torch.bfloat16
    with torch.no_grad():
        still = in_tiles(logits, positions, words)
    assert not still.requires_grad
    assert float(still) == pytest.approx(float(total), rel=1e-2)


def test_float16_keeps_small_gradients_and_bears_a_large_scale(given):
    """A scaler multiplies by 65,536, which float16 cannot hold, what float16 may not hold before."""
    logits, positions, words = given
    half = (20 * logits.detach()).half().requires_grad_()
    gradients = []
    for how in (whole, in_tiles):
        gradients.append(torch.autograd.grad(2.0**16 * how(half, positions, words) / 7, half)[0])
    assert bool(torch.isfinite(gradients[1]).all())
    torch.testing.assert_close(*gradients)
    tiny = (gradients[0] != 0) & (gradients[0].abs() < 6e-8 * 2**16 / 7)
    assert bool(tiny.any()), "or this test shows nothing"


def test_a_second_way_back_is_refused(given):
    total = in_tiles(*given)
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()


def test_no_position_is_no_loss(given):
    logits, positions, words = given
    total = in_tiles(logits, positions[:0], words[:0])
    assert float(total) == 0
    total.backward()
    assert float(logits.grad.abs().sum()) == 0
