"""Oracle numbers, simulated leads, and where the rows of real data may be."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.analysis.rows import count_rows, lead_rows

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


class Oracle:
    """Numbers of other programs, each compared at the precision stated with it."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self._entries = entries

    def value(self, name: str) -> Any:
        return self._entries[name]["value"]

    def approx(self, name: str, key: str) -> Any:
        entry = self._entries[name]
        return pytest.approx(entry["value"][key], rel=entry["rtol"], abs=1e-15)


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(json.loads((ORACLES / "oracle.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def sim() -> pd.DataFrame:
    """4,000 simulated leads of about 1,200 accounts."""
    return pd.read_csv(ORACLES / "leads_sim.csv")


@pytest.fixture(scope="session")
def sim_counts(sim):
    return count_rows(lead_rows(sim["score"], sim["y"]))


@pytest.fixture(scope="session")
def sim_accounts(sim):
    return count_rows(lead_rows(sim["score"], sim["y"], sim["account_id"]))


@pytest.fixture(scope="session")
def oracle_rows() -> Path:
    """The folder with the rows behind the oracle numbers on real data, or a skip."""
    folder = Path(os.environ.get("LEADSCORE_REAL_DATA", _BESIDE)).parent / "oracle"
    if not folder.is_dir():
        pytest.skip("no folder of real data (set LEADSCORE_REAL_DATA)")
    return folder
