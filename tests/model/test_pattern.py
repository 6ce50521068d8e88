"""Regular expressions in linear time, against Python's own engine."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolkit.model.pattern import Pattern, PatternError

ATOMS = st.sampled_from(
    [
        r"a",
        r"B",
        r"1",
        r"_",
        r".",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        r"\W",
        r"\S",
        r"[ab]",
        r"[^a]",
        r"[A-C]",
        r"[^A-C1]",
        r"[\d_]",
        r"[\W]",
        r"[]a]",
        r"[a-]",
        r"\.",
        r"\-",
        r"é",
        r"ß",
    ]
)
ANCHORS = st.sampled_from(["^", "$", r"\b", r"\B"])
REPEATS = st.sampled_from(
    ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{,2}", "{1,3}?"]
)


def join(parts):
    return "".join(parts)


PATTERNS = st.recursive(
    st.one_of(ATOMS, st.tuples(ATOMS, REPEATS).map(join), ANCHORS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, REPEATS).map(lambda two: f"({two[0]}){two[1]}"),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.lists(st.text(alphabet="aAbBc1_ .-é", max_size=8), min_size=1, max_size=8))
def test_a_pattern_fits_what_python_says_it_fits(pattern, texts):
    oracle = re.compile(pattern, re.IGNORECASE)
    ours = Pattern(pattern)
    for text in texts:
        assume(text or r"\B" not in pattern)  # Python changed its mind about \B and empty text
        assert ours.search(text.casefold()) is (oracle.search(text) is not None), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        (r"^vp\b", "vp of sales", "svp of sales"),
        (r"(head|director) of .*sales", "global director of inside sales", "head of marketing"),
        (r"@(.+\.)?edu$", "a@cs.mit.edu", "a@education.com"),
        (r"^\d{5}(-\d{4})?$", "02134-1000", "2134"),
        ("Straße", "hauptstrasse 1", "hauptgasse"),
        ("(?i)CEO", "the ceo", "coo"),
        (r"\AVP\Z", "vp", "vp "),
        (r"a{", "a{", "a"),
        (r"x\ty", "x\ty", "xty"),
    ],
)
def test_patterns_that_admins_write(pattern, fits, not_):
    assert Pattern(pattern).search(fits)
    assert not Pattern(pattern).search(not_)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*)(.*)(.*)(.*)(.*)x", "(a*)*b"]
)
def test_patterns_that_take_a_backtracking_engine_for_ever_end_at_once(pattern):
    assert not Pattern(pattern).search("a" * 2000 + "!")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a)\1", r"'\\1' refers back to a group.*at character 6"),
        ("(?=a)", "looking ahead or behind"),
        ("(?<!a)b", "looking ahead or behind"),
        ("(?P<n>a)", "looking ahead or behind, names and flags"),
        ("a++", "a repetition is repeated"),
        ("a**", "a repetition is repeated"),
        ("a{2}{3}", "a repetition is repeated"),
        ("*a", r"'\*' repeats nothing"),
        ("+", "repeats nothing"),
        ("(*a)", "repeats nothing"),
        ("^*", "an anchor cannot be repeated"),
        ("(a", "never closed"),
        ("a)", "closes nothing"),
        ("[a", "never closed"),
        ("[", "never closed"),
        ("[z-a]", "the range z-a runs backwards"),
        ("a{3,2}", "runs backwards"),
        ("a{1000}", "more than 200"),
        ("((a{200}){200}){200}", "too large"),
        ("(((((){200}){200}){200}){200}){200}", "too large"),
        ("(" * 31 + ")" * 31, "more than 30 groups"),
        ("a" * 501, "longer than 500"),
        (r"\q", r"'\\q' has no meaning"),
        ("a\\", "has no meaning"),
        (r"\p{L}", "has no meaning"),
    ],
)
def test_what_cannot_be_done_in_linear_time_is_refused_by_name(pattern, reason):
    with pytest.raises(PatternError, match=reason):
        Pattern(pattern)


@given(st.text(alphabet="ab()[]{}|*+?^$.\\-,12dwsbBé", max_size=25))
def test_any_pattern_is_read_or_refused(pattern):
    try:
        Pattern(pattern).search("ab1 ")
    except PatternError as refused:
        assert str(refused)  # noqa: PT017 - most patterns may be read


def test_the_memory_of_a_pattern_stays_bounded():
    pattern = Pattern("(a|b)*a(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)c")
    text = "".join("ab"[(i * i // 7) % 2] for i in range(20_000))
    assert not pattern.search(text)
    assert len(pattern._reached) <= 5_000
    assert len(pattern._stepped) <= 5_000
