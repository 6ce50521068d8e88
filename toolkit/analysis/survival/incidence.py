"""Share converted by a day, without throwing away recent leads: Aalen and Johansen (1978)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import MOST_UNWORKED
from toolkit.analysis.intervals import tail
from toolkit.analysis.rates import few_accounts
from toolkit.analysis.score_groups import ScoreGroup, score_groups
from toolkit.analysis.survival.life import (
    Life,
    Lives,
    check_days,
    life_of,
    read_lives,
)
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.bands import BandLike
    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import DayCounts

__all__ = ["incidence_table", "influence", "time_to_table"]


def incidence_table(
    days: DayCounts,
    bands: Sequence[BandLike] | None = None,
    *,
    at_days: Sequence[int] = (30, 60, 90),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Share of leads that have converted by each day, by band, highest band first.

    F(t) = sum over days u <= t of S(u-) d(u)/Y(u), with Y leads at risk, d conversions, and S the
    share that has neither converted nor been disqualified. Leads not followed to day t count for as
    long as they were followed (on the assumption that how long a lead was followed has nothing to
    do with its fate); disqualified leads stay in the denominator, for they will not convert. The
    denominator is all leads of the band at the moment, worked or not. Ties: on one day events come
    before the end of what is known.

    Interval: log(-log(1 - F)) with Aalen's and Greenwood's variance; where accounts are known the
    same influence values summed by account. It is for one day and band, not for a whole curve.
    Source: Aalen and Johansen (1978); Kalbfleisch and Prentice (1980); variance by the
    infinitesimal jackknife, which without accounts equals Greenwood's to the last digit.

    Columns: `band`, `start`, `stop` (scores; NaN where open), `day`, `leads` (of the band),
    `at_risk` (still open and followed on that day), `positives` (conversions seen by then), `rate`
    (F), `low`, `high`, `disqualified_rate`, `open_rate` (the three rates add up to 1),
    `standard_error`, `reason`.

    >>> import pandas as pd
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": 60, "day": [1, 2, 3, 3],
    ...     "status": ["converted", "open", "converted", "open"], "n": 1})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> found = incidence_table(DayCounts(frame, origin), at_days=(2, 3))
    >>> found["rate"].tolist()  # 1/4; then 1/4 + 3/4 * 1/2
    [0.25, 0.625]
    """
    times = check_days(at_days)
    lives = read_lives(days)
    parts = [
        _band_rows(lives, group, times, confidence) for group in score_groups(lives.score, bands)
    ]
    return pd.concat(parts, ignore_index=True)


def _band_rows(
    lives: Lives,
    group: ScoreGroup,
    times: Ints,
    confidence: float,
) -> pd.DataFrame:
    inside = group.inside
    life = life_of(lives, inside)
    curves = _curves(life, times)
    known = _followed(life, times)
    errors = _errors(lives, inside, life, times)
    low, high = _ends(curves[0], errors, lives.clusters.quantile(inside, confidence))
    rows = pd.DataFrame(
        {
            **group.head,
            "day": times,
            "leads": int(lives.n[inside].sum()),
            "at_risk": _from(life.days, life.at_risk, times).astype(np.int64),
            "positives": _by(life.days, np.cumsum(life.converted), times, 0.0).astype(np.int64),
        }
    )
    for column, values in zip(
        ("rate", "low", "high", "disqualified_rate", "open_rate", "standard_error"),
        (curves[0], low, high, curves[1], curves[2], errors),
        strict=True,
    ):
        rows[column] = np.where(known, values, np.nan)
    reasons = _reasons(lives, inside, life, times, known)
    return rows.assign(reason=pd.Series(reasons, dtype=object))


def _curves(life: Life, times: Ints) -> tuple[Floats, Floats, Floats]:
    """Shares converted, disqualified and open by each time."""
    risk = np.maximum(life.at_risk, 1)
    converted = np.cumsum(life.before * life.converted / risk)
    rivals = np.cumsum(life.before * life.rivals / risk)
    return (
        _by(life.days, converted, times, 0.0),
        _by(life.days, rivals, times, 0.0),
        _by(life.days, life.staying, times, 1.0),
    )


