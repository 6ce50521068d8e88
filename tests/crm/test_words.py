"""Roles, stages, decisions; what proves that sales acted."""

from __future__ import annotations

import pytest

from tests.crm.rows import rows, said
from toolkit.errors import DataError

ACTS = """\
lead_id,activity_type,occurred_at
L1,Call,2026-02-01T00:00:00Z
L1,page_view,2026-02-01T00:00:00Z
L2,page_view,2026-02-01T00:00:00Z
L2,chat,2026-02-01T00:00:00Z
L2,,2026-02-01T00:00:00Z
"""
MOVES = "lead_id,stage,entered_at\nL1,Marketing Qualified,2026-02-01T00:00:00Z\nL1,Open,2026-01-05T00:00:00Z\n"


def feedback(*words):
    lines = [f"L1,{word},2026-02-01T00:00:00Z" for word in words]
    return "\n".join(["lead_id,decision,decided_at", *lines, ""])


def test_types_have_roles_in_any_case_of_letters(export):
    crm = export.open(
        {"activity_roles": {"sales": ["call"], "system": ["CHAT"], "marketing": ["page_view"]}},
        activities=ACTS,
    )
    assert rows(crm, "activities", "activity_type, role") == [
        ("Call", "sales"), ("chat", "system"), ("page_view", "marketing"),
        ("page_view", "marketing"), (None, "marketing"),
    ]  # fmt: skip
    assert not [f for f in crm.findings if f.code == "types_without_role"]


def test_types_without_a_role_are_marketing_and_named_with_their_counts(export):
    crm = export.open({"activity_roles": {"sales": ["Call"]}}, activities=ACTS)
    finding = said(crm.findings, "types_without_role")
    assert (finding.level, finding.n) == ("warning", 3)
    assert finding.text == "types without a role, taken as marketing: page_view (2), chat (1)"


def test_without_roles_everything_is_marketing_and_a_note_says_so(export):
    crm = export.open(activities=ACTS)
    assert {row[0] for row in rows(crm, "activities", "role")} == {"marketing"}
    note = said(crm.findings, "no_roles")
    assert note.level == "note"
    assert note.text == (
        "no activity_roles in the mapping: every activity counts as marketing, calls and meetings "
        "of the sales team included"
    )


def test_a_role_that_nothing_has_is_named(export):
    crm = export.open({"activity_roles": {"sales": ["Phone"]}}, activities=ACTS)
    assert said(crm.findings, "unused_words").text == (
        "activity_roles: nothing in the export is 'sales' (looked for Phone)"
    )


def test_too_many_types_are_counted_not_listed(export):
    lines = [f"L1,Ann Miller {i},2026-02-01T00:00:00Z" for i in range(50)]
    acts = "\n".join(["lead_id,activity_type,occurred_at", *lines, ""])
    crm = export.open({"activity_roles": {"sales": ["call"]}}, activities=acts)
    text = said(crm.findings, "types_without_role").text
    assert text.endswith("taken as marketing: 50 different ones (is it the right column?)")


def test_stages_get_our_words_and_the_rest_keep_theirs_in_lower_case(export):
    mapping = {"stages": {"mql": ["MQL", "marketing qualified"]}}
    crm = export.open(mapping, stage_changes=MOVES)
    assert rows(crm, "stage_changes", "stage") == [("mql",), ("open",)]
    note = said(crm.findings, "unlisted_stages")
    assert (note.level, note.n) == ("note", 1)
    assert note.text == "stages not in the mapping, kept in lower case: Open (1)"


def test_a_hand_off_stage_that_no_lead_enters_is_named(export):
    crm = export.open({"handoff_stage": "mal"}, stage_changes=MOVES.replace("Open", "SAL"))
    assert said(crm.findings, "absent_stage").text == (
        "no lead ever enters the hand-off stage 'mal'; did you mean 'sal'? "
        "There are: sal, marketing qualified"
    )


def test_a_stage_of_the_mapping_that_nothing_is_is_named(export):
    crm = export.open({"stages": {"mql": ["Mkt Qual"]}}, stage_changes=MOVES)
    assert said(crm.findings, "unused_words").text == (
        "stages: nothing in the export is 'mql' (looked for Mkt Qual)"
    )


