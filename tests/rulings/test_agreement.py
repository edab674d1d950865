"""Agreement: textbook examples, and what has none."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdvert.rulings.agreement import RESAMPLES, SEED, Agreement, agreement


def judged(*rows):
    """Judgments of one row a judge, a character a record; ``.`` is no judgment."""
    return {
        f"r{number:03}": {f"judge{j}": label for j, label in enumerate(labels) if label != "."}
        for number, labels in enumerate(zip(*rows))
    }


def two_by_two(both, first_only, second_only, neither, yes="accept", no="reject"):
    cells = [(yes, yes)] * both + [(yes, no)] * first_only + [(no, yes)] * second_only + [(no, no)] * neither
    return {f"r{n}": {"ann": a, "ben": b} for n, (a, b) in enumerate(cells)}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): examples A, B and C
        (["0100000010", "1110010000"], 0.095),
        (["aabbdcccedda", "babbbccceddd"], 0.692),
        (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
    ],
)
def test_alpha_of_krippendorffs_own_examples(rows, expected):
    assert agreement(judged(*rows)).alpha == pytest.approx(expected, abs=5e-4)


def test_a_record_with_one_judge_is_left_out():
    """The twelfth record of the example has one judgment; the records before it have 2 to 4."""
    found = agreement(judged("123321412...", "1233224125.3", ".3332342251.", "12332441251."))
    assert (found.records, found.judges, found.kappa) == (11, 4, None)
    alone = agreement(judged("12.", "1.3"))
    assert (alone.records, alone.judges) == (1, 2)


@pytest.mark.parametrize(
    ("cells", "kappa", "percent"),
    [((20, 5, 10, 15), 0.4, 0.7), ((45, 15, 25, 15), 0.1304, 0.6), ((25, 35, 5, 35), 0.2593, 0.6)],
)
def test_kappa_of_textbook_tables(cells, kappa, percent):
    """Grant proposals read by two people, and the two tables whose percent is equal and whose kappa is not."""
    found = agreement(two_by_two(*cells))
    assert found.kappa == pytest.approx(kappa, abs=5e-5)
    assert found.percent == pytest.approx(percent)


def test_kappa_of_cohens_own_table():
    """Cohen 1960, three categories of 200 cases."""
    cells = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    pairs = [(a, b) for a in "012" for b in "012" for _ in range(cells[int(a)][int(b)])]
    found = agreement({str(n): {"x": a, "y": b} for n, (a, b) in enumerate(pairs)})
    assert found.kappa == pytest.approx(0.492, abs=5e-4)


def test_rare_refusals_need_positive_agreement():
    """95 % agree, yet of the refusals few are shared."""
    found = agreement(two_by_two(94, 3, 2, 1))
    assert found.percent == pytest.approx(0.95)
    assert found.positive == pytest.approx(2 * 1 / (2 * 1 + 3 + 2))
    assert found.kappa == pytest.approx(0.2604, abs=5e-4)


@given(st.lists(st.lists(st.sampled_from(["accept", "edit", "reject"]), min_size=1, max_size=4), max_size=7))
@settings(max_examples=60, deadline=None)
def test_shares_by_counting_pairs(rows):
    found = agreement({str(n): {str(j): label for j, label in enumerate(row)} for n, row in enumerate(rows)})
    pairs = [pair for row in rows for pair in combinations(row, 2)]
    assert found.percent == (pytest.approx(sum(a == b for a, b in pairs) / len(pairs)) if pairs else None)
    rejecting = [pair for pair in pairs if "reject" in pair]
    both = sum(a == b for a, b in rejecting)
    assert found.positive == (pytest.approx(2 * both / (both + len(rejecting))) if rejecting else None)
    if found.alpha_interval:
        assert found.alpha_interval[0] <= found.alpha_interval[1] <= 1
    if pairs and len({label for row in rows if len(row) > 1 for label in row}) > 1:
        assert found.alpha == pytest.approx(alpha_by_pairs([row for row in rows if len(row) > 1]))
    else:
        assert found.alpha is None


def alpha_by_pairs(rows):
    """Return 1 - observed / expected disagreement, straight from the definition."""
    pooled = [label for row in rows for label in row]
    observed = sum(sum(a != b for a, b in combinations(row, 2)) * 2 / (len(row) - 1) for row in rows) / len(pooled)
    expected = sum(a != b for a, b in combinations(pooled, 2)) * 2 / (len(pooled) * (len(pooled) - 1))
    return 1 - observed / expected


NOTHING = Agreement(records=0, judges=0, percent=None, kappa=None, alpha=None, positive=None, alpha_interval=None)


@pytest.mark.parametrize("judgments", [{}, {"a": {}}, {"a": {"ann": "accept"}, "b": {"ben": "reject"}}])
def test_nothing_judged_twice(judgments):
    assert agreement(judgments) == NOTHING


def test_all_agree_on_one_label():
    """Chance would have agreed as well, so the coefficients say nothing."""
    found = agreement(two_by_two(30, 0, 0, 0))
    assert found == NOTHING.model_copy(update={"records": 30, "judges": 2, "percent": 1.0})
    assert agreement(two_by_two(0, 0, 0, 4)).positive == 1


def test_all_agree_on_two_labels():
    found = agreement(two_by_two(8, 0, 0, 2))
    assert (found.percent, found.kappa, found.alpha, found.positive) == (1, 1, 1, 1)
    assert found.alpha_interval is None


def test_one_record_has_no_kappa_and_no_interval():
    found = agreement(two_by_two(0, 1, 0, 0))
    assert (found.kappa, found.alpha, found.alpha_interval) == (None, 0, None)
    assert found.positive == found.percent == 0


def test_two_judges_of_whom_a_third_shares_a_record_have_no_kappa():
    judgments = two_by_two(5, 2, 1, 3)
    assert agreement(judgments).kappa is not None
    judgments["more"] = {"ann": "accept", "eve": "accept"}
    assert agreement(judgments).kappa is None


def test_the_interval_is_seeded_and_holds_alpha():
    judgments = two_by_two(60, 6, 4, 20)
    found = agreement(judgments)
    low, high = found.alpha_interval
    assert low < found.alpha < high
    assert agreement(dict(reversed(judgments.items()))) == found
    assert high - low < 0.45
    few = agreement(two_by_two(12, 1, 1, 4)).alpha_interval
    assert few[1] - few[0] > high - low


def test_the_interval_is_that_of_the_package_over_the_same_resamples():
    import numpy as np
    from krippendorff import alpha

    judgments = judged("aabbdcccedda" * 2, "babbbccceddd" * 2, "aab....ced.a" * 2)
    labels = "abcde"
    rows = [list(one.values()) for one in judgments.values()]
    table = np.array([[row.count(label) for label in labels] for row in rows])
    generator = np.random.default_rng(SEED)
    picks = [generator.integers(0, len(table), size=len(table)) for _ in range(RESAMPLES)]
    drawn = [alpha(value_counts=table[pick], level_of_measurement="nominal") for pick in picks]
    assert agreement(judgments).alpha_interval == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_the_interval_covers_about_as_often_as_it_says():
    """Records of two judges who err independently; alpha of a large number stands for the true one."""
    draw = random.Random(4)

    def review(size):
        judgments = {}
        for n in range(size):
            bad = draw.random() < 0.3
            judgments[str(n)] = {j: "reject" if bad != (draw.random() < 0.1) else "accept" for j in ("ann", "ben")}
        return agreement(judgments)

    true = review(5_000).alpha
    intervals = [review(80).alpha_interval for _ in range(40)]
    assert sum(low <= true <= high for low, high in intervals) >= 34  # of 40; 38 expected
