"""Leads at the edges of what can be asked, laid out as every count table of the waist."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from tests.analysis.day_rows import count_day_rows, count_stage_rows, count_stay_rows
from tests.analysis.rows import PROVENANCE, count_rows
from tests.analysis.segment_rows import count_segments
from tests.analysis.test_deals import counted
from tests.analysis.week_rows import count_by_week
from tests.analysis.weights.patterns import count_patterns, term
from toolkit.analysis import fit_weights
from toolkit.counts import AccountCells, DelayCounts, DifferenceCounts, FieldCounts, PairCounts

TERMS, POINTS = ["a", "b", "c"], [20, 10, -5]
RESPONSES = ["within 5 minutes", "within 1 hour", "not at all"]
_STATUS = {
    "converted": "converted", "not_converted": "disqualified", "immature": "open",
    "unworked": "unworked",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Rows of leads (`score`, `state` and, where known, `account`), each counted `scale` times."""

    rows: pd.DataFrame
    scale: int = 1
    amount: float = 100.0

    @property
    def lone(self) -> bool:
        """Whether all leads are one account's."""
        return "account" in self.rows and len(set(self.rows["account"])) == 1

    def _scaled(self, counts, name="frame"):
        frame = getattr(counts, name)
        return replace(counts, **{name: frame.assign(n=frame["n"] * self.scale)})

    def _numbered(self, *columns):
        """Rows with a number, and columns that follow from it alone."""
        number = np.arange(len(self.rows))
        return self.rows.assign(**{name: make(number) for name, make in columns})

    @cached_property
    def scores(self):
        return self._scaled(count_rows(self.rows))

    @cached_property
    def segments(self):
        rows = self._numbered(("segment", lambda i: np.where(i % 3 == 0, "a", "b")))
        return self._scaled(count_segments(rows))

    @cached_property
    def responses(self):
        rows = self._numbered(("response", lambda i: np.array(RESPONSES)[i % len(RESPONSES)]))
        return self._scaled(count_rows(rows, by=("response",)))

    @cached_property
    def folds(self):
        return self._patterns(by="fold")

    @cached_property
    def periods(self):
        return self._patterns(by="period")

    @cached_property
    def pairs(self):
        rows = self.rows.rename(columns={"score": "champion"})
        rows["challenger"] = rows["champion"] + 5 * (np.arange(len(rows)) % 3 - 1)
        keys = ["champion", "challenger", "state"]
        frame = rows.groupby(keys, as_index=False, sort=True).size().rename(columns={"size": "n"})
        accounts = None
        if "account" in rows:
            several = rows[rows["account"].duplicated(keep=False)]
            number = frame[keys].assign(cell=range(len(frame)))
            found = (
                several.merge(number, on=keys).groupby(["account", "cell"], as_index=False).size()
            )
            accounts = AccountCells(found.rename(columns={"size": "n"}))
        return self._scaled(PairCounts(frame, PROVENANCE, "challenger 2", "other leads", accounts))

    @cached_property
    def patterns(self):
        return self._patterns()

    def _patterns(self, by=None):
        rows = self._numbered(
            *(
                (name, lambda i, k=k: (i // k) % 2)
                for name, k in zip(TERMS, (1, 2, 4), strict=True)
            ),
            ("fold", lambda i: i % 5),
            ("period", lambda i: np.where(i % 5 < 2, "2026Q1", "2026Q2")),
        )
        rows = rows.assign(score=rows[TERMS].to_numpy() @ np.array(POINTS))
        account = "account" if "account" in rows else None
        terms = tuple(term(name, points) for name, points in zip(TERMS, POINTS, strict=True))
        found = count_patterns(rows, TERMS, POINTS, account=account, by=by, terms=terms)
        blank = replace(found.provenance, model_hash=None)
        return self._scaled(replace(found, provenance=blank))

    @cached_property
    def weights(self):
        return fit_weights(self.patterns)

    @cached_property
    def days(self):
        rows = self._numbered(("day", lambda i: 1 + 7 * i % 95))
        rows = rows.assign(status=rows["state"].map(_STATUS))
        columns = [name for name in ("score", "day", "status", "account") if name in rows]
        return self._scaled(count_day_rows(rows[columns]))

    @cached_property
    def stages(self):
        rows = self._numbered(
            ("fit_band", lambda i: np.where(i % 2, "A", "B")),
            ("behavior_band", lambda i: np.where(i % 3, "1", "2")),
            ("hand_raiser", lambda i: i % 7 == 0),
            ("disposition", lambda i: np.array(["accepted", "rejected", "untouched"])[i % 3]),
            ("given_reason", lambda i: np.where(i % 3 == 1, "no_budget", "")),
        )
        stages = {f"stage_{name}": rows["state"] for name in ("accepted", "sql", "won")}
        return self._scaled(count_stage_rows(rows.drop(columns="state").assign(**stages)))

    @cached_property
    def stays(self):
        rows = self._numbered(("days", lambda i: i % 40), ("moved", lambda i: i % 3 > 0))
        return self._scaled(count_stay_rows(rows.assign(stage="sql")))

    @cached_property
    def weeks(self):
        first = date(2026, 1, 5)
        days = [first + timedelta(days=i % 70) for i in range(len(self.rows))]
        last = first + timedelta(days=69)
        return self._scaled(
            count_by_week(days, self.rows["score"].tolist(), first=first, last=last)
        )

    @cached_property
    def deals(self):
        """Amounts and the counts of the same leads; small, as an engine would make them."""
        rows = self.rows[self.rows["state"].isin(["converted", "not_converted"])]
        hit = (rows["state"] == "converted").astype(int)
        made = pd.DataFrame({"score": rows["score"], "hit": hit, "amount": self.amount * hit})
        known = "account" in rows
        made["account"] = rows["account"] if known else 0
        amounts, counts = counted(made, accounts=known)
        if np.isnan(self.amount):
            nothing = {"valued": 0, "amount": 0.0, "amount_squared": 0.0, "largest": np.nan}
            amounts = replace(amounts, frame=amounts.frame.assign(**nothing))
        return amounts, counts

    @cached_property
    def delays(self):
        both = [(within, of) for within in (30, 90) for of in ("all", "longest")]
        states = self.rows.groupby("state").size()
        frame = pd.DataFrame(
            [(*key, state, n * self.scale) for key in both for state, n in states.items()],
            columns=["within_days", "of", "state", "n"],
        )
        return DelayCounts(frame, PROVENANCE)

    @cached_property
    def differences(self):
        n, same = len(self.rows), int((self.rows["state"] == "converted").sum())
        lone = [(n, same, 1)] if self.lone else [(1, 1, same), (1, 0, n - same)]
        return DifferenceCounts(
            frame=pd.DataFrame({"difference": [0, 5], "n": [same, n - same]}),
            accounts=pd.DataFrame(lone, columns=["rows", "matched", "accounts"]),
            hypotheses=pd.DataFrame(columns=["code", "criterion", "label", "contradicted"]),
            patterns=pd.DataFrame(columns=["explained_by", "difference", "n"]),
            looked_at=(n - same, same), leads=n, differing_leads=n - same, score="score",
            model="m 1", source="by hand", accounts_known="account" in self.rows,
        )  # fmt: skip

    @cached_property
    def fields(self):
        judged = self.rows[self.rows["state"].isin(["converted", "not_converted"])]
        hit = (judged["state"] == "converted").to_numpy()
        value = np.where(judged["score"] >= 10, "high", "low")
        rows = pd.DataFrame({"value": value, "fold": np.arange(len(hit)) % 5, "hit": hit})
        by = rows.groupby(["value", "fold"])["hit"]
        levels = pd.DataFrame({"converted": by.sum(), "n": by.size()}).reset_index()
        levels["not_converted"] = levels["n"] - levels["converted"]
        levels = levels.assign(field="f", accounts=1 if self.lone else levels["n"])
        return FieldCounts(
            levels=levels[["field", "value", "fold", "converted", "not_converted", "accounts"]],
            areas=pd.DataFrame(columns=["field", "bucket", "fold", "converted", "not_converted"]),
            kinds=pd.DataFrame([("f", "values", 2)], columns=["field", "kind", "tested"]),
            source="by hand", outcome="SQL", converted=int(hit.sum()),
            not_converted=int((~hit).sum()),
            accounts=judged["account"].nunique() if "account" in judged else None,
        )  # fmt: skip


def _rows(score, state, account=None):
    frame = pd.DataFrame({"score": np.asarray(score, dtype=np.int64), "state": state})
    frame["state"] = frame["state"].map({1: "converted", 0: "not_converted"}).fillna(frame["state"])
    return frame if account is None else frame.assign(account=np.asarray(account, dtype=np.int64))


_RNG = np.random.default_rng(5)
_N = 240
_SCORES, _HITS = 5 * _RNG.integers(0, 8, _N), _RNG.integers(0, 2, _N)
_HALF = np.where(np.arange(_N) < _N // 2, 0, np.arange(_N))

CASES = {
    "plain": Case(_rows(_SCORES, _HITS)),
    "no lead": Case(_rows([], [])),
    "one lead that converted": Case(_rows([15], [1])),
    "one lead that did not": Case(_rows([15], [0])),
    "one lead of an account": Case(_rows([15], [1], [1])),
    "one class": Case(_rows(_SCORES, np.ones(_N, dtype=int))),
    "the other class": Case(_rows(_SCORES, np.zeros(_N, dtype=int), np.arange(_N) // 3)),
    "one level": Case(_rows(np.full(_N, 15), _HITS)),
    "one level over accounts": Case(_rows(np.full(_N, 15), _HITS, np.arange(_N) // 3)),
    "separated": Case(_rows([10] * 20 + [20] * 20, [0] * 20 + [1] * 20)),
    "upside down": Case(_rows([10] * 20 + [20] * 20, [1] * 20 + [0] * 20)),
    "two leads": Case(_rows([10, 20], [0, 1])),
    "negative scores": Case(_rows(_SCORES - 900, _HITS)),
    "ten thousand million of each lead": Case(_rows(_SCORES, _HITS), scale=10**10),
    "a million million of each lead": Case(_rows(_SCORES[:40], _HITS[:40]), scale=10**12),
    "one account": Case(_rows(_SCORES, _HITS, np.zeros(_N))),
    "two accounts": Case(_rows(_SCORES, _HITS, np.arange(_N) % 2)),
    "an account of half of all leads": Case(_rows(_SCORES, _HITS, _HALF)),
    "all immature": Case(_rows(_SCORES, ["immature"] * _N)),
    "all unworked": Case(_rows(_SCORES, ["unworked"] * _N, np.arange(_N) // 3)),
    "amounts of zero": Case(_rows(_SCORES, _HITS, np.arange(_N) // 3), amount=0.0),
    "amounts that are not known": Case(_rows(_SCORES, _HITS), amount=np.nan),
}
