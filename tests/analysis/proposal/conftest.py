"""A model file of the simulated criteria, and the patterns of its leads."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.analysis.conftest import ORACLES
from tests.analysis.proposal.models import LEADS, POINTS, model_of
from tests.analysis.weights.patterns import count_patterns
from toolkit.analysis.weights import fit_weights


@pytest.fixture(scope="session")
def leads():
    rows = pd.read_csv(ORACLES / "leads_sim.csv")
    return rows.rename(columns={"fit": "icp"})


@pytest.fixture(scope="session")
def patterns(leads):
    counts = count_patterns(leads, LEADS, POINTS, account="account_id")
    return replace(counts, provenance=replace(counts.provenance, model_hash=None))


@pytest.fixture(scope="session")
def weights(patterns):
    return fit_weights(patterns)


@pytest.fixture(scope="session")
def model():
    return model_of(dict(zip(LEADS, POINTS, strict=True)))
