"""What thresholds are worth in money, each deal at its amount."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pandas as pd
import pytest

from tests.report import by_hand, hostile
from tests.report.test_routes import amounts
from toolkit.analysis import amount_benefit_table
from toolkit.backtest import AtAge, Outcome, count_amounts, run_backtest
from toolkit.crm import connect
from toolkit.model import parse_model
from toolkit.report import audit as audits
from toolkit.report import threshold as report
from toolkit.report.threshold.inputs import review_of
from toolkit.report.threshold.money import money_text, wasted_call
from toolkit.report.wording import MINUS

# 40 deals of 200 at 90 points, 20 of 100 at 60, 5 of 400 at 10: 12,000 in all, of 300 judged leads.
SOLD = [(10, 100, 5, 400.0, 400.0), (60, 100, 20, 100.0, 100.0), (90, 100, 40, 200.0, 200.0)]


def review(
    rows: list[tuple[int, int, int, float, float]] = SOLD,
    ranked: list[tuple[object, ...]] = by_hand.RANKED,
    **stakes: object,
) -> report.Review:
    audit = replace(by_hand.audit(ranked=ranked), amounts=amounts(rows))
    return review_of(audit, stakes=report.Stakes(**stakes))  # type: ignore[arg-type]


def test_the_worth_of_a_threshold_is_its_deals_less_its_wasted_calls() -> None:
    section = report.show_amounts(review(cost_per_lead=10.0, currency="EUR"))
    # At 50 points: 40 of 200 and 20 of 100 EUR less 140 calls at 10, per 100 of 300 leads.
    worth = 100 * (8000 + 2000 - 140 * 10) / 300
    assert section.facts["amounts.50.per_100"] == pytest.approx(worth)
    text = section.plain()
    assert "Calling from 50 points is worth 2,867 EUR (95% interval 2,030 to 3,703)" in text
    assert "with each deal at its amount and a wasted call at 10.0 EUR." in text
    assert "of a mean deal" not in text
    # 60 deals that differ weigh as much as 10,000^2 / 1,800,000 equal ones.
    assert section.facts["amounts.50.equal_deals"] == pytest.approx(10_000**2 / 1_800_000)
    assert hostile.faults(text, dict(section.facts)) == []


def test_without_a_price_a_wasted_call_is_the_agreed_part_of_a_mean_deal() -> None:
    asked = review(cost_ratio=0.1)
    assert asked.audit.amounts is not None
    assert wasted_call(asked, asked.audit.amounts) == pytest.approx(0.1 * 12_000 / 65)
    assert "a wasted call at 18.5 (0.1 of a mean deal)" in report.show_amounts(asked).plain()


def test_without_any_price_it_is_said_what_is_missing() -> None:
    text = report.show_amounts(review()).plain()
    assert (
        "depends on what a call costs, and that was not given (cost_per_lead, or cost_ratio)"
        in text
    )
    assert "Net benefit" not in text


def test_every_listed_threshold_has_the_row_of_the_next_score() -> None:
    asked = replace(review(cost_per_lead=1.0), thresholds=(5, 30, 50, 70, 95))
    section = report.show_amounts(asked)
    # 30 and 50 hold the deals from 60 up; 95 nobody reaches; 5 is all leads.
    shares = {at: section.facts[f"amounts.{at}.amount_share"] for at in (30, 50, 70)}
    assert shares == {
        30: pytest.approx(10 / 12),
        50: pytest.approx(10 / 12),
        70: pytest.approx(8 / 12),
    }
    assert "amounts.95.amount_share" not in section.facts
    rows = [line.split() for line in section.plain().splitlines() if " points " in line]
    listed = [row[0] for row in rows if row[1] == "points"]
    assert listed == ["10", "30", "50", "60", "70"]


def test_that_all_leads_brought_all_the_money_is_not_said() -> None:
    # Nine in ten leads have 90 points: less than half lie above any other bar but one.
    most = [(60, 10, 2, 100.0, 100.0), (90, 90, 8, 100.0, 100.0)]
    cells = [
        (60, "converted", 2),
        (60, "not_converted", 8),
        (90, "converted", 8),
        (90, "not_converted", 82),
    ]
    text = report.show_amounts(review(most, cells)).plain()
    assert "those with 90 points or more (90%) brought 80% of the amount" in text
    few = [(60, 90, 8, 100.0, 100.0), (90, 10, 2, 100.0, 100.0)]
    cells = [
        (60, "converted", 8),
        (60, "not_converted", 82),
        (90, "converted", 2),
        (90, "not_converted", 8),
    ]
    text = report.show_amounts(review(few, cells)).plain()
    assert "those with 90 points or more (10%) brought 20% of the amount" in text
    one = [(60, 100, 10, 100.0, 100.0)]
    cells = [(60, "converted", 10), (60, "not_converted", 90)]
    text = report.show_amounts(review(one, cells)).plain()
    assert "All of these leads have one score" in text
    assert "(100.0-100.0%)" not in text


ROW = {
    "threshold": 50,
    "per_100": 100.0,
    "per_100_low": 10.0,
    "per_100_high": 190.0,
    "reason": None,
}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "is worth 100 (95% interval 10.0 to 190) per 100 judged leads, with each deal"),
        ({"per_100_low": -5.0}, (f"interval {MINUS}5.00 to 190) per 100 judged leads, with each deal at its"
         " amount and a wasted call at 10.0. It may be worth nothing.")),
        ({"per_100_high": -1.0, "per_100_low": -9.0}, "10.0. It loses money."),
        ({"per_100_low": nan, "per_100_high": nan}, "how surely is not known, because one deal, or one account"),
        ({"per_100": nan, "reason": "cannot be told: too many"}, ("What calling from 50 points is worth in money"
         " cannot be told. Cannot be told: too many.")),
        ({"reason": "few deals: the amounts weigh as much as 3 equal ones"}, (" Few deals: the amounts weigh as"
         " much as 3 equal ones.")),
    ],
)  # fmt: skip
def test_the_sentence_says_how_surely_and_whether_one_deal_decides(
    row: dict[str, object], said: str
) -> None:
    assert said in money_text({**ROW, **row}, review(cost_per_lead=10.0), 10.0)


MODEL = """lead_score_model: 1
name: m
version: '1'
groups:
- id: g
  dimension: fit
  criteria:
  - {id: top, when: {kind: top}, points: 80}
  - {id: mid, when: {kind: mid}, points: 60}
  - {id: low, when: {kind: low}, points: 10}
