"""Every verdict on a weight, and every refusal, has its sentence."""

from __future__ import annotations

from datetime import date
from math import nan

import pandas as pd
import pytest

from tests.analysis.weights.patterns import count_patterns, term
from tests.analysis.weights.test_verdicts import NAMES, POINTS, draw
from toolkit.analysis.weights import fit_weights, stability_table, weight_table
from toolkit.report.weights.sentences import weight_sentence
from toolkit.report.wording import MINUS, Words

ROW = {
    "label": "Demo requested", "kind": "units", "now": 30.0, "implied_points": 44.2, "implied_low": 37.1,
    "implied_high": 51.9, "rate_without": 0.102, "rate_with": 0.304, "odds_ratio": 4.63,
    "odds_ratio_low": 3.5, "odds_ratio_high": 6.1, "n_with": 500, "n_without": 1500,
    "positives_with": 140, "verdict": "change", "basis": "evidence", "departure": 14.2,
    "because": "the data rule out a departure of less than 5 points", "n_needed": None,
    "weeks_needed": nan,
}  # fmt: skip


def test_a_change_says_by_how_much_on_what_and_how_surely():
    said = weight_sentence(
        ROW, family=11, stability={"periods": 8, "same_sign": 7}, words=Words("SQL")
    )
    assert said == (
        "Raise “Demo requested” from +30: the outcomes support +44.2 (95% interval +37.1 to "
        "+51.9). One unit of it lifts the SQL rate of otherwise equal leads from 10.2% to 30.4% "
        "(odds ratio 4.63, 3.50 to 6.10). 140 conversions with it; same direction in 7 of 8 "
        "periods; survives correction for 11 criteria."
    )


def test_a_change_downward_says_lower():
    lower = {**ROW, "implied_points": -1.0, "rate_with": 0.05}
    said = weight_sentence(lower)
    assert said.startswith("Lower “Demo requested” from +30: the outcomes support")
    assert f"{MINUS}1" in said
    assert "lowers the SQL rate" in said


def test_keep_says_what_is_ruled_out():
    assert weight_sentence({**ROW, "verdict": "keep"}, margin=5) == (
        "Keep “Demo requested” at +30: the data rule out a difference of more than 5 points."
    )


MORE = "Needs about 500 more leads that have it"
OPEN = {**ROW, "verdict": "not enough evidence", "because": "a departure from +1 to +9 fits"}


@pytest.mark.parametrize(
    ("weeks", "tail"),
    [
        (10.0, f"{MORE}: December 2026 at the present pace."),
        (999.0, f"{MORE}: more than five years at the present pace."),
        (nan, f"{MORE}."),
    ],
)  # fmt: skip
def test_too_thin_evidence_says_what_would_settle_it(weeks, tail):
    row = {**OPEN, "n_needed": 4000, "weeks_needed": weeks}
    said = weight_sentence(row, today=date(2026, 10, 1))
    assert said == (
        "Not enough evidence to change “Demo requested”: the estimate is +44.2, but anything from "
        f"+37.1 to +51.9 fits. Do not read this as proof that +30 is right. {tail}"
    )


def sentences(rows, *, terms=None, names=NAMES, points=POINTS, **more):
    counts = count_patterns(rows, names, points, terms=terms)
    table = weight_table(fit_weights(counts, **more))
    return {row["term"]: weight_sentence(row) for row in table.to_dict("records")}


def test_refusals_say_why():
    rows = draw([40, 15, -10, 40], n=40_000)
    rows["rare"] = 0
    rows.loc[rows.index[rows["y"] == 1][:10], "rare"] = 1
    rows["never"] = 0
    names, points = [*NAMES, "rare", "never"], [*POINTS, 0, 5]
    terms = tuple(
        term(n, p, basis="policy" if n == "d" else "evidence")
        for n, p in zip(names, points, strict=True)
    )
    said = sentences(rows, terms=terms, names=names, points=points, after_contact=["a"])
    assert said["a"] == (
        "No proposal: “a” is recorded after sales contact, so its effect may be caused by the "
        "outcome."
    )
    assert said["d"].startswith(
        "No proposal: “d” is a choice (policy), which evidence does not move. The outcomes "
        "support +"
    )
    assert said["d"].endswith("instead of +5, which is its price.")
    assert said["rare"].endswith("Too few leads have it: 10, under 40.")
    assert said["never"] == "Not enough evidence to change “never”: no judged lead has it."


def test_too_few_outcomes_say_so():
    said = sentences(draw([20, 15, -10, 5], n=300, intercept=-3.6))
    assert all("under 40 nothing is proposed" in text for text in said.values())


def test_a_whole_table_with_periods_can_be_said():
    rows = draw([40, 15, -10, 5], n=20_000).assign(quarter=lambda f: f.index % 4)
    counts = count_patterns(rows, NAMES, POINTS, by="quarter")
    weights = fit_weights(counts)
    steady = stability_table(counts, weights).set_index("term").to_dict("index")
    table = weight_table(weights)
    said = [
        weight_sentence(row, stability=steady[row["term"]], family=4, today=date(2026, 10, 1))
        for row in table.to_dict("records")
    ]
    assert "same direction in 4 of 4 periods" in said[0]
    assert not any("nan" in text or "<NA>" in text or "inf" in text for text in said)
    assert isinstance(table, pd.DataFrame)


def test_points_too_many_for_what_helps_read_as_only():
    less = {**ROW, "implied_points": 4.0}
    assert (
        "lifts the SQL rate of otherwise equal leads only from 10.2% to 30.4%"
        in weight_sentence(less)
    )
    # What is paid for and lowers the rate, or deserves more than it is paid, does not.
    assert "leads from 10.2%" in weight_sentence(ROW)
    assert "leads from 10.2%" in weight_sentence({**less, "rate_with": 0.05})
    taken = {**ROW, "now": -30.0, "implied_points": -4.0, "rate_with": 0.05}
    assert "lowers the SQL rate of otherwise equal leads only from 10.2%" in weight_sentence(taken)


def test_a_criterion_that_is_met_or_not_has_no_units():
    assert "It lifts the SQL rate" in weight_sentence({**ROW, "kind": "flag"})
    assert "It lifts the SQL rate" in weight_sentence({**ROW, "kind": "tier"})
    assert "One unit of it lifts the SQL rate" in weight_sentence({**ROW, "kind": "silence"})


def test_a_rate_that_does_not_move_is_said_to_stay():
    said = weight_sentence({**ROW, "rate_with": 0.1021, "odds_ratio": 1.0})
    assert "One unit of it leaves the SQL rate of otherwise equal leads at 10.2% (odds" in said
    assert "from 10.2% to 10.2%" not in said


@pytest.mark.parametrize(
    ("same", "said"),
    [
        (4, "; same direction in 4 of 6 periods;"),
        (3, "; but in only 3 of 6 periods the same direction as in the others, so try it on later leads"),
        (0, "; but in only 0 of 6 periods the same direction"),
    ],
)  # fmt: skip
def test_a_direction_that_changes_from_period_to_period_is_no_recommendation(same, said):
    steady = {"periods": 6, "same_sign": same}
    assert said in weight_sentence(ROW, family=2, stability=steady)
