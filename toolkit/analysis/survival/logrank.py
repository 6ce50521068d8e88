"""Do bands convert at different speeds? The log-rank test, over accounts where they are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.analysis.intervals import account_factor
from toolkit.analysis.score_groups import score_groups
from toolkit.analysis.student import score_p
from toolkit.analysis.survival.life import Lives, life_of, read_lives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.bands import BandLike
    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import DayCounts

__all__ = ["LogRank", "log_rank"]


@dataclass(frozen=True, slots=True)
class LogRank:
    """A test that conversions come equally fast in all bands."""

    statistic: float
    df: int
    p_value: float
    method: str
    reason: str | None


def log_rank(days: DayCounts, bands: Sequence[BandLike]) -> LogRank:
    """Test whether leads of all bands convert at the same rate per day while they are open.

    Each day the conversions of a band are compared with its share of the leads at risk; the sum of
    the differences has the hypergeometric variance. Where accounts are known the variance is that
    of the same sum over accounts, U'V^-1 U with V = G/(G-1) * sum over accounts of W W' (Lee, Wei
    and Amato 1992), and its law Hotelling's with as many degrees as the accounts of equal weight behind the
    sum of the band that has fewest, less one (see `score_p`). Disqualified leads leave the risk set, so the test is of the speed among open
    leads, not of the share that converts in the end. NaN with a reason where fewer than two bands
    have leads, or no lead converted. Source: Mantel (1966); Peto and Peto (1972).

    >>> import pandas as pd
    >>> from toolkit.analysis import ScoreBand
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": [60, 10], "day": [1, 2],
    ...     "status": ["converted", "converted"], "n": [1, 1]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> found = log_rank(DayCounts(frame, origin), [ScoreBand("A", 50), ScoreBand("B", None)])
    >>> found.statistic  # (1 - 1/2)^2 / (1/4)
    1.0
    """
    lives = read_lives(days)
    groups = score_groups(lives.score, bands)
    inside = [group.inside for group in groups if lives.n[group.inside].sum()]
    method = "over accounts" if lives.clusters.known else "hypergeometric"
    df = max(len(inside) - 1, 0)
    every = np.ones(len(lives.n), dtype=np.bool_)
    if not df or not lives.n[lives.converted].sum():
        why = "fewer than two bands have leads" if not df else "no lead converted"
        return LogRank(np.nan, df, np.nan, method, why)
    days_of, difference, variance = _exact(lives, inside, every)
    if not lives.clusters.known:
        return _test(difference, variance, method)
    equal = _equal_accounts(lives, inside, *days_of[:2])
    if equal < df + 1:
        why = f"the conversions weigh as much as {equal:.1f} accounts: too few for {df + 1} bands"
        return LogRank(np.nan, df, np.nan, method, why)
    accounts = lives.clusters.accounts() or 0
    values = _influence(lives, inside, *days_of)
    found = _test(difference, lives.clusters.covariance(values) * account_factor(accounts), method)
    if found.reason:
        return found
    # Of sums about 0, without the factor that makes their products a variance.
    bare = found.statistic / account_factor(accounts)
    p = score_p(bare, df, accounts=accounts, freedom=equal - 1)
    return replace(found, p_value=p, reason=_ALIKE if np.isnan(p) else None)


_ALIKE = "the accounts show no variation"


def _equal_accounts(
    lives: Lives, inside: list[NDArray[np.bool_]], place: Ints, share: Floats
) -> float:
    """Accounts of equal weight behind the sum of the band that has fewest.

    A conversion enters the sum of a band with own - share of the leads at risk.
    """
    return min(
        lives.clusters.carriers(lives.converted * (own - part[place]))
        for own, part in zip(inside, share, strict=True)
    )


def _test(difference: Floats, variance: Floats, method: str) -> LogRank:
    df = len(difference) - 1
    # The differences add up to 0: the last band says nothing new.
    left, spread = difference[:-1], variance[:-1, :-1]
    rank = int(np.linalg.matrix_rank(spread, hermitian=True))
    if rank < df:
        return LogRank(
            np.nan, df, np.nan, method,
            "some bands were never open on the days on which leads converted",
        )  # fmt: skip
    statistic = float(left @ np.linalg.solve(spread, left))
    return LogRank(statistic, df, float(chdtrc(df, statistic)), method, None)


def _exact(
    lives: Lives, inside: list[NDArray[np.bool_]], every: NDArray[np.bool_]
) -> tuple[tuple[Ints, Floats, Floats], Floats, Floats]:
    """Observed less expected conversions of each band, with the hypergeometric covariance."""
    life = life_of(lives, every)
    place = np.searchsorted(life.days, lives.day).astype(np.int64)
    shape = len(life.days)
    risk = np.stack(
        [
            np.cumsum(np.bincount(place, weights=lives.n * each, minlength=shape)[::-1])[::-1]
            for each in inside
        ]
    )
    seen = np.stack(
        [
            np.bincount(place, weights=lives.n * each * lives.converted, minlength=shape)
            for each in inside
        ]
    )
    share = risk / np.maximum(life.at_risk, 1)
    d, y = life.converted, life.at_risk
    scale = np.where(y > 1, d * (y - d) / np.maximum(y - 1, 1), 0.0)
    variance = np.diag((share * scale).sum(axis=1)) - (share * scale) @ share.T
    return (
        (place, share, d / np.maximum(y, 1)),
        np.asarray((seen - share * d).sum(axis=1)),
        variance,
    )


def _influence(
    lives: Lives,
    inside: list[NDArray[np.bool_]],
    place: Ints,
    share: Floats,
    hazard: Floats,
) -> Floats:
    """W of a lead of each cell: its own conversion less what was expected of it, by band."""
    own = np.stack(inside, axis=1).astype(np.float64)
    expected = np.cumsum(hazard)[place][:, None] * own - np.cumsum(share * hazard, axis=1).T[place]
    values: Floats = (own - share.T[place]) * lives.converted[:, None] - expected
    return values
