"""Two thresholds, money and ties: each sentence with its forms."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.report import by_hand, hostile
from toolkit.analysis import capacity_threshold, two_thresholds
from toolkit.counts import AmountCounts
from toolkit.errors import QuestionError
from toolkit.report import threshold as report
from toolkit.report.threshold.amounts import amounts_text
from toolkit.report.threshold.inputs import review_of
from toolkit.report.threshold.load import ties_text
from toolkit.report.threshold.routes import policy_text, routes_table
from toolkit.report.wording import Words

# A call gains 1 and costs 1/4; nurturing gains 0.4 and costs a fortieth of a gain.
STAKES = report.Stakes(0.25, nurture_gain=0.4, nurture_cost=0.1)
# 300 judged: 400 of 1,000, 100 of 1,000 and 5 of 1,000.
MANY = [
    (90, "converted", 400), (90, "not_converted", 600),
    (60, "converted", 100), (60, "not_converted", 900),
    (10, "converted", 5), (10, "not_converted", 995),
]  # fmt: skip


def review(
    ranked: list[tuple[object, ...]] | None = None,
    *,
    routes: tuple[int, int] = (60, 90),
    stakes: report.Stakes = STAKES,
) -> report.Review:
    return review_of(by_hand.audit(ranked=ranked), stakes=stakes, routes=routes)


def test_a_pair_that_is_best_cannot_be_told_from_the_best() -> None:
    section = report.show_routes(review(MANY))
    # At 60: 100 x 0.4 - 900 x 0.025; at 90: 400 - 600 / 4; of 3,000.
    worth = 100 * (40 - 22.5 + 400 - 150) / 3000
    assert section.facts["routes.per_100"] == pytest.approx(worth, abs=1e-6)
    assert section.facts["routes.keep"] == "Yes"
    assert "Nurturing from 60 and calling at once from 90 is worth 8.92" in section.plain()
    assert "and cannot be told from the best pair" in section.plain()


def test_a_pair_that_is_surely_not_best_is_refuted() -> None:
    section = report.show_routes(review(MANY, routes=(10, 60)))
    assert section.facts["routes.keep"] == "No"
    assert "surely less than the best pair" in section.plain()


def test_few_leads_tell_no_pair_from_another() -> None:
    few = [
        (90, "converted", 3),
        (90, "not_converted", 4),
        (60, "converted", 2),
        (60, "not_converted", 7),
    ]
    found = two_thresholds(
        by_hand.counts(few), nurture=(0.4, -0.025), immediate=(1, -0.25), today=(60, 90)
    )
    assert "not enough evidence: no pair can be told from any other" in policy_text(
        found, (60, 90), whose="judged leads"
    )


def test_without_judged_leads_no_pair_is_judged() -> None:
    text = report.show_routes(review([(60, "immature", 9)])).plain()
    assert "nothing can be said" in text
    assert hostile.faults(text, {}) == []


def test_without_costs_of_nurturing_nothing_is_judged() -> None:
    section = report.show_routes(review(MANY, stakes=report.Stakes(0.25)))
    assert "that was not given (cost_ratio, nurture_gain, nurture_cost)" in section.plain()
    assert "routes.keep" not in section.facts


@pytest.mark.parametrize(
    ("upper", "answer", "said"),
    [
        # Of those with 90 points 40% convert, of those with 60 10%: a call pays from 27% on.
        (
            90,
            "Yes",
            "Calling at once from 90, and nurturing below it, cannot be told from the best",
        ),
        (60, "No", "Calling at once from 60, and nurturing below it, is surely not best"),
    ],
)
def test_below_the_bar_only_the_upper_threshold_is_judged(
    upper: int, answer: str, said: str
) -> None:
    unworked = [*MANY, (10, "unworked", 7000)]
    section = report.show_routes(review(unworked, routes=(10, upper)))
    assert section.facts["routes.keep"] == "Cannot be told from this data"
    assert section.facts["routes.keep_upper"] == answer
    assert "Cannot be told from this data: from where to nurture" in section.plain()
    assert said in section.plain()


def test_where_nobody_may_be_worth_calling_that_is_said() -> None:
    few = [(90, "converted", 5), (90, "not_converted", 9), (60, "converted", 2),
           (60, "not_converted", 7), (10, "unworked", 90)]  # fmt: skip
    section = report.show_routes(review(few, routes=(10, 90)))
    assert (
        "not enough evidence that any lead should be called rather than nurtured" in section.plain()
    )


def test_routes_are_bands_with_ranges_where_rates_are_not_told() -> None:
    table = routes_table(review([*MANY, (10, "unworked", 7000)], routes=(10, 90)))
    assert table["band"].tolist() == ["call at once", "nurture", "leave alone"]
    assert table["rate"].iloc[0] == pytest.approx(400 / 1000)
    # 105 of 2,000 judged; 7,000 never worked.
    assert table[["lowest", "highest"]].iloc[1].tolist() == pytest.approx([105 / 9000, 7105 / 9000])


def test_the_bands_next_to_the_threshold_are_the_usual_routes() -> None:
    audit = by_hand.audit(ranked=MANY)
    assert review_of(audit, stakes=STAKES).routes is None
    starts = [replace(band, start=at) for band, at in zip(audit.bands, (80, 50, 40), strict=True)]
    assert review_of(replace(audit, bands=tuple(starts)), stakes=STAKES).routes == (40, 80)


def test_a_pair_of_one_and_parts_above_one_are_refused() -> None:
    with pytest.raises(QuestionError, match="expected two scores"):
        review(routes=(60,))  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match=r"nurture_gain is 1\.5"):
        report.prepare(crm="x", model="y", nurture_gain=1.5)


def amounts(rows: list[tuple[int, int, int, float, float]]) -> AmountCounts:
    """Rows of (score, judged, deals, each worth, the largest)."""
    frame = pd.DataFrame(
        [
            {
                "score": score, "judged": judged, "converted": deals, "valued": deals,
                "amount": deals * worth, "amount_squared": deals * worth**2, "largest": largest,
            }
            for score, judged, deals, worth, largest in rows
        ]
    )  # fmt: skip
    return AmountCounts(frame, by_hand.provenance())


def test_the_money_has_its_share_and_what_one_deal_decides() -> None:
    found = amounts(
        [(10, 100, 5, 400.0, 400.0), (60, 100, 20, 100.0, 100.0), (90, 100, 40, 200.0, 200.0)]
    )
    value = review_of(replace(by_hand.audit(ranked=by_hand.RANKED), amounts=found), stakes=STAKES)
    section = report.show_amounts(value)
    # 10,000 of 12,000; without one deal of 400 10,000 of 11,600.
    assert "those with 60 points or more (67%) brought 83% of the amount" in section.plain()
    assert "without the largest deal of all it would be 86%" in section.plain()
    assert section.facts["amounts.60.amount_share"] == pytest.approx(10 / 12)
    assert section.facts["amounts.60.without_largest"] == pytest.approx(10_000 / 11_600, abs=1e-6)
    assert hostile.faults(section.plain(), dict(section.facts)) == []


def test_amounts_that_are_missing_or_few_say_so() -> None:
    value = review_of(by_hand.audit(ranked=by_hand.RANKED), stakes=STAKES)
    assert "No amounts of deals are recorded" in report.show_amounts(value).plain()
    few = replace(value, audit=replace(value.audit, amounts=amounts([(60, 100, 4, 9.0, 9.0)])))
    assert "Fewer than 5 converted leads have an amount" in report.show_amounts(few).plain()


def test_amounts_of_nothing_are_not_shared_out() -> None:
    from toolkit.analysis import value_gains_table

    table = value_gains_table(amounts([(60, 10, 5, 0.0, 0.0), (90, 10, 5, 0.0, 0.0)]))
    assert "is not known" in amounts_text(table, whose="judged leads")


def test_ties_at_the_edge_of_the_week_are_drawn_by_lot() -> None:
    weeks = by_hand.weeks([10, 20, 30, 40], 60)
    frame = pd.concat([weeks.frame, weeks.frame.assign(score=90, n=10)])
    both = replace(weeks, frame=frame)
    counts = by_hand.counts(by_hand.RANKED)
    text = ties_text(capacity_threshold(both, counts, capacity_per_week=15), words=Words())
    # 10 a week at 90; 5 of the 25 at 60 fill the rest.
    assert "works all MQLs that had 90 points or more" in text
    assert "and 20% of the MQLs tied at 60 points, drawn by lot" in text
    # Of 100 + 20 leads 40 + 4 became SQL.
    assert "Of those that were judged 37%" in text
    less = ties_text(capacity_threshold(both, counts, capacity_per_week=5), words=Words())
    assert "works 50% of the MQLs tied at 90 points" in less
    more = ties_text(capacity_threshold(both, counts, capacity_per_week=99), words=Words())
    assert "tied" not in more
    assert "1% of weeks bring more than that from 60 up alone" in more


def test_without_weeks_or_judged_leads_the_edge_is_not_known() -> None:
    weeks = by_hand.weeks([10, 20, 30, 40], 60)
    short = replace(
        weeks, provenance=replace(weeks.provenance, last_moment=weeks.provenance.first_moment)
    )
    counts = by_hand.counts(by_hand.RANKED)
    assert "No whole week was observed" in ties_text(
        capacity_threshold(short, counts, capacity_per_week=15), words=Words()
    )
    unjudged = by_hand.counts([(60, "immature", 9)])
    assert "is not known: no judged leads" in ties_text(
        capacity_threshold(weeks, unjudged, capacity_per_week=15), words=Words()
    )
