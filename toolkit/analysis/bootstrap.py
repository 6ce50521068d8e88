"""Bootstrap replicates of the counts: their cost does not depend on the number of leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import Cells, Floats, Ints, read_cells
from toolkit.analysis.influence import account_matrix

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["replicate_cells"]


def replicate_cells(
    counts: ScoreCounts, *, replicates: int = 2000, seed: int = 20260101
) -> tuple[Ints, Floats]:
    """Draw the judged leads by level again and again: levels (K), and an array B x K x 2.

    The last axis is converted, not converted. Without accounts: multinomial, which is exactly the
    bootstrap of the rows. With accounts: normal with the mean and the covariance that Poisson(1)
    weights of whole accounts give (sums over cells; a single small cell may fall below 0).
    Source: Efron (1979); Chamandy et al. (2012) for Poisson weights.
    """
    cells, rng = read_cells(counts), np.random.default_rng(seed)
    flat = np.concatenate([cells.converted, cells.not_converted])
    if not flat.sum():
        drawn = np.zeros((replicates, len(flat)))
    elif cells.pairs is None:
        drawn = rng.multinomial(int(flat.sum()), flat / flat.sum(), size=replicates).astype(float)
    else:
        drawn = flat + _normal(cells, rng, replicates)
    return cells.levels, np.stack(np.split(drawn, 2, axis=1), axis=2)


def _normal(cells: Cells, rng: np.random.Generator, replicates: int) -> Floats:
    values, vectors = np.linalg.eigh(account_matrix(cells).toarray())
    scale = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(rng.standard_normal((replicates, len(values))) @ scale.T, dtype=np.float64)
