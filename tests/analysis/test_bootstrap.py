from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis.bootstrap import account_matrix, replicate_cells, surely_alone
from toolkit.analysis.cells import read_cells
from toolkit.errors import QuestionError


def cells_of(score, hit):
    """Counts of rows by score and outcome, as the replicates lay them out."""
    levels = np.unique(score)
    return np.stack([((score[:, None] == levels) & (hit[:, None] == h)).sum(0) for h in (1, 0)], 1)


def test_replicates_are_shaped_levels_by_outcome_and_repeat_by_seed(sim_counts):
    levels, drawn = replicate_cells(sim_counts, replicates=7)
    assert drawn.shape == (7, len(levels), 2)
    assert (drawn == replicate_cells(sim_counts, replicates=7)[1]).all()
    assert (drawn != replicate_cells(sim_counts, replicates=7, seed=1)[1]).any()


def test_without_accounts_cells_are_those_of_the_bootstrap_of_rows(sim, sim_counts):
    """Multinomial: the same leads in all, mean n, variance n(1 - n/N), covariance -n m/N."""
    n = cells_of(sim["score"].to_numpy(), sim["y"].to_numpy()).ravel()
    drawn = replicate_cells(sim_counts, replicates=4000)[1].reshape(4000, -1)
    assert (drawn.sum(axis=1) == len(sim)).all()
    expected = np.diag(n) - np.outer(n, n) / len(sim)
    allowed = 5 * np.sqrt((n[:, None] * n[None, :] + 1) / 4000)
    assert (np.abs(np.cov(drawn.T) - expected) <= allowed).all()
    assert np.abs(drawn.mean(axis=0) - n).max() <= 5 * np.sqrt(n.max() / 4000)


def test_with_accounts_mean_and_covariance_are_those_of_weighted_accounts(sim, sim_accounts):
    """Poisson(1) weights on accounts: mean n, covariance the sum of products of their counts."""
    score, hit = sim["score"].to_numpy(), sim["y"].to_numpy()
    n = cells_of(score, hit).ravel()
    cell = np.searchsorted(np.unique(score), score) * 2 + 1 - hit
    by_account = np.zeros((sim["account_id"].max() + 1, len(n)))
    np.add.at(by_account, (sim["account_id"].to_numpy(), cell), 1)
    drawn = replicate_cells(sim_accounts, replicates=4000)[1].reshape(4000, -1)
    expected = by_account.T @ by_account
    spread = np.sqrt(np.outer(np.diag(expected), np.diag(expected)) + expected**2)
    many = np.outer(n >= 20, n >= 20)
    assert (np.abs(np.cov(drawn.T) - expected) <= 5.5 * spread / np.sqrt(4000) + 0.2)[many].all()
    # Sums of cells of few leads, as a threshold makes them, have the right spread too.
    few = np.flatnonzero((n > 0) & (n < 20))
    assert drawn[:, few].sum(axis=1).std() == pytest.approx(
        np.sqrt(expected[np.ix_(few, few)].sum()), rel=0.1
    )
    assert drawn.min() >= 0
    assert np.abs(drawn.mean(axis=0) - n).max() <= 5 * np.sqrt(expected.max() / 4000)


def test_leads_that_are_their_own_accounts_are_drawn_exactly(sim):
    """Poisson by cell: whole numbers, never below zero, variance equal to the mean."""
    counts = count_rows(lead_rows(sim["score"], sim["y"], range(len(sim))))
    drawn = replicate_cells(counts, replicates=2000)[1]
    assert drawn.min() >= 0
    assert drawn == pytest.approx(np.round(drawn), abs=1e-9)
    cells = read_cells(counts)
    assert drawn.mean(axis=0)[:, 1] == pytest.approx(cells.not_converted, rel=0.1, abs=0.2)


