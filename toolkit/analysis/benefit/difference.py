"""Two models on the same leads: which one's choice of leads to work is worth more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.decision import CHANCES
from toolkit.analysis.cells import MOST_UNWORKED
from toolkit.analysis.robust import read_clusters
from toolkit.counts import STATES
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats
    from toolkit.counts import PairCounts

__all__ = ["decision_difference"]

_FEWEST = 5
_SAME = (
    "refused: the challenger was fitted on these leads, so they flatter it; compare the two on "
    "later leads"
)
_UNKNOWN = "it is not known on which leads the challenger was fitted"


def decision_difference(
    pairs: PairCounts,
    *,
    champion: pd.Series,
    challenger: pd.Series,
    chances: Sequence[float] = CHANCES,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Net benefit of the challenger less that of the champion, at each chance from which work pays.

    Each model works the leads whose probability is at least the chance; `champion` and `challenger`
    map the scores of the two models to probabilities (index: score), told on other leads. Only the
    leads on which the two choices differ make the difference.

    Columns: `chance`; `cost_ratio` (chance / (1 - chance)); `swap_in`, `swap_out` (judged leads
    that only the challenger, only the champion works); `swap_in_positives`, `swap_out_positives`
    (of these: converted); `champion`, `challenger` (net benefit per judged lead); `difference`
    with `low`, `high` (over accounts where they are known); `reason`.

    NaN where the challenger was fitted on these leads, where fewer than 5 judged leads are
    swapped, and where more than 5% of the mature leads swapped were never worked: what the
    challenger would have brought in there was mostly not worked, so nobody knows its worth.
    Each interval is for its own chance. Source: Vickers and Elkin (2006); variance of the
    difference of paired net benefits as in survey statistics.

    >>> import pandas as pd
    >>> from toolkit.counts import PairCounts
    >>> cells = [(40, 60, "converted", 6), (40, 40, "not_converted", 4),
    ...          (60, 40, "not_converted", 6), (60, 60, "converted", 4)]
    >>> names = ["champion", "challenger", "state", "n"]
    >>> pairs = PairCounts(pd.DataFrame(cells, columns=names), None, "new", "other leads")
    >>> chance = pd.Series({40: 0.1, 60: 0.5})
    >>> table = decision_difference(pairs, champion=chance, challenger=chance, chances=[0.25])
    >>> table.loc[0, ["swap_in", "swap_out", "difference"]].round(9).tolist()  # (6 + 6 / 3) / 20
    [6.0, 6.0, 0.4]
    """
    wanted = np.asarray(chances, dtype=np.float64)
    if not ((wanted > 0) & (wanted < 1)).all():
        raise QuestionError(f"chances lie between 0 and 1, both excluded; found {list(chances)}")
    frame = pairs.frame
    one = _worked(frame["champion"], champion, "champion", wanted)
    two = _worked(frame["challenger"], challenger, "challenger", wanted)
    return _table(pairs, one, two, wanted, confidence)


def _worked(scores: pd.Series, chances: pd.Series, name: str, wanted: Floats) -> Floats:
    """Cells x chances: whether a lead of the cell is worked."""
    known = chances.reindex(scores).to_numpy(dtype=np.float64)
    if np.isnan(known).any():
        missing = scores.to_numpy()[np.isnan(known)][0]
        raise QuestionError(f"{name} has no probability for a score of {missing}")
    return (known[:, None] >= wanted[None, :] - 1e-12).astype(np.float64)


def _table(
    pairs: PairCounts, one: Floats, two: Floats, wanted: Floats, confidence: float
) -> pd.DataFrame:
    state = pairs.frame["state"]
    n = pairs.frame["n"].to_numpy(dtype=np.float64)
    judged, hit = (state.isin(STATES[:2])).to_numpy(), (state == STATES[0]).to_numpy()
    weight = wanted / (1 - wanted)
    value = np.where(judged[:, None], np.where(hit[:, None], 1.0, -weight), 0.0)
    total = max(float(n[judged].sum()), 1.0)
    moved = two - one
    gains = [(n[:, None] * each * value).sum(axis=0) / total for each in (one, two)]
    low, high = _interval(pairs, moved * value, judged, confidence)
    counted = {
        f"swap_{way}{end}": (n[used][:, None] * (moved[used] == sign)).sum(axis=0).astype(np.int64)
        for way, sign in (("in", 1), ("out", -1))
        for end, used in (("", judged), ("_positives", hit))
    }
    refusals = _refusals(pairs, moved, n, judged)
    hidden = np.array([refusal is not None for refusal in refusals], dtype=np.bool_)
    notes = (
        "no interval: one account is all there is" if np.isnan(low).all() else None,
        _UNKNOWN if pairs.fitted_on == "unknown" else None,
    )
    care = "; ".join(note for note in notes if note) or None
    values = {
        "champion": gains[0],
        "challenger": gains[1],
        "difference": gains[1] - gains[0],
        "low": low,
        "high": high,
    }
    return pd.DataFrame(
        {
            "chance": wanted,
            "cost_ratio": weight,
            **counted,
            **{name: np.where(hidden, np.nan, each) for name, each in values.items()},
            "reason": pd.Series([refusal or care for refusal in refusals], dtype=object),
        }
    )


def _interval(
    pairs: PairCounts, gain: Floats, judged: NDArray[np.bool_], confidence: float
) -> tuple[Floats, Floats]:
    """Mean gain per judged lead +- z (t from fewer than 40 accounts) * standard error."""
    n = np.where(judged, pairs.frame["n"].to_numpy(dtype=np.float64), 0.0)
    total = max(float(n.sum()), 1.0)
    mean = (n[:, None] * gain).sum(axis=0) / total
    influence = np.where(judged[:, None], (gain - mean) / total, 0.0)
    clusters = read_clusters(pairs.frame["n"].to_numpy(dtype=np.int64), pairs.accounts)
    wide = clusters.quantile(judged, confidence)
    step = wide * np.sqrt(clusters.variances(influence))
    return mean - step, mean + step


def _refusals(
    pairs: PairCounts, moved: Floats, n: Floats, judged: NDArray[np.bool_]
) -> list[str | None]:
    if pairs.fitted_on == "these leads":
        return [_SAME] * moved.shape[1]
    unworked = (pairs.frame["state"] == STATES[3]).to_numpy()
    swapped = np.abs(moved)
    left, known = (n[used] @ swapped[used] for used in (unworked, judged))
    return [_refusal(float(out), float(seen)) for out, seen in zip(left, known, strict=True)]


def _refusal(unworked: float, judged: float) -> str | None:
    if unworked > MOST_UNWORKED * (unworked + judged):
        share = unworked / (unworked + judged)
        return f"cannot be told: {share:.0%} of the leads that change sides were never worked"
    if judged < _FEWEST:
        return f"fewer than {_FEWEST} judged leads change sides"
    return None
