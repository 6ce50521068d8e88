"""The command `leadscore score`: every lead or account at one instant, as CSV that is safe to open."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from typer.testing import CliRunner

from toolkit.backtest import account_scores, score_leads
from toolkit.cli import app
from toolkit.cli_scores import csv_text
from toolkit.crm import connect
from toolkit.errors import QuestionError, SourceError
from toolkit.model import load_model

MODEL = """lead_score_model: 1
name: m
version: "1"
groups: [{id: g, dimension: fit, criteria: [{id: c, when: {title: vp}, points: 20}]}]
bands: [{name: "=hot", from: 20}, {name: cold}]
account_score: {roll_up: sum, max: 30}
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "model.yaml").write_text(MODEL, "utf-8")
    crm = tmp_path / "crm"
    crm.mkdir()
    (crm / "leads.csv").write_text(
        "lead_id,account_id,created_at,title\n=1+1,@a,2026-01-01T00:00:00Z,VP\n"
        "L2,@a,2026-01-02T00:00:00Z,vp\nL3,,2026-02-01T00:00:00Z,\n",
        "utf-8",
    )
    (crm / "crm.yaml").write_text(
        "crm_mapping: 1\nobserved_until: 2026-03-01T00:00:00Z\ntime_zone: UTC\n", "utf-8"
    )
    return tmp_path


def run(files, *words: object):
    fixed = ["--crm", files / "crm", "--model", files / "model.yaml"]
    done = CliRunner().invoke(app, ["score", *map(str, [*fixed, *words])])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_leads_are_written_as_csv_without_formulas(files):
    done = run(files, "--as-of", "2026-01-31")
    assert done.stdout.splitlines() == [
        "lead_id,account_id,moment,score,fit,behavior,band",
        "'=1+1,'@a,2026-01-31T23:59:59Z,20,20,0,'=hot",
        "L2,'@a,2026-01-31T23:59:59Z,20,20,0,'=hot",
    ]
    assert "2 rows at 2026-01-31 23:59:59 UTC" in done.stderr
    assert "created after the moment: 1" in done.stderr


def test_accounts_are_written_with_what_is_undefined_and_why(files):
    text = run(files, "--accounts", "--as-of", "2026-02-28").stdout
    assert text.splitlines() == [
        "account_id,moment,n,n_disqualified,score,band,reason",
        "'@a,2026-02-28T23:59:59Z,2,0,30,,",
        ",2026-02-28T23:59:59Z,1,0,,,leads without an account",
    ]


def test_the_file_holds_what_the_functions_give(files):
    target = files / "scores.csv"
    run(files, "--accounts", "-o", target)
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    scored = score_leads(load_model(files / "model.yaml"), connect(files / "crm"))
    assert target.read_text("utf-8-sig") == csv_text(account_scores(scored))
    again = pd.read_csv(io.StringIO(target.read_text("utf-8-sig")))
    assert again["n"].sum() == len(scored.rows())


def test_wrong_words_are_named(files):
    with pytest.raises(QuestionError, match="cannot read the moment 'soon'"):
        run(files, "--as-of", "soon")
    with pytest.raises(SourceError, match="cannot write"):
        run(files, "-o", files / "no" / "x.csv")
    (files / "model.yaml").write_text(MODEL.split("account_score", maxsplit=1)[0], "utf-8")
    with pytest.raises(QuestionError, match="no model with 'account_score'"):
        run(files, "--accounts")
