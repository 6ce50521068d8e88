"""The audit's sections: every number traced to counts, and nothing claimed beyond them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.text import Text
from statsmodels.stats.proportion import proportion_confint

from tests.report import by_hand
from toolkit.analysis import ScoreBand
from toolkit.backtest.wording import NOBODY_KNOWN
from toolkit.counts import AccountPairs, DayCounts, FunnelStage, StageCounts
from toolkit.errors import QuestionError
from toolkit.report import audit as report
from toolkit.report.audit.decisions import decisions, pilot_size, pilot_width
from toolkit.report.audit.inputs import split_bands
from toolkit.report.audit.limits import fingerprint
from toolkit.report.audit.policy import policy_table
from toolkit.report.audit.quarters import is_closed, is_whole, quarter_span
from toolkit.report.audit.segments import _unworked_note
from toolkit.report.audit.time import quarter_table
from toolkit.report.audit.told import pairs_told, scores_table, told_curve, with_told
from toolkit.report.display import FACTS_KIND, Picture, Section
from toolkit.report.figures import alt_text, plot_bands
from toolkit.report.wording import MINUS

SECTIONS = [getattr(report, name) for name in report.__all__ if name.startswith("show_")]


def facts(section: Section) -> dict[str, object]:
    return dict(section.facts)


def test_the_headline_is_the_counts() -> None:
    # 2026Q2: 36 of 120 judged, 10 never worked, 130 handed over; 2025Q2: 30 of 120.
    low, high = proportion_confint(36, 120, method="wilson")
    low0, high0 = proportion_confint(30, 120, method="wilson")
    down = 0.05 - math.hypot(36 / 120 - low, high0 - 30 / 120)
    up = 0.05 + math.hypot(high - 36 / 120, 30 / 120 - low0)
    headline = str(facts(report.show_verdict(by_hand.audit()))["report.headline"])
    assert headline.startswith(
        "In 2026Q2, 130 leads were handed over to sales (MQL); 10 were never worked by sales."
        f" Of the 120 judged, 36 became SQL: 30% (95% interval {100 * low:.0f}-{100 * high:.0f}%). In the"
        " same quarter a year earlier it was 25%; the difference (+5.0 points,"
        f" {MINUS}{-100 * down:.1f} to +{100 * up:.1f} points) may be chance."
    )


def test_a_change_is_claimed_only_when_its_interval_excludes_none() -> None:
    cells = [(60, "converted", "2025Q2", 300), (60, "not_converted", "2025Q2", 900),
             (60, "converted", "2026Q2", 480), (60, "not_converted", "2026Q2", 720)]  # fmt: skip
    audit = by_hand.audit()
    changed = type(audit)(
        **{name: getattr(audit, name) for name in audit.__slots__}
        | {"handoffs": by_hand.counts(cells, "quarter")}
    )
    text = str(facts(report.show_verdict(changed))["report.headline"])
    # 25.0% -> 40.0% is +15 points and +60%.
    assert "it was 25.0%: a change of +15.0 points, +60% (interval +" in text


def test_the_ranking_is_read_off_the_pairs() -> None:
    # 65 positives x 235 negatives: wins 40*(80+95) + 20*95, ties 40*60 + 20*80 + 5*95.
    share = (40 * (80 + 95) + 20 * 95 + (40 * 60 + 20 * 80 + 5 * 95) / 2) / (65 * 235)
    stated = facts(report.show_ranking(by_hand.audit(ranked=by_hand.RANKED)))
    assert stated["ranking.auc"] == pytest.approx(share, abs=1e-8)
    assert (stated["ranking.positives"], stated["ranking.negatives"]) == (65, 235)


def test_leads_below_the_bar_are_not_ranked_where_most_were_never_worked() -> None:
    # Over the bar 60 positives x 140 negatives: wins 40*80, ties 40*60 + 20*80.
    share = (40 * 80 + (40 * 60 + 20 * 80) / 2) / (60 * 140)
    page = report.show_ranking(by_hand.audit())
    assert facts(page)["ranking.auc"] == pytest.approx(share, abs=1e-8)
    assert "Leads below 50 points are left out" in page.plain()


def test_unworked_leads_make_the_verdict_untold_and_the_worked_ones_are_named() -> None:
    page = report.show_verdict(by_hand.audit())
    assert facts(page)["verdict.answer"] == "Cannot be told from this data"
    assert facts(page)["verdict.answer_among_judged"] == "Not enough evidence"
    assert (
        "Among leads with 50 points or more that sales worked the answer is: Not enough evidence."
        in page.plain()
    )
    assert "70% of the leads old enough to judge were never worked" in page.plain()


def test_without_unworked_leads_there_is_one_answer() -> None:
    page = report.show_verdict(by_hand.audit(ranked=by_hand.RANKED))
    assert facts(page)["verdict.answer"] == "Yes"
    assert "never worked" not in str(facts(page)["report.headline"]).split("Does a higher")[1]


def test_a_score_that_ranks_nothing_is_called_no() -> None:
    flat = [
        (s, state, n)
        for s in (90, 60, 10)
        for state, n in (("converted", 500), ("not_converted", 500))
    ]
    assert facts(report.show_verdict(by_hand.audit(ranked=flat)))["verdict.answer"] == "No"


def test_missing_evidence_says_how_much_more_and_when() -> None:
    few = [
        (90, "converted", 7),
        (90, "not_converted", 20),
        (10, "converted", 3),
        (10, "not_converted", 20),
    ]
    page = report.show_verdict(by_hand.audit(ranked=few))
    assert facts(page)["verdict.answer"] == "Not enough evidence"
    text = page.plain()
    assert "Only 10 of 50 judged leads became SQL" in text
    assert re.search(r"About [\d,]+ more judged leads would settle it", text)


def test_an_estimate_at_the_bar_has_no_number_that_settles_it() -> None:
    # 6 and 4 of 10 positives above and below, 20 negatives each: (6*20 + (6+4)*20/2) / 400 = 0.55.
    even = [
        (90, "converted", 6),
        (90, "not_converted", 20),
        (10, "converted", 4),
        (10, "not_converted", 20),
    ]
    text = report.show_verdict(by_hand.audit(ranked=even)).plain()
    assert "No number of leads can be named that would settle it" in text


def test_the_trade_off_is_untold_where_leads_below_were_never_worked() -> None:
    stated = facts(report.show_thresholds(by_hand.audit()))
    assert stated["threshold.recall"] is None
    # None of the 700 unworked below 50 converts: 60/65 caught; all of them: 60/765.
    assert stated["threshold.recall_highest"] == pytest.approx(60 / 65, abs=1e-8)
    assert stated["threshold.recall_lowest"] == pytest.approx(60 / 765, abs=1e-8)
    assert stated["threshold.nowhere_rate"] == pytest.approx(140 / 200, abs=1e-8)


def test_a_lower_threshold_has_no_rate_where_most_leads_were_never_worked() -> None:
    # At 10: 65 of 300 judged became SQL, 700 more were never worked.
    told = report.show_thresholds(by_hand.audit()).plain()
    lowest, highest = 235 / 1000, 1 - 65 / 1000
    assert f"cannot be told ({100 * lowest:.0f}-{100 * highest:.0f}%)" in told
    everyone = report.show_thresholds(by_hand.audit(ranked=by_hand.RANKED)).plain()
    assert "cannot be told" not in everyone


def test_three_rates_bear_three_names() -> None:
    text = report.show_thresholds(by_hand.audit()).plain()
    assert "MQLs that went nowhere" in text
    assert "84 of 120" in text  # 120 judged hand-offs of the quarter, 36 converted
    assert "22 of 100" in text  # rejected, of 66 accepted + 22 rejected + 12 recycled
    assert "False-positive rate" in text
    assert "cannot be told" in text


def test_an_undeclared_flat_file_gets_no_answer_only_a_description() -> None:
    audit = by_hand.audit(told=False, ranked=by_hand.RANKED)
    for show in SECTIONS:
        section = show(audit)
        if show is report.show_ranking:
            assert "In this file, which proves nothing about the score:" in section.plain()
            continue
        assert not [name for name in section.facts if name.startswith("ranking.")]
        assert "outscored" not in section.plain()
    assert facts(report.show_verdict(audit))["verdict.answer"] == "Cannot be told from this data"
    assert "Nothing here is point-in-time." in report.show_verdict(audit).plain()


def test_an_open_quarter_is_pending_never_a_low_rate() -> None:
    table = quarter_table(by_hand.counts(by_hand.HANDED, "quarter"))
    pending = table.set_index("quarter")
    assert list(table["quarter"]) == ["2025Q2", "2026Q2", "2026Q3"]
    assert math.isnan(pending.loc["2026Q3", "rate"])
    assert bool(pending.loc["2026Q3", "pending"])
    assert "pending" in report.show_quarters(by_hand.audit()).plain()


def test_fewer_than_five_judged_leads_are_not_shown() -> None:
    few = [*by_hand.RANKED[:4], (10, "converted", 1), (10, "not_converted", 2)]
    text = report.show_ranking(by_hand.audit(ranked=few)).plain()
    cold = next(line for line in text.splitlines() if "cold" in line)
    assert "under 5" in cold
    assert "hidden" in cold
    assert "33" not in cold


def test_a_refuted_rise_is_a_warning_with_its_scores() -> None:
    falling = [
        (15, "converted", 700),
        (15, "not_converted", 300),
        (16, "converted", 300),
        (16, "not_converted", 700),
    ]
    section = report.show_calibration(by_hand.audit(ranked=falling))
    assert (
        "Leads with 16 points (30.0%) convert worse than leads with 15 (70.0%)." in section.plain()
    )
    assert section.facts["calibration.monotone_refuted"] is True
    asked = decisions(by_hand.audit(ranked=falling))
    assert any(one.startswith("Review the points: leads with 16") for one in asked)


def test_what_points_do_to_the_odds_is_the_ratio_of_the_odds() -> None:
    # Odds 1/9 at 10 points, 1/3 at 30: 20 points multiply them by 3, from 10% to 25%.
    cells = [(10, "converted", 100), (10, "not_converted", 900),
             (30, "converted", 250), (30, "not_converted", 750)]  # fmt: skip
    section = report.show_calibration(by_hand.audit(ranked=cells))
    assert section.facts["calibration.odds"] == pytest.approx(3, abs=1e-6)
    error = math.sqrt(1 / 100 + 1 / 900 + 1 / 250 + 1 / 750)
    assert section.facts["calibration.odds_low"] == pytest.approx(
        3 * math.exp(-1.959964 * error), abs=1e-4
    )
    assert "multiply the odds of becoming SQL by 3.00" in section.plain()
    assert "from a rate of 10% to one of 25%" in section.plain()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([(10, "converted", 5), (10, "not_converted", 5), (30, "converted", 5),
          (30, "not_converted", 5)], "not enough evidence that points say anything"),
        ([(10, "converted", 5), (10, "not_converted", 5)], "is not known:"),
    ],
)  # fmt: skip
def test_what_points_do_to_the_odds_may_not_be_known(
    cells: list[tuple[object, ...]], said: str
) -> None:
    assert said in report.show_calibration(by_hand.audit(ranked=cells)).plain()


def test_decisions_are_none_when_nothing_asks_for_one() -> None:
    audit = by_hand.audit(ranked=by_hand.RANKED)
    kept = [one for one in decisions(audit) if not one.startswith("Who takes")]
    assert kept == []


def test_more_leads_than_sales_can_work_is_a_decision() -> None:
    # Weeks of 10, 20, 30, 40: a mean of 25; 2 of 4 weeks bring more than 25, all more than 9.
    weeks = by_hand.weeks([10, 20, 30, 40], 50)

    def asked(capacity: float) -> list[str]:
        policy = report.Policy(capacity_per_week=capacity)
        audit = replace(by_hand.audit(ranked=by_hand.RANKED, policy=policy), handed_weeks=weeks)
        return [each for each in decisions(audit) if "can work" in each]

    assert "sales received 25.0 MQLs in a mean week and can work 9" in asked(9)[0]
    assert not asked(25)


def test_leads_with_the_points_at_a_fixed_age_are_not_what_sales_receives() -> None:
    # Nobody recorded a hand-off: however many leads have the points, the team's week is unknown.
    crowded = by_hand.audit(ranked=by_hand.RANKED, policy=report.Policy(capacity_per_week=0.01))
    assert not any("can work" in one for one in decisions(crowded))
    assert "leads_per_week" not in " ".join(report.show_thresholds(crowded).facts)


def test_the_pilot_is_sized_by_the_formula() -> None:
    # 5 of 100 below 50: 1.96^2 * 0.05 * 0.95 / 0.03^2 = 202.7, in tens 210.
    assert pilot_size(by_hand.audit()) == 210
    assert pilot_width(by_hand.audit()) == "3 points"


def test_a_pilot_of_a_small_rate_is_to_tell_it_more_closely() -> None:
    # 2 of 100 below 50: to 0.6 * 0.02, 1.96^2 * 0.02 * 0.98 / 0.012^2 = 522.9, in tens 530.
    rare = [*by_hand.RANKED[:-2], (10, "converted", 2), (10, "not_converted", 98)]
    asked = by_hand.audit(ranked=rare)
    assert (pilot_size(asked), pilot_width(asked)) == (530, "1.2 points")


def test_every_section_speaks_in_three_forms() -> None:
    for show in SECTIONS:
        bundle = show(by_hand.audit())._repr_mimebundle_()
        assert set(bundle) == {"text/html", "text/plain", FACTS_KIND}
        json.dumps(bundle[FACTS_KIND], allow_nan=False)
        assert "nan" not in bundle["text/plain"].casefold().split()
        assert FACTS_KIND not in bundle["text/html"]


def test_sections_agree_on_every_fact() -> None:
    stated: dict[str, object] = {}
    for show in SECTIONS:
        for name, value in show(by_hand.audit()).facts.items():
            assert stated.setdefault(name, value) == value


def test_shuffled_counts_give_the_same_bytes() -> None:
    audit = by_hand.audit()
    shuffled = by_hand.audit(ranked=[*by_hand.UNWORKED, *by_hand.RANKED[::-1]])
    assert fingerprint(audit.ranking) == fingerprint(shuffled.ranking)
    for show in SECTIONS:
        assert show(audit)._repr_mimebundle_() == show(shuffled)._repr_mimebundle_()


def test_the_fingerprint_changes_with_one_lead() -> None:
    other = by_hand.counts([*by_hand.RANKED, (10, "unworked", 701)])
    assert fingerprint(other) != fingerprint(by_hand.audit().ranking)


def stages(rejected: int = 20) -> StageCounts:
    """Of 100 hand-offs at 60 points 70 were accepted and 30 became SQL; of 10 at 90, all and 8."""
    cells = [
        (60, "accepted", "", "converted", "converted", 30),
        (60, "accepted", "", "converted", "not_converted", 40),
        (60, "rejected", "no budget", "not_converted", "not_converted", rejected),
        (60, "untouched", "", "unworked", "unworked", 10),
        (90, "accepted", "", "converted", "converted", 8),
        (90, "accepted", "", "converted", "not_converted", 2),
    ]
    names = ["score", "disposition", "given_reason", "stage_accepted", "stage_sql", "n"]
    frame = pd.DataFrame(cells, columns=names).assign(
        fit_band="A", behavior_band="1", hand_raiser=False
    )
    chain = (FunnelStage("accepted", "accepted", 30), FunnelStage("sql", "SQL", 90))
    return StageCounts(frame, by_hand.provenance(), chain, ("A",), ("1",), 30)


def test_the_funnel_of_the_hand_offs_has_its_own_denominators() -> None:
    section = report.show_handed(replace(by_hand.audit(), stages=stages()))
    # 70 of 90 judged at 60 points were accepted, 30 became SQL; 10 nobody worked.
    assert section.facts["funnel.warm.accepted.rate"] == pytest.approx(70 / 90, abs=1e-8)
    assert section.facts["funnel.warm.sql.rate"] == pytest.approx(30 / 90, abs=1e-8)
    assert section.facts["funnel.hot.sql.n"] == 10
    text = section.plain()
    # No lead below 50 was handed over, so there is no such band; 20 of 110 had time to decide.
    assert "cold" not in text
    assert re.search(r"rejected +no budget +20 +18\.2%", text)
    assert "A and behavior 1" in text


def test_reasons_given_to_a_handful_are_not_shown() -> None:
    text = report.show_handed(replace(by_hand.audit(), stages=stages(rejected=3))).plain()
    assert "under 5" in text
    assert "no budget" not in text


def test_without_stages_nothing_is_said_of_hand_offs() -> None:
    assert "Cannot be told from this data." in report.show_handed(by_hand.audit()).plain()


def test_whether_it_pays_is_the_counts_at_the_threshold() -> None:
    policy = report.Policy(cost_ratio=0.25)
    section = report.show_payoff(by_hand.audit(ranked=by_hand.RANKED, policy=policy))
    # 60 of 200 at 50 or more, of 300: (60 - 0.25 * 140) / 300; below 5 and 95 are spared.
    assert section.facts["payoff.per_100"] == pytest.approx(100 * (60 - 35) / 300, abs=1e-6)
    assert section.facts["payoff.over_all_per_100"] == pytest.approx(
        100 * (0.25 * 95 - 5) / 300, abs=1e-6
    )
    assert "worth 8.33 (95% interval" in section.plain()
    assert "the difference to calling all of them is 6.2" in section.plain()


def test_whether_it_pays_is_of_worked_leads_where_many_were_not() -> None:
    some = [*by_hand.RANKED, (90, "unworked", 100), (10, "unworked", 700)]
    section = report.show_payoff(by_hand.audit(ranked=some, policy=report.Policy(cost_ratio=0.25)))
    # Over the bar 60 of 200 judged; the 100 that nobody worked are in no number.
    assert section.facts["payoff.per_100"] == pytest.approx(100 * (60 - 35) / 200, abs=1e-6)
    assert section.facts["payoff.over_all_per_100"] is None
    assert "Cannot be told from this data. Of all leads this cannot be told" in section.plain()


def test_whether_it_pays_needs_a_cost() -> None:
    assert "nobody said (cost_ratio)" in report.show_payoff(by_hand.audit()).plain()


def test_segments_that_differ_are_named_with_their_number_allowed_for() -> None:
    # 30% of 1,000 against 10% of 1,000 and of 1,000.
    cells = [(60, state, name, n) for name, k in (("north", 300), ("south", 100), ("west", 100))
             for state, n in (("converted", k), ("not_converted", 1000 - k))]  # fmt: skip
    section = report.show_segments(by_hand.audit(segments=by_hand.counts(cells, "region")))
    assert section.facts["segments.differing"] == 3
    assert section.facts["segment.north.rate"] == pytest.approx(0.3)
    # Drawn towards the others, by little: a thousand leads speak for themselves.
    assert 0.29 < section.facts["segment.north.shrunk"] < 0.3
    # 30% less 200 of 2,000.
    assert section.facts["segment.north.difference"] == pytest.approx(0.2)
    assert "under 0.001" in section.plain()
    assert "Leads of north become SQLs more often than the rest" in section.plain()


def test_segments_that_nobody_worked_are_not_compared() -> None:
    cells = [(60, state, name, n) for name, k in (("north", 300), ("south", 100))
             for state, n in (("converted", k), ("not_converted", 1000 - k), ("unworked", 900))]  # fmt: skip
    section = report.show_segments(by_hand.audit(segments=by_hand.counts(cells, "region")))
    assert section.facts["segments.differing"] == 0
    assert "Whether any region differs cannot be told" in section.plain()
    table = pd.DataFrame({"answer": ["Yes", "Cannot be told from this data"]})
    assert _unworked_note(table).startswith("Of one of them too many leads were never worked")
    assert not _unworked_note(table.head(1))


def test_a_segment_of_a_handful_is_named_and_not_shown() -> None:
    cells = [(60, "converted", "north", 30), (60, "not_converted", "north", 70),
             (60, "converted", "south", 10), (60, "not_converted", "south", 90),
             (60, "converted", "tiny", 2), (60, "not_converted", "tiny", 1),
             (60, "converted", "young", 3), (60, "immature", "young", 9)]  # fmt: skip
    section = report.show_segments(by_hand.audit(segments=by_hand.counts(cells, "region")))
    assert section.facts["segment.young.rate"] is None
    assert section.facts["segment.tiny.rate"] is None
    (line,) = (line for line in section.plain().splitlines() if line.startswith("tiny"))
    assert line.count("under 5") == 2


def test_segments_show_where_the_score_ranks_well_and_hide_what_cannot_be_told() -> None:
    def region(name: str, hits: tuple[int, int], unworked: int = 0) -> list[tuple[object, ...]]:
        return [
            cell for score, k in zip((80, 20), hits, strict=True)
            for cell in ((score, "converted", name, k), (score, "not_converted", name, 100 - k),
                         (score, "unworked", name, unworked))
        ]  # fmt: skip

    cells = [*region("north", (60, 10)), *region("south", (30, 30)), *region("west", (60, 10), 90)]
    few = [(80, "converted", "tiny", 3), (20, "not_converted", "tiny", 40)]
    section = report.show_segments(by_hand.audit(segments=by_hand.counts([*cells, *few], "region")))
    spoken = [part.figure.alt for part in section.parts if isinstance(part, Picture)][-1]
    assert "The score ranks leads better for north and worse for south" in spoken
    # 60 and 10 converted, 40 and 90 did not: (60 x 90 + (60 x 40 + 10 x 90) / 2) / (70 x 130).
    assert "north: 77.5%, 70 SQLs." in spoken
    pictures = [part.figure for part in section.parts if isinstance(part, Picture)]
    note = pictures[-1].texts[1].get_text().replace("\n", " ")
    assert (
        "Not drawn: 2 with under 5 leads that converted, or that did not, or seldom worked." in note
    )
    assert "cannot be told" not in [text.get_text() for text in pictures[-1].findobj(Text)]
    assert "west" not in spoken
    assert "tiny" not in spoken


def test_segments_are_exploratory_and_escaped() -> None:
    name = "<script>alert(1)</script>"
    cells = [(s, state, name, n) for s, state, n in by_hand.RANKED]
    audit = by_hand.audit(segments=by_hand.counts(cells, "region"))
    html = str(report.show_segments(audit).html())
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Exploratory" in html


@pytest.mark.parametrize(
    ("quarter", "start", "after"),
    [("2026Q1", "2026-01-01", "2026-04-01"), ("2026Q4", "2026-10-01", "2027-01-01")],
)
def test_quarters_are_calendar_quarters(quarter: str, start: str, after: str) -> None:
    assert [str(day) for day in quarter_span(quarter)] == [start, after]


def test_a_quarter_closes_with_its_last_leads_window() -> None:
    until = by_hand.provenance().observed_until  # 2026-10-01: 90 days before is 2026-07-03
    assert is_closed("2026Q2", until, 90)
    assert not is_closed("2026Q2", until, 93)
    assert not is_closed("2026Q3", until, 1)
    assert is_closed("2026Q2", until, 92)


def test_a_quarter_that_the_export_begins_in_is_no_year_to_compare_with() -> None:
    first = by_hand.provenance().first_moment
    assert is_whole("2025Q1", first)
    assert not is_whole("2024Q4", first)


def test_an_impossible_quarter_is_refused_with_what_exists() -> None:
    with pytest.raises(QuestionError, match=r"quarter is 'Q3': expected .* such as 2026Q3"):
        quarter_span("Q3")


def test_who_asked_to_be_called_stands_apart() -> None:
    # Of 12 leads that asked 9 became SQL, of 40 others 10.
    cells = [(True, "converted", 9), (True, "not_converted", 3),
             (False, "converted", 10), (False, "not_converted", 30)]  # fmt: skip
    frame = pd.DataFrame(
        [(60, "A", "1", *who, "accepted", "", n) for *who, n in cells],
        columns=["score", "fit_band", "behavior_band", "hand_raiser", "stage_sql", "disposition",
                 "given_reason", "n"],
    )  # fmt: skip
    stages = StageCounts(
        frame, by_hand.audit().ranking.provenance, (FunnelStage("sql", "SQL", 90),), ("A",), ("1",),
        30, ("demo",),
    )  # fmt: skip
    text = report.show_handed(replace(by_hand.audit(), stages=stages)).plain()
    assert "Apart from leads that asked to be called" in text
    assert re.search(r"did not ask to be called\W+40\W+40\W+10\W+25%", text)
    assert re.search(r"\basked to be called\W+12\W+12\W+9\W+75%", text)
    few = replace(stages, frame=frame.assign(n=[3, 1, 10, 30]))
    plain = replace(stages, hand_raisers=())
    for counted in (few, plain):
        page = report.show_handed(replace(by_hand.audit(), stages=counted)).plain()
        assert "Apart from leads" not in page


def test_bands_without_names_are_told_apart_by_their_scores() -> None:
    """90 and 80 alike, 70 far below: a bracket joins the first two, and no other."""
    cells = [(score, state, n) for score, hits in ((90, 300), (80, 290), (70, 60))
             for state, n in (("converted", hits), ("not_converted", 600 - hits))]  # fmt: skip
    bands = split_bands([ScoreBand("", start) for start in (90, 70)], 80)
    assert [band.name for band in bands] == ["90+", "70\N{EN DASH}79", "80\N{EN DASH}89"]
    audit = replace(by_hand.audit(), ranking=by_hand.counts(cells), bands=bands, threshold=70)
    table = scores_table(audit)
    pairs = pairs_told(audit, table)
    assert pairs["apart"].tolist() == [False, True, True]
    figure = plot_bands(table, pairs=pairs)
    assert alt_text(figure).count("no two can be told apart") == 1
    # With the first band untold the title compares the other two, by their own test.
    hidden = table.assign(rate=table["rate"].where(table["start"] < 90))
    assert "as often" in plot_bands(hidden, pairs=pairs_told(audit, hidden)).headline


def test_days_of_bands_without_names_are_each_their_own() -> None:
    """Of ten leads at 90 six convert on day 5, of ten at 70 none."""
    rows = [(90, 5, "converted", 6), (90, 90, "open", 4), (70, 90, "open", 10)]
    frame = pd.DataFrame(rows, columns=["score", "day", "status", "n"])
    audit = by_hand.audit()
    days = DayCounts(frame, audit.ranking.provenance)
    bands = split_bands([ScoreBand("", 90), ScoreBand("", None)], None)
    page = report.show_soon(replace(audit, days=days, bands=bands))
    assert re.search(r"90\+ +10 +60% ", page.plain())
    assert re.search(r"below 90 +10 +none so far", page.plain())
    assert (facts(page)["soon.90+.30.rate"], facts(page)["soon.below 90.30.rate"]) == (0.6, 0)


def test_the_ranking_is_told_without_those_who_asked() -> None:
    cells = [(80, "converted", 30), (60, "converted", 20), (80, "not_converted", 40),
             (60, "not_converted", 60)]  # fmt: skip
    audit = by_hand.audit(ranked=by_hand.RANKED)
    uncalled = by_hand.counts(cells)
    page = report.show_ranking(replace(audit, uncalled=uncalled))
    # 50 x 100 pairs: wins 30 x 60, ties 30 x 40 + 20 x 60.
    assert facts(page)["ranking.without_hand_raisers.auc"] == pytest.approx(
        (30 * 60 + (30 * 40 + 20 * 60) / 2) / (50 * 100), abs=1e-8
    )
    assert f"{audit.ranked.n - 150} leads of {audit.ranked.n} asked to be called" in page.plain()
    assert "without_hand_raisers" not in str(facts(report.show_ranking(audit)))


def test_a_flat_file_has_no_criterion_by_which_a_lead_asks() -> None:
    with pytest.raises(QuestionError, match="hand_raisers names criteria of a model"):
        report.prepare(scored="f.csv", score="points", outcome="won", hand_raisers="demo")


def test_asking_for_neither_audit_says_what_is_needed() -> None:
    with pytest.raises(QuestionError, match=r"either a CRM and its model .* or a flat file"):
        report.prepare()
    with pytest.raises(QuestionError, match="prepared_on is 'soon'"):
        report.prepare(prepared_on="soon")


def test_bands_below_the_bar_have_a_range_where_too_many_were_never_worked() -> None:
    # Cold: 5 of 100 judged, 700 never worked: from 5/800 to 705/800; the others as counted.
    page = report.show_ranking(by_hand.audit()).plain()
    assert "cannot be told (1-88%)" in page
    assert "40% (" in page
    cold = report.show_verdict(by_hand.audit()).html()
    assert "cannot be told (1-88%)" in cold


def test_one_rule_refuses_below_the_bar_in_the_audit_and_in_the_review() -> None:
    # 60 of 360 never worked, all of them below: enough were worked, but because they scored more later.
    few = [*by_hand.RANKED, (10, "unworked", 60)]
    audit = by_hand.audit(ranked=few)
    table = policy_table(audit)
    assert table.set_index("threshold")["precision_known"].to_dict() == {
        10: False,
        50: True,
        60: True,
        90: True,
    }
    assert table["precision_known"].tolist() == with_told(audit, table)["precision_known"].tolist()
    # 65 of 300 judged, 60 never worked: 235/360 to 295/360 go nowhere.
    assert "cannot be told (65-82%)" in report.show_thresholds(audit).plain()


def test_points_are_spelled_out_only_as_far_as_scores_were_seen() -> None:
    # Scores from 10 to 22: 20 points more were never seen, 10 are. Odds 1/9 and 1/3: 3 to the 10/12.
    cells = [(10, "converted", 100), (10, "not_converted", 900),
             (22, "converted", 250), (22, "not_converted", 750)]  # fmt: skip
    section = report.show_calibration(by_hand.audit(ranked=cells))
    assert section.facts["calibration.points"] == 10
    assert section.facts["calibration.odds"] == pytest.approx(3 ** (10 / 12), abs=1e-6)
    assert "10 points more multiply the odds" in section.plain()


def test_no_curve_shows_what_became_of_fewer_than_five() -> None:
    few = [*by_hand.RANKED, (95, "converted", 1), (95, "not_converted", 1)]
    drawn = told_curve(policy_table(by_hand.audit(ranked=few))).set_index("threshold")
    assert drawn.loc[95, ["nowhere_rate", "recall", "recall_low"]].isna().all()
    assert drawn.loc[90, ["nowhere_rate", "recall"]].notna().all()


def test_leads_that_were_merged_are_not_called_accounts() -> None:
    one = pd.DataFrame({"score_a": [90], "state_a": ["converted"], "n": [40]})
    pairs = AccountPairs(one.assign(score_b=90, state_b="converted"), 299, 64, 235, 2)

    def page(**origin: object) -> str:
        audit = by_hand.audit()
        ranking = replace(
            audit.ranking,
            accounts=pairs,
            provenance=replace(audit.ranking.provenance, **origin),
        )
        return report.show_method(replace(audit, ranking=ranking)).plain()

    assert "299, the largest with 2 leads" in page()
    assert "leads of one account share their fate" in page()
    merged = page(accounts_known=False, merged=1)
    assert "not known: only 1 merged lead with its survivor are taken together" in merged
    assert "merged leads and survivors share their fate" in merged
    several = page(accounts_known=False, unit="lead and quarter")
    assert "not known: only the moments of one lead are taken together" in several
    assert "the moments of one lead share their fate" in several


def bare(**changed: object) -> report.Audit:
    """An audit of an export that records no hand-offs."""
    alone = {"handoffs": None, "decisions": None, "quarter": None}
    return replace(by_hand.audit(ranked=by_hand.RANKED), **{**alone, **changed})


def test_without_hand_offs_page_one_shows_five_numbers_that_are_known() -> None:
    text = report.show_verdict(bare()).plain()
    assert "not known: " not in text
    for card in (
        "21.7%: of judged leads became SQL (65 of 300",
        "of leads scored 80+ hot became SQL (40 of 100",
        "5.0%: of leads scored below 50 cold became SQL (5 of 100",
    ):
        assert card in text


def test_page_one_warns_where_nobody_recorded_who_was_worked() -> None:
    audit = bare()
    origin = replace(audit.ranking.provenance, caveats=(NOBODY_KNOWN,))
    warned = replace(audit, ranking=replace(audit.ranking, provenance=origin))
    assert f"Who was worked is not recorded. {NOBODY_KNOWN}" in report.show_verdict(warned).plain()
    assert "Who was worked is not recorded." not in report.show_verdict(audit).plain()


def test_the_audit_names_the_thresholds_that_the_review_would() -> None:
    # A call breaks even at 3 of 10 conversions: of 1,000 leads at 60 points 200 convert.
    many = [(score, state, 10 * n) for score, state, n in by_hand.RANKED]
    asked = by_hand.audit(ranked=many, policy=report.Policy(cost_ratio=3 / 7))
    assert any(
        said.startswith("Whether 50 stays the threshold: at the cost ratio given 90 is worth more.")
        for said in decisions(asked)
    )
    unsaid = decisions(by_hand.audit(ranked=many))
    assert not any("stays the threshold" in said for said in unsaid)


def test_a_bar_that_nobody_agreed_on_is_not_called_agreed() -> None:
    for section in SECTIONS:
        assert "agreed" not in section(by_hand.audit()).plain()


def test_better_than_chance_is_said_where_it_is_not_enough() -> None:
    # 36 of 60 pairs in order among few leads: surely above 50%, not surely above 55%.
    cells = [(90, "converted", 60), (60, "converted", 40), (90, "not_converted", 90),
             (60, "not_converted", 110)]  # fmt: skip
    text = str(facts(report.show_verdict(bare(ranking=by_hand.counts(cells), ranked=by_hand.counts(cells))))
               ["report.headline"])  # fmt: skip
    assert "Better than chance, but perhaps not by enough: in truth it may be anywhere" in text
    assert "and the bar is 55%" in text


def test_the_audited_score_is_no_leak_into_itself(tmp_path: Path) -> None:
    rows = [f"{90 if won else 10},{won},{i % 2}" for i, won in enumerate([0, 1] * 100)]
    (tmp_path / "f.csv").write_text("points,won,other\n" + "\n".join(rows), encoding="utf-8")
    asked = report.prepare(scored=str(tmp_path / "f.csv"), score="points", outcome="won")
    assert asked.leaks is not None
    assert asked.leaks.table["name"].tolist() == ["other"]
    assert "'points'" not in report.show_verdict(asked).plain()


def test_who_is_left_out_of_the_ranking_is_said_with_their_share() -> None:
    text = report.show_ranking(by_hand.audit()).plain()
    # 700 of 800 leads below the bar, none above it.
    assert (
        "Sales works mostly leads with high scores. Among leads over the bar scores differ" in text
    )
    assert "Leads below 50 points are left out: 88% were never worked" in text
    # As seldom above as below: sales does not go by the score.
    even = [*by_hand.RANKED, (60, "unworked", 1400), (10, "unworked", 700)]
    assert "Sales works mostly" not in report.show_ranking(by_hand.audit(ranked=even)).plain()


def test_a_rise_that_is_not_refuted_is_so_for_all_scores_at_once() -> None:
    text = report.show_calibration(by_hand.audit()).plain()
    assert "that more points mean a higher rate, all scores compared at once." in text
