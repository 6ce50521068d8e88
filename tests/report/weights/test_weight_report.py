"""The weight review as files: page, facts, proposed model and difference, the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from tests.report.weights import flat
from toolkit.backtest import AtAge, AtHandoff, Outcome, run_backtest
from toolkit.cli import app
from toolkit.crm import connect
from toolkit.crm.demo import make_demo
from toolkit.errors import QuestionError
from toolkit.model import diff_models, load_model
from toolkit.report import run_report
from toolkit.report.run import ReportResult
from toolkit.report.weights import prepare_review

DAY = "2026-10-05"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flat file and a model with a comment."""
    folder = tmp_path_factory.mktemp("flat")
    true = {"a": 60.0, "b": 15.0, "c": -10.0, "d": 30.0}
    flat.drawn(true, n=4000).to_csv(folder / "leads.csv", index=False)
    text = flat.model_text(flat.POINTS, label=flat.NASTY).replace(
        "version: '1'", "version: '1'  # ours"
    )
    (folder / "model.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo CRM."""
    folder = tmp_path_factory.mktemp("crm") / "demo"
    make_demo(folder, leads=2500)
    return folder


def made(source: Path, output: Path, **more: object) -> ReportResult:
    return run_report(
        "weights",
        scored=source / "leads.csv",
        model=source / "model.yaml",
        outcome="won",
        scored_before_outcome=True,
        prepared_on=DAY,
        output=output,
        **more,
    )


def test_the_same_input_gives_the_same_files(source: Path, tmp_path: Path):
    one, other = made(source, tmp_path / "one"), made(source, tmp_path / "other")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [
        "weight_review.diff.md",
        "weight_review.facts.json",
        "weight_review.html",
        "weight_review.ipynb",
        "weight_review.proposal.yaml",
    ]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert {path.name for path in one.files} == {names[0], names[4]}
    assert one.headline == other.headline
    page = one.html.read_text(encoding="utf-8")
    assert "<script" not in page
    assert str(source) not in page
    assert str(source) not in one.notebook.read_text(encoding="utf-8")
    today, proposed = load_model(source / "model.yaml"), load_model(one.files[0])
    facts = json.loads(one.facts.read_text(encoding="utf-8"))
    assert facts["proposal.hash"] == proposed.hash
    assert "# ours" in one.files[0].read_text(encoding="utf-8")
    assert one.files[1].read_text(encoding="utf-8") == diff_models(today, proposed).markdown


def test_the_command_reviews_a_crm_and_names_what_it_wrote(demo: Path, tmp_path: Path):
    where = ["--crm", str(demo), "--model", str(demo / "model.yaml")]
    asked = [
        "report",
        "weights",
        *where,
        "--set",
        f"prepared_on={DAY}",
        "-o",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "weight_review.proposal.yaml" in done.output
    facts = json.loads((tmp_path / "out" / "weight_review.facts.json").read_text("utf-8"))
    assert facts["weights.judged"] > 0
    assert facts["verdict.answer"] in {"Yes", "No", "Not enough evidence"}
    load_model(tmp_path / "out" / "weight_review.proposal.yaml")


XEDU = {"add_form": 30, "welingak": 10, "working": 20, "sms": 15, "chat": -10, "time300": 10,
        "time1000": 15, "visits3": 5, "no_email": -15, "housewife": -5}  # fmt: skip


@pytest.mark.real_data
def test_the_review_of_a_course_vendor_says_what_is_known(real_data: Path, tmp_path: Path):
    leads = pd.read_csv(real_data / "x_education_leads.csv")
    job, time = leads["What is your current occupation"], leads["Total Time Spent on Website"]
    columns = {
        "won": leads["Converted"] == 1,
        "add_form": leads["Lead Origin"] == "Lead Add Form",
        "welingak": leads["Lead Source"] == "Welingak Website",
        "working": job == "Working Professional",
        "sms": leads["Last Activity"] == "SMS Sent",
        "chat": leads["Last Activity"] == "Olark Chat Conversation",
        "time300": time >= 300,
        "time1000": time >= 1000,
        "visits3": leads["TotalVisits"] >= 3,
        "no_email": leads["Do Not Email"] == "Yes",
        "housewife": job == "Housewife",
    }
    # The vendor's own score, which nearly half of the leads lack.
    parts = leads[["Asymmetrique Activity Score", "Asymmetrique Profile Score"]]
    rows = pd.DataFrame(columns).astype(int).assign(vendor=parts.sum(axis=1, min_count=2))
    rows.to_csv(tmp_path / "leads.csv", index=False)
    (tmp_path / "model.yaml").write_text(flat.model_text(XEDU), encoding="utf-8")
    result = made(tmp_path, tmp_path / "out", external="vendor", external_fitted_on="other leads")
    facts = json.loads(result.facts.read_text(encoding="utf-8"))
    assert facts["weights.judged"] == 9_240
    have = rows[rows["vendor"].notna()]
    assert len(have) == 5_022
    assert facts["rival.external.auc"] == pytest.approx(
        roc_auc_score(have["won"], have["vendor"]), abs=1e-8
    )
    assert facts["rival.external.beaten"] == 1
    assert facts["term.chat.verdict"] == "keep"
    assert facts["term.visits3.verdict"] == "change"
    assert facts["term.visits3.proposed"] == 0
    assert facts["term.housewife.verdict"] == "not enough evidence"
    assert facts["comparison.verdict"] == "cannot be told"
    # Ten housewives do not keep the others from being compared.
    assert facts["shape.wrong_order"] == []
    assert "too few leads have it: 10, under 40" in facts["term.housewife.because"]
    page = result.html.read_text(encoding="utf-8")
    assert "inf<" not in page
    assert " inf" not in page.replace(" infl", "").replace(" info", "")
    proposed = load_model(result.files[0])
    assert not diff_models(load_model(tmp_path / "model.yaml"), proposed).table.empty


def test_leads_that_set_the_points_never_try_them(demo: Path):
    crm, model = connect(demo), load_model(demo / "model.yaml")
    sql = Outcome("sql", within_days=90)
    review = prepare_review(crm=crm, model=model, outcome=sql, prepared_on=flat.DAY)
    assert review.since is not None
    handed = run_backtest(model, crm, moment=AtHandoff(), outcome=sql).rows()
    aged = run_backtest(model, crm, moment=AtAge(14), outcome=sql).rows()
    judged = handed[handed["state"].isin(["converted", "not_converted"])]
    cut = sorted(set(handed["quarter"]))[-2]
    fitted = judged[judged["quarter"] < cut]
    assert review.weights.n == len(fitted)
    assert review.weights.positives == (fitted["state"] == "converted").sum()
    later = aged[aged["moment"] >= pd.Timestamp(review.since)]
    assert len(later) > 0
    assert not set(later["lead_id"]) & set(fitted["lead_id"])


def test_a_quarter_to_compare_from_must_leave_leads_before_it(demo: Path):
    with pytest.raises(QuestionError, match="no lead before it can be judged"):
        prepare_review(
            crm=demo, model=demo / "model.yaml", compare_from="2020Q1",
            outcome=Outcome("sql", within_days=90), prepared_on=flat.DAY,
        )  # fmt: skip
