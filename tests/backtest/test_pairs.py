"""Two models on the same leads, and leads drawn anew by account: counts say what rows say."""

from __future__ import annotations

from dataclasses import replace
from hashlib import md5, sha256
from math import exp, factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.tables import (
    SCORED,
    activity,
    at,
    change,
    crm_of,
    crms,
    entry,
    lead,
    scored_rows,
)
from tests.backtest.test_outcomes import FLAT, SQL
from toolkit.analysis import auc, auc_difference
from toolkit.analysis.bootstrap import replicate_cells
from toolkit.backtest import (
    AtAge,
    AtPeriodEnd,
    count_pairs,
    count_replicates,
    count_scores,
    read_scored,
    run_backtest,
)
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

DEEP = parse_model("""
lead_score_model: 1
name: deep
version: "2"
dimensions: {fit: {}, behavior: {}}
groups:
- id: who
  dimension: fit
  criteria:
  - {id: vp, when: {title: {contains_word: [vp]}}, points: 20}
  - {id: size, cases: [{when: {employees: {gte: 200}}, points: 15}, {when: {employees: {gte: 50}}, points: 5}]}
- id: does
  dimension: behavior
  criteria:
  - {id: demo, activity: demo, within: 20d, points: 30, max: 30}
  - {id: view, activity: page_view, within: 10d, points: 4, max: 12}
gates: [{when: {domain: mail.example}, then: none}]
bands: [{name: mql, from: 30}, {name: none}]
""")


def two_columns(drawn):
    """The rows of a flat file with a second score, and the two backtests of its columns."""
    rows = scored_rows(drawn).assign(second=lambda rows: (rows["score"] * 5 + rows["won"]) % 4)
    one, two = (
        read_scored(rows, score=name, outcome="won", account="account")
        for name in ("score", "second")
    )
    return rows, one, two


@settings(max_examples=20)
@given(st.lists(SCORED, min_size=1, max_size=25))
def test_pair_counts_equal_a_group_by_of_the_rows(drawn: list) -> None:
    rows, one, two = two_columns(drawn)
    pairs = count_pairs(one, two, fitted_on="nothing")
    state = rows["won"].map({True: "converted", False: "not_converted"})
    plain = rows.groupby([rows["score"], rows["second"], state]).size()
    assert pairs.frame.set_index(["champion", "challenger", "state"])["n"].to_dict() == (
        plain.to_dict()
    )
    assert pairs.n == len(rows)
    assert pairs.fitted_on == "nothing"


@settings(max_examples=20)
@given(st.lists(SCORED, min_size=1, max_size=25))
def test_cells_of_accounts_equal_those_of_the_rows(drawn: list) -> None:
    rows, one, two = two_columns(drawn)
    pairs = count_pairs(one, two)
    if rows["account"].isna().all():
        assert pairs.accounts is None
        return
    assert pairs.accounts is not None
    cells = pairs.frame.reset_index(names="cell").rename(
        columns={"champion": "score", "challenger": "second"}
    )
    state = rows["won"].map({True: "converted", False: "not_converted"})
    placed = rows.assign(state=state).merge(cells, on=["score", "second", "state"])
    several = placed[placed["account"].notna() & placed["account"].duplicated(keep=False)]
    expected = sorted(
        sorted(part.groupby("cell").size().items()) for _, part in several.groupby("account")
    )
    found = pairs.accounts.frame
    assert expected == sorted(
        sorted(zip(part["cell"], part["n"], strict=True)) for _, part in found.groupby("account")
    )


@settings(max_examples=12)
@given(crms(), st.sampled_from([AtAge(days=10), AtPeriodEnd("month")]))
def test_a_challenger_scores_each_lead_as_its_own_backtest_does(rows: dict, moment) -> None:
    rows = {**rows, "leads": [*rows["leads"], lead(50)]}
    crm = crm_of(**rows)
    champion = run_backtest(FLAT, crm, moment=moment, outcome=SQL)
    own = run_backtest(DEEP, crm, moment=moment, outcome=SQL)
    by_model, by_backtest = count_pairs(champion, DEEP), count_pairs(champion, own)
    pd.testing.assert_frame_equal(by_model.frame, by_backtest.frame)
    assert by_model.provenance.flow == by_backtest.provenance.flow
    assert by_model.challenger == "deep 2"
    plain = champion.rows().merge(own.rows(), on=["lead_id", "moment", "state"])
    assert by_model.n == len(plain)
    expected = plain.groupby(["score_x", "score_y", "state"]).size().to_dict()
    assert by_model.frame.set_index(["champion", "challenger", "state"])["n"].to_dict() == expected


def test_leads_that_the_challenger_does_not_score_stand_in_the_flow() -> None:
    leads = [lead(1), lead(2, domain="mail.example"), lead(3)]
    crm = crm_of(leads, [activity(1, "demo", 1)], [entry(3, "sql", 20)])
    pairs = count_pairs(run_backtest(FLAT, crm, moment=AtAge(days=1), outcome=SQL), DEEP)
    steps = {step.reason: step.n for step in pairs.provenance.flow}
    assert steps["not scored by the challenger"] == 1
    assert pairs.n == 2
    assert sum(step.n for step in pairs.provenance.flow if step.kind == "state") == 2


