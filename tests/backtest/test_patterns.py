"""Patterns say of every lead what it met, and add up to the rows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import DAYS, START, models, random_rows, read
from toolkit.backtest import AtAge, Outcome, count_patterns, count_scores, read_scored, run_backtest
from toolkit.counts import Extra, PatternCounts
from toolkit.crm import Crm, Mapping, connect
from toolkit.errors import QuestionError
from toolkit.model import Model, parse_model, score_unit

HEAD = 'lead_score_model: 1\nname: m\nversion: "1"\n'


def model(*criteria: str, more: str = "", group: str = "dimension: behavior") -> Model:
    listed = "".join(f"  - {{id: c{i}, {text}}}\n" for i, text in enumerate(criteria))
    return parse_model(f"{HEAD}{more}groups:\n- id: g\n  {group}\n  criteria:\n{listed}")


def crm_with_accounts(rows: dict[str, list[dict]]) -> Crm:
    """The random leads in accounts of three, some of them SQL."""
    leads = pd.DataFrame(rows["leads"]).astype({
        **dict.fromkeys(["title", "region", "email", "interests"], "string"), "size": "Int64",
    })  # fmt: skip
    number = np.arange(len(leads))
    leads["account_id"] = pd.Series(np.where(number % 5 == 0, None, number // 3)).astype("string")
    columns = ["lead_id", "activity_type", "occurred_at", "page", "asset", "session", "delta"]
    acts = pd.DataFrame(
        [*rows["activities"], {"lead_id": "?", "activity_type": "other", "occurred_at": START}],
        columns=columns,
    ).astype({**dict.fromkeys(["page", "asset", "session"], "string"), "delta": "Int64"})
    stages = pd.DataFrame(
        {"lead_id": leads["lead_id"][::3], "stage": "sql", "entered_at": START + timedelta(days=60)}
    )
    roles = {"sales": ("recycled",), "system": ("adjust", "import")}
    mapping = Mapping(
        observed_until=START + timedelta(days=DAYS + 60), time_zone="UTC", activity_roles=roles
    )
    frames = {"leads": leads, "activities": acts, "stage_changes": stages}
    return connect(frames, mapping=mapping)


CRMS = {seed: crm_with_accounts(random_rows(seed, 40)) for seed in range(3)}


def asked(made: Model, crm: Crm, **more: object) -> tuple[pd.DataFrame, PatternCounts]:
    found = run_backtest(made, crm, moment=AtAge(20), outcome=Outcome("sql", within_days=40))
    return found.rows(), count_patterns(found, **more)


def paid_by_criterion(counts: PatternCounts) -> dict[str, pd.Series]:
    """Score points that the terms of each criterion paid, less what limits and decay took."""
    paid: dict[str, pd.Series] = {}
    for i, term in enumerate(counts.terms):
        more = term.points * counts.frame[f"t{i}"]
        paid[term.criterion] = paid.get(term.criterion, 0) + more
    for i, extra in enumerate(counts.extras):
        if extra.counted:
            paid[extra.criterion] = paid[extra.criterion] - counts.frame[f"x{i}"]
    return paid


def check_against_rows(made: Model, rows: pd.DataFrame, counts: PatternCounts) -> None:
    frame = counts.frame
    assert frame["n"].sum() == len(rows)
    keys = ["score", "state"]
    size = frame.groupby(keys)["n"].sum()
    assert size.to_dict() == rows.groupby(keys).size().to_dict()
    weight = {p.criterion.id: getattr(made.dimensions, p.dimension).weight for p in made.criteria}
    for name, paid in paid_by_criterion(counts).items():
        found = (paid * frame["n"]).groupby([frame["score"], frame["state"]]).sum()
        expected = (rows[name] * weight[name]).groupby([rows["score"], rows["state"]]).sum()
        expected /= made.scale if score_unit(made) == 1 else 1
        np.testing.assert_allclose(found, expected, atol=1e-6)


@settings(max_examples=12)
@given(models(), st.integers(0, 2))
def test_units_times_points_are_the_points_paid_on_any_model(raw: dict, seed: int) -> None:
    made = read(raw)
    rows, counts = asked(made, CRMS[seed])
    check_against_rows(made, rows, counts)


@settings(max_examples=6)
@given(models(), st.integers(0, 2))
def test_the_cells_of_accounts_are_those_of_the_rows(raw: dict, seed: int) -> None:
    rows, counts = asked(read(raw), CRMS[seed])
    assert counts.accounts is not None
    cells = counts.accounts.frame
    frame = counts.frame.loc[cells["cell"], ["score", "state"]].reset_index(drop=True)
    found = frame.assign(account=cells["account"], n=cells["n"])
    rows = rows[rows["account_id"].notna() & rows["account_id"].duplicated(keep=False)]
    by = ["score", "state"]
    assert found.groupby(by)["n"].sum().to_dict() == rows.groupby(by).size().to_dict()
    sizes = sorted(found.groupby("account")["n"].sum())
    assert sizes == sorted(rows.groupby("account_id").size())


def one_lead(*acts: tuple[str, float], **fields: object) -> Crm:
    plain = {"lead_id": "L1", "created_at": START, "title": "VP", "size": 80, "tags": "crm; cms"}
    leads = pd.DataFrame([{**plain, **fields}])
    log = [
        {"lead_id": "L1", "activity_type": kind, "occurred_at": START + timedelta(days=day)}
        for kind, day in acts
    ]
    frames = {
        "leads": leads,
        "activities": pd.DataFrame(log or [{"lead_id": "?", "activity_type": "view",
                                            "occurred_at": START}]),
        "stage_changes": pd.DataFrame(
            [{"lead_id": "L1", "stage": "sql", "entered_at": START + timedelta(days=50)}]
        ),
    }  # fmt: skip
    until = START + timedelta(days=80)
    return connect(frames, mapping=Mapping(observed_until=until, time_zone="UTC"))


BEST = """match: max, cases: [{when: {size: {gte: 10}}, points: 5},
    {when: {size: {gte: 50}}, points: 9}, {when: {title: vp}, points: 5}]"""
SUM = """match: sum, max: 8, cases: [{when: {size: {gte: 50}}, points: 6},
    {when: {title: vp}, points: 6}, {points: 1}]"""
VIEWS = [("view", day) for day in (1, 2, 3, 12, 19)]


@pytest.mark.parametrize(
    ("criterion", "units", "extras", "ids"),
    [
        ("when: {title: vp}, points: 20", [1], [], ["c0"]),
        ("cases: [{when: {size: {gte: 100}}, points: 5}, {when: {size: {gte: 50}}, points: 5}]",
         [0, 1], [], ["c0[1]", "c0[2]"]),
        ("cases: [{when: {size: {gte: 50}}, points: 0}, {points: 7}]", [1, 0], [],
         ["c0[1]", "c0[2]"]),
        (BEST,
         [0, 1, 0], [], ["c0[1]", "c0[2]", "c0[3]"]),
        (SUM,
         [1, 1, 0], [("limit", 4)], ["c0[1]", "c0[2]", "c0[3]"]),
        ("field: tags, per_value: {crm: 10, cms: 5, erp: 3}, max: 12", [1, 1, 0], [("limit", 3)],
         ["c0[1]", "c0[2]", "c0[3]"]),
        ("activity: view, points: 10", [5], [], ["c0"]),
        ("activity: view, points: 10, max_units: 2", [2], [("excess", 30)], ["c0"]),
        ("activity: view, points: 10, max: 25", [2.5], [("excess", 25)], ["c0"]),
        ("activity: view, points: 0, max_units: 4", [4], [("excess", 0)], ["c0"]),
        # Ages at day 20: 19, 18, 17, 8 and 1 days; of 10 points 1, 1, 2, 6 and 10 are left.
        ("activity: view, points: 10, decay: {percent: 10, every: 2d}", [5],
         [("decay", 10 - 1 + 10 - 1 + 10 - 2 + 10 - 6 + 10 - 10)], ["c0"]),
        ("activity: view, points: 10, max: 30, decay: {expire: 10d}", [3],
         [("excess", 20), ("decay", 10)], ["c0"]),
        ("activity: view, tiers: [{at_least: 5, points: 9}, {at_least: 2, points: 9}]", [1, 0], [],
         ["c0[1]", "c0[2]"]),
        ("inactivity: {after: 1d}, points: -5", [1], [], ["c0"]),
        ("activity: view, points: 10, weight: 3", [5], [], ["c0"]),
        ("activity: view, points: 10, weight: 0", [5], [], ["c0"]),
    ],
)  # fmt: skip
def test_units_by_hand(criterion: str, units: list, extras: list, ids: list) -> None:
    crm = one_lead(*VIEWS)
    counts = asked(model(criterion), crm)[1]
    row = counts.frame.iloc[0]
    assert [row[f"t{i}"] for i in range(len(counts.terms))] == units
    assert [term.id for term in counts.terms] == ids
    found = [(extra.kind, row[f"x{i}"]) for i, extra in enumerate(counts.extras)]
    assert found == extras
    assert counts.rest.tolist() == [0]


def test_weight_dimension_and_scale_are_part_of_a_terms_points() -> None:
    made = model(
        "activity: view, points: 10, weight: 3, max: 20",
        more="scale: 2\ndimensions: {behavior: {weight: 5}}\n",
    )
    counts = asked(made, one_lead(*VIEWS))[1]
    assert counts.terms[0].points == 10 * 3 * 5 / 2
    row = counts.frame.iloc[0]
    assert (row["t0"], row["x0"]) == (2, 30 * 15 / 2)
    assert row["score"] == 150
    assert counts.extras == (Extra("excess", "c0"),)


def test_what_other_limits_take_off_is_the_rest() -> None:
    made = model("activity: view, points: 10", more="base: 3\nmax: 40\n")
    counts = asked(made, one_lead(*VIEWS))[1]
    assert counts.rest.tolist() == [53 - 40]


def test_recorded_deltas_are_an_offset_and_no_term() -> None:
    crm = CRMS[0]
    made = model("ledger: adjust", "activity: view, points: 10")
    rows, counts = asked(made, crm)
    assert [term.criterion for term in counts.terms] == ["c1"]
    assert (counts.frame["offset"] * counts.frame["n"]).sum() == rows["c0"].sum()
    assert rows["c0"].abs().sum() > 0


def test_a_season_that_is_over_pays_no_units() -> None:
    made = model("activity: view, points: 10, max_units: 2, active: {to: 2025-01-01}")
    counts = asked(made, one_lead(*VIEWS))[1]
    assert counts.frame[["t0", "x0"]].iloc[0].tolist() == [0, 0]


def test_an_axis_splits_the_same_leads() -> None:
    made, crm = model("when: {title: {contains_word: vp}}, points: 20"), CRMS[1]
    found = run_backtest(
        made, crm, moment=AtAge(20), outcome=Outcome("sql", within_days=40), segments=["region"]
    )
    split, whole = count_patterns(found, by="region"), count_patterns(found)
    keys = ["t0", "score", "state"]
    one = split.frame.groupby(keys)["n"].sum()
    assert one.to_dict() == whole.frame.groupby(keys)["n"].sum().to_dict()
    expected = count_scores(found, by="region").frame.groupby("region")["n"].sum()
    assert split.frame.groupby("region")["n"].sum().to_dict() == expected.to_dict()


def test_leads_of_one_account_share_their_fold() -> None:
    made, crm = model("when: {title: {contains_word: vp}}, points: 20"), CRMS[1]
    counts = asked(made, crm, folds=3)[1]
    assert set(counts.frame["fold"]) == {0, 1, 2}
    cells = counts.accounts.frame
    fold = counts.frame["fold"].to_numpy()[cells["cell"]]
    assert (
        pd.Series(fold).groupby(cells["account"].to_numpy()).agg(["min", "max"]).diff(axis=1)["max"]
        == 0
    ).all()
    again = asked(made, crm, folds=3)[1]
    pd.testing.assert_frame_equal(counts.frame, again.frame)


def test_too_many_patterns_are_grouped_by_decay_at_their_mean() -> None:
    made = model(
        "activity: view, points: 50, decay: {points: 1, every: 1d}", "activity: other, points: 3"
    )
    crm = crm_with_accounts(random_rows(7, 300))
    rows, exact = asked(made, crm)
    assert exact.grouping is None
    _, grouped = asked(made, crm, most=len(exact.frame) - 1)
    assert grouped.grouping is not None
    assert "decaying criterion" in grouped.grouping
    assert len(grouped.frame) < len(exact.frame)
    for counts in (exact, grouped):
        mean = (counts.frame["score"] * counts.frame["n"]).sum()
        assert mean == pytest.approx(rows["score"].sum())
        paid = counts.frame["t0"] * 50 - counts.frame["x0"]
        assert (paid * counts.frame["n"]).sum() == pytest.approx(rows["c0"].sum())


def test_a_file_of_scores_has_no_patterns() -> None:
    rows = pd.DataFrame({"score": [1, 2], "won": [0, 1]})
    with pytest.raises(QuestionError, match="patterns need a model"):
        count_patterns(read_scored(rows, score="score", outcome="won"))


def test_one_fold_is_refused() -> None:
    with pytest.raises(QuestionError, match="folds is 1: expected 2 or more"):
        asked(model("when: {title: vp}, points: 20"), one_lead(), folds=1)


def test_whole_units_and_points_stand_in_whole_numbers():
    crm = one_lead(("form", 5.0), ("form", 1.0))
    plain = asked(model("activity: form, points: 10"), crm)[1].frame
    assert (plain["t0"].dtype, plain["score"].dtype) == (np.int16, np.int32)
    fading = "activity: form, points: 10, decay: {percent: 3, every: 1d}"
    frame = asked(model(fading), crm)[1].frame
    assert (frame["t0"].dtype, frame["x0"].dtype) == (np.int16, np.float64)


def test_the_engines_memory_limit_is_what_it_was():
    crm = one_lead(("form", 5.0))
    crm.connection.execute("set memory_limit = '3.3 GiB'")
    before = crm.connection.execute("select current_setting('memory_limit')").fetchone()
    for _ in range(3):
        asked(model("activity: form, points: 10"), crm)
    after = crm.connection.execute("select current_setting('memory_limit')").fetchone()
    assert after == before
