"""The simulated leads as patterns, with and without their accounts."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.analysis.conftest import ORACLES
from tests.analysis.weights.patterns import (
    LEADS,
    LEADS_POINTS,
    XEDU,
    XEDU_POINTS,
    count_patterns,
)


@pytest.fixture(scope="session")
def leads():
    return pd.read_csv(ORACLES / "leads_sim.csv")


@pytest.fixture(scope="session")
def lead_patterns(leads):
    return count_patterns(leads, LEADS, LEADS_POINTS)


@pytest.fixture(scope="session")
def lead_accounts(leads):
    return count_patterns(leads, LEADS, LEADS_POINTS, account="account_id")


@pytest.fixture(scope="session")
def x_education(oracle_rows):
    return pd.read_csv(oracle_rows / "xedu_points.csv")


@pytest.fixture(scope="session")
def x_patterns(x_education):
    return count_patterns(x_education, XEDU, XEDU_POINTS)
