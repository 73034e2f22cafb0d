"""What is published tells no small number, neither as it stands nor taken together.

The whole proof, on 200 stores, is ``tests/prove/test_publishable.py``; these are a fixed few.
"""

import pytest
from tests.laws.attacker import found_out, made_up, numbers, page, shown_though_small, sums

from wholeflow.governance.disclosure import policies


@pytest.mark.parametrize("seed", range(4))
def test_no_small_number_is_on_the_page_or_follows_from_it(seed):
    seen = made_up(seed)
    inside = numbers(page(seen))
    assert len(inside) > 5
    for policy in policies().values():
        outside = numbers(page(seen, policy))
        assert shown_though_small(inside, outside, policy) == []
        assert found_out(inside, outside, policy) == {}


def test_the_attacker_finds_what_rounding_alone_would_leave():
    """98 stays, of which 92 moves are told: six or more came in from outside, and they are six."""
    hes = policies()["hes"]
    inside = {
        ("said", "stay"): (98.0, None),
        ("flow", "Flow map", ("A", "B"), "Moves"): (92.0, 92.0),
        ("flow", "Flow map", ("not recorded", "A (came in from outside)"), "Moves"): (6.0, 6.0),
    }
    rounded = {("said", "stay"): (100.0, None),
               ("flow", "Flow map", ("A", "B"), "Moves"): (90.0, None)}  # fmt: skip
    assert len(sums(inside)) > 1
    (leak,) = found_out(inside, rounded, hes).values()
    assert leak[0] == 6
    assert shown_though_small(inside, inside, hes)
