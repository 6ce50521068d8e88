"""The threshold review: every number traced to counts, and nothing claimed beyond them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from tests.report import by_hand
from toolkit.errors import QuestionError
from toolkit.report import threshold as report
from toolkit.report.audit.best import candidates, step_of
from toolkit.report.display import FACTS_KIND
from toolkit.report.threshold.around import compared_tiers, next_band_text, tiers_text
from toolkit.report.threshold.below import below_text, pilot_margin, pilot_of, recommended
from toolkit.report.threshold.front import verdict_text
from toolkit.report.threshold.inputs import _stakes, review_of, volume_table
from toolkit.report.threshold.load import capacity_text, fitting
from toolkit.report.threshold.tradeoff import curve_table, review_table
from toolkit.report.threshold.worth import judged, optimism_text
from toolkit.report.wording import Words, month_text

SECTIONS = [getattr(report, name) for name in report.__all__ if name.startswith("show_")]
ALL = by_hand.RANKED
# Ten times as many: enough to tell thresholds apart.
MANY = [(score, state, 10 * n) for score, state, n in ALL]
RATIO = 0.1
UNTOLD = "Cannot be told from this data"


def review(
    *, ranked: list[tuple[object, ...]] | None = None, told: bool = True, **given: object
) -> report.Review:
    """A review of hand-made counts."""
    stakes = report.Stakes(**{"cost_ratio": RATIO, **given})  # type: ignore[arg-type]
    volumes = {50: by_hand.weeks([10, 20, 30, 40], 50), 90: by_hand.weeks([1, 2, 3, 4], 90)}
    audit = by_hand.audit(ranked=ranked, told=told)
    return review_of(audit, stakes=stakes, lower=10, volumes=volumes if told else {})


def row(table: pd.DataFrame, threshold: int) -> dict[str, float]:
    return table[table["threshold"] == threshold].to_dict("records")[0]  # type: ignore[return-value]


def test_money_becomes_a_ratio_of_loss_to_gain() -> None:
    stakes = _stakes(2000, 150, report.Stakes(cost_per_lead=150))
    assert stakes.cost_ratio == pytest.approx(150 / 1850)
    assert stakes.gain == 1850
    assert stakes.break_even == pytest.approx(150 / 2000)


@pytest.mark.parametrize(
    ("value", "cost", "ratio", "said"),
    [
        (100, 100, None, "worth more than working it costs"),
        (100, None, None, "goes with cost_per_lead"),
        (100, 10, 0.1, "without cost_ratio"),
        (None, -1, None, "cost_per_lead is -1"),
    ],
)
def test_stakes_that_make_no_sense_are_refused(
    value: float | None, cost: float | None, ratio: float | None, said: str
) -> None:
    with pytest.raises(QuestionError, match=said):
        _stakes(value, cost, report.Stakes(cost_ratio=ratio, cost_per_lead=cost))


def test_a_lower_threshold_lies_below_todays() -> None:
    with pytest.raises(QuestionError, match="below the threshold 50"):
        review_of(by_hand.audit(), lower=50)


def test_the_table_is_the_counts() -> None:
    found = row(review_table(review(ranked=ALL, cost_per_lead=15.0, hours_per_lead=2.0)), 50)
    # 60 of 200 at 50 or more, 65 of 300 in all; net benefit (60 - 0.1 * 140) / 300.
    assert found["precision"] == pytest.approx(60 / 200)
    assert found["observed_recall"] == pytest.approx(60 / 65)
    assert found["per_100"] == pytest.approx(100 * (60 - 14) / 300)
    assert found["cost_per_positive"] == pytest.approx(15 / 0.3)
    # Weeks of 10, 20, 30, 40: the median 25, the 90th percentile 30 + 0.7 * 10, the mean 25.
    assert found["leads_per_week_median"] == pytest.approx(25)
    assert found["leads_per_week_p90"] == pytest.approx(37)
    assert found["hours_per_week"] == pytest.approx(50)


def test_facts_are_the_rows_of_the_table() -> None:
    asked = review(ranked=ALL)
    facts = report.show_tradeoff(asked).facts
    found = row(review_table(asked), 90)
    assert facts["threshold.90.precision"] == pytest.approx(40 / 100)
    assert facts["threshold.90.per_100"] == pytest.approx(found["per_100"], abs=1e-8)
    assert "60 of 65" in report.show_tradeoff(asked).plain()


def test_below_todays_threshold_rates_are_ranges_where_most_were_never_worked() -> None:
    asked = review(ranked=[*ALL, *by_hand.UNWORKED])
    table = review_table(asked)
    assert not row(table, 10)["precision_known"]
    assert math.isnan(row(table, 10)["per_100"])
    # 65 of 300 judged at 10 or more, 700 never worked: 65/1000 to 765/1000.
    assert "cannot be told (6-76%)" in report.show_tradeoff(asked).plain()
    assert "threshold.10.precision" not in report.show_tradeoff(asked).facts
    drawn = curve_table(asked)
    assert drawn.loc[drawn["threshold"] < 50, "nowhere_rate"].isna().all()


def test_few_leads_missing_make_no_estimate_below_the_threshold_either() -> None:
    # 60 of 360 were never worked, all of them below: most of the others may have scored more later.
    table = review_table(review(ranked=[*ALL, (10, "unworked", 60)]))
    assert row(table, 10)["worked_share_above"] == pytest.approx(300 / 360)
    assert not row(table, 10)["precision_known"]
    assert row(table, 50)["precision_known"]


def test_net_benefit_is_of_worked_leads_where_too_many_were_not() -> None:
    # Over the bar 60 of 200: (60 - 14) / 200.
    found = row(review_table(review(ranked=[*ALL, *by_hand.UNWORKED])), 50)
    assert found["per_100"] == pytest.approx(23)


def test_never_worked_leads_over_the_bar_do_not_enter_the_comparison() -> None:
    some = [*MANY, (60, "unworked", 300), (10, "unworked", 7000)]
    asked = review(ranked=some)
    assert asked.worked.total("unworked") == 0
    assert asked.worked.n == 2000
    assert judged(asked).of_all == UNTOLD
    assert judged(asked).of_worked != UNTOLD


def test_a_threshold_among_the_best_is_kept() -> None:
    # Leads at 60 convert at 20%, at 10 at 5%; a call breaks even at 1/11: 50 and 60 are best.
    asked = review(ranked=MANY)
    assert judged(asked).of_all == "Yes"
    assert recommended(asked)[0] == "Keep 50: no other threshold is seen to be worth more."
    assert report.show_verdict(asked).facts["verdict.answer"] == "Yes"


def test_a_threshold_that_is_surely_not_the_best_is_called_no() -> None:
    # A call breaks even at 3/10 of conversions: leads at 60 (20%) only cost.
    asked = review(ranked=MANY, cost_ratio=3 / 7)
    assert judged(asked).of_all == "No"
    assert (
        "A threshold of 90 is worth more than any other listed; today's 50 is worth less"
        in verdict_text(asked)
    )
    assert recommended(asked)[0].startswith("Try 90, the nearest")


def test_a_threshold_is_not_praised_on_a_handful_of_leads() -> None:
    few = [
        (90, "converted", 2),
        (90, "not_converted", 3),
        (60, "converted", 1),
        (60, "not_converted", 4),
    ]
    asked = review(ranked=few)
    assert judged(asked).of_all == "Not enough evidence"
    assert recommended(asked)[0] == "Keep 50: not enough evidence for another threshold."


def test_missing_evidence_says_how_much_more() -> None:
    few = [
        (90, "converted", 8),
        (90, "not_converted", 12),
        (60, "converted", 4),
        (60, "not_converted", 16),
    ]
    said = judged(review(ranked=few, cost_ratio=1 / 3)).why
    assert "more judged leads scored" in said


def test_without_a_cost_ratio_nothing_is_called_best() -> None:
    asked = review(ranked=MANY, cost_ratio=None)
    assert judged(asked).of_all == UNTOLD
    assert "that was not given" in verdict_text(asked)
    assert "until somebody says what a wasted call costs" in recommended(asked)[0]
    assert report.show_sensitivity(asked).facts["sensitivity.ratios"] == 6


def test_without_a_threshold_in_use_no_section_breaks() -> None:
    audit = replace(by_hand.audit(ranked=ALL), threshold=None)
    asked = review_of(audit, stakes=report.Stakes(cost_ratio=RATIO))
    for show in SECTIONS:
        assert show(asked).plain()
    assert judged(asked).why == "No threshold in use was named."


def test_an_undeclared_flat_file_gets_no_answer() -> None:
    asked = review(ranked=ALL, told=False)
    for show in SECTIONS:
        section = show(asked)
        assert not [name for name in section.facts if name.startswith(("threshold.", "best."))]
    assert judged(asked).of_all == UNTOLD
    assert "Nothing here is point-in-time." in report.show_verdict(asked).plain()


def test_the_box_names_the_share_the_sample_and_the_month() -> None:
    asked = review(ranked=[*ALL, *by_hand.UNWORKED])
    pilot = pilot_of(asked)
    assert pilot is not None
    # 700 of 800; n = (1.96 + 0.8416)^2 * (1/11)(10/11) / 0.05^2 = 259.5.
    assert pilot.unworked_share == pytest.approx(700 / 800)
    assert pilot.n == 260
    span = asked.audit.ranking.provenance.weeks
    assert span is not None
    assert pilot.weeks == pytest.approx(260 / (800 / span))
    ready = date(2026, 10, 5) + timedelta(days=math.ceil(7 * pilot.weeks) + 90)
    assert below_text(asked, pilot) == (
        "88% of leads scored 10\N{EN DASH}49 were never contacted. Contact a random 260 of them and this"
        f" can be answered by {month_text(ready)}."
    )


def test_without_dates_the_box_names_no_month() -> None:
    asked = review(ranked=[*ALL, *by_hand.UNWORKED])
    origin = replace(by_hand.provenance(dated=False))
    bare = replace(
        asked, audit=replace(asked.audit, ranking=replace(asked.audit.ranking, provenance=origin))
    )
    pilot = pilot_of(bare)
    assert pilot is not None
    assert below_text(bare, pilot).endswith("without dates nobody can say when.")


def test_leads_below_that_were_worked_need_no_pilot() -> None:
    asked = review(ranked=ALL)
    pilot = pilot_of(asked)
    assert pilot is not None
    assert not pilot.needed
    assert "5 became SQL: 5.0% (95% interval 2.2-11.2%)." in below_text(asked, pilot)
    assert not [one for one in recommended(asked) if one.startswith("Do not lower")]
    assert report.show_below(asked).facts["below.rate"] == pytest.approx(5 / 100)


def test_no_leads_below_are_nothing_to_lower_for() -> None:
    pilot = pilot_of(replace(review(ranked=ALL), lower=20))
    assert pilot is not None
    assert "No lead scored 20\N{EN DASH}49" in below_text(review(ranked=ALL), pilot)


def test_the_team_is_held_against_the_weeks() -> None:
    asked = review(ranked=MANY, capacity_per_week=20.0)
    table = volume_table(asked, 20.0)
    assert fitting(table, 20.0) == 90
    assert "More leads reach today's 50 than the team can work." in capacity_text(
        asked, table, 20.0
    )
    assert any(
        one.startswith("More people, or fewer leads: 25 a week") for one in recommended(asked)
    )
    # Weeks of 10, 20, 30, 40 against 20: 0, 0, 10, 30 wait.
    assert report.show_load(asked).facts["capacity.longest_queue"] == 30
    roomy = review(ranked=MANY, capacity_per_week=30.0)
    assert "leaves room" not in capacity_text(roomy, volume_table(roomy, 30.0), 30.0)
    assert not any(one.startswith("More people") for one in recommended(roomy))


def test_without_weeks_no_load_is_told() -> None:
    bare = replace(review(ranked=ALL, capacity_per_week=20.0), volumes={})
    assert "Cannot be told from this data." in report.show_load(bare).plain()


CLIFF = {"width": 5, "below_from": 45, "below_to": 49, "above_from": 50, "above_to": 54,
         "below_rate": 0.1, "above_rate": 0.2, "difference": 0.1, "low": 0.05, "high": 0.15,
         "answer": "Yes", "reason": None}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "a difference of +10.0 points (+5.0 to +15.0 points)"),
        ({"answer": "No", "low": -0.1, "high": -0.01}, "leads convert no better"),
        ({"answer": "Not enough evidence", "low": -0.1}, "not enough evidence that the threshold parts"),
        ({"answer": UNTOLD, "reason": "46% of the leads below were never worked: judged leads only"},
         "cannot be told from this data: 46% of the leads below were never worked."),
        ({"answer": "Not enough evidence", "difference": math.nan, "reason": "too few"},
         "cannot be said: too few"),
    ],
)  # fmt: skip
def test_the_next_band_has_a_sentence_for_every_answer(given: dict[str, object], said: str) -> None:
    assert said in next_band_text(pd.DataFrame([{**CLIFF, **given}]), words=Words())


def test_tiers_over_the_bar_are_compared_on_worked_leads() -> None:
    some = [*MANY, (60, "unworked", 300), (10, "unworked", 7000)]
    table = compared_tiers(review(ranked=some)).set_index("tier_from")
    assert table.loc[80, "answer"] == "Yes"
    assert table.loc[50, "answer"] == UNTOLD
    said = tiers_text(table.reset_index(), words=Words())
    assert "80 and more against 50\N{EN DASH}79: yes" in said
    assert "50 and more against below 50: cannot be told" in said


def test_the_best_threshold_is_not_sold_at_its_price() -> None:
    best = review(ranked=MANY).best
    assert best is not None
    assert optimism_text(best).startswith("The best of 4 thresholds, chosen on the very leads")
    # (600 - 140) / 3000, at 50 or 60.
    assert best.apparent == pytest.approx(460 / 3000)


def test_candidates_pass_through_todays_threshold() -> None:
    cells = [(score, "converted", 5) for score in range(3, 73)]
    assert candidates(by_hand.counts(cells), 52) == list(range(7, 73, 5))


@pytest.mark.parametrize("ranked", [ALL, [*ALL, *by_hand.UNWORKED]])
def test_every_section_speaks_in_three_forms_and_agrees(ranked: list[tuple[object, ...]]) -> None:
    asked = review(ranked=ranked, capacity_per_week=20.0, hours_per_lead=1.0, cost_per_lead=3.0)
    stated: dict[str, object] = {}
    for show in SECTIONS:
        bundle = show(asked)._repr_mimebundle_()
        json.dumps(bundle[FACTS_KIND], allow_nan=False)
        assert "nan" not in bundle["text/plain"].casefold().replace("(", " ").split()
        assert FACTS_KIND not in bundle["text/html"]
        for name, value in show(asked).facts.items():
            assert stated.setdefault(name, value) == value


def test_the_table_lists_the_thresholds_that_the_verdict_names() -> None:
    # Leads at each of 30 scores; only those from 10 points up convert often enough.
    ranked = [
        (10 * k, state, n)
        for k in range(30)
        for state, n in (("converted", 50 if k else 1), ("not_converted", 100))
    ]
    asked = review(ranked=ranked, cost_ratio=0.1)
    assert asked.best is not None
    assert {asked.best.low, asked.best.high} <= set(asked.thresholds)
    assert set(review_table(asked)["threshold"]) >= {asked.best.low, asked.best.high}


def test_a_correction_too_small_to_show_is_not_shown_as_two_equal_numbers() -> None:
    best = review(ranked=MANY).best
    assert best is not None
    same = replace(best, corrected=best.apparent)
    assert "too small to show" in optimism_text(same)
    assert "the corrected benefit is" in optimism_text(replace(best, corrected=best.apparent / 2))


def test_a_pilot_sees_no_distance_that_is_more_than_the_break_even_rate() -> None:
    # A call breaks even at 2 of 102: a rate 5 points below it does not exist.
    asked = review(ranked=[*MANY, (10, "unworked", 7000)], cost_ratio=0.02)
    assert pilot_margin(asked) == pytest.approx(0.02 / 1.02 / 2)
    pilot = pilot_of(asked)
    assert pilot is not None
    # (1.96 + 0.84)^2 p (1 - p) / margin^2
    p = 0.02 / 1.02
    assert pilot.n == pytest.approx((1.959964 + 0.841621) ** 2 * p * (1 - p) / (p / 2) ** 2, abs=1)
    text = report.show_recommendation(asked).plain()
    assert (
        "A true rate 0.98 points off 2.0% is found in 4 of 5 such pilots (the 5 points agreed"
        in text
    )
    assert pilot_margin(review()) == 0.05
    assert (
        "agreed are more"
        not in report.show_recommendation(review(ranked=[*MANY, (10, "unworked", 7000)])).plain()
    )


@pytest.mark.parametrize(
    ("scores", "step"), [(range(3, 73), 5), (range(50), 2), (range(20, 38), 1), ([50], 1)]
)
def test_thresholds_stand_as_close_as_the_scores_ask_for(scores: list[int], step: int) -> None:
    assert step_of(by_hand.counts([(score, "converted", 5) for score in scores])) == step


def test_the_table_goes_as_far_as_the_set_that_the_verdict_names_without_a_gap() -> None:
    cells = [
        (s, state, n)
        for s in range(0, 105, 5)
        for state, n in (("converted", 10 + s), ("not_converted", 100))
    ]
    asked = review_of(by_hand.audit(ranked=cells), stakes=report.Stakes(cost_ratio=0.01))
    assert asked.best is not None
    assert asked.best.low == 0
    assert asked.thresholds == tuple(range(0, 75, 5))


def test_the_share_that_was_never_worked_stands_where_rates_are_refused() -> None:
    section = report.show_tradeoff(review(ranked=[*MANY, (10, "unworked", 7000)])).plain()
    assert (
        "Below 50 points 88% of the leads were never worked, and who was worked may have been"
        in section
    )
    assert "few leads were worked" not in section


def test_two_thresholds_are_asked_for_where_the_bands_name_one() -> None:
    alone = replace(review(), routes=None)
    assert "Two thresholds are needed" in report.show_routes(alone).plain()


def test_the_sensitivity_is_drawn_and_not_said_twice() -> None:
    text = report.show_sensitivity(review(ranked=MANY)).plain()
    assert text.count("today's threshold of 50") + text.count("today's 50") == 1
    assert "Break-even" in text
    unnamed = replace(review(ranked=MANY), audit=replace(review().audit, threshold=None))
    assert "No threshold in use was named." in report.show_sensitivity(unnamed).plain()
