"""Every table that the engine counts survives saving, to the last cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from tests.backtest.tables import crm_of, entry, lead
from tests.backtest.test_outcomes import FLAT, SQL
from toolkit.backtest import (
    AtAge,
    count_days,
    count_delays,
    count_pairs,
    count_patterns,
    count_replicates,
    count_scores,
    count_stages,
    count_stays,
    count_weeks,
    run_backtest,
)
from toolkit.counts import (
    AmountCounts,
    DifferenceCounts,
    fingerprint,
    load_counts,
    merge_counts,
    save_counts,
)
from toolkit.errors import QuestionError


@pytest.fixture(scope="module")
def tables():
    leads = [lead(i, created=i, account_id="AB"[i % 2], title=["VP", None][i % 3 > 0])
             for i in range(12)]  # fmt: skip
    stages = [entry(i, "sql", i + 7) for i in range(0, 12, 4)] + [entry(99, "sql", 1)]
    crm = crm_of(leads, [], stages)
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    return {
        "days": count_days(backtest, crm),
        "delays": count_delays(backtest, windows=(5, 10)),
        "months": count_scores(backtest, by="month"),
        "pairs": count_pairs(backtest, run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)),
        "patterns": count_patterns(backtest),
        "replicates": count_replicates(backtest, replicates=5),
        "scores": count_scores(backtest),
        "stages": count_stages(backtest, crm),
        "stays": count_stays(backtest, crm),
        "weeks": count_weeks(backtest),
    }


def test_every_table_of_the_engine_is_read_as_it_was_saved(tables, tmp_path):
    for name, counts in tables.items():
        again = load_counts(save_counts(counts, tmp_path / name))
        assert type(again) is type(counts)
        pd.testing.assert_frame_equal(again.frame, counts.frame)
        assert again.provenance == counts.provenance
        assert fingerprint(again) == fingerprint(counts)


def test_every_table_of_leads_can_be_added_to_a_later_one(tables):
    for counts in tables.values():
        later = replace(
            counts,
            provenance=replace(
                counts.provenance, first_moment=date(2027, 1, 1), last_moment=date(2027, 2, 1)
            ),
        )
        merged = merge_counts(counts, later)
        assert merged.frame["n"].tolist() == (2 * counts.frame["n"]).tolist()


def test_a_table_whose_cells_are_no_leads_is_not_added(tables):
    frame = pd.DataFrame({"score": [1], "judged": [2], "amount": [3.5], "largest": [float("nan")]})
    amounts = AmountCounts(frame, tables["scores"].provenance)
    with pytest.raises(
        QuestionError, match="AmountCounts cannot be added up cell by cell: the largest deal"
    ):
        merge_counts(amounts, amounts)


def test_tables_without_provenance_and_with_sets_in_cells_are_saved_too(tmp_path):
    patterns = pd.DataFrame({"explained_by": [(0, 2), ()], "difference": [5, -5], "n": [3, 1]})
    few = pd.DataFrame({"difference": [0, 5], "n": [10, 3]})
    counts = DifferenceCounts(
        few, few, few, patterns, (1, 2), leads=4, differing_leads=2, score="s", model="m",
        source="x", accounts_known=True,
    )  # fmt: skip
    again = load_counts(save_counts(counts, tmp_path / "differences"))
    assert again.patterns["explained_by"].tolist() == [(0, 2), ()]
    assert again.looked_at == (1, 2)
