"""The bootstrap on count tables: its cost depends on the number of scores, never on the leads.

Drawing N rows with replacement and counting them gives cells that are multinomial(N; n/N), so
without accounts the counts alone give *exactly* the bootstrap of the rows. Where accounts are
known, whole accounts must be drawn: each gets a weight Poisson(1) (Chamandy, Muralidharan, Najmi
and Naidu 2012), and a cell becomes the weighted sum of what each account has in it. Such cells
have mean n and covariance M, the sum over accounts of products of their counts, which is the
account table of the counts. Leads that surely are alone in their account are drawn exactly
(Poisson); the rest is drawn from the normal distribution with its exact mean and covariance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import Cells, Floats, Ints, Pairs, read_cells
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["SEED", "replicate_cells"]

SEED = 20260101
"""The seed of every report, so that the same counts give the same bytes."""

_MOST_VALUES = 60_000_000
_MOST_LEVELS = 3_000


def replicate_cells(
    counts: ScoreCounts, *, replicates: int = 2000, seed: int = SEED
) -> tuple[Ints, Floats]:
    """Draw judged leads anew, by score and outcome, as often as asked.

    Gives the score levels (ascending, those without judged leads included) and an array of shape
    (replicates, levels, 2): converted leads in [..., 0], judged leads that did not convert in
    [..., 1]. Without accounts the draws are those of the bootstrap of rows, exactly. With accounts
    they have the mean and the covariance of the bootstrap of accounts with Poisson(1) weights,
    exactly, and its shape where many accounts add up: a cell of few leads may even come out below
    zero. Use them for sums over at least about five accounts (rates above a threshold, areas, a
    mean over levels), never for the rate of one small cell.

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
    _check(cells, replicates)
    n = np.stack([cells.converted, cells.not_converted], axis=1)
    rng = np.random.default_rng(seed)
    if cells.pairs is None:
        drawn = _draw_leads(n.ravel(), replicates, rng)
    else:
        drawn = _draw_accounts(n.ravel(), account_matrix(cells.pairs, len(n)), replicates, rng)
    return cells.levels, drawn.reshape(replicates, *n.shape)


def _check(cells: Cells, replicates: int) -> None:
    if replicates < 2:  # noqa: PLR2004 - one draw has no spread
        raise QuestionError(f"replicates is {replicates}: expected at least 2, such as 2000")
    levels = len(cells.levels)
    if 2 * levels * replicates > _MOST_VALUES or (
        cells.pairs is not None and levels > _MOST_LEVELS
    ):
        raise QuestionError(
            f"{replicates:,} replicates of {levels:,} scores do not fit in memory: round the score "
            "to fewer values before counting, or ask for fewer replicates"
        )


def _draw_leads(n: Ints, replicates: int, rng: np.random.Generator) -> Floats:
    total = int(n.sum())
    if total == 0:
        return np.zeros((replicates, len(n)))
    return rng.multinomial(total, n / total, size=replicates).astype(np.float64)


def _draw_accounts(n: Ints, matrix: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    alone = surely_alone(n, matrix)
    exact = rng.poisson(alone, size=(replicates, len(n)))
    value, vector = np.linalg.eigh(matrix - np.diag(alone))
    root = vector * np.sqrt(np.maximum(value, 0.0))
    # One normal draw per direction in which accounts vary at all.
    moving = root[:, value > value.max(initial=0.0) * 1e-12]
    drawn: Floats = (
        exact + (n - alone) + rng.standard_normal((replicates, moving.shape[1])) @ moving.T
    )
    return drawn


def surely_alone(n: Ints, matrix: Floats) -> Floats:
    """Leads of each cell that must be alone in their account, whatever the accounts look like.

    A row of M adds up to the sizes of the accounts of the cell's leads: 1 for a lead that is alone,
    at least 2 for any other, so at least 2n - (sum of the row) are alone.

    >>> surely_alone(np.array([3, 1]), np.array([[3.0, 1.0], [1.0, 1.0]])).tolist()
    [2.0, 0.0]
    """
    return np.clip(2.0 * n - matrix.sum(axis=1), 0.0, n.astype(np.float64))


def account_matrix(pairs: Pairs, levels: int) -> Floats:
    """M as a square array; cell 2i holds the converted leads of level i, 2i + 1 the others."""
    size = 2 * levels
    a, b = 2 * pairs.a + ~pairs.a_hit, 2 * pairs.b + ~pairs.b_hit
    matrix: Floats = np.bincount(a * size + b, weights=pairs.n, minlength=size**2)
    return matrix.reshape(size, size)
