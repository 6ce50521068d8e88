"""What must not change what the data say of points: order, names, scale, copies, the mirror."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from tests.analysis.proposal.models import model_of
from tests.analysis.results import alike, values
from tests.analysis.rows import PROVENANCE
from tests.analysis.weights.patterns import account_cells, term
from toolkit import analysis
from toolkit.analysis import fit_weights
from toolkit.counts import AccountCells, Extra, PatternCounts

POINTS = {"a": 20, "b": 10, "c": 10}
TRUE = {"a": 5, "b": 30, "c": 12}
"""Points of a, of b, and of each visit (c), of which two are paid."""
SEEDS = st.integers(0, 10_000)


def drawn(seed: int) -> pd.DataFrame:
    """Leads of accounts over two quarters: what they met, and whether they converted."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame((rng.random((1_200, 2)) < 0.4).astype(int), columns=["a", "b"])
    visits = rng.integers(0, 5, len(rows))
    rows["c"], rows["over"] = np.minimum(visits, 2), np.maximum(visits - 2, 0)
    rows["account"] = rng.integers(0, 450, len(rows))
    rows["fold"] = rows["account"] % 2
    rows["quarter"] = rng.choice(["1", "2"], len(rows))
    worth = TRUE["a"] * rows["a"] + TRUE["b"] * rows["b"] + TRUE["c"] * rows["c"]
    effect = 0.5 * rng.normal(size=450)[rows["account"]]
    return rows.assign(y=(rng.random(len(rows)) < expit(-1.5 + worth / 25 + effect)).astype(int))


def counted(
    rows: pd.DataFrame, *, times: float = 1, origin: float = 0, names: str = "abc"
) -> PatternCounts:
    """Patterns of the rows, with points so many times as large and scores from another origin."""
    points = {name: times * POINTS.get(name, 0) for name in names}
    frame = rows[list(names)].set_axis([f"t{i}" for i in range(len(names))], axis=1).astype(float)
    frame["x0"] = points["c"] * rows["over"]
    frame["score"] = origin + rows[list(names)] @ list(points.values())
    frame["state"] = np.where(rows["y"] == 1, "converted", "not_converted")
    frame = frame.assign(offset=0.0, quarter=rows["quarter"], fold=rows["fold"])
    cells = frame.groupby(list(frame.columns), sort=True)
    return PatternCounts(
        frame=cells.size().reset_index(name="n"),
        terms=tuple(
            term(name, worth, kind="units" if name == "c" else "flag")
            for name, worth in points.items()
        ),
        provenance=replace(PROVENANCE, model_hash=None),
        extras=(Extra("excess", "c"),),
        base=origin,
        by=("quarter",),
        accounts=account_cells(rows["account"], cells.ngroup()) if "account" in rows else None,
    )


Found = dict[tuple[object, ...], object]
"""Numbers and answers by column and by what the row is called."""


def table(frame: pd.DataFrame, *keys: str) -> Found:
    """The cells of a table by column and by what its rows are called."""
    names = frame[list(keys)].itertuples(index=False, name=None)
    rows = frame.drop(columns=list(keys)).to_dict("records")
    return {
        (column, *name): value
        for name, row in zip(names, rows, strict=True)
        for column, value in row.items()
    }


def fields(found: object) -> Found:
    return {(place.lstrip("."),): value for place, value in values(found)}


def fitted(counts: PatternCounts, _: float) -> Found:
    weights = fit_weights(counts)
    names = [each.id for each in weights.terms]
    points = {
        "adjusted": weights.joint.points, "adjusted_low": weights.joint.points_low,
        "adjusted_high": weights.joint.points_high, "alone": weights.alone,
    }  # fmt: skip
    said = table(pd.DataFrame({"term": names, **points}), "term")
    said["to_double",] = weights.scale.points_to_double
    return {**said, ("global",): weights.global_test.statistic}


def judged(counts: PatternCounts, times: float) -> Found:
    weights = fit_weights(counts)
    found = analysis.judge_weights(weights, margin=5 * times)
    rows = [
        {"term": each.id, "verdict": one.verdict, "p": one.departure.p, "p_holm": one.p_holm,
         "departure": one.departure.estimate, "departure_low": one.departure.low_inner,
         "departure_high": one.departure.high_inner, "detectable": one.detectable,
         "n_needed": one.n_needed, "told": one.told}
        for each, one in zip(weights.terms, found, strict=True)
    ]  # fmt: skip
    return table(pd.DataFrame(rows), "term")


