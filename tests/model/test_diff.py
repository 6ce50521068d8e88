"""The difference of two models: every change is said, and nothing else."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backtest.any_model import models
from tests.model.sheets import GOLDEN, HEAD, with_criterion
from tests.model.test_writing import from_raw, raw_models, shuffled
from toolkit.model import diff_models, example_text, load_model, parse_model

# --- criteria -------------------------------------------------------------------------------------

PRICING = "label: Pricing page visited, activity: page_view"
CRITERIA = [
    (f"{PRICING}, points: 15, max_units: 3", f"{PRICING}, points: 20, max_units: 2",
     "Pricing page visited: 15 -> 20 points, at most 3 -> 2 times"),
    ("activity: a, points: 1", "activity: [a, b], points: 1", "C: counts a -> a or b"),
    ("activity: a, points: 1", "activity: a, points: 1, where: {page: /x}",
     "C: now only where page is /x"),
    ("activity: a, points: 1, where: {page: /x}", "activity: a, points: 1, where: {page: /y}",
     "C: where page is /x -> page is /y"),
    ("activity: a, points: 1, where: {page: /x}", "activity: a, points: 1",
     "C: anywhere, no longer only where page is /x"),
    ("activity: a, points: 1, within: 90d", "activity: a, points: 1, within: 12h",
     "C: within 90 days -> 12 hours"),
    ("activity: a, points: 1", "activity: a, points: 1, within: 90d", "C: now only within 90 days"),
    ("activity: a, points: 1, within: 90d", "activity: a, points: 1",
     "C: whenever, no longer only within 90 days"),
    ("activity: a, points: 1, per: {bucket: day, at_least: 2}",
     "activity: a, points: 1, per: {bucket: day, at_least: 3}",
     ("C: counts all of each day (UTC) with at least 2 of them -> all of each day (UTC) with at "
     "least 3 of them")),
    ("activity: a, points: 1", "activity: a, points: 1, per: {bucket: asset, units: buckets}",
     "C: now counts once for each asset"),
    ("activity: a, points: 1, max_units: 3", "activity: a, points: 1", "C: no longer at most 3 times"),
    ("activity: a, points: 9, decay: {percent: 50, every: 1mo}",
     "activity: a, points: 9, decay: {percent: 25, every: 1mo}",
     "C: fades: less 50 percent after every 30 days -> less 25 percent after every 30 days"),
    ("activity: a, points: 9, decay: {expire: 1d}", "activity: a, points: 9",
     "C: no longer fades: nothing from 1 day on"),
    ("when: {title: vp}, points: 5", "when: {title: [vp, svp]}, points: 9",
     "C: 5 -> 9 points, when title is vp -> title is vp or svp"),
    # The text and the number are told apart as in the file.
    ("when: {n: '5'}, points: 5", "when: {n: 5}, points: 5",
     'C: when {"n": "5"} -> {"n": 5}'),
    ("when: {a: x}, points: 5", "cases: [{when: {a: x}, points: 5}, {points: 1}]",
     "C: new case otherwise: 1 points"),
    ("cases: [{when: {a: x}, points: 5}, {when: {a: y}, points: 6}]",
     "cases: [{when: {a: y}, points: 6}, {when: {a: x}, points: 7}]",
     "C: a is x: 5 -> 7 points, cases in another order: a is y; a is x (the first that holds pays)"),
    ("cases: [{when: {a: x}, points: 5}, {when: {a: y}, points: 6}]",
     "cases: [{when: {a: x}, points: 5}]", "C: case removed (a is y: 6 points)"),
    ("cases: [{when: {a: 1}, points: 5}, {when: {a: y}, points: 6}]",
     "cases: [{when: {a: '1'}, points: 5}, {when: {a: y}, points: 6}]",
     'C: new case {"a": "1"}: 5 points, case removed ({"a": 1}: 5 points)'),
    ("cases: [{when: {a: x}, points: 5}, {when: {a: y}, points: 6}]",
     "match: max, cases: [{when: {a: x}, points: 5}, {when: {a: y}, points: 6}]",
     "C: pays the first that holds -> the best that holds"),
    ("field: f, per_value: {crm: 5, '{x}': 1}", "field: g, per_value: {crm: 6, cms: 2}",
     ("C: values of f -> g, crm: 5 -> 6 points, new value cms: 2 points, value {x} removed (was 1 "
     "points)")),
    ("activity: a, tiers: [{at_least: 3, within: 7d, points: 9}, {at_least: 1, points: 5}]",
     "activity: b, tiers: [{at_least: 4, within: 7d, points: 9}, {at_least: 1, points: 6}]",
     ("C: counts a -> b, 1 or more: 5 -> 6 points, new tier 4 or more within 7 days: 9 points, tier "
     "removed (3 or more within 7 days: 9 points)")),
    ("activity: a, tiers: [{at_least: 3, points: 9}, {at_least: 1, within: 7d, points: 5}]",
     "activity: a, tiers: [{at_least: 1, within: 7d, points: 5}, {at_least: 3, points: 9}]",
     "C: tiers in another order: 1 or more within 7 days; 3 or more (the first pays)"),
    ("inactivity: {after: 30d}, points: -10",
     "inactivity: {after: 45d, repeat: true, max_times: 3, recover: false}, points: -5",
     ("C: -10 -> -5 points, after 30 days -> 45 days of silence, pays once in a silence -> again and "
     "again, now at most 3 times, taken back -> kept when activity returns")),
    ("ledger: [manual]", "ledger: [manual, import], min: 0, max: 30",
     "C: recorded points of manual -> manual or import, now at least 0 points, now at most 30 points"),
    ("ledger: a, min: 1, max: 30, weight: 2", "ledger: a, min: 0, weight: 3",
     "C: at least 1 -> 0 points, no longer at most 30 points, times 2 -> times 3"),
    ("ledger: a, max: 30, active: {from: 2026-07-01}", "ledger: a, max: 40",
     "C: at most 30 -> 40 points, pays at any moment, no longer only from 2026-07-01 (UTC)"),
    ("ledger: a, min: 3", "ledger: a, active: {from: 2026-07-01, to: 2026-08-01}",
     "C: no longer at least 3 points, now only pays at moments from 2026-07-01 to 2026-08-01 (UTC)"),
    ("ledger: a, active: {to: 2026-07-01}", "ledger: a, active: {to: 2026-08-01}",
     "C: pays at moments to 2026-07-01 -> to 2026-08-01 (UTC)"),
    ("when: {a: b}, points: 5", "activity: form, points: 7",
     "C: now pays for form: 7 points (was: a is b: 5 points)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), CRITERIA)
def test_a_change_of_a_criterion_is_said_in_words(old, new, said):
    found = diff_models(parse_model(with_criterion(old)), parse_model(with_criterion(new)))
    assert found.text == f"m 1 -> m 1\n{said}"
    assert found.moves_scores
    assert set(found.table["criterion"]) == {"c"}


def test_a_change_back_is_said_as_well():
    for old, new, _ in CRITERIA:
        found = diff_models(parse_model(with_criterion(new)), parse_model(with_criterion(old)))
        assert found.changes
        assert all(each.said and "{" not in each.what for each in found.changes)


WITHOUT_EFFECT = [
    ("label: Old, ledger: a", "label: New, ledger: a", "New: label only: was 'Old', is 'New'"),
    ('label: "A\\tb", ledger: a', "label: A b, ledger: a",
     'A b: label only: was \'"A\\tb"\', is \'"A b"\''),
    ("ledger: a", "ledger: a, basis: policy",
     "C: rests on evidence -> policy (no score changes)"),
    ("match: sum, cases: [{when: {a: x}, points: 5}, {when: {a: y}, points: 6}]",
     "match: sum, cases: [{when: {a: y}, points: 6}, {when: {a: x}, points: 5}]",
     "C: cases in another order: a is y; a is x (no score changes)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WITHOUT_EFFECT)
def test_a_change_without_effect_is_named_as_such(old, new, said):
    found = diff_models(parse_model(with_criterion(old)), parse_model(with_criterion(new)))
    assert found.text == f"m 1 -> m 1\nNo score, band or grade changes.\n{said}"
    assert not found.moves_scores
    assert "No score, band or grade changes." in found.markdown


# --- the rest of a model --------------------------------------------------------------------------

A = "{id: a, ledger: x}"
B = "{id: b, ledger: y}"


def whole(*groups: str, more: str = ""):
    listed = "".join(f"- {{{group}}}\n" for group in groups)
    return parse_model(f"{HEAD}{more}groups:\n{listed}")


def one_group(more: str = ""):
    return whole(f"id: g, dimension: fit, criteria: [{A}]", more=more)


MQL = "bands: [{{name: mql, from: {}{}}}, {{name: none}}]\n"
PARTS = [
    ("", "base: 5\nmin: 0\nmax: 100\nrounding: floor\n",
     ("Model: rounded half up -> down, every lead begins at 0 -> 5 points, all together now at "
     "least 0 points, all together now at most 100 points")),
    ("max: 90\n", "max: 100\n", "Model: all together at most 90 -> 100 points"),
    ("max: 90\n", "", "Model: all together no longer at most 90 points"),
    ("scale: 3\n", "scale: 3\nbase: 3\n", "Model: every lead begins at 0 -> 3 units"),
    ("", "scale: 3\n", ("Model: 1 -> 3 units make a point (all points, limits and grades of the file "
     "count units)")),
    ("dimensions: {fit: {max: 40, weight: 2}}\n", "dimensions: {fit: {max: 50}}\n",
     "Fit: all together at most 40 -> 50 points, times 2 -> times 1"),
    ("dimensions: {behavior: {grades: [{grade: 1, from: 9}, {grade: 2, from: 0}]}}\n",
     "dimensions: {behavior: {grades: [{grade: 1, from: 8}, {grade: '{3}', from: 0}]}}\n",
     "Behavior: grade 1 from 9 -> 8, new grade {3} from 0, grade 2 removed (was from 0)"),
    (MQL.format(50, ""), MQL.format(55, ""), "Band mql: from 50 -> 55"),
    (MQL.format(50, ""), MQL.format(50, ", handoff: true"), "Band mql: now handed to sales"),
    (MQL.format(50, ", handoff: true"), MQL.format(50, ""), "Band mql: no longer handed to sales"),
    (MQL.format(50, ""), MQL.format(50, ", exceptions: [{when: {a: b}, from: 200}]"),
     "Band mql, exception 1: new: from 200 where a is b"),
    (MQL.format(50, ""), "bands: [{name: mql}]\n",
     "Band mql: now every other score, was from 50\nBand none: removed (was every other score)"),
    ("bands: [{name: mql}]\n", "bands: [{name: mql, from: 5}]\n",
     "Band mql: now from 5, was every other score"),
    ("", "bands: [{name: hot, from: 80, handoff: true, exceptions: [{when: {a: b}, from: 90}]}]\n",
     "Band hot: new: from 80, handed to sales, from 90 where a is b"),
    ("bands: [{name: x, from: 9}, {name: y, from: 8}]\n",
     "bands: [{name: y, from: 9}, {name: x, from: 8}]\n",
     "Band y: from 8 -> 9\nBand x: from 9 -> 8\nBands: now stand in the order y, x (were x, y)"),
    ("gates: [{when: {a: b}, then: disqualified}, {when: {a: c}, then: disqualified}]\n",
     "gates: [{when: {a: c}, then: disqualified}, {when: {a: b}, then: disqualified}]\n",
     ("Gates: another order: a is c: disqualified; a is b: disqualified (the first that holds "
     "decides)")),
    ("gates: [{when: {a: b}, then: disqualified}]\n", "gates: [{when: {a: d}, then: disqualified}]\n",
     "Gate 1: new: a is d: disqualified, removed (a is b: disqualified)"),
    ("gates: [{when: {a: 5}, then: disqualified}]\n",
     "gates: [{when: {a: '5'}, then: disqualified}]\n",
     'Gate 1: new: {"a": "5"}: disqualified, removed ({"a": 5}: disqualified)'),
    ("", "resets: [{activities: recycled, groups: g}]\n",
     "Reset 1: new: recycled sets back the groups g"),
    ("resets: [{activities: [recycled, won]}]\n", "",
     "Reset 1: removed (recycled or won sets back all groups)"),
    ("", ("account_score: {roll_up: mean_top, top: 3, max: 80, bands: [{name: hot, from: 50}, "
     "{name: cold}]}\n"),
     ("Account score: new: the mean of the 3 highest scores of its leads (of all where it has "
      "fewer), at most 80 points, band hot from 50, band cold every other score")),
    ("account_score: {roll_up: max}\n", "",
     "Account score: removed (was the highest score of its leads)"),
    ("account_score: {roll_up: sum, max: 9}\n", "account_score: {roll_up: count_from, from: 50}\n",
     ("Account score: the sum of the scores of its leads -> the number of its leads with a score "
      "of 50 or more, all together no longer at most 9 points")),
    ("account_score: {roll_up: mean_top, top: 3}\n", "account_score: {roll_up: mean_top, top: 5}\n",
     "Account score: the 3 -> 5 highest scores count"),
    ("account_score: {roll_up: count_from, from: 3}\n",
     "account_score: {roll_up: count_from, from: 5, min: 1}\n",
     "Account score: counts leads from 3 -> 5, all together now at least 1 points"),
    ("account_score: {roll_up: max, bands: [{name: a, from: 9}, {name: '{b}', from: 8}]}\n",
     "account_score: {roll_up: max, bands: [{name: '{b}', from: 9}, {name: c}]}\n",
     ("Account score: band {b} from 8 -> from 9, new band c every other score, band a removed "
      "(was from 9)")),
    ("derive: {d: {domain_of: email}}\n",
     "derive: {d: {domain_of: mail}, l: {of: title, first_word_list: {vp: [vp, chief]}}}\n",
     ("Field d: the domain of email -> the domain of mail\n"
     "Field l: new: the first list with a word of title: vp: vp, chief")),
    ("derive: {l: {of: t, first_word_list: {vp: [vp, chief]}}}\n",
     "derive: {l: {of: t, first_word_list: {vp: ['vp, chief']}}}\n",
     None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), PARTS)
def test_a_change_around_the_criteria_is_said_in_words(old, new, said):
    found = diff_models(one_group(old), one_group(new))
    assert found.moves_scores
    if said is not None:
        assert found.text == f"m 1 -> m 1\n{said}"


def test_name_version_label_and_date_have_no_effect_on_a_score():
    old = one_group()
    new = parse_model(
        "lead_score_model: 1\nname: n\nversion: 2\nlabel: Mine\nvalid_from: 2026-07-01\n"
        f"groups: [{{id: g, dimension: fit, criteria: [{A}]}}]\n"
    )
    assert diff_models(old, new).text == (
        "m 1 -> n 2\nNo score, band or grade changes.\nModel: named m -> n, version 1 -> 2, label "
        "only: now 'Mine', now valid from 2026-07-01"
    )


def test_groups_and_criteria_that_come_go_and_move_are_said():
    old = whole(
        f"id: one, label: One, dimension: fit, max: 9, criteria: [{A}, {B}]",
        "id: two, dimension: fit, criteria: [{id: z, label: Zed, ledger: z}]",
    )
    new = whole(
        f"id: one, label: Uno, dimension: behavior, max: 8, criteria: [{A}]",
        f"id: three, label: Three, dimension: behavior, min: 0, criteria: [{B}, {{id: n, "
        "activity: form, points: 5}]",
    )
    assert diff_models(old, new).text.splitlines() == [
        "m 1 -> m 1",
        "B: moved from group One to Three (from fit to behavior)",
        "N: new in group Three: form: 5 points",
        "Zed: removed (was the recorded points of z)",
        "Group Uno: counts in fit -> behavior, all together at most 9 -> 8 points",
        "Group Three: new group of behavior, at least 0 points",
        "Group Two: removed (group of fit)",
        "Without effect on any score:",
        "Group Uno: label only: was 'One', is 'Uno'",
    ]


def test_another_order_and_another_spelling_of_ids_is_said_and_has_no_effect():
    old = whole(
        f"id: one, dimension: fit, criteria: [{A}, {B}]",
        "id: two, dimension: fit, criteria: [{id: z, label: z, ledger: z}]",
    )
    new = whole(
        "id: two, dimension: fit, criteria: [{id: Z, label: z, ledger: z}]",
        f"id: ONE, label: One, dimension: fit, criteria: [{B}, {A}]",
    )
    assert diff_models(old, new).text.splitlines()[1:] == [
        "No score, band or grade changes.",
        "z: id z -> Z (no score changes)",
        (
            "Group One: id one -> ONE (no score changes), the criteria stand in another order (no score "
            "changes)"
        ),
        "Model: the groups stand in another order (no score changes)",
    ]


def test_criteria_of_one_label_are_told_apart_by_their_id():
    sheet = (
        with_criterion("label: Same, ledger: a") + "  - {id: d, label: same, ledger: b, max: 1}\n"
    )
    found = diff_models(parse_model(sheet), parse_model(sheet.replace("max: 1", "max: 2")))
    assert found.text == "m 1 -> m 1\nsame (d): at most 1 -> 2 points"


# --- views ----------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_change():
    old = parse_model(with_criterion(f"{PRICING}, points: 15, max_units: 3"))
    new = parse_model(with_criterion(f"{PRICING}, points: 20, max_units: 2"))
    table = diff_models(old, new).table
    assert list(table.columns) == ["criterion", "what", "old", "new", "in_words"]
    assert table.to_numpy().tolist() == [
        ["c", "points", "15", "20", "Pricing page visited: 15 -> 20 points"],
        ["c", "max_units", "3", "2", "Pricing page visited: at most 3 -> 2 times"],
    ]


def test_a_model_does_not_differ_from_itself():
    model = load_model(GOLDEN / "enterprise.yaml")
    found = diff_models(model, model)
    assert found.changes == ()
    assert found.text == "enterprise 2026q3 -> enterprise 2026q3\nNo difference."
    assert found.table.empty
    assert list(found.table.columns) == ["criterion", "what", "old", "new", "in_words"]
    assert found.markdown == "**enterprise 2026q3** → **enterprise 2026q3**\n\nNo difference.\n"


def test_the_markdown_is_one_table():
    sheet = example_text("glossary")
    changed = sheet.replace("points: 30", "points: 40").replace("Demo request", "Demo wanted")
    assert diff_models(parse_model(sheet), parse_model(changed)).markdown == (
        "**glossary 1** → **glossary 1**\n\n"
        "| part | change | can change scores |\n|---|---|---|\n"
        "| Demo wanted | 30 → 40 points | yes |\n"
        "| Demo wanted | label only: was 'Demo request', is 'Demo wanted' | no |\n"
    )


EVIL = [
    "a | b", "<script>alert(1)</script>", "[x](http://a.example)", "@everyone", "see #1", "`code`",
    "**bold** _it_ ~~no~~", "line\n\n# head", "$x$", "http://a.example www.b.example", "![i](x)",
    "back\\slash", "\x1b[31mred", "&amp;",
]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_no_text_of_a_file_makes_markup_or_breaks_a_line(text):
    quoted = json.dumps(text)
    model = parse_model(with_criterion(f"label: {quoted}, activity: a, points: 1"))
    where = f"label: {quoted}, activity: {quoted}, points: 1, where: {{page: {quoted}}}"
    found = diff_models(model, parse_model(with_criterion(where)))
    head, blank, _, _, *rows = found.markdown.splitlines()
    assert (head, blank) == ("**m 1** → **m 1**", "")
    assert len(rows) == len(found.changes) == 2
    for row in rows:
        assert row.count("|") == 4
        bare = re.sub(r"&#\d+;", "", row)
        assert not re.search(r"[\\`*_{}\[\]<>&#@~$!]|://|www\.", bare)
        assert "".join(text.split())[:3].strip("\x1b") in "".join(html.unescape(row).split())
    assert len(found.text.splitlines()) == 2
    assert all(line.isprintable() for line in found.text.splitlines())


# --- properties -----------------------------------------------------------------------------------

ANY = models() | raw_models()


@given(ANY, st.randoms(use_true_random=False))
def test_a_model_never_differs_from_another_spelling_of_itself(raw, draw):
    assert diff_models(from_raw(raw), from_raw(shuffled_but_lists(raw, draw))).changes == ()


def shuffled_but_lists(raw, draw):
    derive = raw.get("derive")  # the order of word lists means something
    other = shuffled({key: value for key, value in raw.items() if key != "derive"}, draw)
    return other | ({"derive": derive} if derive else {})


@given(ANY, ANY)
def test_two_models_differ_exactly_when_their_hashes_do(one, other):
    one, other = from_raw(one), from_raw(other)
    found = diff_models(one, other)
    assert bool(found.changes) is (one.hash != other.hash)
    assert len(found.markdown.splitlines()) >= len(found.changes)
    assert len(found.text.splitlines()) <= len(found.changes) + 3


def leaves(data, path=()):
    """The paths to every number, text and truth value of a file."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from leaves(value, (*path, i))
    else:
        yield path


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x"


