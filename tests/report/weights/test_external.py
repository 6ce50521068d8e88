"""A score of somebody else: one more row to beat, or a refusal by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.report.weights import flat
from toolkit.backtest import Outcome
from toolkit.crm import connect
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model
from toolkit.report import weights as report
from toolkit.report.weights import Asked, Review, prepare_review

TRUE = {"a": 20.0, "b": 15.0, "c": -10.0, "d": 30.0}


def vendor(rows: pd.DataFrame, *, known: float = 1.0, seed: int = 3) -> pd.Series:
    """A probability that knows half of what the points know; `known` of the leads have one."""
    rng = np.random.default_rng(seed)
    blurred = rows["a"] + rows["d"] + rng.normal(0, 1, len(rows))
    values = (blurred.rank() / len(rows)).round(4)
    return values.where(rng.random(len(rows)) < known)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """4,000 leads, of which some 60% have a vendor's probability."""
    drawn = flat.drawn(TRUE, n=4000)
    return drawn.assign(vendor=vendor(drawn, known=0.6))


def ask(rows: pd.DataFrame, **more: object) -> Review:
    return flat.review(rows, **{"external": "vendor", "external_fitted_on": "other leads"} | more)


def last(found: Review) -> dict[str, object]:
    row = found.rivals.to_dict("records")[-1]
    assert row["baseline"] == "vendor"
    return row


def test_its_row_holds_the_areas_of_scikit_learn_on_the_leads_that_have_it(rows: pd.DataFrame):
    found = ask(rows)
    row, have = last(found), rows[rows["vendor"].notna()]
    score = have[list(flat.POINTS)].to_numpy() @ list(flat.POINTS.values())
    assert row["auc"] == pytest.approx(roc_auc_score(have["won"], have["vendor"]), rel=1e-12)
    assert row["auc_today"] == pytest.approx(roc_auc_score(have["won"], score), rel=1e-12)
    assert row["beaten"] is True
    text = report.show_rivals(found).plain()
    assert (
        f"The row of \u201cvendor\u201d is of the {len(have):,} of 4,000 leads that have a value there; "
        "that it was fitted on other leads was declared, not checked."
    ) in text
    assert report.show_rivals(found).facts["rival.external.beaten"] == 1
    assert "External score to be beaten" in report.show_method(found).plain()


def test_what_the_score_itself_says_is_not_beaten(rows: pd.DataFrame):
    score = rows[list(flat.POINTS)].to_numpy() @ list(flat.POINTS.values())
    row = last(ask(rows.assign(vendor=score), external_fitted_on="nothing"))
    assert row["auc_gain"] == 0
    assert row["beaten"] is None


@pytest.mark.parametrize(
    ("fitted_on", "said"),
    [
        ("unknown", "nobody declared which leads it was fitted on"),
        ("these leads", "it was fitted on these leads, which flatters it"),
    ],
)
def test_without_leads_it_was_not_fitted_on_nothing_is_said(
    rows: pd.DataFrame, fitted_on: str, said: str
):
    refused(ask(rows, external_fitted_on=fitted_on), said)


def refused(found: Review, said: str) -> None:
    row = last(found)
    assert np.isnan(row["auc"])
    assert row["beaten"] is None
    text = report.show_rivals(found).plain()
    assert (
        f"Cannot be told from this data: whether today's score beats \u201cvendor\u201d: {said}"
        in text
    )
    # The others are answered all the same.
    assert "today's score finds more conversions than each of these." in text or "not shown" in text
    assert report.show_rivals(found).facts["rival.external.auc"] is None


def test_a_column_that_knows_the_outcome_is_refused(rows: pd.DataFrame):
    leaking = rows.assign(vendor=rows["won"] * 0.9 + 0.05)
    refused(ask(leaking), "it seems to know the outcome:")
    assert last(ask(leaking, known_before=("vendor",)))["auc"] == 1


def test_an_undeclared_file_says_nothing_of_it(rows: pd.DataFrame):
    found = ask(rows, declared=False)
    assert found.external.refused.startswith("what the file says of a lead may have been recorded")


def test_a_column_without_a_value_is_refused(rows: pd.DataFrame):
    refused(ask(rows.assign(vendor=None)), "no judged lead has a value there")


def test_wrong_names_texts_and_words_are_errors(rows: pd.DataFrame):
    with pytest.raises(QuestionError, match="'vendr' is not a column of 'leads': did you mean"):
        ask(rows, external="vendr")
    with pytest.raises(DataError, match="something else than a number for 4,000 leads"):
        ask(rows.assign(vendor="02.Medium"))
    with pytest.raises(QuestionError, match="external_fitted_on is 'elsewhere': expected one of"):
        report.prepare(external="vendor", external_fitted_on="elsewhere")


START = pd.Timestamp("2026-01-05")


def crm_review(rows: pd.DataFrame, *, changes: bool = False, known: bool = False) -> Review:
    """The same leads as a CRM, with or without the history of the column."""
    ids = pd.Series([f"L{i}" for i in range(len(rows))])
    leads = rows.drop(columns="won").assign(lead_id=ids, created_at=START)
    won = rows["won"] == 1
    tables = {
        "leads": leads,
        "stage_changes": pd.DataFrame(
            {"lead_id": ids[won], "stage": "sql", "entered_at": START + pd.Timedelta("20D")}
        ),
    }
    if changes:
        # Today it is the outcome itself; at the moment it was the vendor's.
        tables["leads"] = leads.assign(vendor=rows["won"].astype(float))
        tables["lead_changes"] = pd.DataFrame(
            {"lead_id": ids, "field": "vendor", "value": rows["won"].astype(str),
             "old_value": rows["vendor"].map(lambda x: None if np.isnan(x) else str(x)),
             "valid_from": START + pd.Timedelta("30D"), "recorded_at": pd.NaT}
        )  # fmt: skip
    roles = {"field_roles": {"known_before": ["vendor"]}} if known else {}
    mapping = {"crm_mapping": 1, "observed_until": "2026-06-30", "time_zone": "UTC",
               "worked_by": "all", **roles}  # fmt: skip
    return prepare_review(
        crm=connect(tables, mapping=mapping),
        model=parse_model(flat.model_text(flat.POINTS)),
        outcome=Outcome("sql", within_days=90),
        asked=Asked(external="vendor", external_fitted_on="other leads"),
        prepared_on=flat.DAY,
    )


def test_in_a_crm_it_is_that_of_the_moment_or_refused(rows: pd.DataFrame):
    few = rows.head(1500)
    have = few[few["vendor"].notna()]
    refused(crm_review(few), "the export holds its last value only, which may be younger")
    area = roc_auc_score(have["won"], have["vendor"])
    assert last(crm_review(few, known=True))["auc"] == pytest.approx(area, rel=1e-12)
    found = crm_review(few, changes=True)
    assert found.external.pairs.n == len(have)
    assert last(found)["auc"] == pytest.approx(area, rel=1e-12)
