"""The disclosure gate: no small number is shown, and none can be worked out from what is shown.

The attacker here knows the policy and every sum, and tries all whole numbers that fit: nothing of
the gate's own reasoning is used.
"""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wholeflow.core.errors import RequestError
from wholeflow.governance.disclosure import Count, Sum, find_policy, policies, protect

HES, LT5 = policies()["hes"], policies()["lt5_round5"]


def table(parts, people=None, is_shown=True):
    """A total and its parts, each about as many people as it counts unless told otherwise."""
    counts = {at: Count(n, n if people is None else people[at]) for at, n in enumerate(parts)}
    total = sum(parts)
    return {**counts, "all": Count(total, total, is_shown)}, [Sum("all", tuple(counts))]


@pytest.mark.parametrize(
    ("policy", "parts", "shown"),
    [
        # 1 to 7 are hidden, others go to the nearest five, nought stays nought
        (HES, [100, 40, 8, 0], {0: 100, 1: 40, 2: 10, 3: 0, "all": 150}),
        (LT5, [5, 12, 13], {0: 5, 1: 10, 2: 15, "all": 30}),
        # a small one among many: rounding alone leaves it anything from 1 to 7
        (HES, [100, 50, 30, 3], {0: 100, 1: 50, 2: 30, 3: None, "all": 185}),
        # 5 and 7 would leave two for two stars, so each would be 1: the 5 is hidden too
        (LT5, [5, 1, 1], {0: None, 1: None, 2: None, "all": 5}),
        # 92 is shown as 90 and 98 as 100, so that the star would be 6 or more
        (HES, [92, 6], {0: None, 1: None, "all": 100}),
        # of a small total no part has a place on the page, not even one that is nought
        (HES, [1, 1, 1, 0], {"all": None}),
    ],
)
def test_worked_tables(policy, parts, shown):
    assert protect(*table(parts), policy) == shown


def test_many_stays_of_few_people_are_hidden():
    counts, sums = table([40, 60, 90], people=[3, 60, 90])
    assert protect(counts, sums, HES)[0] is None


def test_what_is_left_over_keeps_its_secret_though_it_is_never_shown():
    """Of 98 people 92 met the standard: without hiding, six or more would not have."""
    counts = {"n": Count(98, 98), "met": Count(92, 92), "not": Count(6, 6, is_shown=False)}
    assert protect(counts, [Sum("n", ("met", "not"))], HES) == {"n": 100, "met": None}


def test_two_tables_that_share_a_number_are_looked_at_together():
    """14 in the ward by month and by sex; each table alone is safe, its total tells the other."""
    counts = {
        "ward": Count(14, 14, is_shown=False),
        "May": Count(9, 9), "June": Count(5, 5),
        "women": Count(13, 13), "men": Count(1, 1),
    }  # fmt: skip
    sums = [Sum("ward", ("May", "June")), Sum("ward", ("women", "men"))]
    shown = protect(counts, sums, HES)
    assert shown["June"] is None and shown["men"] is None
    assert _can_be(counts, sums, shown, HES) == {"June": set(range(1, 8)), "men": set(range(1, 8))}


def test_a_sum_that_does_not_hold_is_refused():
    counts, sums = table([10, 20])
    with pytest.raises(ValueError, match="not the sum"):
        protect({**counts, "all": Count(31, 31)}, sums, HES)


def test_an_unknown_policy_is_refused_with_those_there_are():
    with pytest.raises(RequestError, match="hess"):
        find_policy("hess")


def _said(shown, policy):
    """Every number that what is shown of one allows, up to a bound that is far enough."""
    if shown == "absent":
        return range(31)
    if shown is None:
        return range(1, 31)
    return [n for n in range(31) if (n == 0) == (shown == 0) and (not n or n >= policy.least)
            and 5 * ((n + 2) // 5) == shown]  # fmt: skip


def _can_be(counts, sums, shown, policy):
    """What each small number can be, by trying everything."""
    keys = list(counts)
    free = [k for k in keys if not any(one.total == k for one in sums)]
    totals = {one.total for one in sums}
    found = {k: set() for k in keys if policy.hides(*counts[k][:2])}
    for values in product(*(_said(shown.get(k, "absent"), policy) for k in free)):
        told = dict(zip(free, values, strict=True))
        fits = True
        for total in totals:
            ways = {sum(told[p] for p in one.parts) for one in sums if one.total == total}
            fits &= len(ways) == 1 and ways <= set(_said(shown.get(total, "absent"), policy))
            told[total] = ways.pop()
        if fits:
            for k, seen in found.items():
                seen.add(told[k])
    return {k: {n for n in seen if 0 < n < policy.least} for k, seen in found.items()}


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.integers(0, 14), min_size=2, max_size=3),
    policy=st.sampled_from([HES, LT5]),
    is_shown=st.booleans(),
)
def test_no_small_part_is_told_by_its_total(parts, policy, is_shown):
    counts, sums = table(parts, is_shown=is_shown)
    shown = protect(counts, sums, policy)
    small = {k for k, one in counts.items() if policy.hides(*one[:2])}
    assert not any(shown.get(k) for k in small)
    if "all" in small:
        assert set(shown) <= {"all"}
        return
    for key, values in _can_be(counts, sums, shown, policy).items():
        assert {1, policy.least - 1} <= values, (key, shown)
