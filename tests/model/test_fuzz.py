"""Whatever is in a model file: it is read, or refused at its place; never crashed into."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest
from ruamel.yaml import YAML

from tests.model.damage import DAMAGE, PATTERNS, WRONG, copy_of, places, put, text_of
from tests.model.sheets import HEAD, TINY, with_criterion
from toolkit.backtest.staging import make_plan
from toolkit.errors import ModelError, SourceError
from toolkit.model import (
    Model,
    describe,
    list_examples,
    load_model,
    model_text,
    parse_model,
)
from toolkit.model.pattern import MAX_STATES, Pattern, PatternError

MOST_SAID = 20_000
INNARDS = ("pydantic", "Traceback", " object at 0x", "ruamel", "validation error")


def read_or_refused(source: str | bytes, folder: Path) -> Model | None:
    """The model, or None; any other end is a crash."""
    try:
        if isinstance(source, str):
            model = parse_model(source, "f.yaml")
        else:
            (folder / "f.yaml").write_bytes(source)
            model = load_model(folder / "f.yaml")
    except ModelError as refused:
        holds_what_an_error_must_hold(refused, source)
        return None
    assert parse_model(model_text(model)) == model
    assert all(describe(placed.criterion) for placed in model.criteria)
    assert make_plan(model).rules
    return model


def holds_what_an_error_must_hold(refused: ModelError, source: str | bytes) -> None:
    said = str(refused)
    assert said.startswith("f.yaml:")
    assert len(said) <= MOST_SAID
    assert not [word for word in INNARDS if word in said]
    text = source if isinstance(source, str) else source.decode("utf-8-sig", "replace")
    if refused.line is None:
        assert not is_yaml(text)
    else:
        assert 1 <= refused.line <= len(text.splitlines()) + 1
        assert refused.column >= 1


def is_yaml(text: str) -> bool:
    """Whether the text is YAML, with whatever magic."""
    try:
        for _ in YAML(typ="safe", pure=True).parse(text):
            pass
    except Exception:  # noqa: BLE001 - any end but the last event is no YAML
        return False
    return True


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("part", range(5))
def test_a_spoilt_model_is_read_or_refused_at_its_place(kind, part, tmp_path):
    for seed in range(part * 10, part * 10 + 10):  # 11 kinds, 50 each
        read_or_refused(DAMAGE[kind](Random(f"{kind}{seed}")), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_thousand_of_each_kind_are_read_or_refused_at_their_place(kind, tmp_path):
    for seed in range(1000, 2000):
        read_or_refused(DAMAGE[kind](Random(f"{kind}{seed}")), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_examples())
def test_every_wrong_type_in_every_place_is_read_or_refused(name, tmp_path):
    for at in list(places(copy_of(name))):
        for wrong in WRONG:
            read_or_refused(text_of(put(copy_of(name), at, wrong)), tmp_path)


def test_each_kind_of_damage_is_refused_often_and_read_sometimes(tmp_path):
    # A generator that spoils nothing, or so much that nothing else is looked at, tests little.
    read = {
        kind: sum(
            read_or_refused(make(Random(f"{kind}{n}")), tmp_path) is not None for n in range(40)
        )
        for kind, make in DAMAGE.items()
    }
    assert all(count < 40 for count in read.values())
    assert sum(count > 0 for count in read.values()) >= 7


# --- what the fuzz found --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["a\0b", "x" * 5_000, "/", ""])
def test_a_path_that_cannot_be_opened_is_a_source_error(path):
    with pytest.raises(SourceError, match="cannot read ") as caught:
        load_model(path)
    assert len(str(caught.value)) < 200


def test_a_file_that_is_too_large_says_where_it_becomes_so():
    with pytest.raises(ModelError, match="larger than 1,000,000") as caught:
        parse_model("#234567\n" * 200_000, "f.yaml")
    assert caught.value.line == 125_001


@pytest.mark.parametrize("text", ["? &{} x", "{}: &b 1", "!{} x", '"{0}": 1\n"{0}": 2', "a: *{}"])
def test_a_message_does_not_repeat_a_long_name(text):
    for length in (200, 100_000):
        with pytest.raises(ModelError) as caught:
            parse_model("lead_score_model: 1\n" + text.format("a" * length), "f.yaml")
        assert len(str(caught.value)) < 600


def test_a_value_that_stands_there_twice_but_for_blanks_is_refused():
    text = "field: a, per_value: {'crm': 1, ' crm': 2}"
    with pytest.raises(ModelError, match="'crm' and ' crm' are the same value"):
        parse_model(with_criterion(text))


def test_a_derived_field_may_have_any_name():
    model = parse_model(TINY + 'derive: {"a: b #\\n{": {domain_of: mail}}')
    assert parse_model(model_text(model)) == model


def test_a_season_may_end_on_the_last_day_there_is():
    model = parse_model(with_criterion("when: {a: b}, points: 1, active: {to: 9999-12-31}"))
    assert make_plan(model).rules[0].bounds.until == 253_402_300_800  # 10000-01-01


# --- work: counted, never timed -------------------------------------------------------------------


def calls(text: str) -> int:
    """How many Python functions are called to read or refuse a text."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        parse_model(text)
    except ModelError:
        pass
    finally:
        sys.setprofile(before)
    return count


