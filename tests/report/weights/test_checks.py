"""What is asked before a proposal is taken over: steps of the sales process, bands out of reach."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.report.weights import flat
from toolkit.analysis.leaks import Leaks
from toolkit.model import parse_model
from toolkit.report import weights as report
from toolkit.report.weights import Review
from toolkit.report.weights.checks import rows_on_front, unreached, very_large
from toolkit.report.weights.common import ON_FRONT

ASKED = "Ask before it is taken over."
BROKEN = "Not to be loaded as it is."


@pytest.fixture(scope="module")
def found() -> Review:
    """A proposal from +20 to +65, where 40 points hand a lead over."""
    return flat.review(flat.drawn({"a": 60.0, "b": 15.0, "c": -10.0, "d": 30.0}, n=6000))


def moved(found: Review, now: float, proposed: float, **more: object) -> Review:
    """The same review with other numbers for `a`."""
    table = found.proposal.table.assign(change=0.0)
    a = table["criterion"] == "a"
    table.loc[a, ["now", "proposed", "change"]] = now, proposed, proposed - now
    return replace(found, proposal=replace(found.proposal, table=table), **more)  # type: ignore[arg-type]


def test_more_than_three_times_the_points_is_asked_about_on_page_one(found: Review) -> None:
    text = report.show_verdict(found).plain()
    assert (
        f"{ASKED} \u201cCriterion a\u201d would go from +20 to +65, more than 3 times today's points and"
        " by itself as much as the 40 points that hand a lead over." in text
    )
    assert "A sign that strong is more often a step of the sales process" in text
    assert (
        "When \u201cCriterion a\u201d is recorded: not to be adopted before somebody who knows"
        in text
    )
    assert "The file beside this page is a draft until that is settled." in text
    assert "The file to load stands beside this page." not in text
    with_it, _, every = (
        text[text.index(ASKED) :].partition(" conversions have it.")[0].rpartition(" of ")
    )
    assert int(every.replace(",", "")) == found.weights.positives
    assert with_it.endswith(f"{int(found.table.set_index('term').loc['a', 'positives_with']):,}")


def test_what_follows_from_the_answer_stands_with_the_proposal(found: Review) -> None:
    text = report.show_proposal(found).plain()
    assert (
        "it must earn no points, and the others are judged anew without it (after_contact)" in text
    )
    assert "If it is known before, the other points are small beside it" in text


@pytest.mark.parametrize(
    ("now", "proposed", "threshold", "asked"),
    [
        (20, 60, None, False),  # three times is not more than three times
        (20, 65, None, True),
        (-5, -20, None, True),
        (-5, 20, None, False),  # another sign is another question
        (1, 10, None, False),  # a large factor of almost nothing
        (0, 35, None, False),
        (0, 35, 40, False),
        (0, 40, 40, True),
        (30, 40, 40, True),
        (45, 60, 40, False),  # as much as the threshold already
        (0, 40, 0, False),
    ],
)
def test_very_large_is_a_factor_or_a_whole_threshold(
    found: Review, now: float, proposed: float, threshold: int | None, asked: bool
) -> None:
    assert bool(very_large(moved(found, now, proposed, threshold=threshold))) is asked


def test_what_was_declared_to_be_known_before_is_not_asked_again(found: Review) -> None:
    rows = [{"name": "a", "paid_by": "a, b", "answer": "known_before", "level": "answered"}]
    assert found.leaks is not None
    table = pd.DataFrame(rows).reindex(columns=found.leaks.table.columns)
    known = replace(found, leaks=replace(found.leaks, table=table))
    assert isinstance(known.leaks, Leaks)
    assert ASKED in report.show_verdict(found).plain()
    text = report.show_verdict(known).plain()
    assert ASKED not in text
    assert "The file to load stands beside this page." in text


LIMITED = """lead_score_model: 1
name: m
version: '1'
groups:
- id: g
  dimension: fit
  max: 50
  criteria:
  - {id: a, when: {a: 1}, points: 40}
bands:
- {name: hot, from: START, handoff: true}
- {name: rest}
"""


def test_a_band_that_no_score_reaches_any_more_is_named() -> None:
    today, proposed = (parse_model(LIMITED.replace("START", start)) for start in ("40", "60"))
    (text,) = unreached(today, proposed)
    assert text == (
        "no score can reach the band 'hot', which begins at 60: the points add up to 40 at most"
    )
    assert unreached(today, today) == ()
    # What nobody reaches today is no fault of the proposal.
    assert unreached(proposed, proposed) == ()


def test_a_file_that_hands_over_nobody_is_not_to_be_loaded(found: Review) -> None:
    today, proposed = (parse_model(LIMITED.replace("START", start)) for start in ("40", "60"))
    broken = replace(found, proposal=replace(found.proposal, champion=today, model=proposed))
    text = report.show_verdict(broken).plain()
    assert f"{BROKEN} No score can reach the band 'hot', which begins at 60" in text
    assert "at most.." not in text
    assert "Which limits rise with the points" in text
    assert (
        "raise it together with the points, or keep today's file"
        in report.show_proposal(broken).plain()
    )
    assert report.show_verdict(broken).facts["checks.never_reached"] == 1
    assert BROKEN not in report.show_verdict(found).plain()


def test_warnings_take_rows_from_the_figure_of_page_one(found: Review) -> None:
    # A declared file, and one question: two warnings.
    assert rows_on_front(found) == ON_FRONT - 4
    assert rows_on_front(replace(found, kind="crm")) == ON_FRONT - 2
    assert rows_on_front(replace(found, leaking={"b": "x", "c": "y"})) == 4
