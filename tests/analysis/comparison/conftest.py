"""The simulated leads scored by two models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analysis.conftest import ORACLES


@pytest.fixture(scope="session")
def rows():
    found = pd.read_csv(ORACLES / "leads_sim.csv")
    state = np.where(found["y"] == 1, "converted", "not_converted")
    return pd.DataFrame(
        {
            "champion": found["score"],
            "challenger": found["challenger"],
            "state": state,
            "account": found["account_id"],
            "lead_id": found["lead_id"],
        }
    )
