"""Funnel, grid, dispositions, stalls and responses: hands, rows, and what is too little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from tests.analysis.day_rows import count_stage_rows, count_stay_rows, funnel_rows
from tests.analysis.rows import count_rows
from toolkit.analysis import (
    ScoreBand,
    band_table,
    disposition_table,
    funnel_table,
    grade_funnel_table,
    grid_table,
    hand_raiser_table,
    response_table,
    stall_table,
    wilson_interval,
)
from toolkit.counts import ScoreCounts
from toolkit.errors import DataError, QuestionError

BANDS = (ScoreBand("high", 50), ScoreBand("low", None))
C, N, U, A = "converted", "not_converted", "unworked", "already"
OPEN = "immature"


def rows_of(*leads: tuple) -> pd.DataFrame:
    """Leads from (score, accepted, sql, won)."""
    frame = pd.DataFrame(leads, columns=["score", "stage_accepted", "stage_sql", "stage_won"])
    return frame.assign(
        fit_band="A", behavior_band="1", hand_raiser=False, disposition="accepted", given_reason=""
    )


HAND = rows_of(
    (60, C, C, C), (60, C, C, OPEN), (60, C, N, N), (60, N, N, N), (60, N, C, N), (60, U, U, U),
    (60, A, C, N), (10, N, N, N), (10, OPEN, OPEN, OPEN),
)  # fmt: skip


@pytest.mark.by_hand("funnel_table")
def test_each_step_has_its_own_denominator():
    table = funnel_table(count_stage_rows(HAND), BANDS)
    high = table[table["band"] == "high"].set_index(["stage", "of"])
    found = high[["positives", "n", "immature", "unworked", "already", "skipped"]]
    assert found.loc["accepted", "judged leads"].tolist() == [3, 5, 0, 1, 1, 0]
    assert found.loc["sql", "judged leads"].tolist() == [4, 6, 0, 1, 0, 0]
    # Of those accepted within 30 days or before: two and one before; the third had no SQL.
    assert found.loc["sql", "accepted"].tolist() == [3, 4, 0, 0, 0, 1]
    assert found.loc["won", "SQL"].tolist() == [1, 3, 1, 0, 0, 0]
    assert high.loc[("sql", "accepted"), "rate"] == 3 / 4
    low, upper = wilson_interval(3, 4)
    assert high.loc[("sql", "accepted"), "low"] == pytest.approx(float(low))
    assert high.loc[("sql", "accepted"), "high"] == pytest.approx(float(upper))
    assert (high["leads"] == 7).all()


def test_the_columns_are_those_of_the_docstrings():
    counts = count_stage_rows(HAND.assign(hand_raiser=True))
    for function, table in (
        (funnel_table, funnel_table(counts, BANDS)),
        (funnel_table, grade_funnel_table(counts)),
        (grid_table, grid_table(counts)),
        (disposition_table, disposition_table(counts, BANDS)),
    ):
        for name in table.columns:
            assert f"`{name}`" in str(function.__doc__), name


def test_a_band_without_leads_is_nan_with_its_reason():
    table = funnel_table(count_stage_rows(HAND), (ScoreBand("top", 90), *BANDS))
    top = table[table["band"] == "top"]
    assert top["rate"].isna().all()
    assert set(top["reason"]) == {"no judged leads"}


def test_no_lead_at_all_is_a_table_of_reasons():
    counts = count_stage_rows(HAND.iloc[:0].astype({"score": "int64"}))
    assert set(funnel_table(counts)["reason"]) == {"no judged leads"}
    assert set(grid_table(counts)["reason"]) == {"no judged leads"}
    assert set(disposition_table(counts)["reason"]) == {
        "no leads whose time to decide has passed", "still within 30 days",
    }  # fmt: skip


@pytest.mark.property_of("funnel_table")
@given(funnel_rows(least=1))
def test_the_rates_of_a_stage_are_those_of_a_band_table_accounts_included(rows):
    table = funnel_table(count_stage_rows(rows), BANDS)
    for stage in ("accepted", "sql", "won"):
        mine = table[(table["stage"] == stage) & (table["of"] == "judged leads")]
        plain = rows[rows[f"stage_{stage}"] != "already"]
        if plain.empty:
            continue
        states = plain.rename(columns={f"stage_{stage}": "state"})[["score", "state", "account"]]
        expected = band_table(count_rows(states), BANDS).set_index("band")
        mine = mine.set_index("band").loc[expected.index]
        columns = ["n", "positives", "rate", "low", "high", "immature", "unworked"]
        np.testing.assert_allclose(
            mine[columns].to_numpy(float), expected[columns].to_numpy(float), atol=1e-9
        ) if _same_pool(expected) else None
        assert mine["n"].tolist() == expected["n"].tolist()


def _same_pool(table: pd.DataFrame) -> bool:
    """At 0 and 1 the band table pools over all thresholds, the funnel over its bands."""
    return bool((table["rate"].dropna() % 1 > 0).all())


@pytest.mark.property_of("funnel_table", "grade_funnel_table")
@given(funnel_rows())
def test_bands_and_grades_lose_no_lead(rows):
    counts = count_stage_rows(rows)
    for table in (funnel_table(counts, BANDS), grade_funnel_table(counts)):
        whole = table[table["of"] == "judged leads"]
        for _, part in whole.groupby("stage"):
            assert part["leads"].sum() == len(rows)
            parts = part[["n", "immature", "unworked", "already"]].sum().sum()
            assert parts == len(rows)


@pytest.mark.property_of("hand_raiser_table")
@given(funnel_rows())
def test_hand_raisers_and_the_others_add_up_to_all(rows):
    table = hand_raiser_table(count_stage_rows(rows), BANDS)
    sums = table.groupby("who")[["n", "positives", "leads"]].sum()
    without, raisers = sums.loc["without hand-raisers"], sums.loc["hand-raisers"]
    assert (without + raisers).tolist() == sums.loc["all leads"].tolist()


def test_hand_raisers_must_be_named():
    with pytest.raises(QuestionError, match="no criterion says who asked to be called"):
        hand_raiser_table(count_stage_rows(HAND, hand_raisers=()))


def test_an_unknown_stage_or_state_is_refused():
    counts = count_stage_rows(HAND)
    with pytest.raises(QuestionError, match="the stage 'sq' was not counted: did you mean 'sql'"):
        grid_table(counts, stage="sq")
    with pytest.raises(DataError, match="unknown state"):
        funnel_table(count_stage_rows(HAND.assign(stage_sql="maybe")))
    with pytest.raises(DataError, match="unknown disposition"):
        disposition_table(count_stage_rows(HAND.assign(disposition="maybe")))


@pytest.mark.by_hand("grid_table")
def test_the_grid_hides_cells_of_a_few_leads():
    many = pd.concat([HAND.iloc[[0, 3]]] * 5)
    few = HAND.iloc[[0, 3]].assign(fit_band="B")
    table = grid_table(count_stage_rows(pd.concat([many, few])))
    cells = table.set_index(["fit_band", "behavior_band"])
    assert cells.loc[("A", "1"), ["n", "positives", "rate"]].tolist() == [10, 5, 1 / 2]
    hidden = cells.loc[("B", "1")]
    assert hidden["suppressed"]
    assert hidden[["leads", "n", "positives", "rate", "low", "high"]].isna().all()
    assert hidden["reason"] == "fewer than 5 judged leads"
    assert cells.loc[("A", "2"), "reason"] == "no judged leads"
    with pytest.raises(QuestionError, match="expected at least 1 lead"):
        grid_table(count_stage_rows(many), fewer_than=0)


@pytest.mark.property_of("disposition_table")
@given(funnel_rows())
def test_dispositions_add_up_to_all_leads_and_shares_to_one(rows):
    table = disposition_table(count_stage_rows(rows), BANDS)
    whole = table[table["given_reason"] == ""]
    assert whole["leads"].sum() == len(rows)
    split = table[table["given_reason"] != ""].groupby(["band", "disposition"])["leads"].sum()
    for key, n in split.items():
        assert whole.set_index(["band", "disposition"]).loc[key, "leads"] == n
    for _, part in whole.groupby("band"):
        closed = part[part["disposition"] != "pending"]
        assert closed["leads"].sum() == part["n"].iloc[0]
        if part["n"].iloc[0]:
            assert closed["share"].sum() == pytest.approx(1)
        assert part.loc[part["disposition"] == "pending", "share"].isna().all()


def test_rare_reasons_stand_together():
    base = HAND.iloc[[3]].assign(disposition="rejected")
    rows = pd.concat([*[base.assign(given_reason="no budget")] * 6,
                      *[base.assign(given_reason="student")] * 2,
                      *[base.assign(given_reason="rival")] * 3])  # fmt: skip
    table = disposition_table(count_stage_rows(rows))
    reasons = table[table["given_reason"] != ""]
    assert reasons[["given_reason", "leads"]].to_records(index=False).tolist() == [
        ("no budget", 6), ("other reasons", 5),
    ]  # fmt: skip


def stays(*rows: tuple[str, int, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["stage", "days", "moved"])


@pytest.mark.by_hand("stall_table")
def test_stalls_by_hand():
    moved = [("mql", day, True) for day in range(1, 11)]
    rows = stays(*moved, ("mql", 9, False), ("mql", 10, False), ("won", 99, False), ("x", 1, True))
    table = stall_table(count_stay_rows(rows)).set_index("stage")
    # Nine of ten had moved on by day 9: of the two that wait one waits longer.
    assert table.loc["mql", ["moved_on", "limit_days", "n", "positives"]].tolist() == [10, 9, 2, 1]
    assert table.loc["won", "reason"] == "no lead ever left this stage"
    assert np.isnan(table.loc["won", "rate"])
    assert table.loc["x", "reason"] == "no lead is in this stage"
    for name in stall_table(count_stay_rows(rows)).columns:
        assert f"`{name}`" in str(stall_table.__doc__)
    with pytest.raises(QuestionError, match="expected a number between 0 and 1"):
        stall_table(count_stay_rows(rows), share=90)


def test_stalls_of_nobody_are_an_empty_table():
    table = stall_table(count_stay_rows(stays().astype({"days": "int64", "moved": bool})))
    assert table.empty


def test_responses_are_ordered_by_speed_inside_each_band():
    names = ["never", "later", "4 to 24 h", "within 1 h", "1 to 4 h", "before the moment"]
    rows = pd.DataFrame(
        [(60, state, name) for name in names for state in (C, N)],
        columns=["score", "state", "response"],
    )
    table = response_table(count_rows(rows, by=("response",)), BANDS)
    assert list(dict.fromkeys(table["response"])) == [
        "before the moment", "within 1 h", "1 to 4 h", "4 to 24 h", "later", "never",
    ]  # fmt: skip
    assert (table.loc[table["band"] == "high", "rate"] == 1 / 2).all()
    with pytest.raises(QuestionError, match="give those of count_responses"):
        response_table(count_rows(rows.drop(columns="response")), BANDS)
    with pytest.raises(QuestionError):
        response_table(ScoreCounts(rows.assign(n=1), None, by=("state",)), BANDS)


def test_no_table_speaks_of_causes():
    for function in (response_table, stall_table, funnel_table, hand_raiser_table):
        text = str(function.__doc__).lower()
        assert "because of" not in text
        assert "leads to" not in text
    assert "What it is not: the effect of calling sooner" in str(response_table.__doc__)


@pytest.mark.by_hand("grade_funnel_table", "hand_raiser_table")
def test_grades_and_hand_raisers_by_hand():
    # Of three A1 two were accepted, of two B2 one; two of the accepted had asked to be called.
    rows = rows_of((60, C, N, N), (60, C, N, N), (60, N, N, N), (10, C, N, N), (10, N, N, N))
    rows = rows.assign(
        fit_band=list("AAABB"), behavior_band=list("11122"),
        hand_raiser=[True, False, False, True, False],
    )  # fmt: skip
    counts = count_stage_rows(rows)
    grades = grade_funnel_table(counts)
    first = grades[(grades["stage"] == "accepted") & (grades["of"] == "judged leads")]
    assert first.set_index("band")["rate"].dropna().to_dict() == {"A1": 2 / 3, "B2": 1 / 2}
    low, high = wilson_interval(2, 3)
    assert first[["low", "high"]].iloc[0].tolist() == pytest.approx([float(low), float(high)])
    who = hand_raiser_table(counts, BANDS)
    mine = who[(who["stage"] == "accepted") & (who["of"] == "judged leads")]
    found = mine.set_index(["who", "band"])[["positives", "n"]].apply(tuple, axis=1).to_dict()
    assert found == {
        ("all leads", "high"): (2, 3), ("all leads", "low"): (1, 2),
        ("without hand-raisers", "high"): (1, 2), ("without hand-raisers", "low"): (0, 1),
        ("hand-raisers", "high"): (1, 1), ("hand-raisers", "low"): (1, 1),
    }  # fmt: skip


@pytest.mark.by_hand("disposition_table")
def test_dispositions_by_hand():
    said = ["accepted"] * 3 + ["rejected"] * 6 + ["untouched"] + ["pending"] * 2
    rows = pd.concat([HAND.iloc[[3]]] * 12).assign(
        disposition=said, given_reason=["budget" if each == "rejected" else "" for each in said]
    )
    table = disposition_table(count_stage_rows(rows)).set_index(["disposition", "given_reason"])
    # Two are still within their time, so ten have been decided.
    shares = table["share"].dropna()
    assert shares[shares > 0].to_dict() == pytest.approx(
        {("accepted", ""): 3 / 10, ("rejected", ""): 6 / 10, ("rejected", "budget"): 6 / 10,
         ("untouched", ""): 1 / 10}
    )  # fmt: skip
    low, high = wilson_interval(3, 10)
    row = table.loc[("accepted", "")]
    assert (row["low"], row["high"]) == pytest.approx((float(low), float(high)))
    assert table.loc[("pending", ""), "leads"] == 2


@pytest.mark.by_hand("response_table")
def test_responses_by_hand():
    # In the high band 3 of 4 called within the hour converted, 1 of 5 called later.
    rows = pd.DataFrame(
        [(60, C, "within 1 h")] * 3 + [(60, N, "within 1 h")] + [(60, C, "later")]
        + [(60, N, "later")] * 4, columns=["score", "state", "response"],
    )  # fmt: skip
    table = response_table(count_rows(rows, by=("response",)), BANDS)
    found = table[table["n"] > 0].set_index(["band", "response"])["rate"].to_dict()
    assert found == {("high", "within 1 h"): 3 / 4, ("high", "later"): 1 / 5}
