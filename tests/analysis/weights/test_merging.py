"""Equal rows are numbered alike, whatever kind of numbers their columns hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.analysis.weights import merging
from toolkit.analysis.weights.merging import number_rows

WHOLE = st.integers(-3, 3).map(float)
WIDE = st.sampled_from([-1e12, 0.0, 5.0, 4e15])
HALVES = st.sampled_from([-0.5, 0.0, 0.5, 1.0])
ROWS = st.lists(st.tuples(WHOLE, WIDE, HALVES), min_size=1, max_size=30)


@pytest.mark.parametrize(("near", "room"), [(1_000, 8), (0, 0), (1_000, 0), (0, 8)])
@given(ROWS)
def test_numbers_are_those_of_numpy_by_either_way(near, room, rows):
    table = np.array(rows)
    values, expected = np.unique(table, axis=0, return_inverse=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_NEAR", near)
        patch.setattr(merging, "_ROOM", room)
        found = number_rows(table.T, len(table))
    assert found.number.tolist() == expected.ravel().tolist()
    assert np.array_equal(table[found.first], values)
    assert [int(np.flatnonzero(found.number == i)[0]) for i in range(len(values))] == (
        found.first.tolist()
    )


def test_names_are_numbered_in_their_order():
    found = number_rows([np.array(["b", "a", "b"], dtype=object), np.array([1, 1, 2])], 3)
    assert found.number.tolist() == [1, 0, 2]
