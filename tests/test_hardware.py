"""Choices for machines that are not at hand."""

from __future__ import annotations

import pytest

from kdvert.hardware import Capabilities, choose, measure, probe

GIB = 1 << 30


def machine(**facts) -> Capabilities:
    return Capabilities(**({"cores": 8, "memory_bytes": 16 * GIB, "bitsandbytes": True} | facts))


def gpu(capability: tuple[int, int], **facts) -> Capabilities:
    return machine(cuda_capability=capability, cuda_name="Test GPU", cuda_memory_bytes=24 * GIB, **facts)


def test_a_cpu_computes_in_float32_and_holds_4_bits():
    found = choose(machine())
    assert (found.device, found.dtype, found.four_bit, found.attention) == ("cpu", "float32", True, "sdpa")
    assert any("bfloat16" in note for note in found.notes)


def test_a_cpu_without_bitsandbytes_says_so():
    found = choose(machine(bitsandbytes=False))
    assert not found.four_bit
    assert any("bitsandbytes is not installed" in note for note in found.notes)


@pytest.mark.parametrize(
    ("capability", "flash", "dtype", "attention"),
    [
        ((7, 5), True, "float16", "sdpa"),
        ((8, 0), False, "bfloat16", "sdpa"),
        ((8, 6), True, "bfloat16", "flash_attention_2"),
        ((12, 0), True, "bfloat16", "flash_attention_2"),
    ],
)
def test_a_gpu_by_its_generation(capability, flash, dtype, attention):
    found = choose(gpu(capability, flash_attention=flash))
    assert (found.device, found.dtype, found.attention) == ("cuda", dtype, attention)
    assert found.four_bit
    assert found.memory_bytes == 24 * GIB


def test_a_gpu_without_bitsandbytes_holds_no_4_bits():
    assert not choose(gpu((9, 0), bitsandbytes=False)).four_bit


def test_an_apple_gpu_holds_no_4_bits():
    found = choose(machine(mps=True))
    assert (found.device, found.dtype, found.four_bit) == ("mps", "float32", False)
    assert found.notes


def test_a_gpu_wins_over_an_apple_gpu():
    assert choose(gpu((8, 0), mps=True)).device == "cuda"


def test_this_machine():
    facts = measure()
    assert facts.cores >= 1
    assert facts.memory_bytes > GIB // 2
    found = probe()
    assert found is probe()
    assert str(found.torch_dtype) == f"torch.{found.dtype}"
