"""Saved and loaded counts are the same counts; damage is said, never read."""

from __future__ import annotations

import json
from dataclasses import replace
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings

from tests.analysis import strategies
from tests.analysis.day_rows import funnel_rows, lives
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from tests.counts.tables import tables_of
from toolkit.analysis import auc
from toolkit.counts import AccountCells, fingerprint, load_counts, save_counts
from toolkit.errors import QuestionError, SourceError


def same(a: object, b: object) -> None:
    assert type(a) is type(b)
    pd.testing.assert_frame_equal(a.frame, b.frame)
    assert a.provenance == b.provenance
    for name in ("by", "stages", "fit_bands", "behavior_bands", "hand_raisers"):
        assert getattr(a, name, None) == getattr(b, name, None)
    if getattr(a, "accounts", None) is None:
        assert getattr(b, "accounts", None) is None
    else:
        pd.testing.assert_frame_equal(a.accounts.frame, b.accounts.frame)
        assert getattr(a.accounts, "judged", 0) == getattr(b.accounts, "judged", 0)
    assert set(getattr(a, "accounts_by", {})) == set(getattr(b, "accounts_by", {}))


@settings(max_examples=6)
@given(strategies.leads(), lives(least=0), funnel_rows())
def test_what_is_loaded_is_what_was_saved(leads, days, stages):
    with TemporaryDirectory() as folder:
        for name, counts in tables_of(leads, days, stages).items():
            same(load_counts(save_counts(counts, f"{folder}/{name}")), counts)


def test_a_statistic_of_loaded_counts_is_the_same_to_the_last_digit(sim_accounts, tmp_path):
    save_counts(sim_accounts, tmp_path / "counts")
    assert auc(load_counts(tmp_path / "counts")) == auc(sim_accounts)


@settings(max_examples=6)
@given(strategies.leads(), lives(least=0), funnel_rows())
def test_the_order_of_rows_and_the_numbers_of_accounts_change_no_fingerprint(leads, days, stages):
    for counts in tables_of(leads, days, stages).values():
        order = counts.frame.sample(frac=1, random_state=1).index
        shuffled = replace(counts, frame=counts.frame.loc[order].reset_index(drop=True))
        if isinstance(getattr(counts, "accounts", None), AccountCells):
            place = pd.Series(range(len(order)), index=order)
            cells = counts.accounts.frame
            moved = cells.assign(account=99 - cells["account"], cell=cells["cell"].map(place))
            shuffled = replace(shuffled, accounts=AccountCells(moved.sample(frac=1)))
        assert fingerprint(shuffled) == fingerprint(counts)
        more = counts.frame.assign(n=counts.frame["n"] + 1)
        assert fingerprint(replace(counts, frame=more)) != fingerprint(counts)


def test_the_fingerprint_sees_which_leads_share_an_account():
    rows = lead_rows([1, 1, 2, 2], [1, 0, 1, 0], [7, 7, 8, 9])
    other = rows.assign(account=[7, 8, 7, 9])
    assert fingerprint(count_rows(rows)) != fingerprint(count_rows(other))


def test_the_engine_and_the_source_are_no_part_of_the_fingerprint(sim_counts):
    moved = replace(sim_counts, provenance=replace(PROVENANCE, engine="Spark", source="else"))
    assert fingerprint(moved) == fingerprint(sim_counts)
    asked = replace(sim_counts, provenance=replace(PROVENANCE, outcome="won within 90 days"))
    assert fingerprint(asked) != fingerprint(sim_counts)


def test_saving_again_replaces_and_saving_over_something_else_is_refused(sim_counts, tmp_path):
    save_counts(sim_counts, tmp_path / "counts")
    save_counts(sim_counts, tmp_path / "counts")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["counts"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(SourceError, match="holds other things than saved counts"):
        save_counts(sim_counts, tmp_path / "other")
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="is a file: name a folder"):
        save_counts(sim_counts, tmp_path / "file")


def test_only_count_tables_are_saved(tmp_path):
    with pytest.raises(QuestionError, match="expected a count table such as ScoreCounts"):
        save_counts(pd.DataFrame(), tmp_path / "counts")
    with pytest.raises(QuestionError, match="found a Provenance"):
        save_counts(PROVENANCE, tmp_path / "counts")


@pytest.fixture
def saved(sim_accounts, tmp_path):
    return save_counts(sim_accounts, tmp_path / "counts")


def changed(saved, **values: object) -> None:
    index = json.loads((saved / "counts.json").read_text("utf-8")) | values
    (saved / "counts.json").write_text(json.dumps(index), "utf-8")


def test_a_folder_that_is_none_or_holds_something_else_is_said(tmp_path):
    with pytest.raises(SourceError, match="there is no folder"):
        load_counts(tmp_path / "nowhere")
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SourceError, match=r"holds no counts\.json.*it holds: letter\.txt"):
        load_counts(tmp_path)
    (tmp_path / "counts.json").write_text("{")
    with pytest.raises(SourceError, match="is not readable JSON"):
        load_counts(tmp_path)
    (tmp_path / "counts.json").write_text("[]")
    with pytest.raises(SourceError, match="does not describe saved counts"):
        load_counts(tmp_path)


def test_a_newer_format_asks_for_a_newer_toolkit(saved):
    changed(saved, format=2)
    with pytest.raises(SourceError, match="saved in format 2, and this version reads up to 1"):
        load_counts(saved)


def test_a_changed_file_is_found_by_its_fingerprint(saved):
    frame = pd.read_parquet(saved / "frame.parquet")
    frame.loc[0, "n"] += 1
    frame.to_parquet(saved / "frame.parquet")
    with pytest.raises(SourceError, match=r"not those that were saved \(fingerprint"):
        load_counts(saved)


def test_a_damaged_or_missing_file_is_named(saved):
    (saved / "accounts.frame.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(SourceError, match=r"accounts\.frame\.parquet is not a readable Parquet"):
        load_counts(saved)
    (saved / "accounts.frame.parquet").unlink()
    with pytest.raises(SourceError, match=r"the file accounts\.frame\.parquet is missing"):
        load_counts(saved)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"$type": "Crm"}, "which this version does not know"),
        ({"$type": "ScoreCounts", "spell": 1}, "unknown 'spell', no 'frame', no 'provenance'"),
        ({"$frame": "../../etc/passwd"}, "is missing"),
        ({"$date": "yesterday"}, "expected a day such as"),
        ({"$what": 1}, "expected a value of a count table"),
        ([1], "expected a value of a count table"),
        (7, "holds a int, which is no count table"),
    ],
)
def test_a_table_that_nobody_wrote_is_refused(saved, table, message):
    changed(saved, table=table)
    with pytest.raises(SourceError, match=message):
        load_counts(saved)