def weighed(counts: PatternCounts, times: float) -> Found:
    found = analysis.weight_table(fit_weights(counts), margin=5 * times)
    return table(found.drop(columns=["because", "note", "criterion", "label"]), "term")


def laddered(counts: PatternCounts, _: float) -> Found:
    found = analysis.update_ladder(fit_weights(counts))
    return table(found.table, "null") | {("action",): found.action, ("share",): found.shrinkage}


def rounded(counts: PatternCounts, times: float) -> Found:
    weights = fit_weights(counts)
    found = analysis.integer_points(weights, grid=int(times), points_to_double=15 * times)
    points = {("points", each.id): p for each, p in zip(weights.terms, found.points, strict=True)}
    return {**points, ("deviance",): found.deviance, ("loss",): found.loss}


def proposed(counts: PatternCounts, times: float) -> Found:
    points = {each.id: int(each.points) for each in counts.terms}
    found = analysis.propose_model(
        model_of(points, bands=f"- {{name: MQL, from: {int(20 * times)}, handoff: true}}"),
        fit_weights(counts), margin=5 * times, grid=int(5 * times), patterns=counts,
        move_thresholds=False,
    )  # fmt: skip
    kept = ["term", "now", "proposed", "change", "action", "implied", "shrunk"]
    return table(found.table[kept], "term") | {("share",): found.shrinkage}


def performing(counts: PatternCounts, _: float) -> Found:
    found = analysis.optimism(fit_weights(counts), runs=3)
    return table(found.table[["apparent"]].reset_index(), "measure")


def reported(counts: PatternCounts, _: float) -> Found:
    found = analysis.glm_results(fit_weights(counts))
    names = found.model.exog_names
    return {(name, "error"): each for name, each in zip(names[1:], found.bse[1:], strict=True)} | {
        (name, "coefficient"): each for name, each in zip(names[1:], found.params[1:], strict=True)
    }


def paired(counts: PatternCounts, _: float) -> Found:
    column = [each.id for each in counts.terms].index("a")
    pairs = analysis.pattern_pairs(counts, counts.frame[f"t{column}"].to_numpy(), name="a")
    return table(pairs.frame.groupby(["champion", "challenger", "state"], as_index=False).sum(),
                 "champion", "challenger", "state")  # fmt: skip


def cross_fitted(counts: PatternCounts, times: float) -> Found:
    points = {each.id: int(each.points) for each in counts.terms}
    pairs = analysis.cross_fitted_pairs(
        counts, model_of(points), margin=5 * times, grid=int(5 * times)
    )
    return fields(analysis.auc_difference(pairs))


STATISTICS: dict[str, Callable[[PatternCounts, float], Found]] = {
    "fit_weights": fitted,
    "judge_weights": judged,
    "weight_table": weighed,
    "weight_contrast": lambda c, _: fields(analysis.weight_contrast(fit_weights(c), a="a", b="b")),
    "overlap_table": lambda c, _: pairs_of(analysis.overlap_table(fit_weights(c))),
    "adequacy": lambda c, _: fields(analysis.adequacy(fit_weights(c))),
    "dose_table": lambda c, _: table(analysis.dose_table(fit_weights(c)), "term", "units"),
    "rule_table": lambda c, _: table(analysis.rule_table(fit_weights(c)), "rule", "criterion"),
    "period_table": lambda c, _: table(
        analysis.period_table(c, fit_weights(c)), "term", "period"
    ),
    "stability_table": lambda c, _: table(analysis.stability_table(c, fit_weights(c)), "term"),
    "optimism": performing,
    "glm_results": reported,
    "update_ladder": laddered,
    "integer_points": rounded,
    "propose_model": proposed,
    "baseline_table": lambda c, times: table(
        analysis.baseline_table(c, threshold=c.base + 20 * times), "baseline"
    ),
    "pattern_pairs": paired,
    "cross_fitted_pairs": cross_fitted,
}  # fmt: skip


def pairs_of(frame: pd.DataFrame) -> Found:
    """Overlaps by pair, whichever of the two stands first."""
    turned = frame.rename(columns={"n_a": "n_b", "n_b": "n_a", "a": "b", "b": "a",
                                   "share_of_a": "share_of_b", "share_of_b": "share_of_a"})  # fmt: skip
    both = pd.concat([frame, turned]).drop(columns=["label_a", "label_b"])
    return table(both, "a", "b")


def differences(one: Found, two: Found) -> Found:
    assert one.keys() == two.keys()
    return {
        place: (value, two[place])
        for place, value in one.items()
        if not (value == two[place] if isinstance(value, str) else alike(value, two[place]))
    }


