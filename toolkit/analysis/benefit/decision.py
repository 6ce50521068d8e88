"""Decision curve: net benefit of working every lead whose chance is high enough, over chances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.benefit.net import benefit_intervals
from toolkit.analysis.cells import MOST_UNWORKED, read_cells
from toolkit.analysis.influence import masked_share
from toolkit.analysis.logistic import fit_logistic
from toolkit.analysis.points import line_design, no_line
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Cells, Floats
    from toolkit.counts import ScoreCounts

__all__ = ["decision_curve"]

CHANCES = tuple(i / 100 for i in range(1, 51))


def decision_curve(
    counts: ScoreCounts,
    *,
    probabilities: pd.Series | None = None,
    same_leads: bool | None = None,
    chances: Sequence[float] = CHANCES,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Net benefit of working the leads whose probability is at least `chance`, for each chance.

    A chance of 10% is the wish of a team that would work 10 leads for one conversion, no more:
    cost_ratio = chance / (1 - chance). `probabilities` maps each score to a probability
    (index: score). Without it a logistic curve is fitted to these very leads, which flatters the
    benefit; `same_leads` says whether given probabilities come from these leads too (None: not
    said). Where no such curve can be fitted (`fit_points` says why) everything is NaN. Scores without
    a probability are an error.

    Columns: `chance`; `cost_ratio`; `n` (judged leads worked); `tp`, `fp`; `net_benefit`
    ((tp - cost_ratio fp) / judged leads) with `_low`, `_high`; `net_benefit_all` (of working every
    lead) with `_low`, `_high`; `over_all` (net_benefit - net_benefit_all) with `_low`, `_high`;
    `reason`. Working nobody is worth 0. Each interval is for its own chance. NaN where more than 5%
    of the mature leads concerned were never worked.

    Sources: Vickers and Elkin (2006); intervals as in `benefit_table` (Zou and Donner 2008; cf.
    Marsh, Janes and Pepe 2020).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> stated = pd.Series({40: 0.1, 60: 0.4})
    >>> table = decision_curve(counts, probabilities=stated, same_leads=False, chances=[0.25])
    >>> table[["tp", "fp", "net_benefit"]].round(9).values.tolist()  # (4 - 6 * 0.25 / 0.75) / 20
    [[4.0, 6.0, 0.1]]
    """
    wanted = np.asarray(chances, dtype=np.float64)
    if not ((wanted > 0) & (wanted < 1)).all():
        raise QuestionError(f"chances lie between 0 and 1, both excluded; found {list(chances)}")
    cells = read_cells(counts)
    known, note = _probabilities(cells, probabilities, same_leads=same_leads)
    if known is None or not cells.judged.sum():
        return _unknown(wanted, note if known is None else "no judged leads")
    worked = (known[None, :] >= wanted[:, None] - 1e-12).astype(np.float64)
    weight = wanted / (1 - wanted)
    hidden, hidden_left = _hidden(cells, worked), _hidden(cells, 1 - worked)
    every = np.ones_like(worked)
    return pd.DataFrame(
        {
            "chance": wanted,
            "cost_ratio": weight,
            "n": (worked @ cells.judged).astype(np.int64),
            "tp": (worked @ cells.converted).astype(np.int64),
            "fp": (worked @ cells.not_converted).astype(np.int64),
            **_columns("net_benefit", _worth(cells, worked, weight, confidence), hidden),
            **_columns(
                "net_benefit_all", _worth(cells, every, weight, confidence), hidden | hidden_left
            ),
            **_columns("over_all", _spared(cells, worked, weight, confidence), hidden_left),
            "reason": pd.Series(_reasons(hidden, hidden_left, note), dtype=object),
        }
    )


_NAMES = ("net_benefit", "net_benefit_all", "over_all")


def _probabilities(
    cells: Cells, probabilities: pd.Series | None, *, same_leads: bool | None
) -> tuple[Floats | None, str | None]:
    if probabilities is None:
        return _fitted(cells)
    given = probabilities.reindex(cells.levels).to_numpy(dtype=np.float64)
    missing = cells.levels[np.isnan(given)]
    if len(missing):
        raise QuestionError(
            f"probabilities has no value for a score of {missing[0]}: expected one for every score "
            "that occurs"
        )
    if ((given < 0) | (given > 1)).any():
        raise QuestionError("probabilities must lie between 0 and 1")
    return given, None if same_leads is False else _OPTIMISTIC if same_leads else _UNSAID


_OPTIMISTIC = "the probabilities were fitted to these same leads: the benefit is flattered"
_UNSAID = "it is not said whether the probabilities come from other leads (same_leads)"


def _fitted(cells: Cells) -> tuple[Floats | None, str | None]:
    """The logistic curve of the score, as `fit_points` fits it; None where there is none."""
    reason = no_line(cells)
    if reason is not None:
        return None, f"no curve: {reason}"
    return fit_logistic(cells, line_design(cells)).probability, _OPTIMISTIC


def _worth(
    cells: Cells, masks: Floats, weight: Floats, confidence: float
) -> tuple[Floats, Floats, Floats]:
    shares = [masked_share(cells, masks, hit=hit) for hit in (True, False)]
    return benefit_intervals(cells, masks, shares, weight, confidence)


def _spared(
    cells: Cells, worked: Floats, weight: Floats, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """What is gained over working all: the leads left out, with the sign turned."""
    estimate, low, high = _worth(cells, 1 - worked, weight, confidence)
    return -estimate, -high, -low


def _hidden(cells: Cells, masks: Floats) -> NDArray[np.bool_]:
    unworked, judged = masks @ cells.unworked, masks @ cells.judged
    hidden: NDArray[np.bool_] = unworked > MOST_UNWORKED * (unworked + judged)
    return hidden


def _columns(
    name: str, parts: tuple[Floats, Floats, Floats], hidden: NDArray[np.bool_]
) -> dict[str, Floats]:
    names = (name, f"{name}_low", f"{name}_high")
    return {key: np.where(hidden, np.nan, part) for key, part in zip(names, parts, strict=True)}


def _reasons(
    hidden: NDArray[np.bool_], hidden_left: NDArray[np.bool_], note: str | None
) -> list[str | None]:
    return [
        "; ".join(
            part
            for part in (
                "cannot be told: too many of the leads to be worked were never worked"
                if up
                else "",
                "working all cannot be judged: too many other leads were never worked"
                if down
                else "",
                note or "",
            )
            if part
        )
        or None
        for up, down in zip(hidden, hidden_left, strict=True)
    ]


def _unknown(wanted: Floats, reason: str | None) -> pd.DataFrame:
    ends = [f"{name}{end}" for name in _NAMES for end in ("", "_low", "_high")]
    return pd.DataFrame(
        {
            "chance": wanted,
            "cost_ratio": wanted / (1 - wanted),
            **dict.fromkeys(("n", "tp", "fp"), 0),
            **dict.fromkeys(ends, np.nan),
            "reason": reason,
        }
    )
