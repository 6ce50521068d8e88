"""The kernel gives the rows of the SQL text, however the leads are cut and shared out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import _staged, crm_of_rows, models, random_rows, read
from toolkit.backtest.core import as_of_sql
from toolkit.backtest.kernel import kernel_scores

POOL = {seed: random_rows(seed, 40) for seed in range(4)}
CRMS = {}


def crm_of(seed: int, leads: int = 40):
    if (seed, leads) not in CRMS:
        rows = POOL[seed] if leads == 40 else random_rows(seed, leads)
        CRMS[seed, leads] = rows, crm_of_rows(rows)
    return CRMS[seed, leads]


def both(raw: dict, rows: dict, crm, size: int, threads: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    schema, plan = _staged(read(raw), crm, rows)
    text = crm.connection.execute(f"""
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select * from {schema}.mo), score as ({as_of_sql(plan)})
        select * from score order by l, s, k""").df()
    found = kernel_scores(crm.connection, schema, plan, size=size, threads=threads)
    crm.connection.execute(f"drop schema {schema} cascade")
    return text.astype(np.int64), pd.DataFrame(found).astype(np.int64)


sizes = st.sampled_from([1, 7, 60, 10_000])


@settings(max_examples=25)
@given(models(), st.sampled_from(sorted(POOL)), sizes, st.integers(1, 3))
def test_the_kernel_gives_the_rows_of_the_text(raw, seed, size, threads) -> None:
    rows, crm = crm_of(seed)
    text, found = both(raw, rows, crm, size, threads)
    pd.testing.assert_frame_equal(found, text, check_like=False)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(100, 104), sizes, st.integers(1, 3))
def test_the_kernel_gives_the_rows_of_the_text_on_many_models(raw, seed, size, threads) -> None:
    rows, crm = crm_of(seed, 200)
    text, found = both(raw, rows, crm, size, threads)
    pd.testing.assert_frame_equal(found, text)
