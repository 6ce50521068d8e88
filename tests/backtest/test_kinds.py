"""What the further kinds ask of the tables, and what a backtest says of them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from tests.backtest.tables import START, UNTIL, at
from toolkit.backtest import AtAge, Backtest, Outcome, explain_lead, run_backtest
from toolkit.crm import Crm, Mapping, connect
from toolkit.errors import DataError, ModelError
from toolkit.model import parse_model

HEAD = 'lead_score_model: 1\nname: m\nversion: "1"\n'


def model(*criteria: str, more: str = "", group: str = "dimension: behavior") -> object:
    listed = "".join(f"  - {{id: c{i}, {text}}}\n" for i, text in enumerate(criteria))
    return parse_model(f"{HEAD}{more}groups:\n- id: g\n  {group}\n  criteria:\n{listed}")


def crm(leads: dict | None = None, acts: list[dict] | None = None, **mapping: object) -> Crm:
    one = {"lead_id": "L1", "created_at": START, "title": "VP", "email": "a@b.example"}
    rows = acts or [{"activity_type": "view", "occurred_at": at(1)}]
    stages = [{"lead_id": "L1", "stage": "sql", "entered_at": at(50)}]
    frames = {
        "leads": pd.DataFrame([{**one, **(leads or {})}]),
        "activities": pd.DataFrame([{"lead_id": "L1", **row} for row in rows]),
        "stage_changes": pd.DataFrame(stages),
    }
    return connect(
        frames, mapping=Mapping(**{"observed_until": UNTIL, "time_zone": "UTC", **mapping})
    )


def backtest(made: object, tables: Crm) -> Backtest:
    return run_backtest(made, tables, moment=AtAge(10), outcome=Outcome("sql", within_days=10))


VIEW = "activity: view, points: 10"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (model(VIEW + ", per: {bucket: session, at_most: 1}"),
         r"counts per session, but the table 'activities' has no column 'session'.*crm.yaml"),
        (model("ledger: manual"), "pays recorded deltas, but the table 'activities' has no column"),
        (model("when: {level: vp}, points: 1", more="derive: {level: {domain_of: mail}}\n"),
         r"criterion 'c0' uses the lead field 'mail', which the table 'leads' does not have"),
        (model("when: {title: vp}, points: 1", more="derive: {title: {domain_of: email}}\n"),
         r"derives 'title', but the table 'leads' has a column of that name"),
        (model("field: tag, per_value: {a: 1}"), "criterion 'c0' uses the lead field 'tag'"),
        (model("when: {tags: a}, points: 1"), "'tags' is a list, which only 'per_value' can read"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_tables_is_named(made: object, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        backtest(made, crm({"tags": ["a", "b"]}))


def test_a_delta_that_is_no_whole_number_is_refused() -> None:
    rows = [{"activity_type": "manual", "occurred_at": at(d), "delta": x}
            for d, x in ((1, "5"), (2, "-3.0"), (3, None), (4, "2.5"), (5, "lots"))]  # fmt: skip
    with pytest.raises(DataError, match=r"2 activities of a ledger .* as '2.5'"):
        backtest(model("ledger: Manual"), crm(acts=rows))
    assert backtest(model("ledger: Manual"), crm(acts=rows[:3])).rows()["score"].tolist() == [2]


def test_other_types_may_have_any_delta() -> None:
    rows = [{"activity_type": "manual", "occurred_at": at(1), "delta": "5"},
            {"activity_type": "view", "occurred_at": at(1), "delta": "nonsense"}]  # fmt: skip
    assert backtest(model("ledger: manual"), crm(acts=rows)).rows()["score"].tolist() == [5]


def test_resets_and_ledgers_may_be_of_any_role_and_points_may_not() -> None:
    rows = [{"activity_type": "view", "occurred_at": at(1), "delta": None},
            {"activity_type": "recycled", "occurred_at": at(2), "delta": 4}]  # fmt: skip
    tables = crm(acts=rows, activity_roles={"sales": ("recycled",)})
    made = model(VIEW, "ledger: recycled", more="resets: [{activities: recycled}]\n")
    assert backtest(made, tables).rows()["score"].tolist() == [0]
    made = model(VIEW, "ledger: recycled")
    assert backtest(made, tables).rows()["score"].tolist() == [10 + 4]
    with pytest.raises(ModelError, match=r"whose role in crm\.yaml is 'sales'"):
        backtest(model("activity: recycled, points: 1"), tables)


def test_a_reset_that_never_happens_is_named() -> None:
    made = model(VIEW, more="resets: [{activities: [recyled]}]\n")
    assert any("'reset by recyled'" in text for text in backtest(made, crm()).provenance.caveats)


def test_rows_are_in_points_and_carry_band_and_grade() -> None:
    made = model(
        "activity: view, points: 5, decay: {percent: 50, every: 1d}",
        "activity: view, points: 10, within: 30d",
        more="scale: 2\ndimensions: {behavior: {grades: [{grade: 1, from: 10}]}}\n"
        "bands: [{name: hot, from: 6, exceptions: [{when: {title: vp}, from: 4}]}, {name: cold}]\n",
    )
    tables = crm(acts=[{"activity_type": "view", "occurred_at": at(9)}])
    found = backtest(made, tables)
    row = found.rows().iloc[0]
    assert found.unit == 4  # halves of halves
    assert (row["c0"], row["c1"], row["behavior"]) == (1.25, 5.0, 6.25)
    assert (row["score"], row["band"], row["grade"]) == (6, "hot", "1")
    assert "profile" not in found.rows().columns
    why = explain_lead(made, tables, "L1", as_of=at(10))
    assert (sum(why.table["points"]), why.score) == (6, 6)
    assert why.table["why"].tolist() == ["activity", "activity", "rounding"]
    assert any("begins at 4 instead of 6" in text for text in found.provenance.caveats)


def test_moments_before_the_model_was_valid_are_said() -> None:
    early = backtest(model(VIEW, more="valid_from: 2026-01-12\n"), crm())
    assert early.rows()["score"].tolist() == [10]
    assert any("valid from 2026-01-12" in text for text in early.provenance.caveats)
    late = backtest(model(VIEW, more="valid_from: 2026-01-11\n"), crm())
    assert not any("valid from" in text for text in late.provenance.caveats)


def test_a_list_and_a_text_with_semicolons_say_the_same() -> None:
    made = model("field: tags, per_value: {crm: 10, cms: 5}", group="dimension: fit")
    for tags in (["CRM", "crm ", "cms", None], "cms; crm;CRM", "crm;;cms;"):
        assert backtest(made, crm({"tags": tags})).rows()["score"].tolist() == [15]
    assert backtest(made, crm({"tags": ["crm;cms"]})).rows()["score"].tolist() == [0]


def test_silence_of_a_ledger_is_kept_and_of_a_state_forgiven() -> None:
    # Form +50 on day 0, silence, page view +1 on day 40: 51 or 41 on day 41.
    rows = [{"activity_type": "form", "occurred_at": at(0)},
            {"activity_type": "view", "occurred_at": at(40)}]  # fmt: skip
    scores = []
    for recover in ("true", "false"):
        quiet = f"inactivity: {{after: 30d, recover: {recover}}}, points: -10"
        made = model("activity: form, points: 50", "activity: view, points: 1", quiet)
        scores.append(explain_lead(made, crm(acts=rows), "L1", as_of=at(41)).score)
    assert scores == [51, 41]


def test_a_season_holds_from_its_first_to_its_last_second() -> None:
    made = model(VIEW + ", min: 3, active: {from: 2026-01-05, to: 2026-01-06}")
    points = {
        "2026-01-04T23:59:59": 0, "2026-01-05T00:00:00": 10, "2026-01-06T23:59:59": 10,
        "2026-01-07T00:00:00": 0,
    }  # fmt: skip
    for moment, expected in points.items():
        found = explain_lead(made, crm(), "L1", as_of=datetime.fromisoformat(moment))
        assert (found.score, found.table["points"].sum()) == (expected, expected)


def lines(made: object, *acts: tuple[str, float], moment: float = 10) -> list[tuple]:
    rows = [{"activity_type": kind, "occurred_at": at(day)} for kind, day in acts]
    why = explain_lead(made, crm(acts=rows), "L1", as_of=at(moment))
    assert sum(why.table["points"]) == why.score
    return [
        (r.why, None if pd.isna(r.date) else (r.date - START).days, r.points)
        for r in why.table.itertuples()
    ]


def test_each_line_of_an_explanation_says_why() -> None:
    days = model("activity: view, points: 8, decay: {percent: 50, every: 4d}, max_units: 3, "
                 "per: {bucket: day, at_least: 2, at_most: 1}")  # fmt: skip
    acts = [("view", d) for d in (1, 1.5, 3, 5, 5.5, 7, 7.5, 8, 8.5)]
    assert lines(days, *acts) == [
        ("activity", 8, 8), ("over the limit", 8, 0), ("activity", 7, 8), ("over the limit", 7, 0),
        ("activity", 5, 4), ("over the limit", 5, 0), ("too few", 3, 0), ("over the limit", 1, 0),
        ("over the limit", 1, 0),
    ]  # fmt: skip
    fading = model("activity: view, points: 8, decay: {expire: 4d}")
    assert lines(fading, ("view", 1), ("view", 9)) == [("activity", 9, 8), ("expired", 1, 0)]
    tiers = model("activity: view, tiers: [{at_least: 3, within: 5d, points: 9}], weight: 2")
    assert lines(tiers, ("view", 6), ("view", 8), ("view", 9)) == [("tier", 6, 18)]
    assert lines(tiers, ("view", 8), ("view", 9)) == [("not met", None, 0)]
    again = model("inactivity: {after: 2d, repeat: true}, points: -5, min: -12")
    assert lines(again, ("view", 1), moment=8) == [
        ("silence", 7, -5), ("silence", 5, -5), ("silence", 3, -2)
    ]  # fmt: skip
    weighed = model("activity: view, points: 8, max_units: 1",
                    more="base: 1\ndimensions: {behavior: {weight: 2, max: 7}}\n")  # fmt: skip
    assert lines(weighed, ("view", 1)) == [
        ("activity", 1, 8), ("limit", None, -1), ("weight", None, 7), ("base", None, 1)
    ]  # fmt: skip
    season = model("activity: view, points: 8, active: {from: 2027-01-01}")
    assert lines(season, ("view", 1)) == [("out of season", None, 0)]