def _by(days: Ints, values: Floats, times: Ints, empty: float) -> Floats:
    """Value of a step function at each time, steps included."""
    return np.append(empty, values)[np.searchsorted(days, times, side="right")]


def _from(days: Ints, at_risk: Floats, times: Ints) -> Floats:
    return np.append(at_risk, 0.0)[np.searchsorted(days, times, side="left")]


def _followed(life: Life, times: Ints) -> NDArray[np.bool_]:
    """Whether the curve is known at each time: someone is followed so long, or nobody is left."""
    last = life.days[-1] if len(life.days) else 0
    over = len(life.days) > 0 and life.open[-1] == 0
    return np.asarray((times <= last) | over, dtype=np.bool_)


def influence(lives: Lives, inside: NDArray[np.bool_], life: Life, times: Ints) -> Floats:
    """Derivative of F at each time by the weight of a lead of each cell (0 outside the band).

    dF(t) = sum over u <= t of [dS(u-) d/Y + S(u-) (own conversion at u - at risk at u * d/Y)/Y], with
    dS(u) = -S(u) * sum over v <= u of (own event at v - at risk at v * D/Y)/(Y - D), D of both events.
    """
    risk = np.maximum(life.at_risk, 1)
    share, before = life.converted / risk, life.before
    both = life.converted + life.rivals
    left = np.maximum(life.at_risk - both, 1)
    done = np.cumsum(before * share)
    # An event at v lowers what is added after v: F(t) - F(v), by 1/(Y - D) of it.
    out = np.zeros((len(lives.n), len(times)))
    place = np.searchsorted(life.days, lives.day[inside])
    converted, ended = lives.converted[inside], lives.ended[inside]
    for column, time in enumerate(times):
        reached = life.days <= time
        if not reached.any():
            continue
        last = np.flatnonzero(reached)[-1]
        after = np.where(reached, done[last] - done, 0.0)
        exposed = np.where(reached, after * both / risk / left - before * share / risk, 0.0)
        value = np.cumsum(exposed)[place]
        within = reached[place]
        value = value - np.where(within & ended, after[place] / left[place], 0.0)
        value = value + np.where(within & converted, before[place] / risk[place], 0.0)
        out[inside, column] = value
    return out


def _errors(lives: Lives, inside: NDArray[np.bool_], life: Life, times: Ints) -> Floats:
    return np.sqrt(lives.clusters.variances(influence(lives, inside, life, times)))


def _ends(rate: Floats, error: Floats, quantile: float) -> tuple[Floats, Floats]:
    """Interval on the scale log(-log(1 - F)): NaN without a conversion, or with nothing else."""
    if not np.isfinite(quantile):
        return np.full_like(rate, np.nan), np.full_like(rate, np.nan)
    inner = (rate > 0) & (rate < 1)
    stay = np.where(inner, 1 - rate, 0.5)
    width = quantile * error / (stay * np.abs(np.log(stay)))
    with np.errstate(over="ignore"):
        low, high = 1 - stay ** np.exp(-width), 1 - stay ** np.exp(width)
    return np.where(inner, low, np.nan), np.where(inner, high, np.nan)


def _reasons(
    lives: Lives, inside: NDArray[np.bool_], life: Life, times: Ints, known: NDArray[np.bool_]
) -> list[str | None]:
    leads = lives.n[inside].sum()
    if not leads:
        return ["no leads"] * len(times)
    equal = lives.clusters.equal_accounts(inside) if lives.clusters.known else leads
    few = few_accounts(equal, leads)
    unworked = lives.n[inside & lives.unworked].sum() / leads
    notes = (
        f"of all leads: {unworked:.0%} of them were never worked"
        if unworked > MOST_UNWORKED
        else None
    )
    seen = _by(life.days, np.cumsum(life.converted), times, 0.0)
    rate = _curves(life, times)[0]
    last = int(life.days[-1])
    return [
        "; ".join(
            part
            for part in (
                f"no lead of these was followed for {time} days (the longest: {last})"
                if not there
                else None,
                "no conversion so far, so no interval" if there and not hits else None,
                "every lead converted, so no interval" if there and share >= 1 else None,
                few,
                notes,
            )
            if part
        )
        or None
        for time, there, hits, share in zip(times, known, seen, rate, strict=True)
    ]