@pytest.mark.property_of(*STATISTICS)
@pytest.mark.parametrize("name", STATISTICS)
@settings(max_examples=4)
@given(seed=SEEDS)
def test_order_of_rows_and_of_criteria_and_names_of_accounts_say_nothing(name, seed):
    rows = drawn(seed)
    statistic, other = STATISTICS[name], rows.sample(frac=1, random_state=seed)
    other = other.assign(account=(997 - other["account"]) * 3, fold=1 - other["fold"])
    other = other.reset_index(drop=True)
    assert differences(statistic(counted(rows), 1), statistic(counted(other, names="cab"), 1)) == {}


IN_POINTS = {
    "fit_weights": {"adjusted", "adjusted_low", "adjusted_high", "alone", "to_double"},
    "judge_weights": {"departure", "departure_low", "departure_high", "detectable"},
    "weight_table": {
        "now", "alone_points", "adjusted_points", "adjusted_low", "adjusted_high", "detectable",
        "single_points", "single_low", "single_high", "implied_points", "implied_low",
        "implied_high", "departure", "departure_low", "departure_high",
    },
    "weight_contrast": {"now", "estimate", "low", "high"},
    "overlap_table": {"points_together"},
    "dose_table": {"now", "implied", "low", "high"},
    "rule_table": {"points"},
    "period_table": {"departure", "low", "high"},
    "stability_table": {"earlier", "last"},
    "integer_points": {"points"},
    "propose_model": {"now", "proposed", "change", "implied", "shrunk"},
}  # fmt: skip


@pytest.mark.property_of(*(set(STATISTICS) - {"pattern_pairs"}))
@pytest.mark.parametrize("name", sorted(set(STATISTICS) - {"pattern_pairs"}))
@settings(max_examples=4)
@given(seed=SEEDS, times=st.sampled_from([2, 10]), origin=st.sampled_from([-300, 0, 7]))
def test_points_may_be_counted_in_any_unit_and_from_anywhere(name, seed, times, origin):
    rows, mine = drawn(seed), IN_POINTS.get(name, set())
    found = {
        place: times * value if place[0] in mine else value
        for place, value in STATISTICS[name](counted(rows), 1).items()
    }
    there = STATISTICS[name](counted(rows, times=times, origin=origin), times)
    assert differences(found, there) == {}


NOT_TURNED = {"to_double", "detectable"}
"""In points, but sizes and no directions."""
SHARES = {"rate", "rate_without", "rate_with"}
COUNTED = {"positives", "positives_with", "positives_without"}


def other_end(column: str) -> str:
    """The column of the upper end for that of the lower one, and the reverse."""
    ends = {"low": "high", "high": "low"}
    *stem, end = column.split("_")
    return "_".join([*stem, ends.get(end, end)])


def mirrored(name: str, found: Found) -> Found:
    """What the same leads say of the opposite outcome and opposite points."""
    turned, out = IN_POINTS.get(name, set()) - NOT_TURNED, {}
    for (column, *row), value in found.items():
        if column in turned:
            out[(other_end(column), *row)] = -value
        elif column.startswith("odds_ratio"):
            out[(other_end(column), *row)] = 1 / value
        elif column in SHARES:
            out[(column, *row)] = 1 - value
        elif column in COUNTED:
            out[(column, *row)] = found[(column.replace("positives", "n"), *row)] - value
        else:
            out[(column, *row)] = value
    return out


MIRRORED = [
    "fit_weights", "judge_weights", "weight_table", "weight_contrast", "overlap_table", "dose_table",
    "rule_table", "period_table", "stability_table", "update_ladder", "integer_points", "optimism",
]  # fmt: skip


@pytest.mark.property_of(*MIRRORED)
@pytest.mark.parametrize("name", MIRRORED)
@settings(max_examples=4)
@given(seed=SEEDS)
def test_who_did_not_convert_says_the_same_of_points_turned_round(name, seed):
    rows = drawn(seed)
    found = mirrored(name, STATISTICS[name](counted(rows), 1))
    turned = counted(rows.assign(y=1 - rows["y"]))
    terms = tuple(replace(each, points=-each.points) for each in turned.terms)
    frame = turned.frame.assign(score=-turned.frame["score"], x0=-turned.frame["x0"])
    assert differences(found, STATISTICS[name](replace(turned, terms=terms, frame=frame), 1)) == {}


