"""Each statistic once more, from rows, as slowly and plainly as its definition reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student


def area(score, hit):
    up, down = score[hit == 1][:, None], score[hit == 0][None, :]
    return ((up > down) + 0.5 * (up == down)).mean()


def placements(score, hit):
    up, down = score[hit == 1][:, None], score[hit == 0][None, :]
    wins = (up > down) + 0.5 * (up == down)
    return wins.mean(axis=1), wins.mean(axis=0)


def delong_variance(score, hit):
    v10, v01 = placements(score, hit)
    return v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)


def obuchowski_variance(score, hit, account):
    v10, v01 = placements(score, hit)
    a = area(score, hit)
    accounts = np.unique(account)
    x = np.array([(v10[account[hit == 1] == g] - a).sum() for g in accounts])
    y = np.array([(v01[account[hit == 0] == g] - a).sum() for g in accounts])
    i1 = len(np.unique(account[hit == 1]))
    i0 = len(np.unique(account[hit == 0]))
    i = len(accounts)
    n1, n0 = len(v10), len(v01)
    return (
        i1 / (i1 - 1) * (x**2).sum() / n1**2
        + i0 / (i0 - 1) * (y**2).sum() / n0**2
        + 2 * i / (i - 1) * (x * y).sum() / (n1 * n0)
    )


def ratio_variance(numerator, denominator, account):
    """G/(G-1) * sum over accounts of (sum of influence)^2: survey statistics' ratio estimator."""
    theta = numerator.sum() / denominator.sum()
    influence = (numerator - theta * denominator) / denominator.sum()
    by_account = pd.Series(influence).groupby(np.asarray(account)).sum()
    return len(by_account) / (len(by_account) - 1) * (by_account**2).sum()


def threshold_row(score, hit, t):
    above = score >= t
    tp, fp = int((above & (hit == 1)).sum()), int((above & (hit == 0)).sum())
    return tp, fp, int((hit == 1).sum()) - tp, int((hit == 0).sum()) - fp


def effective_n(share, n, variance, equal):
    """Independent leads that a share of n rests on, of so many accounts as if of equal size."""
    wider = (
        max(student.ppf(0.975, equal - 1) / student.ppf(0.975, n - 1), 1) if equal > 1 else np.inf
    )
    raw = share * (1 - share) / variance
    return max(min(n, raw) / wider**2, min(equal, raw))


def equal_accounts(account, weight=None):
    """Kish: (sum of weights)^2 / sum over accounts of (its sum of weights)^2."""
    value = np.ones(len(account)) if weight is None else np.asarray(weight, dtype=float)
    sums = pd.Series(value).groupby(np.asarray(account)).sum()
    return float(value.sum() ** 2 / (sums**2).sum())


def half_width(equal):
    """Standard errors in half of a 95% interval: Student's t under 40 equal accounts."""
    return float(norm.ppf(0.975) if equal >= 40 else student.ppf(0.975, equal - 1))
