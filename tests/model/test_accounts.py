"""The score of an account in the model file: what it says, and what a wrong one is told."""

from __future__ import annotations

import pytest

from tests.model.sheets import TINY
from toolkit.errors import ModelError
from toolkit.model import (
    AccountScore,
    account_band_of,
    describe_account_score,
    diff_models,
    lint_model,
    load_placed_model,
    model_text,
    parse_model,
)

HEAD_LINES = TINY.count("\n")


def rule_of(text: str) -> AccountScore:
    found = parse_model(f"{TINY}account_score: {text}\n").account_score
    assert found is not None
    return found


WORDS = {
    "{roll_up: max}": "the highest score of its leads",
    "{roll_up: sum, min: 0, max: 200}": "the sum of the scores of its leads, at least 0 points, at "
    "most 200 points",
    "{roll_up: mean_top, top: 3}": "the mean of the 3 highest scores of its leads (of all where it "
    "has fewer)",
    "{roll_up: mean_top, top: 1}": "the highest score of its leads",
    "{roll_up: count_from, from: 50}": "the number of its leads with a score of 50 or more",
}


@pytest.mark.parametrize("text", WORDS)
def test_each_roll_up_in_words_and_back_from_its_file(text):
    assert describe_account_score(rule_of(text)) == WORDS[text]
    model = parse_model(f"{TINY}account_score: {text}\n")
    assert parse_model(model_text(model)) == model
    assert model.hash != parse_model(TINY).hash


def test_it_reads_its_bands_which_begin_inclusively():
    rule = rule_of("{roll_up: max, bands: [{name: hot, from: 50}, {name: warm, from: 20}]}")
    assert [account_band_of(rule, score) for score in (50, 49, 20, 19)] == [
        "hot", "warm", "warm", None,
    ]  # fmt: skip
    assert account_band_of(rule_of("{roll_up: max, bands: [{name: all}]}"), -9) == "all"
    assert account_band_of(rule_of("{roll_up: max}"), 0) is None


WRONG = {
    "¦max": "'account_score' must be a mapping (key: value); found text 'max'",
    "¦{top: 3}": "'roll_up' is missing in 'account_score'",
    "{roll_up: ¦average}": "'roll_up' must be one of max, sum, mean_top, count_from; found text",
    "{roll_up: ¦mean_top}": "'roll_up: mean_top' needs 'top', as in top: 3",
    "{roll_up: ¦count_from}": "'roll_up: count_from' needs 'from', as in from: 50",
    "{roll_up: max, ¦top: 3}": "'top' goes with 'roll_up: mean_top' only; delete it",
    "{roll_up: sum, ¦from: 3}": "'from' goes with 'roll_up: count_from' only; delete it",
    "{roll_up: mean_top, top: ¦0}": "'top' must be a whole number from 1",
    "{roll_up: count_from, from: ¦x}": "'from' must be a whole number; found text 'x'",
    "{roll_up: mean_top, ¦k: 3}": "write 'top', as in {roll_up: mean_top, top: 3}",
    "{roll_up: count_from, ¦above: 3}": "write 'from', which is inclusive",
    "{roll_up: sum, ¦weight: 3}": "an account has one score",
    "{roll_up: sum, ¦gates: []}": "a disqualified lead counts for no account",
    "{roll_up: sum, ¦limit: 3}": "unknown key 'limit': there are:",
    "{roll_up: sum, min: ¦3, max: 2}": "'min' (3) is above 'max' (2); exchange them?",
    "{roll_up: sum, bands: [¦{name: a}, {name: b, from: 1}]}": "only the last band may have no "
    "'from'; 'a' needs one",
    "{roll_up: sum, bands: [{name: a, from: 1}, {name: b, from: ¦2}]}": "bands stand highest first",
    "{roll_up: sum, bands: [{name: a, from: 1}, {name: ¦A}]}": "there are two bands called 'a'",
    "{roll_up: sum, bands: [{name: a, ¦handoff: true}]}": "a hand-off is recorded for leads",
    "{roll_up: sum, bands: [{name: a, from: 1, ¦exceptions: []}]}": "fields are of leads",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_account_score_is_told_what_is_wrong_and_where(text):
    line = f"account_score: {text}"
    with pytest.raises(ModelError) as refused:
        parse_model(f"{TINY}{line.replace('¦', '')}\n", "f.yaml")
    assert str(refused.value).startswith(f"f.yaml:{HEAD_LINES + 1}:{line.index('¦') + 1}: ")
    assert WRONG[text] in str(refused.value)


def test_a_mean_needs_a_rounding():
    text = f"{TINY}rounding: none\naccount_score: {{roll_up: mean_top, top: "
    assert parse_model(f"{text}1}}").rounding == "none"
    with pytest.raises(ModelError, match="'rounding: none' does not go with 'roll_up: mean_top'"):
        parse_model(f"{text}2}}")


def test_a_lint_has_the_line_of_its_band(tmp_path):
    text = (
        f"{TINY}account_score:\n  roll_up: sum\n  max: 9\n  bands:\n  - {{name: hot, from: 99}}\n"
    )
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    model, places = load_placed_model(tmp_path / "m.yaml")
    lints = {lint.code: lint for lint in lint_model(model, places=places)}
    assert lints["never_reached"].lines == (HEAD_LINES + 5,)
    assert lints["never_reached"].where == ("hot",)


def test_a_changed_roll_up_can_change_scores():
    old, new = (parse_model(f"{TINY}account_score: {{roll_up: {k}}}") for k in ("max", "sum"))
    assert diff_models(old, new).moves_scores
    assert list(diff_models(old, new).table["criterion"]) == ["account_score"]