bands:
- {name: call, from: 50, handoff: true}
- {name: rest}
"""
KINDS = ["top"] * 40 + ["mid"] * 60 + ["low"] * 200


def test_accounts_below_the_bar_do_not_move_the_worth_above_it() -> None:
    """Where few leads below were worked, money is counted over the bar alone, accounts included."""
    ids = pd.Series([f"L{i}" for i in range(len(KINDS))])
    created = pd.Timestamp("2026-01-05")
    leads = pd.DataFrame({
        "lead_id": ids, "kind": KINDS, "created_at": created,
        # Every account has leads on both sides of the bar.
        "account_id": [f"A{i % 20}" for i in range(len(KINDS))],
    })  # fmt: skip
    sold = [i for i in range(100) if i % 3 == 0] + [150, 151]
    worked = pd.DataFrame(
        {"lead_id": ids[:160], "stage": "contacted", "entered_at": created + pd.Timedelta("20D")}
    )
    deals = pd.DataFrame({
        "lead_id": ids.iloc[sold], "stage": "sql", "entered_at": created + pd.Timedelta("40D"),
        "amount": [100.0 + 10 * i for i in range(len(sold))],
    })  # fmt: skip
    mapping = {"crm_mapping": 1, "observed_until": "2026-08-30", "time_zone": "UTC",
               "worked_by": ["stage:contacted"]}  # fmt: skip
    crm = connect({"leads": leads, "stage_changes": pd.concat([worked, deals])}, mapping=mapping)
    model = parse_model(MODEL)
    audit = audits.prepare(crm=crm, model=model)
    asked = review_of(audit, stakes=report.Stakes(cost_per_lead=7.0))
    assert asked.restricted
    section = report.show_amounts(asked)
    over = deals[deals["lead_id"].isin(ids[:100])]
    worth = 100 * (over["amount"].sum() - 7 * (100 - len(over))) / 100
    assert section.facts["amounts.60.per_100"] == pytest.approx(worth)
    # The same leads counted by themselves.
    high = {"leads": leads.head(100), "stage_changes": pd.concat([worked, deals])}
    alone = connect(high, mapping=mapping)
    backtest = run_backtest(model, alone, moment=AtAge(14), outcome=Outcome("sql", within_days=90))
    table = amount_benefit_table(
        count_amounts(backtest),
        audits.prepare(crm=alone, model=model).ranking,
        cost=7.0,
        thresholds=[60],
    )
    assert section.facts["amounts.60.per_100_low"] == pytest.approx(100 * table.loc[0, "low"])
    assert section.facts["amounts.60.per_100_high"] == pytest.approx(100 * table.loc[0, "high"])