@given(strategies.judged())
def test_the_leads_said_to_be_alone_are_alone(rows):
    cells = read_cells(count_rows(lead_rows(rows["score"], rows["hit"], rows["account"])))
    matrix = account_matrix(cells.pairs, len(cells.levels))
    n = np.stack([cells.converted, cells.not_converted], axis=1).ravel()
    single = rows[~rows["account"].duplicated(keep=False)]
    level = np.searchsorted(cells.levels, single["score"])
    truly = np.bincount(2 * level + 1 - single["hit"], minlength=len(n))
    assert (surely_alone(n, matrix) <= truly).all()
    # What is left is still a sum of products over accounts.
    rest = matrix - np.diag(surely_alone(n, matrix))
    assert np.linalg.eigvalsh(rest).min() >= -1e-9


def test_leads_alone_by_hand():
    # Accounts {a}, {a}, {a, b}: two of the three leads in cell a are alone, the one in b is not.
    matrix = np.array([[3.0, 1.0], [1.0, 1.0]])
    assert surely_alone(np.array([3.0, 1.0]), matrix).tolist() == [2, 0]


def test_ten_thousand_million_leads_are_drawn_as_quickly():
    frame = count_rows(lead_rows([1, 1, 2, 2], [0, 1, 0, 1]))
    big = type(frame)(frame.frame.assign(n=10**10), frame.provenance)
    levels, drawn = replicate_cells(big, replicates=50)
    assert levels.tolist() == [1, 2]
    assert (drawn.sum(axis=(1, 2)) == 4 * 10**10).all()
    assert drawn.std(axis=0) == pytest.approx(np.sqrt(10**10 * 3 / 4), rel=0.5)


def test_no_judged_leads_give_no_draws_above_zero():
    empty = count_rows(lead_rows([], []).astype({"score": "int64"}))
    assert replicate_cells(empty, replicates=3)[1].shape == (3, 0, 2)


@pytest.mark.parametrize("replicates", [1, 10**9])
def test_what_cannot_be_drawn_is_refused_with_what_to_do(sim_counts, replicates):
    with pytest.raises(QuestionError, match=r"expected at least 2|ask for fewer"):
        replicate_cells(sim_counts, replicates=replicates)


def test_accounts_of_several_leads_keep_the_mean_of_every_cell():
    """50 accounts of six: a log-normal cell whose mean were not restored would be 1% too large."""
    rng = np.random.default_rng(9)
    account = np.repeat(np.arange(50), 6)
    score, hit = rng.integers(0, 2, 50)[account], rng.integers(0, 2, 300)
    drawn = replicate_cells(count_rows(lead_rows(score, hit, account)), replicates=40_000)[1]
    n = cells_of(score, hit)
    assert drawn.mean(axis=0) == pytest.approx(n, rel=0.005)


@pytest.mark.by_hand("replicate_cells")
def test_leads_of_one_cell_are_drawn_as_they_are():
    # Seven leads, seven draws, and only one cell to draw them from.
    levels, drawn = replicate_cells(count_rows(lead_rows([5] * 7, [1] * 7)), replicates=3)
    assert (levels.tolist(), drawn.tolist()) == ([5], [[[7, 0]]] * 3)


@pytest.mark.property_of("replicate_cells")
@given(strategies.judged(), st.integers(0, 99))
def test_every_draw_is_of_as_many_leads_and_none_of_a_cell_that_has_none(rows, seed):
    score, hit = rows["score"].to_numpy(), rows["hit"].to_numpy()
    levels, drawn = replicate_cells(count_rows(lead_rows(score, hit)), replicates=9, seed=seed)
    assert levels.tolist() == sorted(set(score))
    assert (drawn.sum(axis=(1, 2)) == len(rows)).all()
    assert (drawn[:, cells_of(score, hit) == 0] == 0).all()
    own = replicate_cells(
        count_rows(lead_rows(score, hit, rows["account"])), replicates=9, seed=seed
    )[1]
    assert (own >= 0).all()
    assert (own[:, cells_of(score, hit) == 0] == 0).all()