def time_to_table(
    days: DayCounts,
    bands: Sequence[BandLike] | None = None,
    *,
    within_days: int = 90,
    shares: Sequence[float] = (0.25, 0.5, 0.75),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Day by which a share of the conversions within `within_days` has happened, by band.

    The first day t with F(t)/F(H) >= share, F as in `incidence_table` and H = `within_days`: among
    leads that convert within H days, recent leads used for as long as they were followed. The
    interval holds the days at which F(t)/F(H) does not differ from the share, by its standard error
    over accounts (Brookmeyer and Crowley 1982).

    Columns: `band`, `start`, `stop`, `leads`, `positives` (conversions seen within H days),
    `share`, `day`, `low`, `high`, `reason`.

    Source: Brookmeyer and Crowley (1982) for the interval; Aalen and Johansen (1978) for F.

    >>> import pandas as pd
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": 60, "day": [2, 5, 9, 90],
    ...     "status": ["converted", "converted", "converted", "open"], "n": [1, 2, 1, 6]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> table = time_to_table(DayCounts(frame, origin), within_days=90)
    >>> table[["share", "day"]].values.tolist()
    [[0.25, 2.0], [0.5, 5.0], [0.75, 5.0]]
    """
    if any(not 0 < share < 1 for share in shares):
        raise QuestionError(f"shares is {list(shares)}: expected numbers between 0 and 1")
    tail(confidence)
    horizon = int(check_days((within_days,))[0])
    lives = read_lives(days)
    rows: list[dict[str, object]] = []
    for group in score_groups(lives.score, bands):
        inside = group.inside
        life = life_of(lives, inside)
        head = group.head | {
            "leads": int(lives.n[inside].sum()),
            "positives": int(life.converted[life.days <= horizon].sum()),
        }
        found = _quantiles(lives, inside, life, horizon, shares, confidence)
        rows += [head | dict(zip(_QUANTILE, each, strict=True)) for each in found]
    table = pd.DataFrame(rows)
    return table.assign(reason=pd.Series([row["reason"] for row in rows], dtype=object))


_QUANTILE = ("share", "day", "low", "high", "reason")
_ONE_ACCOUNT = "no interval: all of these leads are of one account"


def _quantiles(  # noqa: PLR0917 - one private step of one table
    lives: Lives,
    inside: NDArray[np.bool_],
    life: Life,
    horizon: int,
    shares: Sequence[float],
    confidence: float,
) -> list[tuple[float, float, float, float, str | None]]:
    nothing = None
    if not lives.n[inside].sum():
        nothing = "no leads"
    elif not _followed(life, np.array([horizon]))[0]:
        nothing = f"no lead of these was followed for {horizon} days"
    elif not life.converted[life.days <= horizon].sum():
        nothing = f"no conversion within {horizon} days"
    if nothing:
        return [(share, np.nan, np.nan, np.nan, nothing) for share in shares]
    times = np.arange(1, horizon + 1)
    curve = _curves(life, times)[0]
    ratio = curve / curve[-1]
    values = influence(lives, inside, life, times)
    values = (values - ratio * values[:, [-1]]) / curve[-1]
    error = np.sqrt(lives.clusters.variances(values))
    quantile = lives.clusters.quantile(inside, confidence)
    found: list[tuple[float, float, float, float, str | None]] = []
    for share in shares:
        day = times[np.argmax(ratio >= share - 1e-12)]
        if np.isnan(quantile):
            found.append((share, float(day), np.nan, np.nan, _ONE_ACCOUNT))
            continue
        fits = times[np.abs(ratio - share) <= quantile * error]
        low = min(fits.min(initial=day), day)
        high = max(fits.max(initial=day), day)
        found.append((share, float(day), float(low), float(high), None))
    return found
