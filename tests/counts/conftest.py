"""Simulated leads, as counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.analysis.rows import count_rows, lead_rows


@pytest.fixture(scope="session")
def sim() -> pd.DataFrame:
    """4,000 simulated leads of about 1,200 accounts."""
    return pd.read_csv(Path(__file__).resolve().parents[1] / "oracles" / "leads_sim.csv")


@pytest.fixture(scope="session")
def sim_counts(sim):
    return count_rows(lead_rows(sim["score"], sim["y"]))


@pytest.fixture(scope="session")
def sim_accounts(sim):
    return count_rows(lead_rows(sim["score"], sim["y"], sim["account_id"]))