def test_leads_of_earlier_moments_are_left_out_and_counted() -> None:
    crm = crm_of([lead(1, 1), lead(2, 10), lead(3, 20)], stages=[entry(3, "sql", 25)])
    backtest = run_backtest(FLAT, crm, moment=AtAge(0), outcome=SQL)
    first = at(10).date()
    pairs = count_pairs(backtest, FLAT, since=first)
    assert pairs.n == 2
    assert pairs.provenance.first_moment == first
    steps = {step.reason: step.n for step in pairs.provenance.flow}
    assert steps[f"scored before {first}"] == 1
    assert steps["converted"] == pairs.total("converted") == 1
    assert count_pairs(backtest, FLAT, since=at(11).date()).n == 1


def test_a_champion_against_itself_is_an_identical_ranking() -> None:
    rows, one, _ = two_columns([(i % 4, i % 3 == 0, "AB"[i % 2], None) for i in range(-9, 12)])
    found = auc_difference(count_pairs(one, one, fitted_on="nothing"))
    assert found.reason is not None
    assert found.reason.startswith("identical ranking")
    assert found.champion == auc(count_scores(one)).estimate
    assert len(rows) == 21


def test_rows_that_miss_one_of_two_scores_are_paired_by_their_place_in_the_file() -> None:
    rows = pd.DataFrame({"a": [1, None, 3, 4], "b": [5, 6, None, 8], "won": [0, 1, 1, 1]})
    one, two = (read_scored(rows, score=name, outcome="won") for name in "ab")
    pairs = count_pairs(one, two)
    assert pairs.frame[["champion", "challenger"]].to_numpy().tolist() == [[1, 5], [4, 8]]


def test_a_column_of_numbers_is_paired_by_its_order() -> None:
    # In order: 0.05, 0.5 (twice), 0.75; as text 0.5 and .50 would be two.
    vendor = pd.Series(["0.5", "0.75", None, ".50", " ", "5e-2"])
    rows = pd.DataFrame({"s": [1, 2, 3, 4, 5, 6], "won": [0, 1, 1, 1, 0, 0], "vendor": vendor})
    backtest = read_scored(rows, score="s", outcome="won", segments=["vendor"])
    pairs = count_pairs(backtest, "vendor", fitted_on="other leads")
    assert pairs.frame[["champion", "challenger"]].to_numpy().tolist() == [
        [1, 1], [2, 2], [4, 1], [6, 0],
    ]  # fmt: skip
    assert (pairs.challenger, pairs.fitted_on) == ("vendor", "other leads")
    left = {step.reason: step.n for step in pairs.provenance.flow}
    assert left["not scored by the challenger"] == 2
    with pytest.raises(QuestionError, match="has no column 'vendr': did you mean 'vendor'"):
        count_pairs(backtest, "vendr")
    named = rows.assign(vendor=["0.5", "Ann Lee", "nan", "inf", "1", "2"])
    backtest = read_scored(named, score="s", outcome="won", segments=["vendor"])
    with pytest.raises(DataError, match="something else than a number for 3 leads") as refusal:
        count_pairs(backtest, "vendor")
    assert "Ann" not in str(refusal.value)


def test_a_column_is_paired_as_of_the_moment() -> None:
    # L1 had 7 until day 5; L2 has no recorded change, so 3 has held since its creation.
    crm = crm_of([lead(1, employees=1), lead(2, employees=3)], [activity(1, "other", 0)],
                 [entry(1, "sql", 8)], changes=[change(1, "employees", 1, 5, 7)])  # fmt: skip
    backtest = run_backtest(FLAT, crm, moment=AtAge(days=2), outcome=SQL, segments=["employees"])
    pairs = count_pairs(backtest, "employees").frame.set_index("state")["challenger"]
    assert pairs["converted"] > pairs.drop("converted").iloc[0]


def test_questions_that_make_no_sense_are_refused() -> None:
    _, one, two = two_columns([(1, True, "A", None), (2, False, "B", None)])
    with pytest.raises(QuestionError, match="a flat file holds scores but not what they are made"):
        count_pairs(one, DEEP)
    with pytest.raises(QuestionError, match="fitted_on is 'yes': expected one of 'these leads'"):
        count_pairs(one, two, fitted_on="yes")  # type: ignore[arg-type]
    other = replace(two, provenance=replace(two.provenance, source="other.csv"))
    with pytest.raises(QuestionError, match="differ in their source"):
        count_pairs(one, other)
    two.connection.execute(f"update {two.schema}.scored set state = 'converted'")
    with pytest.raises(DataError, match="disagree on what became of 1 leads"):
        count_pairs(one, two)


# --- replicates ----------------------------------------------------------------------------------


