"""Conditions drawn at random, as a file would give them."""

from __future__ import annotations

from hypothesis import strategies as st

SCALARS = st.sampled_from(["vp", "no", "intern", 15, 500, True, "15"])
WORDS = st.sampled_from(["vp", "intern", "sales", "s"])
NUMBERS = st.sampled_from([0, 15, 15.5, 500])
TESTS = st.one_of(
    SCALARS,
    st.lists(SCALARS, min_size=1, max_size=3),
    st.fixed_dictionaries({"not_in": st.lists(SCALARS, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"not_equals": SCALARS}, optional={"or_missing": st.booleans()}),
    st.fixed_dictionaries({"gte": NUMBERS}, optional={"or_missing": st.booleans()}),
    st.fixed_dictionaries({"lt": NUMBERS}, optional={"contains": WORDS}),
    st.fixed_dictionaries({"contains_word": WORDS | st.lists(WORDS, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"missing": st.booleans()}),
)
FIELDS = st.sampled_from(["a", "b", "c"])
CONDITIONS = st.recursive(
    st.dictionaries(FIELDS, TESTS, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries(
            {"all": st.lists(inner, min_size=1, max_size=3)}, optional={"a": TESTS}
        ),
        st.fixed_dictionaries({"not": inner}, optional={"b": TESTS}),
    ),
    max_leaves=5,
)
