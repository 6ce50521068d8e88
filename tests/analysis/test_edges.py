"""Every public function at the edges: a number, or NaN with a reason; never an exception or inf."""

from __future__ import annotations

import dataclasses
import inspect
from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.analysis.edge_cases import CASES
from tests.analysis.edge_register import REGISTER
from toolkit import analysis
from toolkit.errors import DataError, QuestionError

STATISTICS = [name for name in analysis.__all__ if inspect.isfunction(getattr(analysis, name))]
MAIN = {"estimate", "rate", "low", "high", "p_value", "auc", "net_benefit", "difference", "slope"}
ENDLESS = {
    ("partial_pooling", "alpha"): "segments that do not differ at all",
    ("partial_pooling", "beta"): "as above",
    ("fit_weights", "freedom"): "the normal law has no end of degrees",
    ("judge_weights", "freedom"): "as above",
}
"""Where no end is the answer."""
NEVER_GIVEN = {
    ("threshold_table", "npv_low"): "no lead is below the lowest score, whatever else is known",
    ("threshold_table", "npv_high"): "as above",
    ("best_thresholds", "corrected_low"): "no threshold pays, so there is no best one",
    ("best_thresholds", "corrected_high"): "as above",
    ("two_thresholds", "corrected_low"): "as above",
    ("two_thresholds", "corrected_high"): "as above",
    ("benefit_sensitivity", "low"): "as above",
    ("benefit_sensitivity", "high"): "as above",
    ("ranking_table", "low"): "the largest gap has no interval",
    ("ranking_table", "high"): "as above",
}
"""NaN that the docstring explains once instead of a reason in each row."""


@cache
def answers(name, case):
    """What each way of asking gives; a refusal in words is an answer of nothing."""
    found = []
    for ask in REGISTER[name]:
        try:
            found.append(ask(CASES[case]))
        except (QuestionError, DataError) as refused:
            found.append(str(refused))
    return found


def tables(found):
    """Every table of an answer; the plain fields of a result are a table of one row."""
    if isinstance(found, pd.DataFrame):
        yield found
    elif isinstance(found, np.ndarray) and found.dtype.kind == "f" and found.ndim == 1:
        yield pd.DataFrame({"value": found})
    elif isinstance(found, (tuple, list)):
        for part in found:
            yield from tables(part)
    elif dataclasses.is_dataclass(found):
        fields = {each.name: getattr(found, each.name) for each in dataclasses.fields(found)}
        plain = {k: [v] for k, v in fields.items() if isinstance(v, (int, float, str, type(None)))}
        yield pd.DataFrame(plain)
        for value in fields.values():
            yield from tables(value)


def floats(table):
    return table.select_dtypes("float")


def test_every_public_function_is_asked():
    """A new statistic must say here how it is called at the edges."""
    assert sorted(REGISTER) == sorted(STATISTICS)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", STATISTICS)
def test_an_answer_at_the_edge_is_finite_and_every_lack_has_a_reason(name, case):
    for found in answers(name, case):
        assert not isinstance(found, str) or len(found.split()) > 3
        for table in tables(found):
            for column, values in floats(table).items():
                assert (name, column) in ENDLESS or not np.isinf(values).any(), column
            if "reason" in table:
                silent = table[table["reason"].isna()]
                for column in floats(silent).columns:
                    if column in MAIN or column.endswith(("_low", "_high")):
                        told = (name, column) in NEVER_GIVEN
                        assert told or silent[column].notna().all(), column


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case.lone])
@pytest.mark.parametrize("name", STATISTICS)
def test_one_account_never_gives_an_interval_of_no_width(name, case):
    for found in answers(name, case):
        for table in tables(found):
            # Two models that select the same leads have a ratio of 1, whatever becomes of these.
            words = table["reason"] if "reason" in table else pd.Series("", index=table.index)
            same = words.fillna("").astype(str).str.contains("both select the same")
            for low in floats(table).columns:
                high = f"{low.removesuffix('low')}high"
                if low.endswith("low") and high in table:
                    wide = (table[high] - table[low])[~same]
                    assert not (wide < 1e-9).any(), low


@pytest.mark.parametrize("case", CASES)
def test_low_ends_lie_below_high_ends_and_the_estimate_between(case):
    for name in ("threshold_table", "benefit_table", "band_table", "segment_table", "gains_table"):
        for found in answers(name, case):
            for low in floats(found).columns:
                middle, high = low.removesuffix("_low"), f"{low.removesuffix('low')}high"
                if low.endswith("_low") and {middle, high} <= set(found):
                    part = found[[low, middle, high]].dropna().to_numpy(dtype=float)
                    assert (np.diff(part, axis=1) >= -1e-9 * np.abs(part).max(initial=1)).all(), low