@given(ANY, st.data())
def test_every_changed_field_of_a_model_shows_up_at_its_criterion(raw, data):
    path = data.draw(st.sampled_from([path for path in leaves(raw) if path[-1] != "id"]))
    other = json.loads(json.dumps(raw))  # a drawn part may stand there twice
    inside = other
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = changed(inside[path[-1]])
    try:
        new = from_raw(other)
    except ValueError:
        return  # not every change leaves a model
    old = from_raw(raw)
    if old.hash == new.hash:
        return  # another spelling of the same
    found = diff_models(old, new)
    assert found.changes
    assert found.table["in_words"].str.len().gt(0).all()
    if path[0] == "groups" and "criteria" in path:
        criterion_id = raw["groups"][path[1]]["criteria"][path[3]]["id"]
        assert {each.criterion for each in found.changes} == {criterion_id}


@given(ANY, ANY)
def test_a_difference_read_backwards_has_the_same_parts(one, other):
    one, other = from_raw(one), from_raw(other)
    there, back = diff_models(one, other), diff_models(other, one)
    flip = {"added": "removed", "removed": "added"}
    seen = sorted((each.criterion.casefold(), each.what) for each in there.changes)
    assert seen == sorted(
        (each.criterion.casefold(), flip.get(each.what, each.what)) for each in back.changes
    )
