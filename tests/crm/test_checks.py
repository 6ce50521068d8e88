"""What does not fit together is counted, and stays where it is."""

from __future__ import annotations

import pytest

from tests.crm.rows import rows, said
from toolkit.crm import Finding, check_tables, findings_table

T = "2026-02-01T10:00:00Z"


def acts(*lines, extra=""):
    return "\n".join([f"lead_id,activity_type,occurred_at{extra}", *lines, ""])


def moves(*lines):
    return "\n".join(["lead_id,stage,entered_at", *lines, ""])


def checked(export, *args, **kwargs):
    return check_tables(export.open(*args, **kwargs))


def test_a_clean_export_has_no_findings_beyond_its_missing_tables(export):
    found = checked(
        export,
        {"activity_roles": {"marketing": ["form"], "sales": ["call"]}},
        activities=acts(f"L1,form,{T}", f"L1,call,{T}"),
        stage_changes=moves(f"L1,mql,{T}"),
        sales_feedback=f"lead_id,decision,decided_at\nL1,accepted,{T}\n",
    )
    assert {f.table for f in found if f.code == "no_table"} == {
        "lead_changes", "lead_merges", "score_history",
    }  # fmt: skip
    assert not [f for f in found if f.code != "no_table"]


def test_copies_and_conflicts_of_leads_are_counted_apart(export):
    leads = "lead_id,created_at,Title\n" + "\n".join(
        f"{lead},2026-01-02T10:00:00Z,{title}"
        for lead, title in [
            ("A", "x"), ("A", "x"), ("A", "x"),
            ("B", "x"), ("B", "y"),
            ("C", "x"), ("C", "x"), ("C", "y"),
            ("D", "x"), ("", "x"), ("", "x"),
        ]
    )  # fmt: skip
    found = checked(export, leads=leads + "\n")
    same, other = (said(found, code) for code in ("identical_leads", "conflicting_leads"))
    assert (same.n, same.examples) == (2, ("A",))
    assert same.text == "2 rows that copy an identical row of the same lead"
    assert (other.n, other.examples) == (5, ("B", "C"))
    assert other.text == "5 rows that share a lead_id with a row that differs"
    assert said(found, "missing_value").text == "2 rows without lead_id"


def test_nothing_is_dropped(export):
    crm = export.open(
        leads="lead_id,created_at\nA,\nA,\n,2026-01-01T00:00:00Z\nB,2027-01-01T00:00:00Z\n",
        activities=acts(f"X,form,{T}", ",form,", "A,,"),
    )
    check_tables(crm)
    assert len(rows(crm, "leads")) == 4
    assert len(rows(crm, "activities")) == 3


def test_missing_values_are_counted_by_column(export):
    found = checked(export, activities=acts("L1,,", f",form,{T}", f"L2,form,{T}"))
    texts = [f.text for f in found if f.code == "missing_value"]
    assert texts == [
        "1 row without lead_id; they count for no lead",
        "1 row without activity_type",
        "1 row without occurred_at; they count for no lead",
    ]


def test_a_few_orphans_are_a_warning(export):
    found = checked(export, stage_changes=moves(f"L1,mql,{T}", f"L2,mql,{T}", f"X9,mql,{T}"))
    finding = said(found, "orphans")
    assert (finding.level, finding.n, finding.examples) == ("warning", 1, ("X9",))
    assert finding.text == "1 of 3 rows belong to no lead of the lead table"


def test_examples_are_different_leads(export):
    lines = [f"L1,mql,{T}"] * 9 + [f"X{i},mql,{T}" for i in "1223344"]
    assert said(checked(export, stage_changes=moves(*lines)), "orphans").examples == (
        "X1",
        "X2",
        "X3",
    )


@pytest.mark.parametrize("table", ["activities", "stage_changes", "sales_feedback"])
def test_mostly_orphans_are_an_error_that_compares_the_ids(export, table):
    content = {
        "activities": acts(f"L1-long,form,{T}"),
        "stage_changes": moves(f"L1-long,mql,{T}"),
        "sales_feedback": f"lead_id,decision,decided_at\nL1-long,accepted,{T}\n",
    }[table]
    finding = said(checked(export, **{table: content}), "orphans")
    assert (finding.level, finding.table) == ("error", table)
    assert finding.text == (
        "1 of 1 row belong to no lead of the lead table: their ids have 7 characters, those of "
        "the leads 2"
    )


def test_orphans_with_ids_of_the_same_length_get_another_hint(export):
    finding = said(checked(export, activities=acts(f"X1,form,{T}")), "orphans")
    assert finding.text.endswith(": are these ids of the same kind (lead, contact, visitor)?")


