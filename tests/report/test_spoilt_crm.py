"""CRMs that no analyst would choose: no report fails on them, prints what is no number, or overclaims."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from toolkit.crm import connect
from toolkit.crm.demo import DemoPlan, make_demo
from toolkit.model import load_model
from toolkit.report import audit, threshold, weights
from toolkit.report.threshold.inputs import review_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

Tables = dict[str, pd.DataFrame]
UNTOLD = "Cannot be told from this data"
FEW = "Not enough evidence"
# Words that are a number gone wrong; `None` is allowed where it begins a sentence.
NO_NUMBER = re.compile(r"(?<![A-Za-z])(nan|NaN|inf|NaT|<NA>|None(?! of|:))(?![A-Za-z])")
NOTHING = re.compile("[-\N{MINUS SIGN}]0(\\.0+)?(?![\\d.])|\\(\\)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CRM, to be spoilt."""
    folder = tmp_path_factory.mktemp("hostile") / "crm"
    make_demo(folder, leads=1000, seed=7, plan=DemoPlan(recorded="faithful"))
    return folder


def tables(folder: Path) -> Tables:
    return {
        path.stem: pd.read_csv(path, dtype=str, keep_default_na=False).replace("", None)
        for path in sorted(folder.glob("*.csv"))
        if path.stem != "accounts"
    }


def mapping(folder: Path) -> dict[str, object]:
    """What the columns mean, without the files: the frames stand in for them."""
    given = yaml.safe_load((folder / "crm.yaml").read_text(encoding="utf-8"))
    given.pop("source")
    named = {
        name: {key: value for key, value in table.items() if key != "file"}
        for name, table in given["tables"].items()
    }
    return {**given, "tables": {name: table for name, table in named.items() if table}}


