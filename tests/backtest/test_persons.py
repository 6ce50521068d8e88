"""A person that was two leads is handed over once: crossings counted by person after a merge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tests.backtest.tables import activity, at, crm_of, lead, merge
from tests.backtest.test_whatif import MODEL, OTHER
from tests.report import by_hand
from toolkit.backtest import replay_models, threshold_crossings
from toolkit.backtest.counting.crossings import count_crossings
from toolkit.backtest.timeline.persons import once_a_person
from toolkit.model import parse_model

ORIGIN = replace(by_hand.provenance(), observed_until=date(2026, 3, 31))


def crossings(rows: list, merges: list, leads: int = 2) -> tuple[list, int, int, int]:
    """The raw crossings (lead, second, episode), and those of persons: first, again, by week."""
    crm = crm_of([lead(i) for i in range(1, leads + 1)], rows, merges=merges)
    raw = threshold_crossings(parse_model(MODEL), crm)
    found = replay_models([parse_model(MODEL), parse_model(OTHER)], crm).volume
    own = found[found["model"] == "m 1"]
    counted = count_crossings(parse_model(MODEL), crm, [10], provenance=ORIGIN)
    told = list(zip(raw["lead_id"], raw["crossed_at"], raw["episode"], strict=True))
    weeks = sum(int(each.frame["n"].sum()) for each in counted.values())
    return told, int(own["n"].sum()), int(own["n_again"].sum()), weeks


# Five points a view for four days, threshold 10: two views within four days cross.
TWICE = [activity(1, "view", 1), activity(1, "view", 2)]


def test_a_survivor_of_one_that_was_above_does_not_cross_at_the_merge() -> None:
    # L1 is above from day 2 to day 5 and goes into L2 on day 3, which inherits both views.
    raw, n, again, weeks = crossings(TWICE, [merge(1, 2, 3)])
    assert raw == [("L1", at(2), 1), ("L2", at(3), 1)]
    assert (n, again, weeks) == (1, 0, 1)


def test_what_it_does_later_is_again() -> None:
    later = [*TWICE, activity(2, "view", 20), activity(2, "view", 21)]
    raw, n, again, weeks = crossings(later, [merge(1, 2, 3)])
    assert raw[2] == ("L2", at(21), 2)
    assert (n, again, weeks) == (1, 1, 1)


def test_a_crossing_at_the_merge_after_one_that_had_ended_is_again() -> None:
    # L1 fell on day 5, when its first view expired; of its second L2 inherits 5 points on day 5.5.
    rows = [*TWICE, activity(2, "view", 5.2)]
    raw, n, again, weeks = crossings(rows, [merge(1, 2, 5.5)])
    assert raw == [("L1", at(2), 1), ("L2", at(5.5), 1)]
    assert (n, again, weeks) == (1, 1, 1)


def test_two_that_make_one_only_together_cross_for_the_first_time() -> None:
    rows = [activity(1, "view", 1), activity(2, "view", 2)]
    assert crossings(rows, [merge(1, 2, 3)]) == ([("L2", at(3), 1)], 1, 0, 1)


def test_what_the_survivor_had_crossed_itself_stays_first() -> None:
    # Both cross before anybody knows that they are one.
    rows = [*TWICE, activity(2, "view", 1), activity(2, "view", 1.5)]
    raw, n, again, weeks = crossings(rows, [merge(1, 2, 3)])
    assert [row[2] for row in raw] == [1, 1]
    assert (n, again, weeks) == (2, 0, 2)


def test_a_chain_of_merges_carries_the_person_on() -> None:
    # L1 is above from day 2 on; at its merge on day 3 into L2, and at that of L2 into L3 on day 4.
    raw, n, again, weeks = crossings(TWICE, [merge(1, 2, 3), merge(2, 3, 4)], leads=3)
    assert [row[0] for row in raw] == ["L1", "L2", "L3"]
    assert (n, again, weeks) == (1, 0, 1)
    at_once = crossings(TWICE, [merge(1, 2, 3), merge(2, 3, 3)], leads=3)
    assert at_once[1:] == (1, 0, 1)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30)), max_size=30), st.booleans())
def test_without_merges_a_person_is_a_lead(marks: list, late: bool) -> None:
    rows = [(f"L{name}", 10, day, day + 1) for name, day in sorted(set(marks))]
    crossed = pd.DataFrame(rows, columns=["lead", "threshold", "crossed", "left"])
    crossed["episode"] = crossed.groupby("lead").cumcount() + 1
    names = ["loser", "winner", "at", "gone"]
    # A merge after all that happened changes nothing either.
    merged = pd.DataFrame([("L1", "L2", 99, 99)] if late else [], columns=names)
    pd.testing.assert_frame_equal(
        once_a_person(crossed, merged), crossed, check_dtype=False, check_index_type=False
    )
