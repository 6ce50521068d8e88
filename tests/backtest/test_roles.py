"""No model may pay for what follows the hand-off or the outcome: nothing is scored by it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tests.backtest.tables import activity, crm_of, entry, lead
from toolkit.backtest import (
    AtAge,
    Outcome,
    check_model,
    explain_lead,
    run_backtest,
    score_leads,
    score_timeline,
)
from toolkit.cli import app
from toolkit.crm.demo import make_demo
from toolkit.errors import ModelError
from toolkit.model import load_model, parse_model

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"
MODEL = (
    HEAD
    + """derive: {level: {of: title, first_word_list: {top: [vp]}}}
groups:
- id: who
  dimension: fit
  criteria:
  - {id: big, when: {employees: {gte: 50}}, points: 5}
  - {id: top, when: {level: top}, points: 20}
- id: web
  dimension: behavior
  criteria: [{id: demo, activity: [other, demo], points: 30}]
"""
)
GATED = MODEL + "gates: [{when: {domain: rival.example}, then: disqualified}]\n"
LEADS = [lead(1, title="VP", employees=60, domain="acme.example")]


def crm(**said):
    return crm_of(LEADS, [activity(1, "demo", 1)], [entry(1, "sql", 59)], **said)


WAYS = {
    "backtest": lambda model, crm: run_backtest(
        model, crm, moment=AtAge(2), outcome=Outcome("sql", 10)
    ),
    "score": score_leads,
    "explain": lambda model, crm: explain_lead(model, crm, "L1"),
    "timeline": score_timeline,
    "check": check_model,
}


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("role", ["sales", "outcome"])
def test_no_way_of_scoring_goes_round_the_answer(way, role):
    with pytest.raises(ModelError) as caught:
        WAYS[way](parse_model(MODEL, "model.yaml"), crm(field_roles={role: [" Employees"]}))
    cause = {"sales": "the hand-off", "outcome": "the outcome"}[role]
    assert str(caught.value) == (
        "model.yaml:9: criterion 'big' pays for 'employees', whose role in crm.yaml is "
        f"'{role}' (crm.yaml): it may be a consequence of {cause} and would make the score look "
        "better than it is. Take it out of the model; if it stood before, correct the role "
        "(known_before for a field, marketing for an activity)"
    )


@pytest.mark.parametrize(
    ("text", "answered", "words"),
    [
        (MODEL, "title", "criterion 'top' pays for 'level'"),  # what is derived from it
        (MODEL, "demo", "criterion 'demo' pays for 'demo'"),  # an activity, answered by its name
        (GATED, "domain", "a gate or a band looks at 'domain'"),  # who is counted at all
    ],
)
def test_nor_does_another_way_of_reading_it(text, answered, words):
    with pytest.raises(ModelError, match=words):
        check_model(parse_model(text), crm(field_roles={"sales": [answered]}))


def test_the_name_that_the_export_has_is_the_same_field():
    said = {"tables": {"leads": {"columns": {"employees": "Company Size"}}}}
    made = crm_of([{**LEADS[0]}], [activity(1, "demo", 1)])
    assert check_model(parse_model(MODEL), made) == ()
    frames = made.connection.execute("select * exclude row_id from leads").df()
    from toolkit.crm import connect

    mapping = {
        **said, "observed_until": "2026-03-02", "time_zone": "UTC",
        "field_roles": {"outcome": "Company Size"},
    }  # fmt: skip
    acts = made.connection.execute("select * from activities").df()
    renamed = frames.rename(columns={"employees": "Company Size"})
    again = connect({"leads": renamed, "activities": acts}, mapping=mapping)
    with pytest.raises(ModelError, match="criterion 'big' pays for 'employees', whose role"):
        check_model(parse_model(MODEL), again)


def test_what_stood_before_and_what_nobody_reads_is_no_fault():
    fine = crm(field_roles={"known_before": ["employees"], "sales": ["domain", "owner"]})
    assert score_leads(parse_model(MODEL), fine).rows()["score"].tolist() == [5 + 20 + 30]


def test_models_are_equal_wherever_they_stand(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(f"# a remark\n\n{MODEL}", encoding="utf-8")
    one, other = parse_model(MODEL), load_model(path)
    assert one == other
    assert one.hash == other.hash
    assert other.standing.lines["big"] == one.standing.lines["big"] + 2


def test_every_command_refuses_with_both_lines(tmp_path):
    folder = tmp_path / "crm"
    make_demo(folder, leads=300, seed=1)
    mapping = (folder / "crm.yaml").read_text("utf-8")
    said = f"{mapping.rstrip()}\nfield_roles:\n  sales: [title]\n"
    (folder / "crm.yaml").write_text(said, "utf-8")
    text = (folder / "model.yaml").read_text("utf-8").splitlines()
    line = next(i for i, row in enumerate(text, 1) if "id: vp_or_above" in row)
    answer = len(said.splitlines())
    for words in (
        ["score"],
        ["explain", "L000001"],
        ["audit", "--output", str(tmp_path / "out")],
        ["report", "threshold", "--output", str(tmp_path / "out")],
    ):
        given = [*words, "--crm", str(folder), "--model", str(folder / "model.yaml")]
        result = CliRunner().invoke(app, given, env={"COLUMNS": "500"})
        assert result.exit_code != 0, words
        told = f"{result.output}{result.exception}"
        assert f"model.yaml:{line}: criterion 'vp_or_above' pays for 'title'" in told, words
        assert f"(crm.yaml:{answer})" in told, words
