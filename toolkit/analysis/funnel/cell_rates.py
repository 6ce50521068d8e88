"""Rates of leads in chosen cells of a count table, with the intervals of all other rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import Family, rate_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.intervals import RateArrays
    from toolkit.analysis.robust import Clusters

__all__ = ["cell_family", "cell_rates"]


def cell_family(
    clusters: Clusters, domains: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]]
) -> Family:
    """Hits and misses of each domain (cells of its hits, cells of its denominator) as a family.

    The products within accounts are those of the leads themselves, so an account counts in each
    domain with the leads that it has there.
    """
    hits, misses, products = [], [], []
    used = np.zeros(len(clusters.n), dtype=np.bool_)
    for hit, base in domains:
        both = np.stack([hit & base, ~hit & base], axis=1).astype(np.float64)
        used |= base
        hits.append(float(clusters.n @ both[:, 0]))
        misses.append(float(clusters.n @ both[:, 1]))
        products.append(clusters.covariance(both))
    sums = np.array(products).reshape(-1, 2, 2)
    return Family(
        hits=np.array(hits, dtype=np.float64),
        misses=np.array(misses, dtype=np.float64),
        hits_hits=sums[:, 0, 0],
        hits_misses=sums[:, 0, 1],
        misses_misses=sums[:, 1, 1],
        accounts=clusters.accounts(used),
    )


def cell_rates(
    clusters: Clusters,
    domains: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    *,
    confidence: float,
) -> tuple[Family, RateArrays]:
    """Rates of the domains with Wilson intervals on the effective number of leads."""
    family = cell_family(clusters, domains)
    return family, rate_arrays(family, confidence=confidence)