def more(counts: PatternCounts, times: int) -> PatternCounts:
    """So many copies of every lead, each in the account of its lead."""
    cells = counts.accounts
    if cells is not None:
        cells = AccountCells(cells.frame.assign(n=cells.frame["n"] * times))
    return replace(counts, frame=counts.frame.assign(n=counts.frame["n"] * times), accounts=cells)


COPIED = {
    "fit_weights": {"adjusted", "alone", "to_double", "global"},
    "judge_weights": {"departure", "p", "p_holm"},
    "weight_table": {
        "now", "alone_points", "adjusted_points", "implied_points", "departure", "p", "rate_with",
        "rate_without", "odds_ratio", "accounts_with",
    },
    "weight_contrast": {"now", "estimate"},
    "overlap_table": {"phi", "share_of_a", "share_of_b"},
    "dose_table": {"now", "implied", "rate", "p_shape"},
    "rule_table": {"given_back", "points", "p"},
    "period_table": {"departure", "low", "high"},
    "stability_table": {"earlier", "last", "same_sign", "holds", "p_periods"},
    "update_ladder": {"score_test", "p_score", "p", "action", "share"},
    "integer_points": {"points"},
    "optimism": {"apparent"},
    "baseline_table": {"auc", "auc_gain"},
}  # fmt: skip
"""What copies of leads in their own accounts leave as it is, to the last digit. Standard errors of
coefficients have a factor (n - 1) / (n - k) that knows the number of leads."""


@pytest.mark.property_of(*COPIED)
@pytest.mark.parametrize("name", COPIED)
@settings(max_examples=4)
@given(seed=SEEDS, times=st.integers(2, 5))
def test_copies_of_leads_in_their_accounts_tell_nothing_new(name, seed, times):
    # No account of one lead, whose copies would be listed anew.
    counts = counted(pd.concat([drawn(seed)] * 2, ignore_index=True))
    one, many = (
        {place: value for place, value in found.items() if place[0] in COPIED[name]}
        for found in (STATISTICS[name](each, 1) for each in (counts, more(counts, times)))
    )
    assert {place[0] for place in one} == COPIED[name]
    assert differences(one, many) == {}


@pytest.mark.property_of("adequacy", "fit_weights", "glm_results", "period_table", "update_ladder")
@settings(max_examples=4)
@given(seed=SEEDS, times=st.integers(2, 6))
def test_so_many_times_the_leads_leave_the_estimate_and_divide_its_variance(seed, times):
    counts = counted(drawn(seed).drop(columns="account"))
    weights, many = fit_weights(counts), fit_weights(more(counts, times))
    np.testing.assert_allclose(many.joint.coefficients, weights.joint.coefficients, rtol=1e-7)
    np.testing.assert_allclose(
        many.joint.standard_errors * times**0.5, weights.joint.standard_errors, rtol=1e-6
    )
    assert many.global_test.statistic == pytest.approx(times * weights.global_test.statistic)
    one, two = (analysis.glm_results(each).bse for each in (weights, many))
    np.testing.assert_allclose(two * times**0.5, one, rtol=1e-6)
    ladders = [analysis.update_ladder(each).table for each in (weights, many)]
    for column in ("likelihood_ratio", "score_test"):
        np.testing.assert_allclose(ladders[1][column], times * ladders[0][column], rtol=1e-6)
    enough = [analysis.adequacy(each) for each in (weights, many)]
    assert enough[1].needed.n == enough[0].needed.n
    assert enough[1].n_effective == times * enough[0].n_effective
    wide = [
        analysis.period_table(each, fit_weights(each)).eval("high - low")
        for each in (counts, more(counts, times))
    ]
    np.testing.assert_allclose(wide[1] * times**0.5, wide[0], rtol=1e-6)


UNMET = [
    "fit_weights", "overlap_table", "adequacy", "dose_table", "rule_table", "period_table",
    "stability_table", "update_ladder", "integer_points", "optimism", "glm_results",
]  # fmt: skip
"""Verdicts are not among them: they ask how many criteria there are."""


@pytest.mark.property_of(*UNMET)
@pytest.mark.parametrize("name", UNMET)
@settings(max_examples=4)
@given(seed=SEEDS)
def test_a_criterion_that_nobody_met_changes_nothing_for_the_others(name, seed):
    rows = drawn(seed)
    found = STATISTICS[name](counted(rows), 1)
    beside = STATISTICS[name](counted(rows.assign(d=0), names="abcd"), 1)
    assert differences(found, {place: beside[place] for place in found}) == {}