def listed(entry: str, n: int) -> str:
    return ", ".join(entry.format(i) for i in range(n))


GROWING = {
    "values": lambda n: with_criterion(f"field: a, per_value: {{{listed('v{}: 1', n)}}}"),
    "tiers": lambda n: with_criterion(
        f"activity: a, tiers: [{', '.join(f'{{at_least: {n - i}, points: 1}}' for i in range(n))}]"
    ),
    "cases": lambda n: with_criterion(f"cases: [{listed('{{when: {{a: {}}}, points: 1}}', n)}]"),
    "conditions": lambda n: with_criterion(f"when: {{any: [{listed('{{a: {}}}', n)}]}}, points: 1"),
    "unknown keys": lambda n: with_criterion(f"when: {{a: b}}, {listed('k{}: 1', n)}"),
    "unknown things": lambda n: with_criterion(
        f"when: {{a: b}}, points: 1, min: [{listed('{}', n)}]"
    ),
    "words": lambda n: with_criterion(
        f"when: {{a: {{contains_word: [{listed('w{}', n)}]}}}}, points: 1"
    ),
    "criteria": lambda n: (
        f"{HEAD}groups: [{{id: g, dimension: fit, criteria: ["
        + listed("{{id: c{}, when: {{a: b}}, points: 1}}", n)
        + "]}]\n"
    ),
    "bands": lambda n: (
        TINY + f"bands: [{', '.join(f'{{name: b{i}, from: {-i}}}' for i in range(n))}]"
    ),
    "gates": lambda n: TINY + f"gates: [{listed('{{when: {{a: {}}}, then: disqualified}}', n)}]",
    "wrong gates": lambda n: TINY + f"gates: [{listed('{{when: {{a: {}}}, then: x}}', n)}]",
    "lists of words": lambda n: (
        TINY + f"derive: {{d: {{of: a, first_word_list: {{{listed('w{}: x', n)}}}}}}}"
    ),
    "a long text": lambda n: TINY + f'label: "{"a b " * n}"',
    "open brackets": lambda n: TINY + "label: " + "[" * (20 * n),
    "blank lines": lambda n: "\n" * n + TINY,
    "an open quote": lambda n: TINY + 'label: "' + "x\n" * n,
}


@pytest.mark.parametrize("kind", GROWING)
def test_four_times_the_text_takes_at_most_about_four_times_the_work(kind):
    few, many = calls(GROWING[kind](100)), calls(GROWING[kind](400))
    assert many <= 5 * few


class _Counted(Pattern):
    """Counts the states that are looked at."""

    work = 0

    def _after(self, waiting, letter):
        self.work += len(waiting)
        return super()._after(waiting, letter)

    def _follow(self, states, holds):
        found = super()._follow(states, holds)
        self.work += len(self._automaton.letters)
        return found

    def _reach(self, states, before, after):
        self.work += 1
        return super()._reach(states, before, after)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_looks_at_each_state_at_most_twice_a_letter(pattern):
    try:
        made = _Counted(pattern)
    except PatternError:
        return
    states = len(made._automaton.letters)
    assert states <= MAX_STATES
    for text in ("a" * 300 + "!", "aA bB " * 50, "x" * 300):
        made.work = 0
        made.search(text)
        assert made.work <= (len(text) + 1) * (2 * states + 1)


def test_a_pattern_that_would_grow_without_end_is_refused_when_it_is_too_large(monkeypatch):
    from toolkit.model import pattern

    added, add = [], pattern._Automaton.add
    monkeypatch.setattr(pattern._Automaton, "add", lambda *args: (added.append(1), add(*args))[1])
    for text in ("((a{200}){200}){200}", "(((){200}){200}){200}", "(((a|b){200}){200}){200}"):
        added.clear()
        with pytest.raises(PatternError, match="too large"):
            Pattern(text)
        assert len(added) == MAX_STATES + 1