def many_leads(seed: int = 4):
    rng = np.random.default_rng(seed)
    account = rng.integers(0, 300, 900)
    frame = pd.DataFrame({"score": rng.integers(0, 6, 900), "won": rng.random(900) < 0.3})
    frame["account"] = np.where(account < 250, np.char.add("acc ", account.astype(str)), None)
    return frame


def drawn_from(rows, **settings):
    backtest = read_scored(rows, score="score", outcome="won", account="account")
    return count_replicates(backtest, **settings), backtest


def test_replicates_do_not_depend_on_the_order_of_rows_or_the_number_of_threads() -> None:
    rows = many_leads()
    one, backtest = drawn_from(rows, replicates=30)
    two, _ = drawn_from(rows.sample(frac=1, random_state=2), replicates=30)
    pd.testing.assert_frame_equal(one.frame, two.frame)
    backtest.connection.execute("set threads = 1")
    pd.testing.assert_frame_equal(one.frame, count_replicates(backtest, replicates=30).frame)


def test_the_first_replicates_are_the_same_however_many_there_are() -> None:
    rows = many_leads()
    rows["account"] = rows["account"].fillna("one")
    few, many = (drawn_from(rows, replicates=b)[0].frame for b in (5, 45))
    pd.testing.assert_frame_equal(few, many[many["replicate"] < 5])


def test_another_seed_draws_other_weights() -> None:
    rows = many_leads()
    assert not drawn_from(rows, replicates=5)[0].frame.equals(
        drawn_from(rows, replicates=5, seed=1)[0].frame
    )


def test_all_leads_of_an_account_have_the_same_weight() -> None:
    rows = pd.DataFrame(
        {"score": [1, 1, 2, 3, 3], "won": [1, 0, 1, 0, 0], "account": ["A"] * 4 + ["B"]}
    )
    table = drawn_from(rows, replicates=40)[0].frame
    wide = table.pivot_table(index="replicate", columns=["score", "state"], values="n").fillna(0)
    weight = wide[1, "converted"]
    assert (wide[1, "not_converted"] == weight).all()
    assert (wide[2, "converted"] == weight).all()
    assert (wide[3, "not_converted"] >= weight).all()
    assert weight.max() > 1


def test_weights_are_poisson_with_mean_one() -> None:
    """20,000 weights of single leads: the share of each value within 4 standard errors."""
    rows = pd.DataFrame({"score": range(500), "won": 1, "account": [f"a{i}" for i in range(500)]})
    table = drawn_from(rows, replicates=40)[0].frame
    for w in (1, 2, 3, 4):
        chance = exp(-1) / factorial(w)
        share = (table["n"] == w).sum() / 20_000
        assert abs(share - chance) < 4 * (chance * (1 - chance) / 20_000) ** 0.5


def test_a_weight_is_a_number_of_account_seed_and_replicate_in_any_engine_or_version() -> None:
    """The hash once more in Python, whose whole numbers have no end."""

    def mixed(word: int) -> int:
        word = (word ^ word >> 16) * 0x7FEB352D % 2**32
        word = (word ^ word >> 15) * 0x846CA68B % 2**32
        return word ^ word >> 16

    def weight(account: str, replicate: int) -> int:
        name = md5(account.encode(), usedforsecurity=False).hexdigest()
        key = sha256(f"7 {replicate}".encode()).digest()
        first = mixed(int(name[:8], 16) ^ int.from_bytes(key[:4]))
        word = mixed(first ^ int(name[8:16], 16) ^ int.from_bytes(key[4:8]))
        chances = np.cumsum([exp(-1) / factorial(w) for w in range(13)])
        return int((word >= np.floor(chances * 2**32)).sum())

    names = [f"Société {i}" for i in range(60)]
    rows = pd.DataFrame({"score": range(60), "won": 1, "account": names})
    table = drawn_from(rows, replicates=20, seed=7)[0].frame
    found = {(row.replicate, row.score): row.n for row in table.itertuples()}
    expected = {(b, i): weight(name, b) for b in range(20) for i, name in enumerate(names)}
    assert found == {place: w for place, w in expected.items() if w}


def test_drawing_from_counts_has_the_spread_of_drawing_accounts() -> None:
    table, backtest = drawn_from(many_leads(), replicates=600)
    counts = count_scores(backtest)
    exact = replicate_cells(counts, replicates=table)[1]
    quick = replicate_cells(counts, replicates=4000)[1]
    above = [drawn[:, 3:].sum(axis=1) for drawn in (exact, quick)]
    for one, two in zip(above[0].T, above[1].T, strict=True):
        assert one.mean() == pytest.approx(two.mean(), rel=0.03)
        assert one.std() == pytest.approx(two.std(), rel=0.12)
    rates = [drawn[:, 0] / drawn.sum(axis=1) for drawn in above]
    assert rates[0].std() == pytest.approx(rates[1].std(), rel=0.12)


def test_one_replicate_is_refused() -> None:
    with pytest.raises(QuestionError, match="expected at least 2"):
        drawn_from(many_leads(), replicates=1)
