"""Seven published sheets, each with leads scored by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pandas as pd
import pytest

from toolkit.backtest import Explanation, explain_lead
from toolkit.crm import Mapping, connect
from toolkit.errors import QuestionError
from toolkit.model import example_text, list_examples, model_text, parse_model

NOW = datetime(2026, 7, 1, 12)  # noqa: DTZ001 - naive UTC, as in the canonical tables
FIELDS = {
    "title": "string", "icp": "boolean", "email_domain": "string", "email": "string",
    "employees": "Int64", "industry": "string", "customer": "boolean", "demo_form": "boolean",
    "revenue": "Int64", "country": "string", "department": "string", "interests": "string",
}  # fmt: skip


def told(name: str, fields: dict, *acts: tuple) -> Explanation:
    """What the example says of one lead, created 200 days ago; activities are (type, days ago)."""
    lead = {"lead_id": "L", "created_at": NOW - timedelta(days=200)}
    known = {key: kind for key, kind in FIELDS.items() if f"{key}:" in example_text(name)
             or f"of: {key}" in example_text(name) or key in ("interests", "email")}  # fmt: skip
    if name in ("enterprise", "auto_mql"):
        known.pop("email_domain", None)
    leads = pd.DataFrame([{**lead, **{key: fields.get(key) for key in known}}]).astype(known)
    rows = [
        {"lead_id": "L", "activity_type": kind, "occurred_at": NOW - timedelta(days=days),
         **dict(zip(("page", "asset", "session", "delta"), more, strict=False))}
        for kind, days, *more in acts
    ]  # fmt: skip
    columns = ["lead_id", "activity_type", "occurred_at", "page", "asset", "session", "delta"]
    stranger = {"lead_id": "?", "activity_type": "other", "occurred_at": NOW}
    activities = pd.DataFrame([*rows, stranger], columns=columns).astype(
        {"page": "string", "asset": "string", "session": "string", "delta": "Int64"}
    )
    mapping = Mapping(
        observed_until=NOW,
        time_zone="UTC",
        activity_roles={"sales": ("recycled",), "system": ("score_change",)},
    )
    crm = connect({"leads": leads, "activities": activities}, mapping=mapping)
    return explain_lead(parse_model(example_text(name)), crm, "L", as_of=NOW)


def test_there_are_seven_examples_and_each_comes_back_from_its_text() -> None:
    assert list_examples() == (
        "auto_mql", "company_size", "eloqua", "enterprise", "glossary", "hubspot_like", "pardot",
    )  # fmt: skip
    for name in list_examples():
        model = parse_model(example_text(name), name)
        assert parse_model(model_text(model)) == model
    with pytest.raises(QuestionError, match="there is no example 'hubspot': did you mean"):
        example_text("hubspot")


def test_glossary_the_vice_president_has_105_and_the_student_minus_5() -> None:
    vp = told(
        "glossary", {"title": "VP of Operations", "icp": True, "email_domain": "acme.example"},
        ("download", 5, None, "White paper: routes"), ("page_view", 4, "/pricing"),
        ("page_view", 3, "/pricing/teams"), ("demo_request", 1),
    )  # fmt: skip
    assert (vp.score, vp.band) == (20 + 15 + 10 + 2 * 15 + 30, "MQL")
    assert vp.score == 105
    student = told("glossary", {"title": "Student", "email_domain": "gmail.com"},
                   ("page_view", 2, "/blog/what-is-a-lead"))  # fmt: skip
    assert (student.score, student.band) == (-10 + 5, "nurture")


@pytest.mark.parametrize(
    ("employees", "points"),
    [(0, 1), (15, 1), (16, 0), (30, 0), (49, 0), (50, 3), (5000, 3), (None, 0)],
)
def test_company_size_leaves_a_gap_from_16_to_49(employees: int | None, points: int) -> None:
    assert told("company_size", {"employees": employees}).score == points


def test_three_key_pages_count_in_one_visit_only() -> None:
    pages = ["/pricing", "/product", "/demo", "/pricing"]
    one = [("page_view", 3, page, None, "s1") for page in pages]
    two = [("page_view", 2, page, None, "s2") for page in pages[:2]]
    assert told("company_size", {}, *one, *two).score == 10
    assert told("company_size", {}, *one, *two, ("page_view", 2, "/demo", None, "S2 ")).score == 20
    assert told("company_size", {}, *one[:2], *two).score == 0


@pytest.mark.parametrize(("employees", "points"), [(499, 0), (500, 50), (1000, 50), (1001, 0)])
def test_enterprise_holds_from_500_to_1000_employees(employees: int, points: int) -> None:
    assert told("enterprise", {"employees": employees, "industry": "Fintech"}).score == points


def test_enterprise_bands_have_no_gap_and_no_overlap() -> None:
    company = {"employees": 500, "industry": "software"}
    webinar, paper = ("webinar_attended", 10), ("download", 9, None, "wp-1")
    found = [
        told("enterprise", company, webinar, paper),  # 50 + 20 + 10
        told("enterprise", company, webinar, webinar, webinar),  # 50 + 40
        told("enterprise", company, paper, paper),  # 50 + 10, one asset
        told("enterprise", {**company, "title": "Intern"}, webinar, paper),  # 50 - 40 + 30
        told("enterprise", {}, webinar, webinar, ("unsubscribe", 1), ("unsubscribe", 0)),  # 40 - 25
        told("enterprise", {}, webinar, webinar),
    ]
    assert [(one.score, one.band) for one in found] == [
        (80, "immediate"), (90, "immediate"), (60, "sales"), (40, "nurture"), (15, "reactivate"),
        (40, "nurture"),
    ]  # fmt: skip
    rival = told("enterprise", {**company, "email": "x@Rival.example"})
    assert (rival.score, rival.band) == (50, "disqualified")


def test_a_demo_form_is_an_mql_at_0_points() -> None:
    found = told("auto_mql", {"demo_form": True}, ("other", 1))
    assert (found.score, found.gate, found.band) == (0, "MQL", "MQL")
    both = told("auto_mql", {"demo_form": True, "email": "x@rival.example"}, ("other", 1))
    assert both.band == "disqualified"  # the first gate decides


@pytest.mark.parametrize(("customer", "band"), [(None, "MQL"), (False, "MQL"), (True, "nurture")])
def test_105_points_are_enough_for_a_prospect_and_not_for_a_customer(
    customer: bool | None, band: str
) -> None:
    pricing = [("page_view", 8, "/pricing"), ("page_view", 9, "/pricing")]
    found = told("auto_mql", {"title": "SVP Sales", "customer": customer}, *pricing, ("form", 20))
    assert (found.score, found.band) == (35 + 2 * 15 + 40, band)


def test_silence_of_95_days_costs_three_times() -> None:
    assert told("auto_mql", {"title": "Head"}, ("other", 95)).score == 15 - 3 * 10
    assert told("auto_mql", {"title": "Head"}, ("other", 60)).score == 15 - 2 * 10
    assert told("auto_mql", {"title": "Head"}, ("other", 29.99)).score == 15


def test_eloqua_profile_6200_and_engagement_8375_are_b1() -> None:
    visits = [("page_view", days) for days in (1, 2, 3, 4, 5)]
    clicks = [("email_click", days) for days in (3, 20)]
    found = told("eloqua", {"title": "Director", "industry": "retail", "revenue": 10_000_000},
                 *visits, *clicks, ("form", 29))  # fmt: skip
    # 40% of 80, 30% of 50, 30% of 50; 50% of 100, 25% of 75, 25% of 60
    assert found.fit == Fraction(6200, 100)
    assert found.behavior == Fraction(8375, 100)
    assert found.grade == "B1"
    assert sum(found.table["points"]) == found.score == 146  # 145.75, rounded


def test_pardot_a_plus_and_117() -> None:
    fields = {"employees": 500, "industry": "Software", "title": "VP Sales", "country": "US"}
    acts = [("form", 9), ("form", 8), ("download", 5), ("link_click", 4), ("link_click", 3)]
    acts += [("download", 2), *(("page_view", days) for days in range(1, 6))]
    found = told("pardot", fields, *acts)
    assert (found.score, found.grade) == (2 * 50 + 4 * 3 + 5 * 1, "A+")
    assert found.score == 117
    assert found.fit == Fraction(10, 3)


def test_pardot_one_match_of_two_thirds_is_c_minus() -> None:
    found = told("pardot", {"department": "Marketing"})
    assert (found.score, found.grade) == (0, "C-")
    assert told("pardot", {}).grade == "D"


def test_pardot_manual_changes_are_recorded_points() -> None:
    changes = [("score_change", 3, None, None, None, 25), ("score_change", 2, None, None, None, -5)]
    assert told("pardot", {}, *changes, ("page_view", 1)).score == 25 - 5 + 1


def test_hubspot_like_30_40_10_10() -> None:
    assert told("hubspot_like", {}, ("form", 35)).score == 40 - 10  # one month has passed
    assert told("hubspot_like", {}, ("form", 1), ("form", 2), ("page_view", 1)).score == 40
    assert told("hubspot_like", {"interests": "CRM; erp"}).score == 10
    fresh = told("hubspot_like", {}, ("form", 3), ("recycled", 2), ("page_view", 1))
    assert fresh.score == 10  # what came before the reset is gone
