"""No data, however poor, breaks a report, and what cannot be known is said as such."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from tests.report import by_hand, hostile
from toolkit.crm import connect
from toolkit.crm.demo import DemoPlan, make_demo
from toolkit.model import load_model
from toolkit.report import audit, threshold, weights
from toolkit.report.audit import Audit, Policy
from toolkit.report.audit.inputs import prepare_scored_audit
from toolkit.report.threshold.inputs import review_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from toolkit.crm import Crm

POLICY = Policy(cost_ratio=0.1, capacity_per_week=3)
STAKES = threshold.Stakes(0.1, 1.0, None, 1.5, 3)
UNTOLD, FEW = "Cannot be told from this data", "Not enough evidence"

# Case: does the score rank, should the threshold stay.
ANSWERS = {
    "no lead at all": (FEW, FEW),
    "no lead is old enough": (FEW, FEW),
    "one lead": (FEW, FEW),
    "three leads": (UNTOLD, UNTOLD),
    "none converted": (UNTOLD, UNTOLD),
    # Below 50 all convert, too: they should have been handed over.
    "all converted": (FEW, "No"),
    "one score": (FEW, FEW),
    "one score below the bar": (UNTOLD, UNTOLD),
    "nothing worked": (UNTOLD, UNTOLD),
    "all worked": ("Yes", "Yes"),
    "higher scores are worse": ("No", "No"),
    "negative scores": (FEW, FEW),
    # A tenth of those below pays, from 1/11 on.
    "very many leads": ("Yes", "No"),
}


def hand(case: str) -> Audit:
    return by_hand.audit(ranked=hostile.CELLS[case], policy=POLICY)


@pytest.mark.parametrize("case", hostile.CELLS)
def test_the_audit_survives(case: str) -> None:
    text, facts = hostile.said(audit, hand(case))
    assert hostile.faults(text, facts) == []
    assert facts["verdict.answer"] == ANSWERS[case][0]


@pytest.mark.parametrize("case", hostile.CELLS)
def test_the_threshold_review_survives(case: str) -> None:
    text, facts = hostile.said(threshold, review_of(hand(case), stakes=STAKES))
    assert hostile.faults(text, facts) == []
    assert facts["verdict.answer"] == ANSWERS[case][1]


def test_numbers_that_are_none_are_found() -> None:
    said = (
        "nan%",
        "worth -1.2",
        "a \N{MINUS SIGN}0.0 b",
        "(95% interval nan to 3)",
        "net benefit ()",
    )
    assert all(hostile.faults(text, {}) for text in said)
    fine = ("0-16%", "on 2026-01-01", "None of 3", "\N{MINUS SIGN}0.5", "finance", "0-0.5%")
    assert not any(hostile.faults(text, {}) for text in fine)


def flat(*, declared: bool) -> Audit:
    """200 leads; half of them are of one account that converts as one; many without account."""
    rows = pd.DataFrame(
        {
            "score": [20, 60] * 100,
            "sql": [0] * 100 + [0, 1] * 50,
            "account": ["big"] * 100 + ["small", None, "other", None] * 25,
        }
    )
    return prepare_scored_audit(
        scored=rows,
        score="score",
        outcome="sql",
        account="account",
        scored_before_outcome=declared,
        policy=replace(POLICY, threshold=50),
        prepared_on=by_hand.audit().prepared_on,
    )


@pytest.mark.parametrize(("declared", "answer"), [(True, FEW), (False, UNTOLD)])
def test_one_account_with_half_of_the_leads_is_hardly_more_than_one_lead(
    declared: bool, answer: str
) -> None:
    # 50 of 100 converting leads outscore all others, but nearly all leads are of two accounts.
    text, facts = hostile.said(audit, flat(declared=declared))
    assert hostile.faults(text, facts) == []
    assert facts["verdict.answer"] == answer
    text, facts = hostile.said(threshold, review_of(flat(declared=declared), stakes=STAKES))
    assert hostile.faults(text, facts) == []
    assert facts["verdict.answer"] in {FEW, UNTOLD}


@pytest.mark.parametrize("points", [-1000, 1000])
def test_a_threshold_that_all_or_none_reach_is_a_threshold(points: int) -> None:
    beyond = replace(by_hand.audit(ranked=by_hand.RANKED, policy=POLICY), threshold=points)
    for report, value in ((audit, beyond), (threshold, review_of(beyond, stakes=STAKES))):
        text, facts = hostile.said(report, value)
        assert hostile.faults(text, facts) == []
    # Below 10 points nobody scores, so that all are handed over; above 90 nobody is.
    assert facts["verdict.answer"] == ("Yes" if points < 0 else "No")


def test_without_records_of_hand_offs_and_decisions_the_page_says_so() -> None:
    bare = replace(
        by_hand.audit(ranked=by_hand.RANKED), handoffs=None, decisions=None, quarter=None
    )
    text, facts = hostile.said(audit, bare)
    assert hostile.faults(text, facts) == []
    assert "The export records no MQL" in text


def test_rows_without_a_score_are_not_forgotten() -> None:
    rows = pd.DataFrame({"score": [20, 60, None, None] * 25, "sql": [0, 1, 1, 0] * 25})
    found = prepare_scored_audit(
        scored=rows, score="score", outcome="sql", prepared_on=by_hand.audit().prepared_on
    )
    text = audit.show_limits(found).plain()
    assert "Anything of 50 rows (50%) without a score or an outcome" in text


def _crm(folder: Path, **changed: Callable[[pd.DataFrame], pd.DataFrame]) -> Crm:
    """The demo CRM with some of its tables changed."""
    mapping = yaml.safe_load((folder / "crm.yaml").read_text(encoding="utf-8"))
    tables = {
        path.stem: pd.read_csv(path, dtype=str, keep_default_na=False).replace("", None)
        for path in sorted(folder.glob("*.csv"))
        if path.stem != "accounts"
    }
    for columns in mapping["tables"].values():
        columns.pop("file", None)
    settings = {name: value for name, value in mapping.items() if name != "source"}
    settings["tables"] = {name: columns for name, columns in mapping["tables"].items() if columns}
    return connect(
        {name: changed.get(name, lambda table: table)(table) for name, table in tables.items()},
        mapping=settings,
    )


def _late(table: pd.DataFrame) -> pd.DataFrame:
    """Move every SQL by 200 days, beyond its window."""
    moved = pd.to_datetime(table["entered_at"]) + pd.Timedelta(days=200)
    text = moved.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return table.assign(entered_at=table["entered_at"].where(table["stage"] != "SQL", text))


BROKEN: dict[str, dict[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "as it is": {},
    "no activities": {"activities": lambda table: table.iloc[:0]},
    "no accounts": {"leads": lambda table: table.assign(account_id=None)},
    "one account with half of the leads": {
        "leads": lambda table: table.assign(
            account_id=table["account_id"].where(table.index % 2 == 1, "A00001")
        )
    },
    "no hand-offs": {"stage_changes": lambda table: table[table["stage"] == "SQL"]},
    "outcomes too late": {"stage_changes": _late},
    "no decisions": {"sales_feedback": lambda table: table.iloc[:0]},
    "a quarter without leads": {
        "leads": lambda table: table[~table["created_at"].between("2025-07", "2025-10")]
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BROKEN)
def test_all_three_reports_survive_a_broken_crm(
    case: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder, leads=1000, seed=7, format="csv", plan=DemoPlan(recorded="faithful"))
    crm, model = _crm(folder, **BROKEN[case]), load_model(folder / "model.yaml")
    found = audit.prepare(
        crm=crm, model=model, prepared_on="2026-11-01", cost_ratio=0.1, capacity_per_week=3,
        segment="source", accept_mismatch=True,
    )  # fmt: skip
    told = weights.prepare(crm=crm, model=model, prepared_on="2026-11-01")
    for report, value in (
        (audit, found), (threshold, review_of(found, stakes=STAKES)), (weights, told),
    ):  # fmt: skip
        assert hostile.faults(*hostile.said(report, value)) == []
