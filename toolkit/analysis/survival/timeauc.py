"""How well the score ranks by a day, recent leads included; and how far promises are off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.intervals import account_factor, tail
from toolkit.analysis.student import student_quantile
from toolkit.analysis.survival.life import Lives, check_days, read_lives
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import DayCounts

__all__ = ["ipcw_brier", "time_auc"]


@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights of the cells as cases and controls at one day, and the censoring behind them."""

    case: Floats
    control: Floats
    days: Ints
    place: Ints
    censored: Floats
    at_risk: Floats
    """Leads at risk of being censored on each day: events of the day have left."""
    late: NDArray[np.bool_]
    """Controls that are still open after the day."""
    followed: bool
    until: int
    """Ends of what is known up to this day enter G of the late controls."""


def time_auc(
    days: DayCounts, *, at_days: Sequence[int] = (30, 60, 90), confidence: float = 0.95
) -> pd.DataFrame:
    """How often a lead that converts by a day outscored one that does not, ties counting half.

    Cases: converted by day t, weight 1/G(T-). Controls: open after day t, weight 1/G(t), or
    disqualified by day t, weight 1/G(T-). G is the Kaplan-Meier curve of the end of what is known
    (on one day events leave before it); leads that were not followed to t and had no event have
    weight 0, and the others stand for them. All leads take part, worked or not.

    The standard error is that of the influence values, those of G included, summed by account
    where accounts are known; the interval is symmetric on the logit scale, with Student's t where the
    cases or the controls come from fewer than 40 equal accounts. Source: Blanche, Dartigues and
    Jacqmin-Gadda (2013); Uno et al. (2007).

    Columns: `day`, `auc`, `low`, `high`, `standard_error`, `cases`, `controls` (leads, unweighted),
    `method`, `reason`.

    >>> import pandas as pd
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": [60, 60, 10, 10], "day": [5, 30, 3, 30],
    ...     "status": ["converted", "open", "disqualified", "open"], "n": 1})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> time_auc(DayCounts(frame, origin), at_days=(30,))["auc"].round(12).tolist()  # (1/2 + 1 + 1) / 3
    [0.833333333333]
    """
    times = check_days(at_days)
    lives = read_lives(days)
    return pd.DataFrame([_row(lives, int(time), confidence) for time in times])


def _weights(lives: Lives, time: int) -> _Weights:
    days, place = np.unique(lives.day, return_inverse=True)
    size = len(days)
    total = np.bincount(place, weights=lives.n, minlength=size).astype(np.float64)
    events = np.bincount(place, weights=lives.n * lives.ended, minlength=size).astype(np.float64)
    at_risk = np.cumsum(total[::-1])[::-1] - events
    censored = total - events
    stay = np.where(at_risk > 0, 1 - censored / np.maximum(at_risk, 1), 1.0)
    upto = np.cumprod(stay)
    before = np.append(1.0, upto[:-1])[place] if size else np.zeros(0)
    end = np.append(1.0, upto)[np.searchsorted(days, time, side="right")]
    late, until = lives.day > time, time
    if end <= 0:
        # Nobody was followed further: who is open at day t itself has not converted by then.
        late, until = (lives.day >= time) & ~lives.ended, time - 1
        end = np.append(1.0, upto)[np.searchsorted(days, time, side="left")]
    soon = lives.day <= time
    case = np.where(lives.converted & soon, 1 / np.maximum(before, 1e-300), 0.0)
    rival = np.where(lives.rival & soon, 1 / np.maximum(before, 1e-300), 0.0)
    control = np.where(late, 1 / max(end, 1e-300), rival)
    return _Weights(case, control, days, place, censored, at_risk, late, bool(late.any()), until)


def _row(lives: Lives, time: int, confidence: float) -> dict[str, object]:
    weights = _weights(lives, time)
    cases = int(lives.n[weights.case > 0].sum())
    controls = int(lives.n[weights.control > 0].sum())
    method = "IPCW over accounts" if lives.clusters.known else "IPCW"
    head = {"day": time, "auc": np.nan, "low": np.nan, "high": np.nan, "standard_error": np.nan}
    counted = {"cases": cases, "controls": controls, "method": method}
    reason = _missing(lives, time, cases, controls, followed=weights.followed)
    if reason:
        return head | counted | {"reason": reason}
    auc, u_case, u_control = _auc(lives, weights)
    values = _influence(lives, weights, u_case, u_control)
    # Without accounts each lead is one: G/(G-1) as everywhere.
    factor = 1.0 if lives.clusters.known else account_factor(int(lives.n.sum()))
    error = float(np.sqrt(factor * lives.clusters.variances(values[:, None])[0]))
    sides = [lives.clusters.freedom(weight) for weight in (weights.case, weights.control)]
    quantile = float(student_quantile(min(sides), tail(confidence)))
    low, high, reason = _logit_ends(auc, error, quantile)
    head |= {"auc": auc, "low": low, "high": high, "standard_error": error}
    return head | counted | {"reason": reason}


def _missing(lives: Lives, time: int, cases: int, controls: int, *, followed: bool) -> str | None:
    if not lives.n.sum():
        return "no leads"
    if not followed and _some_open(lives):
        return f"no lead was followed for {time} days (the longest: {int(lives.day.max())})"
    if not cases:
        return f"no lead converted by day {time}"
    return None if controls else f"every lead converted by day {time}"


def _some_open(lives: Lives) -> bool:
    """Whether the fate of any lead is not known."""
    return bool((lives.n[~lives.ended] > 0).any())