def later(times: pd.Series, days: int) -> pd.Series:
    return (pd.to_datetime(times) + pd.Timedelta(days=days)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _only(found: Tables, keep: Callable[[pd.Series], pd.Series]) -> Tables:
    return {
        name: table[keep(table["lead_id"])] if "lead_id" in table else table
        for name, table in found.items()
    }


def none_converts(found: Tables) -> Tables:
    stages = found["stage_changes"].copy()
    late = stages["stage"].isin(["SQL", "Opportunity", "Won"])
    stages.loc[late, "entered_at"] = later(stages.loc[late, "entered_at"], 200)
    return {**found, "stage_changes": stages}


def all_convert(found: Tables) -> Tables:
    stages = found["stage_changes"]
    handed = stages[stages["stage"] == "MQL"]
    soon = handed.assign(stage="SQL", entered_at=later(handed["entered_at"], 40))
    kept = found["leads"][found["leads"]["lead_id"].isin(handed["lead_id"])]
    return {**found, "leads": kept, "stage_changes": pd.concat([handed, soon])}


def three_leads(found: Tables) -> Tables:
    stages = found["stage_changes"]
    sold = stages.loc[stages["stage"] == "SQL", "lead_id"].iloc[0]
    ids = {sold, stages["lead_id"].iloc[0], found["leads"]["lead_id"].iloc[-1]}
    return _only(found, lambda column: column.isin(ids))


def one_score(found: Tables) -> Tables:
    unknown = dict.fromkeys(["title", "industry", "employees", "region", "email_domain"])
    kept = {name: table for name, table in found.items() if name != "score_history"}
    leads = found["leads"].assign(**unknown)
    return {**kept, "leads": leads, "activities": found["activities"].iloc[:0]}


def no_accounts(found: Tables) -> Tables:
    return {**found, "leads": found["leads"].assign(account_id=None)}


def half_in_one_account(found: Tables) -> Tables:
    leads = found["leads"].copy()
    leads.loc[leads.index % 2 == 0, "account_id"] = "A00001"
    return {**found, "leads": leads}


def nothing_worked(found: Tables) -> Tables:
    stages, acts = found["stage_changes"], found["activities"]
    first = stages.index == stages.index[stages["stage"] == "SQL"][0]
    return {
        **found,
        "stage_changes": stages[(stages["stage"] == "MQL") | first],
        "sales_feedback": found["sales_feedback"].iloc[:0],
        "activities": acts[~acts["activity_type"].isin(["call", "meeting"])],
    }


def all_worked(found: Tables) -> Tables:
    leads = found["leads"]
    decided = {
        "lead_id": leads["lead_id"],
        "decided_at": later(leads["created_at"], 15),
        "decision": "accepted",
        "reason_code": None,
    }
    return {**found, "sales_feedback": pd.DataFrame(decided)}


def no_activities(found: Tables) -> Tables:
    kept = {name: table for name, table in found.items() if name != "score_history"}
    return {**kept, "activities": found["activities"].iloc[:0]}


def no_hand_offs(found: Tables) -> Tables:
    stages = found["stage_changes"]
    return {**found, "stage_changes": stages[stages["stage"] == "SQL"]}


def a_quarter_without_leads(found: Tables) -> Tables:
    born = found["leads"].set_index("lead_id")["created_at"]
    gone = set(born.index[(born >= "2025-07") & (born < "2025-10")])
    return _only(found, lambda column: ~column.isin(gone))


# Each with the two answers: does the score work, and should the threshold stay. The first two always run.
CASES: list[tuple[Callable[[Tables], Tables], str, str]] = [
    (three_leads, UNTOLD, UNTOLD),
    (nothing_worked, UNTOLD, UNTOLD),
    (all_worked, "Yes", FEW),
    (none_converts, UNTOLD, UNTOLD),
    (all_convert, UNTOLD, UNTOLD),
    (one_score, UNTOLD, UNTOLD),
    (no_accounts, UNTOLD, UNTOLD),
    (half_in_one_account, UNTOLD, UNTOLD),
    (no_activities, UNTOLD, UNTOLD),
    (no_hand_offs, UNTOLD, UNTOLD),
    (a_quarter_without_leads, UNTOLD, UNTOLD),
]


_ALWAYS = 2


def text_of(report: ModuleType, asked: object) -> str:
    sections = [getattr(report, name) for name in report.__all__ if name.startswith("show_")]
    return "\n\n".join(show(asked).plain() for show in sections)


def wrong(text: str) -> list[str]:
    """What is no number, with its surroundings."""
    return [
        text[max(found.start() - 60, 0) : found.end() + 20]
        for pattern in (NO_NUMBER, NOTHING)
        for found in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    ("spoil", "works", "stays"),
    [
        pytest.param(*case, id=case[0].__name__, marks=[pytest.mark.slow] if i >= _ALWAYS else [])
        for i, case in enumerate(CASES)
    ],
)
def test_hostile_tables_are_answered_and_never_printed_raw(
    spoil: Callable[[Tables], Tables], works: str, stays: str, demo: Path
) -> None:
    source = connect(spoil(tables(demo)), mapping=mapping(demo))
    asked = audit.prepare(
        crm=source,
        model=load_model(demo / "model.yaml"),
        segment="source",
        cost_ratio=0.11,
        capacity_per_week=3,
        prepared_on="2026-11-01",
    )
    review = review_of(asked, stakes=threshold.Stakes(0.11, hours_per_lead=1.5))
    for report, value, answer in ((audit, asked, works), (threshold, review, stays)):
        text = text_of(report, value)
        assert f"Verdict: {answer}." in text
        assert not wrong(text)


@pytest.mark.slow
@pytest.mark.parametrize("today", [-900, 500])
def test_a_threshold_outside_the_scores_is_no_failure(today: int, demo: Path) -> None:
    source = connect(tables(demo), mapping=mapping(demo))
    model = load_model(demo / "model.yaml")
    asked = audit.prepare(crm=source, model=model, threshold=today, prepared_on="2026-11-01")
    review = review_of(asked, stakes=threshold.Stakes(0.11))
    assert not wrong(text_of(audit, asked))
    assert not wrong(text_of(threshold, review))


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [case[0] for case in CASES], ids=lambda case: case.__name__)
def test_hostile_tables_make_no_weight_review_fail(
    spoil: Callable[[Tables], Tables], demo: Path
) -> None:
    source = connect(spoil(tables(demo)), mapping=mapping(demo))
    model = load_model(demo / "model.yaml")
    review = weights.prepare(crm=source, model=model, prepared_on="2026-11-01")
    assert not wrong(text_of(weights, review))
