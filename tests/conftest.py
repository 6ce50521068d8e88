"""Shared settings: hypothesis profiles, the folder of real data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    deadline=None,  # a time is never asserted in a test
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("slow", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, or a skip where there is none."""
    folder = Path(os.environ.get("LEADSCORE_REAL_DATA", _BESIDE))
    if not folder.is_dir():
        pytest.skip("no folder of real data (set LEADSCORE_REAL_DATA)")
    return folder
