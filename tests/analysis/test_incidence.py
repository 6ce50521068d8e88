"""Share converted by a day: R, hands, rows, and what cannot be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.day_rows import count_day_rows, lives, sim_days
from tests.analysis.rows import PROVENANCE, pair_accounts
from toolkit.analysis import ScoreBand, incidence_table, rate, time_to_table
from toolkit.analysis.survival.incidence import influence
from toolkit.analysis.survival.life import life_of, read_lives
from toolkit.counts import DayCounts, ScoreCounts
from toolkit.errors import DataError, QuestionError

BANDS = (
    ScoreBand("50up", 50), ScoreBand("25_50", 25), ScoreBand("0_25", 0), ScoreBand("lt0", None),
)  # fmt: skip
COLUMNS = [
    "band", "start", "stop", "day", "leads", "at_risk", "positives", "rate", "low", "high",
    "disqualified_rate", "open_rate", "standard_error", "reason",
]  # fmt: skip


def rows_of(*leads: tuple[int, str]) -> pd.DataFrame:
    return pd.DataFrame(leads, columns=["day", "status"]).assign(score=50)


def test_the_columns_are_those_of_the_docstring(sim):
    table = incidence_table(sim_days(sim), BANDS)
    assert list(table.columns) == COLUMNS
    for name in COLUMNS:
        assert f"`{name}`" in str(incidence_table.__doc__)
    times = time_to_table(sim_days(sim), BANDS)
    for name in times.columns:
        assert f"`{name}`" in str(time_to_table.__doc__)


def test_without_rivals_it_is_kaplan_and_meier_as_in_r(sim, oracle):
    table = incidence_table(sim_days(sim, accounts=False, rivals=False), BANDS)
    expected = oracle.value("km.leads")
    table = table.set_index("band").loc[["lt0", "0_25", "25_50", "50up"]]
    assert (1 - table["rate"]).to_numpy() == pytest.approx(expected["surv"], rel=1e-9)
    assert table["standard_error"].to_numpy() == pytest.approx(expected["se"], rel=1e-9)
    assert (1 - table["low"]).to_numpy() == pytest.approx(expected["hi"], rel=1e-9)
    assert (1 - table["high"]).to_numpy() == pytest.approx(expected["lo"], rel=1e-9)
    assert table["at_risk"].tolist() == expected["n_risk"]


def test_rivals_lower_the_share_and_never_raise_it(sim):
    with_rivals = incidence_table(sim_days(sim), BANDS)["rate"]
    without = incidence_table(sim_days(sim, rivals=False), BANDS)["rate"]
    assert (with_rivals < without).all()


@pytest.mark.by_hand("incidence_table")
def test_by_hand():
    # Day 1: 6 at risk, one converts. Day 2: 5 at risk, one is disqualified. Day 3: one is no
    # longer followed. Day 4: 3 at risk, one converts.
    days = count_day_rows(rows_of(
        (1, "converted"), (2, "disqualified"), (3, "open"), (4, "converted"), (4, "open"),
        (5, "open"),
    ))  # fmt: skip
    table = incidence_table(days, at_days=(1, 3, 4))
    assert table["rate"].tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6 + 4 / 6 * 1 / 3])
    assert table["disqualified_rate"].tolist() == pytest.approx([0, 5 / 6 * 1 / 5, 1 / 6])
    assert table["open_rate"].tolist() == pytest.approx([5 / 6, 4 / 6, 4 / 6 * 2 / 3])
    assert table["at_risk"].tolist() == [6, 4, 3]
    assert table["positives"].tolist() == [1, 1, 2]
    # Greenwood at day 1: (1/6)(5/6)/6.
    assert table["standard_error"][0] == pytest.approx((5 / 36 / 6) ** 0.5)


def test_events_come_before_the_end_of_what_is_known_on_the_same_day():
    days = count_day_rows(rows_of((2, "open"), (2, "converted")))
    assert incidence_table(days, at_days=(2,))["rate"][0] == 1 / 2


def naive(rows: pd.DataFrame, time: int) -> tuple[float, float, float]:
    """Lead by lead and day by day."""
    stay, converted, rival = 1.0, 0.0, 0.0
    for day in range(1, time + 1):
        at_risk = (rows["day"] >= day).sum()
        today = rows[rows["day"] == day]["status"]
        if at_risk:
            converted += stay * (today == "converted").sum() / at_risk
            rival += stay * (today == "disqualified").sum() / at_risk
            stay *= 1 - today.isin(["converted", "disqualified"]).sum() / at_risk
    return converted, rival, stay


@pytest.mark.property_of("incidence_table")
@given(lives(), st.integers(1, 8))
def test_rows_and_counts_agree_and_the_three_shares_add_up(rows, time):
    row = incidence_table(count_day_rows(rows), at_days=(time,)).iloc[0]
    converted, rival, stay = naive(rows, time)
    known = rows["day"].max() >= time or stay < 1e-12
    if not known:
        assert np.isnan(row["rate"])
        assert f"no lead of these was followed for {time} days" in row["reason"]
        return
    assert row["rate"] == pytest.approx(converted, abs=1e-12)
    assert row["disqualified_rate"] == pytest.approx(rival, abs=1e-12)
    assert row["rate"] + row["disqualified_rate"] + row["open_rate"] == pytest.approx(1)
    if not np.isnan(row["low"]):
        assert row["low"] <= row["rate"] <= row["high"]


def aalen_variance(rows: pd.DataFrame, time: int) -> float:
    """Marubini and Valsecchi (1995), written out."""
    final = naive(rows, time)[0]
    total = 0.0
    for day in range(1, time + 1):
        y = (rows["day"] >= day).sum()
        today = rows[rows["day"] == day]["status"]
        d1 = (today == "converted").sum()
        d = d1 + (today == "disqualified").sum()
        before = naive(rows, day - 1)[2]
        gap = final - naive(rows, day)[0]
        if d and y > d:
            total += gap**2 * d / (y * (y - d)) - 2 * gap * before * d1 / y**2
        if d:
            total += before**2 * d1 * (y - d1) / y**3
    return total


@pytest.mark.property_of("incidence_table")
@given(lives(least=2), st.integers(1, 8))
def test_without_accounts_the_variance_is_aalens(rows, time):
    row = incidence_table(count_day_rows(rows.drop(columns="account")), at_days=(time,)).iloc[0]
    if not np.isnan(row["rate"]):
        assert row["standard_error"] ** 2 == pytest.approx(aalen_variance(rows, time), abs=1e-12)


@given(lives(least=2), st.integers(1, 8))
def test_influence_is_the_derivative_by_the_weight_of_a_lead(rows, time):
    counted = read_lives(count_day_rows(rows))
    every = np.ones(len(counted.n), dtype=bool)

    def share(n: np.ndarray) -> float:
        life = life_of(replace(counted, n=n), every)
        use = life.days <= time
        return float(np.sum((life.before * life.converted / life.at_risk)[use]))

    values = influence(counted, every, life_of(counted, every), np.array([time]))[:, 0]
    for cell in range(len(counted.n)):
        up, down = counted.n.copy(), counted.n.copy()
        up[cell] += 1e-5
        down[cell] -= 1e-5
        assert values[cell] == pytest.approx((share(up) - share(down)) / 2e-5, abs=1e-4)


@given(lives(least=2, statuses=("converted", "open")))
def test_followed_to_the_end_it_is_the_plain_rate_with_its_variance_over_accounts(rows):
    rows = rows.assign(day=rows["day"].where(rows["status"] == "converted", 9))
    found = incidence_table(count_day_rows(rows), at_days=(9,)).iloc[0]
    states = rows.assign(
        state=rows["status"].map({"converted": "converted", "open": "not_converted"}), score=1
    )
    frame = states.groupby(["score", "state"], as_index=False).size()
    counts = ScoreCounts(
        frame.rename(columns={"size": "n"}), PROVENANCE, accounts=pair_accounts(states)
    )
    plain = rate(counts)
    assert found["rate"] == pytest.approx(plain.estimate)
    p, sums = plain.estimate, rows["account"].nunique()
    spread = sum(
        ((group["status"] == "converted") - p).sum() ** 2 for _, group in rows.groupby("account")
    )
    factor = sums / (sums - 1) if sums > 1 else 1
    assert found["standard_error"] ** 2 == pytest.approx(
        factor * spread / len(rows) ** 2, abs=1e-12
    )


def test_each_lead_in_an_account_of_its_own_changes_only_the_factor(sim):
    alone = incidence_table(sim_days(sim.assign(account_id=range(len(sim)))))
    none = incidence_table(sim_days(sim, accounts=False))
    factor = (len(sim) / (len(sim) - 1)) ** 0.5
    expected = none["standard_error"].to_numpy() * factor
    assert alone["standard_error"].to_numpy() == pytest.approx(expected)


def test_shared_accounts_widen_the_interval():
    rows = rows_of(*[(1, "converted")] * 10, *[(9, "open")] * 30)
    alone = incidence_table(count_day_rows(rows), at_days=(9,)).iloc[0]
    shared = rows.assign(account=np.repeat(range(8), 5))
    together = incidence_table(count_day_rows(shared), at_days=(9,)).iloc[0]
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])
    assert "few accounts" in together["reason"]


def test_one_account_gives_a_share_and_no_interval():
    rows = rows_of((1, "converted"), (9, "open"), (9, "open")).assign(account=1)
    row = incidence_table(count_day_rows(rows), at_days=(9,)).iloc[0]
    assert row["rate"] == pytest.approx(1 / 3)
    assert np.isnan([row["low"], row["high"]]).all()
    assert "few accounts" in row["reason"]


def test_no_conversion_is_zero_without_an_interval():
    row = incidence_table(count_day_rows(rows_of((5, "open"), (3, "disqualified")))).iloc[0]
    assert np.isnan(row["rate"])
    assert row["reason"] == ("no lead of these was followed for 30 days (the longest: 5)")
    row = incidence_table(count_day_rows(rows_of((5, "open"), (3, "disqualified"))),
                          at_days=(5,)).iloc[0]  # fmt: skip
    assert row["rate"] == 0
    assert np.isnan(row["high"])
    assert row["reason"] == "no conversion so far, so no interval"


def test_leads_never_worked_are_counted_and_said():
    row = incidence_table(
        count_day_rows(rows_of((5, "unworked"), (3, "converted"))), at_days=(5,)
    ).iloc[0]
    assert row["rate"] == 1 / 2
    assert row["reason"] == "of all leads: 50% of them were never worked"


def test_no_lead_at_all_is_a_reason():
    empty = DayCounts(pd.DataFrame({"score": [], "day": [], "status": [], "n": []}).astype(
        {"score": "int64", "day": "int64", "status": "str", "n": "int64"}), PROVENANCE)  # fmt: skip
    assert incidence_table(empty)["reason"].tolist() == ["no leads"] * 3
    assert time_to_table(empty)["reason"].tolist() == ["no leads"] * 3


def test_counts_that_contradict_themselves_are_refused():
    frame = pd.DataFrame({"score": [1], "day": [0], "status": ["converted"], "n": [1]})
    with pytest.raises(DataError, match="an event on day 0"):
        incidence_table(DayCounts(frame, PROVENANCE))
    with pytest.raises(DataError, match="unknown status"):
        incidence_table(DayCounts(frame.assign(status="won"), PROVENANCE))
    with pytest.raises(QuestionError, match="expected whole days from 1 on"):
        incidence_table(DayCounts(frame.assign(day=1), PROVENANCE), at_days=())


@pytest.mark.by_hand("time_to_table")
def test_time_to_by_hand():
    days = count_day_rows(rows_of(
        (2, "converted"), (4, "converted"), (6, "converted"), (8, "converted"), (90, "open"),
    ))  # fmt: skip
    table = time_to_table(days, within_days=90, shares=(0.25, 0.5, 0.75))
    assert table["day"].tolist() == [2, 4, 6]
    assert table["positives"].tolist() == [4, 4, 4]
    assert (table["low"] <= table["day"]).all()
    assert (table["day"] <= table["high"]).all()


def test_time_to_is_of_those_who_convert_within_the_window():
    rows = rows_of((2, "converted"), (50, "converted"), (60, "open"))
    assert time_to_table(count_day_rows(rows), within_days=10, shares=(0.5,))["day"][0] == 2
    assert time_to_table(count_day_rows(rows), within_days=60, shares=(0.9,))["day"][0] == 50


def test_time_to_says_why_it_cannot_tell():
    rows = rows_of((2, "converted"), (5, "open"))
    reasons = time_to_table(count_day_rows(rows), within_days=30)["reason"]
    assert reasons.tolist() == ["no lead of these was followed for 30 days"] * 3
    rows = rows_of((20, "converted"), (30, "open"))
    reasons = time_to_table(count_day_rows(rows), within_days=10)["reason"]
    assert reasons.tolist() == ["no conversion within 10 days"] * 3


def _cover(runs: int, rng: np.random.Generator, accounts: int = 120) -> float:
    """Share of intervals that hold the true share converted by day 30, accounts of 3 leads."""
    inside = 0
    truth = _truth()
    for _ in range(runs):
        effect = np.repeat(rng.normal(size=accounts), 3)
        converts, rival, end = (
            rng.exponential(scale) / np.exp(factor * effect)
            for scale, factor in ((80 * np.ones(len(effect)), 0.8), (60 * np.ones(len(effect)), 0),
                                  (70 * np.ones(len(effect)), 0))
        )  # fmt: skip
        first = np.minimum(converts, rival)
        day = np.ceil(np.minimum(first, end)).clip(1)
        # Whole days only: what happens on the unfinished last day is not seen.
        seen = np.ceil(first) <= np.floor(end)
        day = np.where(seen, np.ceil(first), np.floor(end))
        status = np.where(seen, np.where(converts < rival, "converted", "disqualified"), "open")
        rows = pd.DataFrame({"score": 1, "day": day.astype(int), "status": status})
        table = incidence_table(
            count_day_rows(rows.assign(account=np.repeat(range(accounts), 3))), at_days=(30,)
        )
        inside += table["low"][0] <= truth <= table["high"][0]
    return inside / runs


def _truth() -> float:
    """Integrate over the effect of accounts: hazard h/(h+r) (1 - exp(-(h+r) 30))."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    h, r = np.exp(0.8 * nodes) / 80, 1 / 60
    return float(weights @ (h / (h + r) * (1 - np.exp(-30 * (h + r)))) / weights.sum())


def test_intervals_over_accounts_cover_in_a_few_draws():
    assert _cover(60, np.random.default_rng(1)) >= 0.86


@pytest.mark.slow
def test_intervals_over_accounts_cover_as_stated():
    # 2,000 draws: three standard errors are 1.5 points.
    assert _cover(2000, np.random.default_rng(2)) >= 0.935


def test_days_of_one_account_have_no_interval():
    rows = pd.DataFrame(
        {"score": 0, "day": [1, 2, 4], "status": ["converted", "converted", "open"], "account": 7}
    )
    table = time_to_table(count_day_rows(rows), within_days=3, shares=(0.5,))
    row = table.iloc[0]
    assert (row["day"], row["reason"]) == (1, "no interval: all of these leads are of one account")
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
