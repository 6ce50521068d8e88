"""Leads as they were known at their moments: fields from their history, merges from their date."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest import by_the_book, reference
from tests.backtest.any_model import (
    crm_of_rows,
    engine_scores,
    for_the_book,
    models,
    random_rows,
    read,
    with_histories,
)
from tests.backtest.tables import (
    activity,
    at,
    change,
    crm_of,
    decision,
    entry,
    histories,
    lead,
    merge,
)
from toolkit.backtest import (
    AtAge,
    AtCrossing,
    AtHandoff,
    AtMoments,
    AtPeriodEnd,
    Backtest,
    Outcome,
    count_scores,
    explain_lead,
    run_backtest,
    threshold_crossings,
)
from toolkit.counts import ScoreCounts
from toolkit.errors import DataError
from toolkit.model import parse_model, score_unit

MODEL = parse_model(reference.MODEL)
SQL = Outcome("sql", within_days=10)
SECOND = 1 / 86_400
MOMENTS = st.sampled_from([AtAge(0), AtAge(7), AtHandoff(), AtPeriodEnd("month")])


def backtest(rows: dict, moment: object) -> Backtest | None:
    try:
        return run_backtest(MODEL, crm_of(**rows), moment=moment, outcome=SQL)
    except DataError as error:
        assert "no lead is left to score" in str(error)  # noqa: PT017 - the only reason allowed
        return None


@settings(max_examples=12)
@given(histories(), MOMENTS)
def test_scores_follow_fields_records_and_merges_as_the_reference_does(
    rows: dict, moment: object
) -> None:
    compare(rows, moment)


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=list(HealthCheck))
@given(histories(), MOMENTS)
def test_scores_follow_hundreds_of_histories(rows: dict, moment: object) -> None:
    compare(rows, moment)


def compare(rows: dict, moment: object) -> None:
    found = backtest(rows, moment)
    if found is None:
        return
    leads = {each["lead_id"]: each for each in rows["leads"]}
    for row in found.rows().to_dict("records"):
        name, when = row["lead_id"], row["moment"].to_pydatetime()
        known = reference.known_lead(leads[name], rows["changes"], when)
        acts = reference.known_activities(name, rows["activities"], rows["merges"], when)
        assert row["score"] == reference.score(known, acts, when), (name, when)


@settings(max_examples=6)
@given(histories(), st.integers(0, 11), st.integers(0, 50))
def test_deleting_everything_recorded_later_changes_no_score(
    rows: dict, number: int, day: int
) -> None:
    own = rows["leads"][number % len(rows["leads"])]
    when = max(at(day), own["created_at"])
    asked = pd.DataFrame({"lead_id": [own["lead_id"]], "moment": [when]})
    whole = backtest(rows, AtMoments(asked))
    if whole is None:
        return
    past = {
        # An export of that day holds the values of that day.
        "leads": [reference.known_lead(row, rows["changes"], when) for row in rows["leads"]],
        "activities": [a for a in rows["activities"] if reference.counts_from(a) <= when]
        or [activity(0, "other", 59.75)],
        "changes": [c for c in rows["changes"] if reference.counts_from(c) <= when],
        "merges": [m for m in rows["merges"] if m["merged_at"] <= when],
        "stages": rows["stages"],
        "feedback": rows["feedback"],
    }
    then = backtest(past, AtMoments(asked))
    assert then.rows()["score"].tolist() == whole.rows()["score"].tolist()


@settings(max_examples=4)
@given(histories(), st.randoms(), MOMENTS)
def test_shuffling_histories_changes_nothing(rows: dict, random: object, moment: object) -> None:
    whole = backtest(rows, moment)
    if whole is None:
        return
    mixed = {name: list(table) for name, table in rows.items()}
    for table in mixed.values():
        random.shuffle(table)
    other = backtest(mixed, moment)
    pd.testing.assert_frame_equal(whole.rows(), other.rows())
    assert whole.provenance.flow == other.provenance.flow
    assert whole.provenance.caveats == other.provenance.caveats


@settings(max_examples=5)
@given(histories(), st.integers(0, 11), st.integers(0, 50))
def test_an_explanation_sees_what_the_backtest_sees(rows: dict, number: int, day: int) -> None:
    own = rows["leads"][number % len(rows["leads"])]
    when = max(at(day), own["created_at"])
    known = reference.known_lead(own, rows["changes"], when)
    acts = reference.known_activities(own["lead_id"], rows["activities"], rows["merges"], when)
    why = explain_lead(MODEL, crm_of(**rows), own["lead_id"], as_of=when)
    assert why.score == why.table["points"].sum() == reference.score(known, acts, when)


POOL = {seed: with_histories(random_rows(seed, 30), seed) for seed in range(3)}
CRMS = {}


@settings(max_examples=8)
@given(models(), st.sampled_from(sorted(POOL)))
def test_every_kind_of_criterion_sees_the_lead_of_the_moment(raw: dict, seed: int) -> None:
    rows = POOL[seed]
    if seed not in CRMS:
        CRMS[seed] = crm_of_rows(rows)
    model, book = read(raw), for_the_book(raw)
    finer = score_unit(model) // model.scale
    leads = {each["lead_id"]: each for each in rows["leads"]}
    for asked, row in zip(rows["moments"], engine_scores(model, CRMS[seed], rows), strict=True):
        name, when = asked["lead_id"], asked["at"]
        known = by_the_book.known(leads[name], rows["changes"], when)
        ids = by_the_book.own_ids(name, rows["merges"], when)
        own = [a for a in rows["activities"] if a["lead_id"] in ids]
        expected = by_the_book.score(book, known, own, when)
        found = [Fraction(int(row[f"p{i}"]), finer) for i in range(len(model.criteria))]
        assert (found, row["score"]) == (expected["points"], expected["score"]), (name, when)


# --- by hand ------------------------------------------------------------------------------------


def score(day: float, *changes: dict, **fields: object) -> int:
    """Score of one lead created on day 0; silence costs 10 points from day 4 on."""
    crm = crm_of([lead(1, **fields)], [activity(1, "other", 0)], [entry(1, "sql", 59)],
                 changes=list(changes))  # fmt: skip
    rows = run_backtest(MODEL, crm, moment=AtAge(day), outcome=SQL).rows()
    return int(rows["score"].iloc[0])


def test_a_change_holds_from_its_second_on() -> None:
    promoted = change(1, "title", "VP", 2, "Intern")
    assert score(2, promoted, title="VP") == 2 + 20
    assert score(1, promoted, title="VP") == 2
    late = change(1, "title", "VP", 2 + SECOND, "Intern")
    assert score(2, late, title="VP") == 2


def test_between_two_changes_the_first_one_holds() -> None:
    twice = (change(1, "title", "VP", 1, "Intern"), change(1, "title", "Intern", 3, "VP"))
    assert [score(day, *twice, title="Intern") for day in (0, 1, 2, 3)] == [2, 22, 22, 2]


def test_before_the_first_change_the_old_value_held() -> None:
    left = change(1, "title", "Intern", 3, "VP")
    assert score(2, left, title="Intern") == 2 + 20
    assert score(3, left, title="Intern") == 2


def test_without_a_change_the_field_is_as_exported() -> None:
    other = change(2, "title", "VP", 3, "Intern")
    assert score(2, other, title="VP") == 2 + 20


def test_a_field_that_was_emptied_is_missing() -> None:
    assert score(3, change(1, "title", None, 2, "VP"), title="Intern") == 2


def test_numbers_are_read_as_the_column_is() -> None:
    grown = change(1, "employees", 200, 2, 49)
    assert score(1, grown, employees=200) == 2
    assert score(2, grown, employees=200) == 2 + 15


def test_late_enrichment_counts_from_when_it_was_recorded() -> None:
    late = change(1, "title", "VP", 1, recorded_at=at(3))
    assert score(2, late, title="VP") == 2
    assert score(3, late, title="VP") == 2 + 20


def test_the_names_of_the_export_are_understood() -> None:
    crm = crm_of([lead(1, title="VP")], [activity(1, "other", 0)], [entry(1, "sql", 59)],
                 changes=[change(1, " TITLE ", "VP", 3, "Intern")])  # fmt: skip
    assert run_backtest(MODEL, crm, moment=AtAge(2), outcome=SQL).rows()["score"].tolist() == [2]


def caveats(*changes: dict, moment: object = AtAge(2)) -> list[str]:
    crm = crm_of([lead(1), lead(2)], [activity(1, "other", 0)], [entry(1, "sql", 59)],
                 changes=list(changes))  # fmt: skip
    return list(run_backtest(MODEL, crm, moment=moment, outcome=SQL).provenance.caveats)


def test_caveats_say_which_fields_have_a_history() -> None:
    assert any("there is no history of field changes" in text for text in caveats())
    some = caveats(change(1, "title", "VP", 1, "Intern"))
    assert (
        "The fit part is point-in-time for title only: domain, employees as of the export, because "
        "no change of them is recorded."
    ) in some
    every = caveats(*(change(1, name, "5", 1, "4") for name in ("title", "domain", "employees")))
    assert "The fit part is point-in-time: domain, employees, title as of the moment." in every


def test_caveats_count_what_the_history_does_not_reach() -> None:
    texts = caveats(change(1, "title", "VP", 3), change(1, "employees", "many", 1))
    assert any(text.startswith("1 fields were scored as empty") for text in texts)
    assert any(text.startswith("1 recorded values of fields do not fit") for text in texts)
    early = caveats(change(1, "title", "VP", 3, "Intern"))
    assert any(text.startswith("2 moments are earlier than the first recorded") for text in early)


def test_segments_are_those_of_the_moment_too() -> None:
    crm = crm_of([lead(1, title="VP"), lead(2, title="VP")], [activity(1, "other", 0)],
                 [entry(1, "sql", 59)], changes=[change(1, "title", "VP", 3, "Intern")])  # fmt: skip
    made = run_backtest(MODEL, crm, moment=AtAge(2), outcome=SQL, segments=["title"])
    assert made.rows()["title"].tolist() == ["Intern", "VP"]


# --- merges -------------------------------------------------------------------------------------


def merged(day: float, *more: dict, leads: list | None = None, **rows: list) -> dict[str, int]:
    """Scores `day` days after creation, where L1 goes into L2 on day 3; L1 asked for a demo."""
    crm = crm_of(leads or [lead(1), lead(2)], [activity(1, "demo", 1), activity(2, "other", 0)],
                 [entry(2, "sql", 59)], rows.get("feedback", []),
                 merges=[merge(1, 2, 3), *more])  # fmt: skip
    found = run_backtest(MODEL, crm, moment=AtAge(day), outcome=SQL).rows()
    return dict(zip(found["lead_id"], found["score"], strict=True))


def test_a_merged_lead_counts_for_its_survivor_from_the_merge_on() -> None:
    assert merged(2) == {"L1": 32, "L2": 2}
    assert merged(3) == {"L2": 32}


def test_a_chain_of_merges_is_followed_to_its_end() -> None:
    leads = [lead(1), lead(2), lead(3)]
    assert merged(4, merge(2, 3, 5), leads=leads) == {"L2": 32, "L3": 2 - 10}
    assert merged(5, merge(2, 3, 5), leads=leads) == {"L3": 32 - 10}


def test_a_circle_of_merges_ends() -> None:
    crm = crm_of([lead(1), lead(2), lead(3)], [activity(1, "demo", 1)], [entry(3, "sql", 59)],
                 merges=[merge(1, 2, 3), merge(2, 1, 4), merge(1, 1, 2)])  # fmt: skip
    rows = run_backtest(MODEL, crm, moment=AtAge(3), outcome=SQL).rows()
    assert dict(zip(rows["lead_id"], rows["score"], strict=True)) == {"L2": 32, "L3": 2}


def test_a_merged_lead_that_left_the_table_still_counts() -> None:
    assert merged(3, leads=[lead(2)]) == {"L2": 32}


def test_moments_after_the_merge_are_set_aside_and_said() -> None:
    crm = crm_of([lead(1), lead(2)], [activity(2, "other", 0)], [entry(2, "sql", 59)],
                 merges=[merge(1, 2, 3)])  # fmt: skip
    made = run_backtest(MODEL, crm, moment=AtAge(3), outcome=SQL)
    flow = dict(zip(made.flow["step"], made.flow["n"], strict=True))
    assert flow["merged into another lead before the moment of scoring"] == 1
    assert any(
        text.startswith("1 leads were merged into others") and "Of 1 of them no activity" in text
        for text in made.provenance.caveats
    )


def fates(*stages: dict, day: int = 2, feedback: list = ()) -> dict[str, str]:
    said = [*feedback] or [decision(1, "rejected", 0), decision(2, "rejected", 0)]
    crm = crm_of([lead(1), lead(2)], [activity(2, "other", 0)], [*stages, entry(9, "sql", 1)],
                 said, merges=[merge(1, 2, 5)])  # fmt: skip
    found = run_backtest(MODEL, crm, moment=AtAge(day), outcome=SQL).rows()
    return dict(zip(found["lead_id"], found["state"], strict=True))


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (entry(2, "sql", 4), {"L1": "not_converted", "L2": "converted"}),  # still two leads
        (entry(1, "sql", 4), {"L1": "converted", "L2": "not_converted"}),
        (entry(2, "sql", 5), {"L1": "converted", "L2": "converted"}),  # one lead
        (entry(1, "sql", 6), {"L1": "converted", "L2": "converted"}),
        (entry(2, "sql", 12 + SECOND), {"L1": "not_converted", "L2": "not_converted"}),
    ],
)
def test_from_the_merge_on_both_share_their_fate(stage: dict, expected: dict) -> None:
    assert fates(stage) == expected


def test_a_survivor_of_a_lead_that_had_converted_is_no_prediction_any_more() -> None:
    crm = crm_of([lead(1), lead(2), lead(3)], [activity(2, "other", 0)],
                 [entry(1, "sql", 4)], merges=[merge(1, 2, 5)])  # fmt: skip
    made = run_backtest(MODEL, crm, moment=AtAge(6), outcome=SQL)
    assert made.rows()["lead_id"].tolist() == ["L3"]
    flow = dict(zip(made.flow["step"], made.flow["n"], strict=True))
    assert flow["SQL reached before the moment of scoring"] == 1
    assert flow["merged into another lead before the moment of scoring"] == 1


def test_leads_that_became_one_are_one_in_intervals() -> None:
    # Four leads are worked and judged on day 2; L1 goes into L2 on day 5, which converts on day 6:
    # 2 of 4 converted, but by one chance. Var(p) = sum of (k - n p)^2 over clusters / 4^2
    # = ((2 - 1)^2 + 2 (0 - 1/2)^2) / 16 = 3/32; as four independent leads 4 (1/2)^2 / 16 = 1/16.
    def counted(*merges: dict, **fields: object) -> ScoreCounts:
        crm = crm_of([lead(i, **fields.get(f"L{i}", {})) for i in (1, 2, 3, 4)],
                     [activity(i, "other", 0) for i in (1, 2, 3, 4)],
                     [entry(1, "sql", 6), entry(2, "sql", 6)],
                     [decision(i, "rejected", 1) for i in (1, 2, 3, 4)],
                     merges=list(merges))  # fmt: skip
        return count_scores(run_backtest(MODEL, crm, moment=AtAge(2), outcome=SQL))

    def variance(counts: ScoreCounts) -> float:
        frame = counts.accounts.frame
        worth = {"converted": Fraction(1, 2), "not_converted": Fraction(-1, 2)}
        products = zip(frame["state_a"], frame["state_b"], frame["n"], strict=True)
        return sum(worth[a] * worth[b] * int(n) for a, b, n in products) / 16

    assert counted().accounts is None
    merged = counted(merge(1, 2, 5))
    assert merged.total("converted") == merged.total("not_converted") == 2
    assert (merged.accounts.judged, merged.accounts.largest) == (3, 2)
    assert variance(merged) == Fraction(3, 32)
    # A chain through a lead that is not in the table; and accounts that the merge makes one.
    assert counted(merge(1, 9, 5), merge(9, 2, 7)).accounts.judged == 3
    accounts = {f"L{i}": {"account_id": name} for i, name in enumerate("ABBC", 1)}
    assert counted(**accounts).accounts.judged == 3
    together = counted(merge(1, 2, 5), **accounts)  # A and B: L1, L2 and L3; and C
    assert (together.accounts.judged, together.accounts.largest) == (2, 3)
    assert (merged.provenance.accounts_known, merged.provenance.merged) == (False, 1)
    assert (together.provenance.accounts_known, counted().provenance.merged) == (True, 0)
    texts = merged.provenance.caveats
    assert any("intervals take them together. No account is known" in text for text in texts)


def test_work_before_the_merge_is_work_on_the_lead_that_was_worked() -> None:
    assert fates(feedback=[decision(1, "rejected", 4)]) == {
        "L1": "not_converted", "L2": "unworked",
    }  # fmt: skip
    assert fates(feedback=[decision(2, "rejected", 6)]) == {
        "L1": "not_converted", "L2": "not_converted",
    }  # fmt: skip


def test_a_replay_of_crossings_follows_fields_and_merges() -> None:
    # L1 asks for a demo on day 1 and goes into L2 on day 30, which crosses at that second: it has
    # been silent, 2 + 30 - 10. L3 becomes a VP on day 5, when silence costs 10 points: 2 + 20 - 10.
    crm = crm_of([lead(1), lead(2), lead(3, title="VP")],
                 [activity(1, "demo", 1), activity(2, "other", 0)], [entry(2, "sql", 59)],
                 changes=[change(3, "title", "VP", 5)], merges=[merge(1, 2, 30)])  # fmt: skip
    made = run_backtest(MODEL, crm, moment=AtCrossing(12), outcome=SQL)
    rows = made.rows()
    assert rows["lead_id"].tolist() == ["L1", "L2", "L3"]
    assert rows["moment"].tolist() == [at(1), at(30), at(5)]
    assert rows["score"].tolist() == [2 + 30, 2 + 30 - 10, 2 + 20 - 10]
    crossings = threshold_crossings(MODEL, crm, [12])
    left = crossings["left_at"].astype(object).where(crossings["left_at"].notna(), None)
    assert left.tolist() == [at(30), None, None]  # the lead that was merged away is nowhere
    assert crossings["score"].tolist() == [32, 22, 12]
