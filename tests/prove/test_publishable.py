"""Proof: on 200 made-up stores nothing small is published, and nothing small can be worked out.

Each store is noted in ``results/`` when it is over, so that a proof that was stopped goes on where
it was. Notes of another gate are done again.
"""

import hashlib
import json
from pathlib import Path

import pytest
from tests.laws import attacker
from tests.laws.attacker import found_out, made_up, numbers, page, shown_though_small

from wholeflow.governance.disclosure import policies

pytestmark = pytest.mark.slow

RESULTS = Path(__file__).with_name("results")
SOURCE = Path(__file__).parents[2] / "src/wholeflow"
STORES = 200
CODE = (
    *(
        SOURCE / name
        for name in ("governance/disclosure.py", "publish/disclosed.py", "publish/ledger.py")
    ),
    Path(attacker.__file__),
)


@pytest.mark.parametrize("part", range(4))
def test_two_hundred_stores(part):
    """A quarter of the stores in each part, each by every policy."""
    notes = RESULTS / f"publishable_{part}.jsonl"
    code = hashlib.sha256(b"".join(path.read_bytes() for path in CODE)).hexdigest()[:12]
    told = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    done = {one["seed"]: one for one in told if one["code"] == code}
    notes.write_text("".join(f"{json.dumps(one)}\n" for one in done.values()))
    for seed in range(part, STORES, 4):
        if seed not in done:
            done[seed] = {"seed": seed, "code": code, **_attacked(seed)}
            with notes.open("a") as open_notes:
                open_notes.write(f"{json.dumps(done[seed])}\n")
    assert len(done) == STORES // 4
    for name in policies():
        told = [one[name] for one in done.values()]
        assert sum(one["small"] for one in told) > STORES
        assert sum(one["shown"] for one in told) > STORES
        assert [one for one in told if one["leaks"] or one["plain"]] == []


def _attacked(seed: int) -> dict:
    """By policy: small and large numbers of the internal page, numbers shown, and what leaked."""
    seen, found = made_up(seed), {}
    inside = numbers(page(seen))
    for name, policy in policies().items():
        outside = numbers(page(seen, policy))
        found[name] = {
            "small": sum(0 < (value or 0) < policy.least for value, _ in inside.values()),
            "large": sum((value or 0) >= policy.least for value, _ in inside.values()),
            "shown": sum(bool(value) for value, _ in outside.values()),
            "leaks": len(found_out(inside, outside, policy)),
            "plain": len(shown_though_small(inside, outside, policy)),
        }
    return found
