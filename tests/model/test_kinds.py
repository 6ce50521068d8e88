"""The kinds beyond cases, activity and inactivity: what they read and what each is told."""

from __future__ import annotations

from datetime import date

import pytest

from tests.model.sheets import DAY, TINY, criterion, with_criterion
from toolkit.errors import ModelError
from toolkit.model import (
    Derived,
    LedgerCriterion,
    PerValueCriterion,
    TiersCriterion,
    deriver,
    describe,
    model_text,
    parse_model,
    score_unit,
)


def test_each_kind_reads_its_keys():
    found = criterion("field: interests, per_value: {CRM: 10, 5: 3}, max: 12")
    assert isinstance(found, PerValueCriterion)
    assert found.per_value == (("CRM", 10), ("5", 3))
    found = criterion("activity: form, tiers: [{at_least: 3, within: 7d, points: 100}]")
    assert isinstance(found, TiersCriterion)
    assert (found.tiers[0].at_least, found.tiers[0].within) == (3, 7 * DAY)
    assert isinstance(criterion("ledger: manual"), LedgerCriterion)
    found = criterion("inactivity: {after: 30d, repeat: true, max_times: 3, recover: false}, "
                      "points: -1, weight: 2, active: {from: 2026-07-01, to: 2026-07-31}")  # fmt: skip
    assert (found.inactivity.max_times, found.inactivity.recover) == (3, False)
    assert (found.weight, found.active.start, found.active.end) == (
        2,
        date(2026, 7, 1),
        date(2026, 7, 31),
    )
    assert criterion("inactivity: {after: 1d}, points: 1").inactivity.recover is True


WORDS = {
    "field: interests, per_value: {crm: 10, cms: 1}, max: 12": "each value of interests of: crm: "
    "10 points; cms: 1 point, at most 12 points",
    "activity: form, tiers: [{at_least: 3, within: 7d, points: 9}, {at_least: 1, points: 5}]": ""
    "form, the first that holds of: 3 or more within 7 days: 9 points; 1 or more: 5 points",
    "ledger: [manual, import], min: 0": "the recorded points of manual or import, at least 0 points",
    "activity: a, points: 1, per: {bucket: asset, at_most: 1}": "a, the 1 latest of each asset",
    "activity: a, points: 1, per: {bucket: week, at_least: 3, units: buckets}": "a, once for each "
    "week from Monday (UTC) with at least 3 of them",
    "activity: a, points: 1, per: {bucket: day, at_least: 2}": "a, all of each day (UTC) with at "
    "least 2 of them",
    "activity: a, points: 9, decay: {percent: 50, every: 1mo}": "a, less 50 percent after every 30 "
    "days",
    "activity: a, points: 9, decay: {points: 1, every: 1d}": "a, less 1 point after every 1 day",
    "activity: a, points: 9, decay: {expire: 90d}": "a, nothing from 90 days on",
    "activity: a, points: 9, decay: {half_life: 7d, round: floor}": "a, halved every 7 days "
    "(rounded down)",
    "inactivity: {after: 30d, repeat: true, max_times: 3, recover: false}, points: -1": "no "
    "marketing activity for 30 days or longer, again after every further 30 days, 3 times at most, "
    "kept when activity returns",
    "when: {a: b}, points: 1, weight: 3, active: {from: 2026-07-01}": "a is b, times 3, only at "
    "moments from 2026-07-01 (UTC)",
}


@pytest.mark.parametrize("text", WORDS)
def test_each_kind_in_words_and_back_from_its_file(text):
    assert describe(criterion(text)) == WORDS[text]
    model = parse_model(with_criterion(text))
    assert parse_model(model_text(model)) == model


CRITERIA = {
    "field: a, per_value: ¦{}": "this mapping is empty",
    "field: a, per_value: {crm: 1, ¦CRM: 2}": "'crm' and 'CRM' are the same value",
    "field: a, per_value: {a;b: 2}": "a value is one text without ';'",
    "field: a, per_value: {b: ¦x}": "must be a whole number; found text 'x'",
    "per_value: {b: 1}": "'field' is missing",
    "field: a, points: 1": "criterion 'c' says not what it pays for",
    "activity: a, tiers: ¦[]": "this list is empty",
    "activity: a, tiers: [{at_least: 1, points: 1}, ¦{at_least: 3, within: 7d, points: 9}]": ""
    "tier 2 can never pay: whoever reaches it has reached tier 1; write the harder one first",
    "activity: a, tiers: [{at_least: ¦0, points: 1}]": "'at_least' must be a whole number from 1",
    "tiers: [{at_least: 1, points: 1}]": "says not what it pays for",
    "activity: a, points: 1, per: ¦{bucket: day}": "this changes nothing",
    "activity: a, points: 1, per: {bucket: month, at_most: 1}": "'bucket' must be one of asset, day",
    "activity: a, points: 1, per: {bucket: day, ¦at_most: 1, units: buckets}": "a bucket is one "
    "unit",
    "activity: a, points: 1, decay: ¦{every: 1d}": "a decay has one of percent, points, expire, "
    "half_life; found none of them",
    "activity: a, points: 1, decay: {percent: 5, expire: 1d}": "found 'percent' and 'expire'",
    "activity: a, points: 1, decay: {¦percent: 5}": "'percent' needs 'every', as in 1mo",
    "activity: a, points: 1, decay: {percent: ¦101, every: 1d}": "from 1 to 100",
    "activity: a, points: 1, decay: {percent: 12.5, every: 1d}": "found the number 12.5",
    "activity: a, points: 1, decay: {¦half_life: 1d}": "'half_life' needs 'round'; half_up or floor",
    "activity: a, points: 1, decay: {expire: 1d, ¦every: 1d}": "'every' does not go with 'expire'",
    "activity: a, points: -1, decay: {half_life: 1d, round: ¦floor}": "at -1 for ever",
    "activity: a, points: 1001, decay: ¦{half_life: 1d, round: floor}": "1001 points fade in 1,001 "
    "steps, more than 1,000",
    "inactivity: {after: 1d, ¦max_times: 2}, points: 1": "'max_times' needs 'repeat: true'",
    "when: {a: b}, points: 1, weight: ¦0.5": "'weight' must be a whole number; found the number "
    "0.5; to weigh with parts of one, multiply all weights and set 'scale'",
    "when: {a: b}, points: 1, weight: -1": "'weight' must be a whole number from 0 to 10,000",
    "when: {a: b}, points: 1, active: ¦{}": "'active' needs 'from', 'to' or both",
    "when: {a: b}, points: 1, active: {from: ¦2026-02-01, to: 2026-01-01}": "exchange them?",
    "ledger: ¦[]": "this list is empty",
}


