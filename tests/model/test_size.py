"""No sum of an accepted model passes what every engine counts exactly; the others are refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest import by_the_book
from tests.backtest.any_model import START, crm_of_rows, for_the_book, read
from toolkit.backtest import account_scores, score_leads
from toolkit.crm import Mapping, connect
from toolkit.errors import ModelError
from toolkit.model import parse_model

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"
ROW = "  - {{id: c, {}}}\n"


def sheet(criterion: str, more: str = "", group: str = "") -> str:
    return (
        f"{HEAD}{more}groups:\n- id: g\n  dimension: behavior\n{group}  criteria:\n"
        f"{ROW.format(criterion)}"
    )


# 100,000 units: 1,000,000 points each are 10^11, and 2^53 is a little more than 9 * 10^15.
REFUSED = [
    (sheet("ledger: x", "scale: 1000000\n"), 9, "criterion 'c' may reach 100,000,000,000,000,000"),
    (sheet("ledger: x, weight: 10000", "scale: 100\n"), 9, "criterion 'c' times its weight may"),
    (sheet("activity: x, points: 1000000, weight: 10000",
           "dimensions: {behavior: {weight: 10}}\n"), 4, "the points of behavior times its weight"),
    (sheet("activity: x, points: 1000000, weight: 10000", "scale: 50\ndimensions: {behavior: "
           "{weight: 9}}\n"), 4, "twice the score may reach 18,000,000,000,000,"),
    (sheet("ledger: x", "account_score: {roll_up: sum}\ndimensions: {behavior: {weight: 1000}}\n"),
     4, "the scores of 100,000 leads of an account may add up to 10,000,000,000,000,100,000"),
    (sheet("ledger: x, weight: 100", "account_score: {roll_up: mean_top, top: 9999}\n"), 4,
     "the scores of 9,999 leads of an account may add up to"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "said"), REFUSED)
def test_a_sum_that_no_engine_holds_is_refused_at_its_line(text, line, said):
    with pytest.raises(ModelError) as refused:
        parse_model(text, "f.yaml")
    assert said in str(refused.value)
    assert refused.value.line == line


def test_many_criteria_together_are_refused_at_the_one_that_is_too_much():
    rows = "".join(
        f"  - {{id: c{i}, activity: x, points: 1000000, weight: 10000}}\n" for i in range(12)
    )
    text = f"{HEAD}groups:\n- id: g\n  dimension: fit\n  criteria:\n{rows}"
    with pytest.raises(ModelError, match="the points of the group 'g' may reach") as refused:
        parse_model(text, "f.yaml")
    assert refused.value.line == 8 + 9  # nine are 9.0 * 10^15, just below 2^53; ten are too much


@pytest.mark.parametrize(
    "text",
    [
        sheet("activity: x, points: 1000000"),
        sheet("ledger: x", "scale: 10000\n"),
        sheet("activity: x, points: 1000000, max_units: 9, weight: 10000",
              "scale: 100\ndimensions: {behavior: {weight: 100}}\n"),
        sheet("activity: x, points: 1000000, weight: 10000", "dimensions: {behavior: {weight: 10000, "
              "max: 1000}}\n"),
        sheet("ledger: x, min: -30, max: 30, weight: 10000",
              "scale: 10000\ndimensions: {behavior: {weight: 10000}}\n"),
        sheet("inactivity: {after: 1h, repeat: true}, points: -1000000, weight: 100"),
    ],
)  # fmt: skip
def test_limits_and_small_factors_keep_a_model_acceptable(text):
    assert parse_model(text).criteria


# --- what is accepted is counted exactly ----------------------------------------------------------

LARGE = st.sampled_from([-1_000_000, -999_999, 1, 999_999, 1_000_000])
WEIGHTS = st.sampled_from([1, 7, 100, 9_999, 10_000])
LIMITS = {"min": st.sampled_from([-1_000_000, -1]), "max": st.sampled_from([1, 1_000_000])}


def entries(required: dict, **optional) -> st.SearchStrategy:
    return st.fixed_dictionaries(required, optional=optional)


SHARED = {**LIMITS, "weight": WEIGHTS}
CRITERIA = st.one_of(
    entries({"when": st.just({"size": {"gte": 0}}), "points": LARGE}, **SHARED),
    entries({"activity": st.just("view"), "points": LARGE}, **SHARED),
    entries({"activity": st.just("view"), "points": st.sampled_from([-1_000_000, 999_999]),
             "decay": st.just({"percent": 33, "every": "1d"})}, **SHARED),
    entries({"activity": st.just("view"), "points": LARGE,
             "per": st.just({"bucket": "day", "units": "buckets"})}, **SHARED),
    entries({"inactivity": st.just({"after": "1h", "repeat": True}), "points": LARGE}, **SHARED),
    entries({"ledger": st.just(["adjust"])}, **SHARED),
)  # fmt: skip
DIMENSION = entries({}, weight=WEIGHTS, **LIMITS)


@st.composite
def extreme(draw: st.DrawFn) -> dict:
    """A model at the ends of what the file may say; it may be refused."""
    raw = draw(entries(
        {"scale": st.sampled_from([1, 3, 1_000, 999_999, 1_000_000])},
        rounding=st.sampled_from(["half_up", "floor"]), base=LARGE,
        dimensions=entries({}, fit=DIMENSION, behavior=DIMENSION),
        account_score=st.sampled_from([{"roll_up": "sum"}, {"roll_up": "mean_top", "top": 2}]),
    ))  # fmt: skip
    listed = draw(st.lists(CRITERIA, min_size=1, max_size=4))
    group = {
        "id": "g",
        "dimension": draw(st.sampled_from(["fit", "behavior"])),
        **draw(entries({}, **LIMITS)),
    }
    criteria = [{"id": f"c{i}", **body} for i, body in enumerate(listed)]
    head = {"lead_score_model": 1, "name": "m", "version": "1", **raw}
    return {**head, "groups": [{**group, "criteria": criteria}]}


def busy_rows(leads: int, activities: int) -> dict:
    plain = dict.fromkeys(["title", "region", "email", "interests", "tags"])
    made = [
        {"lead_id": f"L{i}", "account_id": "A", "created_at": START, "size": 5, **plain}
        for i in range(leads)
    ]
    acts = [
        {"lead_id": f"L{i}", "activity_type": kind, "role": role, "page": None, "asset": None,
         "session": None, "occurred_at": START + timedelta(hours=7 * n),
         "delta": delta if kind == "adjust" else None}
        for i, delta in zip(range(leads), [1_000_000, -1_000_000] * leads, strict=False)
        for n in range(activities)
        for kind, role in (("view", "marketing"), ("adjust", "system"))
    ]  # fmt: skip
    return {"leads": made, "activities": acts}


ROWS = busy_rows(3, 60)
CRM = crm_of_rows(ROWS)
END = START + timedelta(days=90)


def accepted(raw: dict) -> bool:
    try:
        read(raw)
    except ModelError as refused:
        said = str(refused)
        assert refused.line is not None and "counted exactly" in said, said  # noqa: PT017, PT018 - most are read
        return False
    return True


def compare(raw: dict, at: datetime) -> None:
    found = score_leads(read(raw), CRM, as_of=at)
    book = for_the_book(raw)
    own = {lead["lead_id"]: [] for lead in ROWS["leads"]}
    for a in ROWS["activities"]:
        own[a["lead_id"]].append(a)
    expected = {
        lead["lead_id"]: by_the_book.score(book, lead, own[lead["lead_id"]], at)
        for lead in ROWS["leads"]
    }
    rows = found.rows().set_index("lead_id")
    assert {k: int(v) for k, v in rows["score"].items()} == {
        k: v["score"] for k, v in expected.items()
    }
    if "account_score" in raw:
        total = account_scores(found)
        scores = [v["score"] for v in expected.values()]
        assert int(total["score"].iloc[0]) == by_the_book.account_score(book, scores)


@settings(max_examples=60, deadline=None)
@given(extreme(), st.sampled_from([START + timedelta(hours=1), START + timedelta(days=30), END]))
def test_an_extreme_model_is_refused_at_its_line_or_counted_exactly(raw, at):
    if accepted(raw):
        compare(raw, at)


def test_the_extreme_models_are_of_both_kinds():
    found: list[bool] = []

    @settings(max_examples=60, database=None, derandomize=True)
    @given(extreme())
    def look(raw: dict) -> None:
        found.append(accepted(raw))

    look()
    assert min(found.count(True), found.count(False)) >= 5


UNITS = 100_000


@pytest.fixture(scope="module")
def busiest():
    """One lead with as many activities as the bound is about."""
    leads = pd.DataFrame([{"lead_id": "L", "created_at": START, "account_id": "A"}])
    acts = pd.DataFrame({"lead_id": "L", "activity_type": "view",
                         "occurred_at": pd.date_range(START, periods=UNITS, freq="s")})  # fmt: skip
    return connect({"leads": leads, "activities": acts},
                   mapping=Mapping(observed_until=END, time_zone="UTC"))  # fmt: skip


@pytest.mark.parametrize("rounding", ["half_up", "floor"])
@pytest.mark.parametrize(
    "case",  # points, weight, criteria, scale, weight of the dimension
    [
        (1_000_000, 10_000, 9, 1, 1),
        (999_999, 9_999, 9, 1, 1),
        (-999_999, 9_999, 4, 7, 1),
        (999_999, 1, 4, 999_999, 9_999),
        (-999_999, 43, 1, 1_000_000, 1_000),
    ],
)
def test_the_busiest_lead_of_the_largest_model_is_counted_exactly(busiest, rounding, case):
    points, weight, criteria, scale, again = case
    rows = [
        {"id": f"c{i}", "activity": "view", "points": points, "weight": weight}
        for i in range(criteria)
    ]
    raw = {"lead_score_model": 1, "name": "m", "version": "1", "scale": scale, "rounding": rounding,
           "base": 1, "dimensions": {"behavior": {"weight": again}},
           "groups": [{"id": "g", "dimension": "behavior", "criteria": rows}]}  # fmt: skip
    found = score_leads(read(raw), busiest).rows()["score"].tolist()
    exact = Fraction(1 + UNITS * points * weight * criteria * again, scale)
    assert found == [by_the_book.rounded_score(exact, rounding)]


def test_the_sum_of_a_large_account_is_counted_exactly_beside_accounts_without_a_score():
    leads = pd.DataFrame({
        "lead_id": [f"L{i}" for i in range(400)], "created_at": START, "size": 5,
        "account_id": pd.Series(["A"] * 399 + [None], dtype="string"),
    })  # fmt: skip
    crm = connect({"leads": leads}, mapping=Mapping(observed_until=END, time_zone="UTC"))
    raw = {"lead_score_model": 1, "name": "m", "version": "1", "account_score": {"roll_up": "sum"},
           "dimensions": {"fit": {"weight": 4_001}}, "groups": [{"id": "g", "dimension": "fit",
           "criteria": [{"id": "c", "when": {"size": 5}, "points": 999_999, "weight": 9_999}]}]}  # fmt: skip
    exact = 399 * 999_999 * 9_999 * 4_001
    assert exact > 2**53
    assert exact % 2 == 1  # so no floating number is equal to it
    assert account_scores(score_leads(read(raw), crm))["score"].iloc[0] == exact
