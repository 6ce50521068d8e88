"""Drawn leads: few scores, few accounts, so that ties and shared accounts are common."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

STATES = ["converted", "not_converted", "immature", "unworked"]


@st.composite
def judged(draw, *, least=2, both=True, most=40):
    """Rows of judged leads (score, hit, account); `both`: with at least one of each class."""
    lead = st.tuples(st.integers(-3, 5), st.integers(0, 1), st.integers(0, 12))
    rows = draw(st.lists(lead, min_size=least, max_size=most))
    if both:
        rows += [(draw(st.integers(-3, 5)), hit, draw(st.integers(0, 12))) for hit in (0, 1, 0, 1)]
    return pd.DataFrame(rows, columns=["score", "hit", "account"])


@st.composite
def leads(draw, *, most=60):
    """Rows of leads in any state (score, state, account, quarter)."""
    lead = st.tuples(
        st.integers(-30, 120),
        st.sampled_from(STATES),
        st.integers(0, 15),
        st.sampled_from(["2026Q1", "2026Q2"]),
    )
    rows = draw(st.lists(lead, max_size=most))
    frame = pd.DataFrame(rows, columns=["score", "state", "account", "quarter"])
    return frame.astype({"score": "int64", "account": "int64"})
