"""The bootstrap on count tables: its cost depends on the number of scores, never on the leads.

Drawing N rows with replacement and counting them gives cells that are multinomial(N; n/N), so
without accounts the counts alone give *exactly* the bootstrap of the rows. Where accounts are
known, whole accounts must be drawn: each gets a weight Poisson(1) (Chamandy, Muralidharan, Najmi
and Naidu 2012), and a cell becomes the weighted sum of what each account has in it. Such cells
have mean n and covariance M, the sum over accounts of products of their counts, which is the
account table of the counts. Leads that surely are alone in their account are drawn exactly
(Poisson); the rest is drawn from the log-normal distribution with its exact mean and covariance,
which, unlike the normal one, is never below zero: with a normal draw the precision of the few
leads at the very top of a list has no finite spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Cells, Floats, Ints, Pairs, read_cells
from toolkit.counts import STATES
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from toolkit.counts import ReplicateCounts, ScoreCounts

__all__ = ["SEED", "judged_cells", "replicate_cells", "replicate_or_reason", "spread"]

SEED = 20260101
"""The seed of every report, so that the same counts give the same bytes."""

_MOST_VALUES = 60_000_000
_MOST_LEVELS = 3_000


def replicate_cells(
    counts: ScoreCounts, *, replicates: int | ReplicateCounts = 2000, seed: int = SEED
) -> tuple[Ints, Floats]:
    """Draw judged leads anew, by score and outcome, as often as asked.

    Gives the score levels (ascending, those without judged leads included) and an array of shape
    (replicates, levels, 2): converted leads in [..., 0], judged leads that did not convert in
    [..., 1]. Without accounts the draws are those of the bootstrap of rows, exactly. With accounts
    they have the mean and the covariance of the bootstrap of accounts with Poisson(1) weights,
    and its shape where several accounts add up: use them for sums over at least about five accounts
    (rates above a threshold, areas, means over levels), not for one cell of a few leads.
    `replicates` may also be the table that `count_replicates` made from the rows: its draws of
    accounts are exact.

    Raises QuestionError for fewer than 2 replicates, and for so many scores that the draws would
    not fit in memory. Source: Efron and Tibshirani (1993); Chamandy et al. (2012).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(5, "converted", 1), (5, "not_converted", 3)]
    >>> frame = pd.DataFrame(cells, columns=["score", "state", "n"])
    >>> levels, drawn = replicate_cells(ScoreCounts(frame, None), replicates=10)
    >>> levels.tolist(), drawn.shape, drawn.sum(axis=(1, 2)).tolist() == [4.0] * 10
    ([5], (10, 1, 2), True)
    """
    cells = read_cells(counts)
    if not isinstance(replicates, int):
        return cells.levels, _drawn_from_rows(cells, replicates)
    reason = _too_many(cells, replicates)
    if reason is not None:
        raise QuestionError(reason)
    n = judged_cells(cells)[0].ravel()
    rng = np.random.default_rng(seed)
    if cells.pairs is None:
        drawn = _draw_leads(n, replicates, rng)
    else:
        drawn = _draw_accounts(n, account_matrix(cells.pairs, len(cells.levels)), replicates, rng)
    return cells.levels, drawn.reshape(replicates, len(cells.levels), 2)


def replicate_or_reason(
    counts: ScoreCounts, replicates: int | ReplicateCounts, seed: int
) -> tuple[Floats | None, str | None]:
    """Draw as `replicate_cells` does, or say why there is no spread to be had from draws.

    Draws of one account repeat it: they show no spread, which is no certainty.
    """
    if counts.accounts is not None and counts.accounts.judged == 1:
        return None, "no interval: all judged leads belong to one account"
    try:
        return replicate_cells(counts, replicates=replicates, seed=seed)[1], None
    except QuestionError as error:
        return None, f"no interval: {error}"


def judged_cells(cells: Cells) -> Floats:
    """Lay the counts out as one replicate: an array of shape (1, levels, 2)."""
    n: Floats = np.stack([cells.converted, cells.not_converted], axis=1).astype(np.float64)
    return n[None]


def spread(values: Floats) -> float:
    """Standard deviation over the replicates in which a statistic is defined; NaN without two.

    >>> spread(np.array([1.0, 3.0, np.nan])) == 2**0.5
    True
    """
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else float("nan")


def _too_many(cells: Cells, replicates: int) -> str | None:
    if replicates < 2:  # noqa: PLR2004 - one draw has no spread
        return f"replicates is {replicates}: expected at least 2, such as 2000"
    levels = len(cells.levels)
    if 2 * levels * replicates > _MOST_VALUES or (
        cells.pairs is not None and levels > _MOST_LEVELS
    ):
        return (
            f"{replicates:,} replicates of {levels:,} scores do not fit in memory: round the score "
            "to fewer values before counting, or ask for fewer replicates"
        )
    return None


def _drawn_from_rows(cells: Cells, table: ReplicateCounts) -> Floats:
    level = pd.Index(cells.levels).get_indexer(pd.Index(table.frame["score"]))
    if (level < 0).any():
        raise DataError(
            "the replicates hold a score that no counted lead has: they belong to other counts; "
            "count leads and replicates from the same backtest"
        )
    drawn = np.zeros((table.replicates, len(cells.levels), 2))
    missed = (table.frame["state"] != STATES[0]).to_numpy().astype(np.int64)
    np.add.at(drawn, (table.frame["replicate"].to_numpy(), level, missed), table.frame["n"])
    return drawn


def _draw_leads(n: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    total = n.sum()
    if total == 0:
        return np.zeros((replicates, len(n)))
    return rng.multinomial(int(total), n / total, size=replicates).astype(np.float64)


def _draw_accounts(n: Floats, matrix: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    alone = surely_alone(n, matrix)
    exact = rng.poisson(alone, size=(replicates, len(n)))
    rest = n - alone
    used = np.flatnonzero(rest > 0)
    drawn: Floats = exact.astype(np.float64)
    drawn[:, used] += _draw_log_normal(
        rest[used], (matrix - np.diag(alone))[used][:, used], replicates, rng
    )
    return drawn


def _draw_log_normal(
    mean: Floats, covariance: Floats, replicates: int, rng: np.random.Generator
) -> Floats:
    """Exponentials of normal draws Z with cov(Z) = log(1 + covariance / (mean mean')), mean restored."""
    value, vector = np.linalg.eigh(np.log1p(covariance / np.outer(mean, mean)))
    # One normal draw per direction in which accounts vary at all; below zero is rounding.
    root = (vector * np.sqrt(np.maximum(value, 0.0)))[:, value > value.max(initial=0.0) * 1e-12]
    normal = rng.standard_normal((replicates, root.shape[1])) @ root.T
    drawn: Floats = mean * np.exp(normal - (root**2).sum(axis=1) / 2)
    return drawn


def surely_alone(n: Floats, matrix: Floats) -> Floats:
    """Leads of each cell that must be alone in their account, whatever the accounts look like.

    A row of M adds up to the sizes of the accounts of the cell's leads: 1 for a lead that is alone,
    at least 2 for any other, so at least 2n - (sum of the row) are alone.

    >>> surely_alone(np.array([3.0, 1.0]), np.array([[3.0, 1.0], [1.0, 1.0]])).tolist()
    [2.0, 0.0]
    """
    alone: Floats = np.clip(2 * n - matrix.sum(axis=1), 0.0, n)
    return alone


def account_matrix(pairs: Pairs, levels: int) -> Floats:
    """M as a square array; cell 2i holds the converted leads of level i, 2i + 1 the others."""
    size = 2 * levels
    a, b = 2 * pairs.a + ~pairs.a_hit, 2 * pairs.b + ~pairs.b_hit
    matrix = np.bincount(a * size + b, weights=pairs.n, minlength=size**2).astype(np.float64)
    return matrix.reshape(size, size)