def _auc(lives: Lives, weights: _Weights) -> tuple[float, Floats, Floats]:
    """The weighted area, and per cell what it adds as a case and as a control, over the totals."""
    levels, place = np.unique(lives.score, return_inverse=True)
    case, control = weights.case * lives.n, weights.control * lives.n
    ones = np.bincount(place, weights=case, minlength=len(levels))
    noughts = np.bincount(place, weights=control, minlength=len(levels))
    beaten = (np.cumsum(noughts) - noughts / 2) / noughts.sum()
    beating = (np.cumsum(ones[::-1])[::-1] - ones / 2) / ones.sum()
    auc = float(ones @ beaten / ones.sum())
    return (
        auc,
        weights.case * (beaten[place] - auc) / ones.sum(),
        weights.control * (beating[place] - auc) / noughts.sum(),
    )


def _influence(lives: Lives, weights: _Weights, u_case: Floats, u_control: Floats) -> Floats:
    """Derivative of the area by the weight of a lead of each cell, through G as well.

    d log G(t) = -sum over v <= t of (own end at v - at risk at v * c/Y)/(Y - c), and each weight 1/G
    moves by minus that.
    """
    size = len(weights.days)
    given = (u_case + u_control) * lives.n
    early = np.bincount(weights.place, weights=given * ~weights.late, minlength=size)
    # Events after v are weighted with G(v); leads open after the day with G of the whole span.
    later = np.cumsum(early[::-1])[::-1] - early + given[weights.late].sum()
    later = np.where(weights.days <= weights.until, later, 0.0)
    left = np.maximum(weights.at_risk - weights.censored, 1)
    risk = np.maximum(weights.at_risk, 1)
    passing = later * weights.censored / risk / left
    # A lead that has an event on day v has left before others end on it.
    exposed = np.cumsum(passing)
    own = np.where(lives.ended, exposed[weights.place] - passing[weights.place],
                   exposed[weights.place])  # fmt: skip
    ended = np.where(lives.ended, 0.0, (later / left)[weights.place])
    value: Floats = u_case + u_control + ended - own
    return value


def _logit_ends(auc: float, error: float, quantile: float) -> tuple[float, float, str | None]:
    if not 0 < auc < 1:
        return np.nan, np.nan, "all pairs agree, so no interval can be given"
    if not np.isfinite(quantile) or error <= 0:
        return np.nan, np.nan, "the leads do not vary enough to give an interval"
    half = quantile * error / (auc * (1 - auc))
    middle = np.log(auc / (1 - auc))
    low, high = (1 / (1 + np.exp(-(middle + sign * half))) for sign in (-1, 1))
    return float(low), float(high), None


def ipcw_brier(
    days: DayCounts, promised: Mapping[int, float], *, at_days: Sequence[int] = (30, 60, 90)
) -> pd.DataFrame:
    """Mean squared distance of promised probabilities from what happened by a day.

    sum of w (y - p)^2 / n with y = converted by day t, w = 1/G(T-) for leads with an event by then,
    1/G(t) for leads open after it, 0 for leads that were not followed so long. `promised` gives the
    probability of each score; p is taken as it stands, fitted or stated. The skill compares it with
    promising everybody the same: 1 - brier / brier of the weighted share that converted. Source:
    Graf, Schmoor, Sauerbrei and Schumacher (1999); Gerds and Schumacher (2006).

    Columns: `day`, `brier`, `null_brier`, `skill`, `n` (all leads), `followed` (leads with a
    weight), `reason`. Raises QuestionError where a score has no promise.

    >>> import pandas as pd
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": [60, 60, 10, 10], "day": [5, 30, 3, 30],
    ...     "status": ["converted", "open", "disqualified", "open"], "n": 1})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> table = ipcw_brier(DayCounts(frame, origin), {60: 0.5, 10: 0.0}, at_days=(20,))
    >>> table[["brier", "null_brier"]].values.tolist()  # (1 + 1) / 4 / 4; (9 + 1 + 1 + 1) / 16 / 4
    [[0.125, 0.1875]]
    """
    times = check_days(at_days)
    lives = read_lives(days)
    absent = sorted(set(lives.score.tolist()) - set(promised))
    if absent:
        raise QuestionError(
            f"no probability was promised for the score {absent[0]} (and {len(absent) - 1} more): "
            "give one for each score"
        )
    p = np.array([promised[score] for score in lives.score.tolist()], dtype=np.float64)
    if ((p < 0) | (p > 1)).any() or np.isnan(p).any():
        raise QuestionError("a promised probability lies outside 0 to 1: give shares, not percent")
    return pd.DataFrame([_brier_row(lives, p, int(time)) for time in times])


def _brier_row(lives: Lives, p: Floats, time: int) -> dict[str, object]:
    weights = _weights(lives, time)
    hit, other = weights.case * lives.n, weights.control * lives.n
    n = lives.n.sum()
    followed = int(lives.n[(hit + other) > 0].sum())
    row = {"day": time, "brier": np.nan, "null_brier": np.nan, "skill": np.nan, "n": int(n),
           "followed": followed}  # fmt: skip
    if not n or (not weights.followed and _some_open(lives)):
        return row | {"reason": f"no lead was followed for {time} days"}
    base = hit.sum() / (hit.sum() + other.sum())
    brier, null = (
        float((hit * (1 - q) ** 2 + other * q**2).sum() / n) for q in (p, np.full_like(p, base))
    )
    skill = 1 - brier / null if null > 0 else np.nan
    reason = None if null > 0 else "all leads had the same fate, so skill has no scale"
    return row | {"brier": brier, "null_brier": null, "skill": skill, "reason": reason}
