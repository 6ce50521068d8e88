"""Every way to refuse has its sentence, on the page and nowhere contradicted."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.report.weights import flat
from toolkit.analysis import compare_models, fit_weights, weight_table
from toolkit.counts import PairCounts
from toolkit.report import weights as report
from toolkit.report.weights import Review
from toolkit.report.weights.front import answer, decisions
from toolkit.report.wording import MINUS

TRUE = {"a": 60.0, "b": 15.0, "c": -10.0, "d": 30.0}


@pytest.fixture(scope="module")
def changed() -> Review:
    """A review that proposes a change: `a` is worth 60 and paid 20."""
    return flat.review(flat.drawn(TRUE, n=6000))


def words(found: Review) -> str:
    return report.show_criteria(found).plain()


def test_too_few_outcomes_propose_nothing():
    found = flat.review(flat.drawn(TRUE, n=400, intercept=-5.5))
    assert 0 < found.weights.positives < 40
    said = f"only {found.weights.positives} leads converted; under 40 nothing is proposed"
    assert words(found).casefold().count(said) == 4
    assert answer(found)[0] == "Not enough evidence"
    assert not found.proposal.changed


def test_separation_says_that_the_direction_is_known_and_no_number_is():
    rows = flat.drawn({"a": 20.0, "b": 15.0, "c": -10.0}, n=3000)
    always = pd.Series([1] * 60 + [0] * 2940)
    rows = rows.assign(d=always, won=rows["won"].where(always == 0, 1))
    found = flat.review(rows, known_before=("d",))
    assert found.table.set_index("term").loc["d", "verdict"] == "change"
    assert (
        "No proposal: “Criterion d” stays at +30: all or none with it (or without it) converted: "
        "the direction is known, no number is; leads of the other kind are needed."
    ) in words(found)
    facts = report.show_criteria(found).facts
    assert facts["term.d.verdict"] == "no proposal"
    assert facts["term.d.proposed"] == 30


def test_where_all_leads_are_one_accounts_nobody_can_tell_whether_they_are_enough():
    rows = flat.drawn(TRUE, n=2000).assign(firm="one")
    found = flat.review(rows, account="firm")
    page = report.show_flow(found).plain()
    assert "Whether they are enough cannot be said: " in page
    assert "not enough to fit" not in page
    assert not found.proposal.changed
    assert answer(found)[0] == "Not enough evidence"


def test_a_declared_leak_is_left_out_and_named():
    found = flat.review(flat.drawn(TRUE, n=3000), after_contact=("a",))
    assert (
        "No proposal: “Criterion a” is recorded after sales contact, so its effect may be caused "
        "by the outcome."
    ) in words(found)
    assert found.proposal.table.set_index("term").loc["a", "action"] == "refused"


def test_a_field_that_knows_the_outcome_is_found_and_left_out():
    rows = flat.drawn(TRUE, n=3000)
    found = flat.review(rows.assign(d=rows["won"]))
    assert set(found.leaking) == {"d"}
    assert "No proposal: “Criterion d” pays for 'd', which seems to know the outcome" in words(
        found
    )
    page = report.show_verdict(found).plain()
    assert "A criterion may know the outcome." in page
    assert "so its apparent effect may be caused by the outcome" in words(found)


def test_leads_never_worked_judge_no_point(changed: Review):
    patterns = replace(changed.patterns, frame=changed.patterns.frame.assign(state="unworked"))
    weights = fit_weights(patterns)
    found = replace(changed, patterns=patterns, weights=weights, table=weight_table(weights))
    said = (
        "No proposal for any criterion: none of 6,000 leads with a closed window was worked by "
        "sales, so nobody knows what they would have become."
    )
    assert answer(found) == ("Cannot be told from this data", said)


def test_a_proposal_is_not_tried_on_the_leads_it_was_fitted_on(changed: Review):
    assert changed.proposal.changed
    section = report.show_comparison(changed)
    assert section.plain().startswith(
        "Cannot be told from this data. Is the proposal better on later leads? The proposal was "
        "fitted to all leads there are, so they flatter it (the file has no dates)."
    )
    assert "the file has no dates" in section.plain()
    assert section.facts["comparison.verdict"] == "cannot be told"
    swap = report.show_swap(changed).plain()
    assert swap.startswith(
        "Cannot be told from this data. Do the leads that come in convert more often? The proposal "
        "was fitted to these very leads, so they flatter it."
    )
    assert "rate of the judged" not in swap
    assert "no leads that it was not fitted on" in answer(changed)[1]


def test_leads_that_come_in_and_were_never_worked_prove_nothing(changed: Review):
    cells = [(30, 50, "unworked", 150), (60, 30, "converted", 30), (60, 30, "not_converted", 70),
             (60, 60, "converted", 60), (60, 60, "not_converted", 90)]  # fmt: skip
    frame = pd.DataFrame(cells, columns=["champion", "challenger", "state", "n"])
    pairs = PairCounts(frame, changed.patterns.provenance, "m 2", "other leads")
    compared = compare_models(pairs, threshold=40)
    found = replace(flat.dated(changed), comparison=compared)
    text = report.show_swap(found).plain()
    assert text.startswith("Cannot be told from this data. Do the leads that come in convert more")
    # None of the 150 converted against 30 of 100, or all of them: -30% to +70%.
    assert "100% of the leads that would come in, their time over, were never worked" in text
    assert f"from {MINUS}30% to +70%" in text
    assert f"work a random {compared.swap.explore:,} of the leads that come in" in text
    assert any("only the proposal would hand over" in each for each in decisions(found))


def test_an_undeclared_file_gets_no_proposal(changed: Review):
    found = flat.review(flat.drawn(TRUE, n=6000), declared=False)
    assert answer(found)[0] == "Cannot be told from this data"
    assert "nobody declared otherwise" in answer(found)[1]
    assert not found.proposal.changed
    assert changed.proposal.changed
    assert "Nothing here is point-in-time." in report.show_verdict(found).plain()


def test_fewer_than_five_leads_are_not_told_apart():
    rows = flat.drawn({"a": 20.0, "b": 15.0, "c": -10.0}, n=2000)
    found = flat.review(rows.assign(d=[1, 1, 1] + [0] * 1997))
    text = "\n".join(show(found).plain() for show in (report.show_criteria, report.show_verdict))
    assert "too few leads have it: under 5" in text
    assert "too few leads have it: 3" not in text
    assert report.show_criteria(found).facts["term.d.supported"] is None


def test_a_group_of_few_is_in_no_figure(changed: Review):
    def page(judged: int) -> str:
        cells = [(30, 50, "converted", judged), (30, 50, "unworked", 150),
                 (60, 30, "not_converted", 100), (60, 60, "converted", 150)]  # fmt: skip
        frame = pd.DataFrame(cells, columns=["champion", "challenger", "state", "n"])
        pairs = PairCounts(frame, changed.patterns.provenance, "m 2", "other leads")
        compared = compare_models(pairs, threshold=40)
        return str(report.show_swap(replace(flat.dated(changed), comparison=compared)).html())

    assert "<svg" in page(5) or "<img" in page(5)
    assert "<svg" not in page(4)
    assert "<img" not in page(4)