def test_decisions_are_read_in_any_case_and_by_the_mapping(export):
    crm = export.open(
        {"decisions": {"rejected": ["No", 2]}},
        sales_feedback=feedback("Accepted", "no", "2", "RECYCLED", "no_response", ""),
    )
    assert rows(crm, "sales_feedback", "decision") == [
        ("accepted",), ("no_response",), ("recycled",), ("rejected",), ("rejected",), (None,)
    ]  # fmt: skip


def test_unknown_decisions_are_refused_with_what_to_write(export):
    with pytest.raises(DataError) as caught:
        export.open(sales_feedback=feedback("SAL", "Dead", "SAL", "accepted"))
    assert str(caught.value) == (
        "sales_feedback.decision (column 'decision') holds SAL (2), Dead (1); expected accepted, "
        "rejected, recycled, no_response. Say in crm.yaml what they mean, e.g. "
        "decisions: {accepted: [SAL], rejected: [...]}"
    )


def test_a_column_of_people_is_not_listed_as_decisions(export):
    with pytest.raises(DataError) as caught:
        export.open(sales_feedback=feedback(*(f"Ann {i}" for i in range(50))))
    assert "holds 50 different ones (is it the right column?)" in str(caught.value)
    assert "Ann" not in str(caught.value)


def test_without_evidence_every_lead_counts_as_worked_and_a_warning_says_so(export):
    crm = export.open(activities=ACTS)
    assert crm.worked_by == ("all",)
    assert said(crm.findings, "worked_unknown").text == (
        "no sales feedback and no sales activity: which leads sales worked is not known, so every "
        "lead counts as worked, and a lead that nobody called counts as a failure"
    )


def test_evidence_is_settled_from_the_data(export):
    roles = {"activity_roles": {"sales": ["call"]}}
    assert export.open(roles, activities=ACTS).worked_by == ("sales_activity",)
    crm = export.open(roles, activities=ACTS, sales_feedback=feedback("accepted"))
    assert crm.worked_by == ("feedback", "sales_activity")
    assert export.open(roles, sales_feedback=feedback("accepted")).worked_by == (
        "feedback",
        "sales_activity",
    )


def test_declared_evidence_is_kept(export):
    crm = export.open({"worked_by": ["stage:SQL"]}, stage_changes=MOVES)
    assert crm.worked_by == ("stage:sql",)
    texts = [f.text for f in crm.findings if f.code == "absent_stage"]
    assert (
        "no lead ever enters the stage of worked_by 'sql'; there are: marketing qualified, open"
        in texts
    )


@pytest.mark.parametrize(
    ("word", "table"),
    [("feedback", "sales_feedback"), ("sales_activity", "activities"), ("stage:sql", "stage_changes")],
)  # fmt: skip
def test_declared_evidence_without_its_table_is_refused(export, word, table):
    with pytest.raises(DataError) as caught:
        export.open({"worked_by": word})
    assert str(caught.value) == (
        f"worked_by names '{word}', but there is no table '{table}': leave it out of worked_by in "
        "crm.yaml, or export the table"
    )


def test_declared_sales_activity_needs_a_role(export):
    with pytest.raises(DataError, match=r"'sales_activity', but no activity type has the role"):
        export.open({"worked_by": "sales_activity"}, activities=ACTS)


def test_what_a_missing_table_costs_is_said(export):
    crm = export.open()
    assert {f.table: f.text for f in crm.findings if f.code == "no_table"} == {
        "activities": "no activities: behavior points can only be those of inactivity",
        "stage_changes": "no stage_changes: neither the hand-off nor an outcome has a date, so "
        "nothing can be backtested",
        "sales_feedback": "no sales_feedback: why sales turned leads down is not known",
        "lead_changes": "no lead_changes: the fields of leads are those of the export, not those "
        "of the moment",
        "lead_merges": "no lead_merges: what a merged lead did counts for its survivor as the "
        "export has it",
        "score_history": "no score_history: the recorded score cannot be compared with the "
        "replayed one",
    }
