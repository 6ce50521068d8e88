"""Whether replayed and recorded scores agree, and what would explain it where they do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.intervals import Family, rate_arrays
from toolkit.analysis.rates import Rate, few_accounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.analysis.cells import Floats
    from toolkit.counts import DifferenceCounts, FlowStep

__all__ = ["AGREEMENT_NEEDED", "Reconciliation", "agreement", "cause_table", "reconciliation"]

AGREEMENT_NEEDED = 0.95
"""Share of recorded scores that the replay must meet before its numbers are used."""

_LEAST_SHARE, _LEAST_ROWS = 0.01, 3
_CAUSE_COLUMNS = ["code", "criterion", "label", "n", "share", "difference", "contradicted", "text"]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Whether the replay meets the recorded score, and what would explain where it does not.

    `differences`: `difference` (recorded - replayed, in points), `n`, `share` (of recorded scores).
    `causes`: see `cause_table`.
    """

    agreement: Rate
    """Share of recorded scores that equal the replayed one."""
    differences: pd.DataFrame = field(repr=False)
    causes: pd.DataFrame = field(repr=False)
    unexplained_share: float
    """Share of recorded scores that differ and that no single change explains."""
    leads: int
    differing_leads: int
    looked_at: tuple[int, int]
    score: str
    model: str
    source: str
    flow: tuple[FlowStep, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether at least 95% of the recorded scores are met."""
        return self.agreement.estimate >= AGREEMENT_NEEDED

    @property
    def text(self) -> str:
        """The finding in one paragraph."""
        found = self.agreement
        met, all_ = f"{found.positives:,}", f"{found.n:,}"
        said = (
            f"Replayed and recorded scores agree for {met} of {all_} recorded scores:"
            f" {_percent(found.estimate)} ({_percent(found.low)} to {_percent(found.high)}, need"
            f" {AGREEMENT_NEEDED:.0%})."
        )
        reasons = [str(text) for text in self.causes["text"]]
        if self.unexplained_share > 0:
            reasons.append(
                f"{_percent(self.unexplained_share)} differ in a way that no single change of the"
                " model explains."
            )
        return " ".join([said, *reasons])


def reconciliation(counts: DifferenceCounts, *, confidence: float = 0.95) -> Reconciliation:
    """Judge the differences; a pure function of the counts.

    Source: definition; the interval is that of `agreement`.

    >>> import pandas as pd
    >>> from toolkit.counts import DifferenceCounts
    >>> differences = pd.DataFrame({"difference": [0, 15], "n": [6, 2]})
    >>> accounts = pd.DataFrame({"rows": [1, 1], "matched": [1, 0], "accounts": [6, 2]})
    >>> names = ["code", "criterion", "label", "contradicted"]
    >>> tried = pd.DataFrame([("twice", "pricing", "Pricing page", 0)], columns=names)
    >>> patterns = pd.DataFrame({"explained_by": [(0,)], "difference": [15], "n": [2]})
    >>> counts = DifferenceCounts(
    ...     differences, accounts, tried, patterns, (2, 6), 8, 2, "score", "m 1", "crm", False
    ... )
    >>> found = reconciliation(counts)
    >>> found.agreement.estimate
    0.75
    """
    found = agreement(counts, confidence=confidence)
    causes = cause_table(counts)
    total = max(int(counts.frame["n"].sum()), 1)
    differing = 1 - found.positives / total
    looked = max(counts.looked_at[0], 1)
    explained = int(causes["n"].sum()) / looked
    shares = counts.frame["n"] / total
    return Reconciliation(
        agreement=found,
        differences=counts.frame.assign(share=shares),
        causes=causes,
        unexplained_share=max(differing * (1 - explained), 0.0),
        leads=counts.leads,
        differing_leads=counts.differing_leads,
        looked_at=counts.looked_at,
        score=counts.score,
        model=counts.model,
        source=counts.source,
        flow=counts.flow,
    )


def agreement(counts: DifferenceCounts, *, confidence: float = 0.95) -> Rate:
    """Share of recorded scores that the replay meets, to the point.

    The denominator is every recorded score that could be compared. Wilson interval on the effective
    number: scores of one lead, and leads of one account, share their fate. Source: Korn and
    Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import DifferenceCounts
    >>> differences = pd.DataFrame({"difference": [0, 15], "n": [6, 2]})
    >>> accounts = pd.DataFrame({"rows": [1, 1], "matched": [1, 0], "accounts": [6, 2]})
    >>> names = ["code", "criterion", "label", "contradicted"]
    >>> tried = pd.DataFrame([("twice", "pricing", "Pricing page", 0)], columns=names)
    >>> patterns = pd.DataFrame({"explained_by": [(0,)], "difference": [15], "n": [2]})
    >>> counts = DifferenceCounts(
    ...     differences, accounts, tried, patterns, (2, 6), 8, 2, "score", "m 1", "crm", False
    ... )
    >>> found = agreement(counts)
    >>> found.positives, found.n, found.estimate
    (6, 8, 0.75)
    """
    frame = counts.accounts.astype("float64")
    hits, weight = frame["matched"].to_numpy(), frame["accounts"].to_numpy()
    misses = frame["rows"].to_numpy() - hits

    def added(part: Floats) -> Floats:
        return np.array([float(weight @ part)])

    family = Family(
        added(hits),
        added(misses),
        added(hits * hits),
        added(hits * misses),
        added(misses * misses),
        int(weight.sum()),
    )
    rates = rate_arrays(family, confidence=confidence)
    equal = float(family.equal_accounts[0])
    return Rate(
        estimate=float(rates.estimate[0]),
        low=float(rates.low[0]),
        high=float(rates.high[0]),
        positives=int(family.hits[0]),
        n=int(family.n[0]),
        n_effective=float(rates.n_effective[0]),
        method="Wilson on the effective n "
        + ("(accounts)" if counts.accounts_known else "(leads with all their scores)"),
        reason=_reason(counts, equal, float(family.n[0])),
        confidence=confidence,
    )


def _reason(counts: DifferenceCounts, equal_accounts: float, n: float) -> str | None:
    if not n:
        return "no recorded score could be compared"
    return few_accounts(equal_accounts, n) if counts.accounts_known else None


def cause_table(counts: DifferenceCounts) -> pd.DataFrame:
    """Name the changes that explain differing scores, the one that explains most first.

    Greedy: the change that gives most of the recorded values (of equals, the one that fewer
    agreeing scores contradict) takes its rows, then the next among those left, until a change
    would explain under 3 scores or 1% of those that differ. That a change gives the recorded value
    does not prove that it is what the platform does.

    Columns: `code`, `criterion` (id, blank where it is not about one), `label`, `n` (of the
    differing scores looked at), `share` (of all recorded scores, projected from those looked at),
    `difference` (the most frequent one among them, in points), `contradicted` (share of the
    agreeing scores looked at that the change would make disagree: near 0, the platform does so
    everywhere; otherwise in some leads only, or by chance), `text`.

    >>> from toolkit.counts import DifferenceCounts
    >>> differences = pd.DataFrame({"difference": [0, 15], "n": [4, 3]})
    >>> accounts = pd.DataFrame({"rows": [1, 1], "matched": [1, 0], "accounts": [4, 3]})
    >>> tried = [("twice", "pricing", "Pricing page", 0)]
    >>> tried = pd.DataFrame(tried, columns=["code", "criterion", "label", "contradicted"])
    >>> patterns = pd.DataFrame({"explained_by": [(0,)], "difference": [15], "n": [3]})
    >>> counts = DifferenceCounts(
    ...     differences, accounts, tried, patterns, (3, 4), 7, 3, "score", "m 1", "crm", False
    ... )
    >>> cause_table(counts)["text"][0]
    '42.9% differ, by +15 points: Pricing page: counted twice in the platform.'
    >>> round(reconciliation(counts).agreement.estimate, 3)
    0.571

    Source: definition.
    """
    left = counts.patterns
    differing, agreeing = counts.looked_at
    total = int(counts.frame["n"].sum())
    zero = int(counts.frame.loc[counts.frame["difference"] == 0, "n"].sum())
    projected = (total - zero) / max(differing, 1) / max(total, 1)
    least = max(_LEAST_ROWS, _LEAST_SHARE * differing)
    rows = []
    while len(left):
        best = _best(left, counts.hypotheses)
        if best is None:
            break
        taken = left["explained_by"].map(lambda found, best=best: best in found)
        part = left[taken]
        n = int(part["n"].sum())
        if n < least:
            break
        row = counts.hypotheses.iloc[best].to_dict()
        modes = part.groupby("difference")["n"].sum()
        row |= {
            "n": n,
            "share": n * projected,
            "difference": int(str(modes.idxmax())),
            "mixed": len(modes) > 1,
            "contradicted": row["contradicted"] / agreeing if agreeing else float("nan"),
        }
        rows.append({**row, "text": _text(row)})
        left = left[~taken]
    return pd.DataFrame(rows, columns=_CAUSE_COLUMNS)


def _best(left: pd.DataFrame, hypotheses: pd.DataFrame) -> int | None:
    exploded = left[["explained_by", "n"]].explode("explained_by").dropna(subset=["explained_by"])
    if exploded.empty:
        return None
    explains = exploded.groupby("explained_by")["n"].sum()
    ranked = pd.DataFrame(
        {"explains": -explains, "contradicted": hypotheses["contradicted"].loc[explains.index]}
    )
    best = ranked.sort_values(["explains", "contradicted"], kind="stable").index[0]
    return int(str(best))


def _percent(share: float) -> str:
    """A share that is not 0 or 1 is not shown as 0% or 100%."""
    digits = next((d for d in range(1, 6) if 0 < round(share, d + 2) < 1), 0)
    return f"{share:.{digits}%}"


_TEXTS = {
    "missing": "{label}: the platform does not pay for it",
    "limit_ignored": "{label}: the platform ignores the limit",
    "never_expires": "{label}: in the platform the points never expire",
    "decay_ignored": "{label}: in the platform the points do not decay",
    "once_a_day": "{label}: counted once a day at most in the platform",
    "each_counted": "{label}: each one is counted in the platform, whatever its day or asset",
    "twice": "{label}: counted twice in the platform",
    "once_more": "{label}: one more is counted in the platform",
    "latest_missing": "{label}: the latest is not counted in the platform",
    "season_ignored": "{label}: paid outside its season in the platform",
    "not_recovered": "{label}: not given back by activity in the platform",
    "recovered": "{label}: given back by activity in the platform",
    "repeated": "{label}: taken again for each further spell of silence in the platform",
    "not_repeated": "{label}: taken once only in the platform",
    "reset_ignored": "the platform does not reset where the model does",
    "rescored": (
        "the recorded score is that of the export: the platform scored again, in place, with what"
        " was known later"
    ),
    "lagging": "the recorded score does not yet know what happened in that second",
    "edited": (
        "the recorded score moved where nothing that the model pays for happened: edited by hand,"
        " or by a rule that the model does not have"
    ),
    "reset_recorded": "the recorded score fell to zero: reset in the platform, not in the model",
}


def _text(row: Mapping[object, object]) -> str:
    said = _TEXTS[str(row["code"])].format(label=str(row["label"]))
    points = int(str(row["difference"]))
    mostly = "mostly by" if row["mixed"] else "by"
    contradicted = float(str(row["contradicted"]))
    some = " (in some leads only)" if contradicted > 0.01 else ""  # noqa: PLR2004 - one in a hundred
    share = _percent(float(str(row["share"])))
    return f"{share} differ, {mostly} {points:+d} points: {said}{some}."
