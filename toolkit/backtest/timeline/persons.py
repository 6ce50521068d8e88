"""One person, several leads: crossings after leads were merged.

Before a merge nobody knows that two leads are one person, and each crosses for itself. From the
merge on the survivor is that person, with all that happened to it:

* what a merged lead had crossed is an earlier crossing of the survivor's, so that its next one is
  not the first;
* a survivor that reaches a threshold at the very second of the merge, because of what it inherits,
  does not cross if a lead that comes in was above at that time: the person was there already.
"""

from __future__ import annotations

import pandas as pd

__all__ = ["once_a_person"]


def once_a_person(crossed: pd.DataFrame, merged: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is no new crossing of a person, and number the others by person.

    `crossed` has `lead`, `threshold`, `crossed`, `left` of every time above; `merged` has `loser`,
    `winner` (at any remove), `at` (from when they are one) and `gone` (when the loser was merged
    away). The result has the columns and the order of `crossed`, with a new `episode`.

    >>> crossed = pd.DataFrame(
    ...     {"lead": ["A", "B", "B"], "threshold": 10, "crossed": [2, 3, 9], "left": [3, 5, 11]}
    ... )
    >>> merged = pd.DataFrame({"loser": ["A"], "winner": ["B"], "at": [3], "gone": [3]})
    >>> once_a_person(crossed, merged)[["lead", "crossed", "episode"]].to_numpy().tolist()
    [['A', 2, 1], ['B', 9, 2]]
    """
    new = crossed[~_carried_over(crossed, merged)]
    order = new.sort_values(["lead", "threshold", "crossed"], kind="stable")
    own = order.groupby(["lead", "threshold"]).cumcount()
    return new.assign(episode=1 + own + _inherited(new, merged))


def _carried_over(crossed: pd.DataFrame, merged: pd.DataFrame) -> pd.Series:
    """Whether a lead that came in at that second was above until then."""
    came = crossed.merge(merged, left_on="lead", right_on="loser")
    above = came[(came["left"] == came["gone"]) & (came["at"] == came["gone"])]
    into = pd.MultiIndex.from_frame(above[["winner", "threshold", "at"]])
    own = pd.MultiIndex.from_frame(crossed[["lead", "threshold", "crossed"]])
    return pd.Series(own.isin(into), index=crossed.index)


def _inherited(new: pd.DataFrame, merged: pd.DataFrame) -> pd.Series:
    """How often those who had come in before had crossed."""
    theirs = new.merge(merged, left_on="lead", right_on="loser")[["winner", "threshold", "at"]]
    own = new[["lead", "threshold", "crossed"]].assign(row=new.index)
    pairs = own.merge(
        theirs, left_on=["lead", "threshold"], right_on=["winner", "threshold"]
    ).query("at <= crossed")
    return pairs.groupby("row").size().reindex(new.index, fill_value=0)