@pytest.mark.parametrize("text", CRITERIA)
def test_a_wrong_criterion_is_told_what_is_wrong_and_where(text):
    line = with_criterion(text).splitlines()[7]
    with pytest.raises(ModelError) as caught:
        parse_model(with_criterion(text.replace("¦", "")), "f.yaml")
    assert CRITERIA[text] in str(caught.value)
    column = f"{line.index('¦') + 1}:" if "¦" in line else ""
    assert str(caught.value).startswith(f"f.yaml:8:{column}")


DECAYING = TINY.replace("when: {title: vp}, points: 1", "activity: a, points: 5, decay: "
                        "{percent: 25, every: 1d}")  # fmt: skip
FILES = {
    TINY + "scale: 0": "'scale' must be a whole number from 1",
    TINY + "rounding: up": "'rounding' must be one of half_up, floor, none; found text 'up'",
    TINY + "scale: 3\nrounding: none": "f.yaml:6:11: 'rounding: none' needs a score that is whole",
    DECAYING + "rounding: none": "no decay by percent that leaves a fraction",
    TINY + "resets: [{activities: [x], groups: [gg]}]": "there is no group 'gg': ",
    TINY + "resets: [{groups: [g]}]": "'activities' is missing",
    TINY + "derive: {d: {}}": "write 'domain_of: <column>'",
    TINY + "derive: {d: {first_word_list: {a: [b]}}}": "'first_word_list' needs 'of: <column>'",
    TINY + "derive: {d: {domain_of: a, of: b}}": "'of' does not go with 'domain_of'",
    TINY + "derive: {d: {of: a, first_word_list: {}}}": "this mapping is empty",
    TINY + "derive: {d: {domain_of: e}, e: {domain_of: x}}": "f.yaml:5:13: 'd' is made from 'e', "
    "which is itself derived",
    TINY + "bands: [{name: a, exceptions: [{when: {x: y}, from: 5}]}]": "'exceptions' need a band "
    "with 'from'",
    TINY.replace("id: c", "id: grade"): "'grade' is the name of another column of a scored lead",
    TINY + "bands: [{name: a, from: 5, exceptions: [" + "{when: {x: y}, from: 5}, " * 61 + "]}]": ""
    "there are more than 60 exceptions of bands",
    TINY + "dimensions: {fit: {weight: 1.5}}": "'weight' must be a whole number",
}


@pytest.mark.parametrize("text", FILES, ids=lambda text: repr(text[-40:]))
def test_a_wrong_file_is_told_what_is_wrong_and_where(text):
    with pytest.raises(ModelError) as caught:
        parse_model(text, "f.yaml")
    assert FILES[text] in str(caught.value)


def test_percent_of_an_odd_number_is_counted_in_parts_of_a_point():
    assert score_unit(parse_model(TINY + "scale: 3")) == 3
    assert score_unit(parse_model(DECAYING)) == 4  # 5, 3.75, 2.5, 1.25
    assert score_unit(parse_model(DECAYING.replace("points: 5", "points: 8"))) == 1


@pytest.mark.parametrize(
    ("text", "domain"),
    [("A@Mail.Example ", "mail.example"), ("a@b@c.example", "c.example"), ("a", None), ("a@", None),
     (" ", None), (None, None)],
)  # fmt: skip
def test_the_domain_is_what_follows_the_last_at(text, domain):
    assert deriver(Derived(domain_of="email"))(text) == domain


def test_the_first_list_in_the_order_of_the_file_wins():
    level = Derived(of="title", first_word_list={"vp": ["vp", "svp"], "head": ["head", "manager"]})
    titles = ["Manager and VP", "Head of Sales", "Overhead", "SVP", None]
    assert list(map(deriver(level), titles)) == ["vp", "head", None, "vp", None]


def test_the_order_of_word_lists_is_part_of_the_hash():
    text = TINY + "derive: {level: {of: title, first_word_list: {a: [x], b: [y]}}}"
    other = TINY + "derive: {level: {of: title, first_word_list: {b: [y], a: [x]}}}"
    assert parse_model(text).hash != parse_model(other).hash