def test_what_happened_before_creation_is_counted_by_how_much(export):
    found = checked(
        export,
        stage_changes=moves("L1,mql,2026-01-01T09:00:00Z", "L2,mql,2026-01-03T09:00:00Z"),
        activities=acts("L1,form,2025-12-01T00:00:00Z"),
        sales_feedback="lead_id,decision,decided_at\nL1,accepted,2025-12-01T00:00:00Z\n",
    )
    early = said(found, "before_creation", "stage_changes")
    assert (early.level, early.n, early.examples) == ("warning", 1, ("L1",))
    assert early.text == "1 row with entered_at a day or more before the lead was created"
    close = said(found, "shortly_before_creation", "stage_changes")
    assert (close.level, close.n, close.examples) == ("note", 1, ("L2",))
    assert said(found, "before_creation", "sales_feedback").level == "warning"
    act = said(found, "before_creation", "activities")
    assert act.level == "note"
    assert act.text == (
        "1 row with occurred_at a day or more before the lead was created; they count once the "
        "lead exists"
    )


def test_what_happened_after_observed_until_is_counted(export):
    found = checked(
        export,
        until="2026-01-02T12:00:00Z",
        activities=acts(f"L1,form,{T}", "L1,form,2026-01-02T12:00:00Z"),
    )
    finding = said(found, "after_observed_until", "activities")
    assert (finding.level, finding.n, finding.examples) == ("warning", 1, ("L1",))
    assert finding.text == "1 row with occurred_at after observed_until (2026-01-02 12:00 UTC)"
    assert said(found, "after_observed_until", "leads").examples == ("L2",)


def test_placeholder_dates_are_counted(export):
    found = checked(
        export, leads="lead_id,created_at\nL1,1900-01-01T00:00:00Z\nL2,2026-01-01T00:00:00Z\n"
    )
    assert said(found, "placeholder_time").text == (
        "1 row with created_at before 1990: is it a placeholder? Then list it under `missing`"
    )


def test_empty_tables_are_named(export):
    found = checked(export, stage_changes=moves())
    assert said(found, "empty_table").text == (
        "the table has no rows: neither the hand-off nor an outcome has a date, so nothing can be "
        "backtested"
    )


def test_bulk_imports_are_listed(export):
    leads = "lead_id,created_at\n" + "".join(f"L{i},2026-01-02T10:00:{i:02}Z\n" for i in range(30))
    lines = [f"L{i},mql,2026-02-01T10:00:00.{i}Z" for i in range(10)]
    lines += [f"L{i},sql,2026-02-01T10:00:00Z" for i in range(9)]
    lines += [f"L{i},won,2026-02-01" for i in range(30)]
    found = checked(export, zone="Europe/Berlin", leads=leads, stage_changes=moves(*lines))
    finding = said(found, "bulk_import")
    assert (finding.level, finding.table, finding.n) == ("warning", "stage_changes", 10)
    assert finding.text == ("bulk imports: 10 leads entered 'mql' at 2026-02-01 10:00:00 UTC")


def test_bulk_creation_is_listed(export):
    leads = "lead_id,created_at\n" + "".join(f"L{i},2026-01-02T10:00:00Z\n" for i in range(12))
    finding = said(checked(export, leads=leads), "bulk_import")
    assert finding.text == "bulk imports: 12 leads were created at 2026-01-02 10:00:00 UTC"


def test_activities_that_are_all_at_midnight_are_suspected_to_be_dates(export):
    lines = [f"L1,form,2026-02-{i:02} 00:00" for i in range(1, 11)]
    found = checked(export, zone="Europe/Berlin", activities=acts(*lines, f"L1,form,{T}"))
    assert said(found, "midnight_times").text == (
        "10 of 11 times are midnight sharp in Europe/Berlin: if they are dates, an activity "
        "counts up to a day before it happened; export the column as a date, or "
        "write date_only: true under tables: activities: in crm.yaml"
    )
    dates = [line.removesuffix(" 00:00") for line in lines]
    later = checked(export, zone="Europe/Berlin", activities=acts(*dates))
    assert not [f for f in later if f.code == "midnight_times"]


def test_repeated_activity_ids_are_counted(export):
    lines = [f"L1,form,{T},a", f"L1,form,{T},a", f"L2,form,{T},b", f"L2,form,{T},", f"L2,form,{T},"]
    found = checked(export, activities=acts(*lines, extra=",activity_id"))
    finding = said(found, "repeated_activity")
    assert (finding.n, finding.examples) == (1, ("L1",))
    assert finding.text == "1 row with an activity_id that another row has; one of them counts"


def test_ids_that_are_addresses_are_never_shown(export):
    found = checked(export, leads="lead_id,created_at\nann@example.com,\nL2,2026-01-01T00:00:00Z\n")
    assert said(found, "missing_value").examples == ("(an e-mail address)",)
    assert "@" not in findings_table(found).to_string()


def test_the_table_of_findings_lists_the_gravest_first():
    found = [
        Finding("note", "a", "leads", "x", 1),
        Finding("error", "b", "leads", "y", 2, ("L1", "L2")),
        Finding("warning", "c", "leads", "z", 3),
    ]
    table = findings_table(found)
    assert list(table.columns) == ["level", "table", "code", "n", "text", "examples"]
    assert list(table["level"]) == ["error", "warning", "note"]
    assert table["examples"][0] == "L1, L2"
    assert findings_table([]).empty
