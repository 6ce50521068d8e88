"""Writing a model: the same model comes back, and the hash knows content from spelling."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.conditions import CONDITIONS
from tests.model.sheets import GOLDEN
from toolkit.errors import SourceError
from toolkit.model import Model, load_model, model_text, parse_model, save_model

SHEETS = sorted(GOLDEN.glob("*.yaml"))
POINTS = st.integers(-1_000_000, 1_000_000)
AWKWARD = [
    "no",
    "on",
    "1e9",
    "12:30",
    "02134",
    "a: b",
    "x # y",
    "- z",
    "*q",
    "'",
    '"',
    "\\",
    "ünï",
    "{",
    "~",
]
NAMES = st.sampled_from(
    [*AWKWARD, "null", "true", "😀", "a\tb", "\x7f", "x\u2028y", "2026-01-01", "90d", "=", "?"]
)
NAMES |= st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9).filter(str.strip)
TEXT_TESTS = ["equals", "contains", "contains_word", "starts_with", "ends_with", "not_equals"]
MORE = st.dictionaries(
    NAMES.map(str.strip).filter(lambda name: name not in {"any", "all", "not"}),
    st.dictionaries(st.sampled_from(TEXT_TESTS), NAMES, min_size=1, max_size=2),
    min_size=1,
    max_size=2,
)
DURATIONS = st.sampled_from(["1h", "36h", "90d", "2w", "1mo", "1y"])
ACTIVITIES = NAMES | st.lists(NAMES, min_size=1, max_size=2)
SHARED = {
    "label": NAMES,
    "basis": st.sampled_from(["evidence", "policy", "compliance"]),
    "min": st.integers(-9, 0),
    "max": st.integers(0, 9),
}


def kind(required, **optional):
    return st.fixed_dictionaries(required, optional={**SHARED, **optional})


CASE = st.fixed_dictionaries({"when": CONDITIONS | MORE, "points": POINTS})
CRITERIA = st.one_of(
    kind({"when": CONDITIONS | MORE, "points": POINTS}),
    kind(
        {"cases": st.lists(CASE, min_size=1, max_size=3)},
        match=st.sampled_from(["first", "sum", "max"]),
    ),
    kind(
        {"activity": ACTIVITIES, "points": POINTS},
        where=MORE,
        within=DURATIONS,
        max_units=st.integers(1, 99),
    ),
    kind({"inactivity": DURATIONS.map(lambda after: {"after": after}), "points": POINTS}),
)


ACCOUNT_LIMITS = {
    "min": st.integers(-9, 0),
    "max": st.integers(0, 9),
    "bands": st.just([{"name": "no", "from": 5}, {"name": 7, "from": -5}])
    | NAMES.map(lambda n: [{"name": n}]),
}
ACCOUNT_SCORES = st.one_of(
    st.fixed_dictionaries({"roll_up": st.sampled_from(["max", "sum"])}, optional=ACCOUNT_LIMITS),
    st.fixed_dictionaries(
        {"roll_up": st.just("mean_top"), "top": st.integers(1, 99)}, optional=ACCOUNT_LIMITS
    ),
    st.fixed_dictionaries(
        {"roll_up": st.just("count_from"), "from": POINTS}, optional=ACCOUNT_LIMITS
    ),
)


@st.composite
def raw_models(draw):
    groups = []
    for number in range(draw(st.integers(1, 3))):
        criteria = draw(st.lists(CRITERIA, min_size=1, max_size=3))
        criteria = [{"id": f"c{number}_{i}", **body} for i, body in enumerate(criteria)]
        dimension = draw(st.sampled_from(["fit", "behavior"]))
        groups.append({"id": f"g{number}", "dimension": dimension, "criteria": criteria})
    raw = {"lead_score_model": 1, "name": draw(NAMES), "version": draw(NAMES), "groups": groups}
    if draw(st.booleans()):
        raw |= {"bands": [{"name": "a", "from": draw(POINTS), "handoff": True}, {"name": "none"}]}
        raw |= {"gates": [{"when": draw(CONDITIONS), "then": "disqualified"}], "base": draw(POINTS)}
        raw |= {"dimensions": {"fit": {"min": -5, "grades": [{"grade": 1, "from": 0}]}}, "max": 99}
        raw |= {"valid_from": "2026-07-01"}
    if draw(st.booleans()):
        raw |= {"account_score": draw(ACCOUNT_SCORES)}
    return raw


def from_raw(raw):
    return Model.model_validate(raw, context={"file": "x"})


def shuffled(data, draw):
    if isinstance(data, dict):
        keys = draw.sample(list(data), len(data))
        return {key: shuffled(data[key], draw) for key in keys}
    return [shuffled(entry, draw) for entry in data] if isinstance(data, list) else data


@given(raw_models())
def test_a_written_model_is_read_as_the_same_model(raw):
    model = from_raw(raw)
    again = parse_model(model_text(model))
    assert again == model
    assert again.hash == model.hash
    assert model_text(again) == model_text(model)


@given(raw_models(), st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_no_hash(raw, draw):
    assert from_raw(shuffled(raw, draw)).hash == from_raw(raw).hash


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_the_golden_sheets_come_back_from_a_file(path, tmp_path):
    model = load_model(path)
    save_model(model, tmp_path / "copy.yaml")
    copy = load_model(tmp_path / "copy.yaml")
    assert copy == model
    assert copy.hash == model.hash


def test_comments_blank_lines_spelling_and_file_name_change_no_hash(tmp_path):
    text = (GOLDEN / "enterprise.yaml").read_text("utf-8")
    other = "# new\n\n" + re.sub(r"#.*\n", "", text).replace("6mo", "180d").replace("wp-", "'wp-'")
    (tmp_path / "other.yaml").write_text(other, "utf-8")
    assert load_model(tmp_path / "other.yaml").hash == load_model(GOLDEN / "enterprise.yaml").hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("points: 50", "points: 51"),
        ("within: 90d", "within: 91d"),
        ("from: 80", "from: 81"),
        ("rival.example", "rivals.example"),
        ("basis: compliance", "basis: policy"),
        ("max: 60, grades", "max: 61, grades"),
        ("version: 2026q3", "version: 2026q4"),
    ],
)
def test_a_change_of_content_changes_the_hash(old, new):
    text = (GOLDEN / "enterprise.yaml").read_text("utf-8")
    assert old in text
    assert parse_model(text.replace(old, new)).hash != parse_model(text).hash


def test_the_hash_is_twelve_hex_digits():
    assert re.fullmatch(r"[0-9a-f]{12}", load_model(GOLDEN / "glossary.yaml").hash)


def test_one_criterion_stands_on_one_line():
    model = load_model(GOLDEN / "enterprise.yaml")
    lines = [line for line in model_text(model).splitlines() if line.startswith("  - {id: ")]
    assert len(lines) == len(model.criteria)


def test_words_that_another_loader_takes_for_truth_are_quoted():
    text = model_text(parse_model(
        "{lead_score_model: 1, name: no, version: 1e, groups: [{id: g, dimension: fit, criteria: "
        "[{id: on, when: {country: [no, off]}, points: 1}]}]}"
    ))  # fmt: skip
    assert 'name: "no"' in text
    assert 'country: ["no", "off"]' in text
    assert 'id: "on"' in text


def test_a_folder_that_is_not_there_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match=r"cannot write m\.yaml: No such file"):
        save_model(load_model(GOLDEN / "glossary.yaml"), tmp_path / "no" / "m.yaml")


def test_random_texts_survive():
    draw = random.Random(1)
    for _ in range(40):
        name = "".join(chr(draw.choice([*range(1, 0xD7FF), 0x1F600])) for _ in range(5)).strip()
        model = load_model(GOLDEN / "glossary.yaml").model_copy(update={"name": name or "x"})
        assert parse_model(model_text(model)) == model
