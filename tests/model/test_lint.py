"""Lints: each text, with a sheet that triggers it and one that does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.model.conditions import CONDITIONS
from tests.model.sheets import GOLDEN
from toolkit.model import (
    Condition,
    condition_truth,
    example_text,
    lint_model,
    list_examples,
    load_placed_model,
    parse_model,
    test_truth,
)
from toolkit.model.lint import attainable
from toolkit.model.lint.implied import excludes, implies

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"


def sheet(*criteria: str, dimension: str = "fit", more: str = ""):
    lines = "".join(f"  - {{{each}}}\n" for each in criteria)
    return parse_model(
        f"{HEAD}{more}groups:\n- id: g\n  dimension: {dimension}\n  criteria:\n{lines}"
    )


def cases(*each: str, match: str = "first"):
    listed = ", ".join(f"{{{case}}}" for case in each)
    return sheet(f"id: size, match: {match}, cases: [{listed}]")


def size(test: str, points: int = 1) -> str:
    return f"when: {{employees: {{{test}}}}}, points: {points}"


def doing(*criteria: str, more: str = ""):
    return sheet(*criteria, dimension="behavior", more=more)


def bands(text: str, *criteria: str, **more: str):
    listed = criteria or ("id: c, when: {title: vp}, points: 60",)
    return sheet(*listed, more=f"bands: {text}\n" + more.get("more", ""))


def accounts(rule: str):
    return sheet("id: c, when: {title: vp}, points: 60", more=f"account_score: {rule}\n")


LINTS = [
    # The published sheet: "11-1000" and "1000+".
    ("overlap", cases(size("gte: 11, lte: 1000"), size("gte: 1000", 5)),
     ("in 'Size' 'employees is 11 to 1000' and 'employees is 1000 or more' both hold for employees "
     "1000, where only the first in the file pays; let one end before the other begins.")),
    ("overlap", cases(size("gte: 0, lt: 50"), size("gt: 40, lte: 90"), match="sum"),
     ("in 'Size' 'employees is 0 or more and is below 50' and 'employees is above 40 and is 90 or "
     "less' both hold for employees 41 to 49, where both pay; let one end before the other begins.")),
    ("overlap", cases(size("lte: 1.5"), size("gte: 1"), match="max"),
     ("in 'Size' 'employees is 1.5 or less' and 'employees is 1 or more' both hold for employees "
     "from 1 up to 1.5, where the better one pays; let one end before the other begins.")),
    ("overlap", sheet(f"id: a, {size('lte: 10')}", f"id: b, {size('gte: 10')}"),
     ("'employees is 10 or less' and 'employees is 10 or more' both hold for employees 10, where "
     "both pay; let one end before the other begins.")),
    # The published sheet: 0-15 and 50+.
    ("gap", cases(size("gte: 50", 3), size("gte: 0, lte: 15")),
     ("employees 16 to 49 pays nothing in 'Size', though numbers below and above do; move an end, "
     "or add a case for it.")),
    ("gap", sheet(f"id: a, {size('lt: 0.5')}", f"id: b, {size('gt: 0.5')}"),
     ("employees 0.5 pays nothing by 'a' and 'b', though numbers below and above "
     "do; move an end, or add a case for it.")),
    # One click and three or more pay, two pay nothing.
    ("gap", cases("when: {clicks: 1}, points: 5", "when: {clicks: {gte: 3}}, points: 9"),
     ("clicks 2 pays nothing in 'Size', though numbers below and above do; move an end, or add a "
     "case for it.")),
    ("count_hole", doing("id: t, activity: click, tiers: [{at_least: 3, points: 9}, "
                         "{at_least: 2, points: 0}, {at_least: 1, points: 5}]"),
     ("in 'T' 2 or more pays 0, but 1 or more, which is easier, pays 5; more of them pay again: who "
     "does more gets less; correct one of them.")),
    ("count_hole", doing("id: one, activity: click, points: 5, max_units: 1",
                         "id: many, activity: click, tiers: [{at_least: 4, points: 9}]"),
     "2 to 3 of 'click' pay no more than 1: 'One' counts 1 at most, 'Many' begins at 4."),
    ("count_hole", doing("id: many, activity: click, points: 1, per: {bucket: day, at_least: 3}",
                         "id: one, activity: click, points: 5, max_units: 1"),
     "2 of 'click' pay no more than 1: 'One' counts 1 at most, 'Many' begins at 3."),
    ("same_activity", doing("id: a, activity: [form, click], points: 5",
                            "id: b, activity: Click, where: {page: /x}, points: 5"),
     ("the same click counts in 'A' and in 'B', so their points cannot be estimated apart; make "
     "the two exclude each other, or accept it.")),
    ("same_activity", doing("id: a, ledger: manual", "id: b, ledger: [manual]"),
     ("the same manual counts in 'A' and in 'B', so their points cannot be estimated apart; make "
     "the two exclude each other, or accept it.")),
    ("tiers_contradict", doing("id: t, activity: form, tiers: [{at_least: 3, within: 7d, "
                               "points: 20}, {at_least: 1, within: 30d, points: 50}]"),
     ("in 'T' 3 or more within 7 days pays 20, but 1 or more within 30 days, which is easier, pays "
     "50: who does more gets less; correct one of them.")),
    ("tiers_contradict", doing("id: t, activity: bounce, tiers: [{at_least: 3, points: -5}, "
                               "{at_least: 1, points: -9}]"),
     ("in 'T' 3 or more pays -5, but 1 or more, which is easier, pays -9: who does more loses less; "
     "correct one of them.")),
    ("bands_contradict", bands("[{name: hot, from: 50}, {name: mql, from: 30, exceptions: "
                               "[{when: {customer: yes}, from: 55}]}, {name: none}]"),
     ("for leads where customer is yes the band 'mql' begins at 55, above 'hot' (50), which stands "
     "higher; move one of them.")),
    ("bands_contradict", bands("[{name: hot, from: 50, exceptions: [{when: {customer: yes}, "
                               "from: 20}]}, {name: mql, from: 30}, {name: none}]"),
     ("for leads where customer is yes the band 'hot' begins at 20, below 'mql' (30), which stands "
     "lower; move one of them.")),
    # The published sheet: nothing is said of scores below 40.
    ("band_hole", bands("[{name: sales, from: 50}, {name: nurture, from: 40}]"),
     ("a score below 40 has no band, and scores from 0 on are possible; add a last band without "
     "'from'.")),
    ("band_hole", bands("[{name: sales, from: -5}]", "id: c, ledger: manual"),
     ("a score below -5 has no band, and scores from any negative number on are possible; add a "
     "last band without 'from'.")),
    ("never_reached", bands("[{name: sales, from: 100}, {name: none}]"),
     "no score can reach the band 'sales', which begins at 100: the points add up to 60 at most."),
    ("never_reached", bands("[{name: mql, from: 50, exceptions: [{when: {customer: yes}, "
                            "from: 61}]}, {name: none}]"),
     ("no score can reach the band 'mql' for leads where customer is yes, which begins at 61: the "
     "points add up to 60 at most.")),
    ("never_reached", sheet("id: c, when: {title: vp}, points: 5",
                            more="dimensions: {fit: {grades: [{grade: A, from: 6}, "
                                 "{grade: B, from: 0}]}}\n"),
     "no score can reach the grade 'A' of fit, which begins at 6: the points add up to 5 at most."),
    ("always_reached", bands("[{name: mql, from: 0, handoff: true}]"),
     "every score reaches the band 'mql', which begins at 0: no score can be lower than 0."),
    ("always_reached", bands("[{name: mql, from: 20}, {name: none}]", more="base: 20\n"),
     "every score reaches the band 'mql', which begins at 20: no score can be lower than 20."),
    ("never_matches", cases(size("gte: 50"), size("gte: 200", 9)),
     ("case 2 of 'Size' (employees is 200 or more) can never pay: whoever meets it is caught by "
     "case 1 (employees is 50 or more); put it first, or delete it.")),
    ("never_matches", cases(size("lt: 50"), size("gte: 50"), size("gte: 10, lte: 90", 9)),
     ("case 3 of 'Size' (employees is 10 to 90) can never pay: whoever meets it is caught by the "
     "cases before it; put it first, or delete it.")),
    ("never_matches", sheet("id: c, when: {a: b}, points: 1", more="gates: [{when: {a: [x, Y]}, "
                            "then: disqualified}, {when: {a: y, b: z}, then: disqualified}]\n"),
     ("gate 2 (a is y and b is z) can never decide: gate 1 (a is x or Y) always comes first; put it "
     "first, or delete it.")),
    ("never_matches", bands("[{name: m, from: 9, exceptions: [{when: {a: {missing: false}}, "
                            "from: 20}, {when: {a: x}, from: 30}]}, {name: none}]"),
     ("exception 2 of the band 'm' (a is x) can never apply: an earlier one always does; put it "
     "first, or delete it.")),
    ("grows_with_size", accounts("{roll_up: sum}"),
     ("an account's score is the sum over all its leads without 'max', so a large account of cold "
      "leads outscores a small one with a hot lead; set 'max', or use mean_top or max.")),
    ("never_reached", accounts("{roll_up: mean_top, top: 3, bands: [{name: hot, from: 61}, {name: no}]}"),
     ("no score can reach the account band 'hot', which begins at 61: it is 60 at most.")),
    ("never_reached", accounts("{roll_up: sum, max: 90, bands: [{name: hot, from: 91}, {name: no}]}"),
     ("no score can reach the account band 'hot', which begins at 91: it is 90 at most.")),
    ("never_reached", accounts("{roll_up: count_from, from: 61}"),
     ("no score can reach the score from which the account score counts leads, which begins at 61: "
      "the points add up to 60 at most.")),
    ("always_reached", accounts("{roll_up: count_from, from: 0}"),
     ("every score reaches the score from which the account score counts leads, which begins at 0: "
      "no score can be lower than 0.")),
    ("band_hole", accounts("{roll_up: max, bands: [{name: hot, from: 50}]}"),
     ("an account score below 50 has no band, and scores from 0 on are possible; add a last band "
      "without 'from'.")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "model", "text"), LINTS, ids=[f"{c}-{i}" for i, (c, *_) in enumerate(LINTS)])  # fmt: skip
def test_a_sheet_that_triggers_a_lint_gets_its_text(code, model, text):
    assert [lint.text for lint in lint_model(model) if lint.code == code] == [text]
    assert [lint.n for lint in lint_model(model)] == [None] * len(lint_model(model))


NO_LINTS = {
    "the idiom of first cases, the harder one first": cases(size("gte: 200", 9), size("gte: 50")),
    "cases that stack": cases(size("gte: 50"), size("gte: 200", 9), match="sum"),
    "ranges without a gap": cases(size("lte: 15"), size("gt: 15, lt: 50"), size("gte: 50")),
    "whole numbers that follow one another": cases(size("lte: 15"), size("gte: 16")),
    "a default that fills the gap": cases(size("lte: 15"), size("gte: 50"), "points: -1"),
    "a case with a second test that may fill the gap": cases(
        size("lte: 15"), "when: {employees: {gt: 15}, a: b}, points: 2", size("gte: 50")
    ),
    "two numbers of which one is missing or small": cases(
        size("missing: true"), size("gte: 50"), size("lt: 50")
    ),
    "text": cases("when: {employees: [few]}, points: 1", "when: {employees: [many]}, points: 2"),
    "clicks 1, 2, 3 and more": cases(
        "when: {clicks: [1, 2]}, points: 5", "when: {clicks: {gte: 3}}, points: 9"
    ),
    "pages that exclude each other": doing(
        "id: a, activity: view, where: {page: {like: '/pricing*'}}, points: 5",
        "id: b, activity: view, where: {page: {like: '/blog/*'}}, points: 5",
        "id: c, activity: view, where: {page: [/, /home]}, points: 5",
        "id: d, activity: view, where: {page: {ends_with: .pdf}, size: {gte: 5}}, points: 5",
        "id: e, activity: view, where: {page: {ends_with: .doc}, size: {lt: 5}}, points: 5",
    ),
    "seasons that exclude each other": doing(
        "id: a, activity: view, points: 5, active: {to: 2026-06-30}",
        "id: b, activity: view, points: 9, active: {from: 2026-07-01}",
    ),
    "tiers that rise": doing(
        "id: t, activity: form, tiers: [{at_least: 3, within: 7d, points: 100}, "
        "{at_least: 1, within: 30d, points: 50}]",
        "id: u, activity: bounce, tiers: [{at_least: 3, points: -9}, {at_least: 1, points: -2}]",
    ),
    "bands in reach": bands("[{name: hot, from: 60, exceptions: [{when: {a: b}, from: 60}]}, "
                            "{name: mql, from: 1}, {name: none}]"),
    "both bands lifted for the same leads": bands(
        "[{name: hot, from: 30, exceptions: [{when: {a: b}, from: 60}]}, {name: mql, from: 20, "
        "exceptions: [{when: {a: b}, from: 50}]}, {name: none}]"
    ),
    "a last band for everybody": bands("[{name: hot, from: 60}, {name: all, from: 0}]"),
    "no limit on views": doing(
        "id: a, activity: view, points: 1", more="bands: [{name: a, from: 99999}, {name: b}]\n"
    ),
    "an account score in reach": accounts("{roll_up: mean_top, top: 3, bands: [{name: a, from: 60}, "
                                          "{name: b, from: 0}]}"),
    "a sum with a limit": accounts("{roll_up: sum, max: 99, bands: [{name: a, from: 99}, {name: b}]}"),
    "any number of leads": accounts("{roll_up: count_from, from: 60, bands: [{name: a, from: 5000}, "
                                    "{name: b}]}"),
    "gates that do not hide each other": sheet(
        "id: c, when: {a: b}, points: 1",
        more="gates: [{when: {a: y, b: z}, then: disqualified}, {when: {a: y}, then: disqualified}]\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", [name for name in NO_LINTS if name != "pages that exclude each other"])  # fmt: skip
def test_a_sound_sheet_gets_no_lint(why):
    assert lint_model(NO_LINTS[why]) == ()


def test_an_account_that_exists_has_a_lead_that_counts():
    rule = "{roll_up: count_from, from: -1, bands: [{name: some, from: 1}, {name: none}]}"
    assert [(lint.code, lint.where) for lint in lint_model(accounts(rule))] == [
        ("always_reached", ("account_score",)), ("always_reached", ("some",)),
    ]  # fmt: skip


def test_pages_that_exclude_each_other_are_not_one_activity():
    found = [lint.where for lint in lint_model(NO_LINTS["pages that exclude each other"])]
    # Only those pairs remain of which nothing can be proved: /pricing.pdf, /blog/x.doc, ...
    assert found == [("a", "d"), ("a", "e"), ("b", "d"), ("b", "e")]


def test_a_lint_names_the_lines_of_its_file():
    model, places = load_placed_model(GOLDEN / "company_size.yaml")
    gap, threshold = lint_model(model, places=places)
    assert (gap.code, gap.where, gap.lines) == ("gap", ("size", "size"), (11, 12))
    assert (threshold.code, threshold.where, threshold.lines) == (
        "never_reached",
        ("sales",),
        (13,),
    )


def test_the_published_sheets_get_the_lints_they_deserve():
    found = {name: [(lint.code, *lint.where) for lint in lint_model(parse_model(example_text(name)))]
             for name in list_examples()}  # fmt: skip
    assert found == {
        "auto_mql": [],
        # The published sheet pays nothing for 16 to 49 employees.
        "company_size": [("gap", "size", "size")],
        "eloqua": [],
        "enterprise": [],
        "glossary": [],
        "hubspot_like": [],
        "pardot": [],
    }


INF = math.inf
REACH = [
    ("id: c, when: {a: b}, points: -7", (-7, 0)),
    ("id: c, cases: [{when: {a: b}, points: 5}, {when: {a: c}, points: 9}, {points: 2}]", (2, 9)),
    ("id: c, match: sum, cases: [{when: {a: b}, points: 5}, {when: {a: c}, points: -9}]", (-9, 5)),
    ("id: c, match: sum, cases: [{when: {a: b}, points: 5}, {when: {a: c}, points: 9}, {points: 1}]", (1, 14)),
    ("id: c, field: f, per_value: {a: 5, b: 6, c: -2}, max: 8", (-2, 8)),
    ("id: c, activity: a, points: 5", (0, INF)),
    ("id: c, activity: a, points: -5, max_units: 3, weight: 2", (-30, 0)),
    ("id: c, activity: a, points: 5, within: 7d, per: {bucket: day, units: buckets}", (0, 40)),
    ("id: c, activity: a, points: 5, within: 8d, per: {bucket: week, at_most: 2}", (0, 30)),
    ("id: c, activity: a, points: 5, within: 7d, per: {bucket: day, at_least: 2}", (0, INF)),
    ("id: c, activity: a, tiers: [{at_least: 2, points: 9}, {at_least: 1, points: -4}]", (-4, 9)),
    ("id: c, inactivity: {after: 1d}, points: -5", (-5, 0)),
    ("id: c, inactivity: {after: 1d, repeat: true, max_times: 3}, points: -5", (-15, 0)),
    ("id: c, inactivity: {after: 1d, recover: false}, points: -5, min: -20", (-20, 0)),
    ("id: c, ledger: a, weight: 0", (0, 0)),
    ("id: c, when: {a: b}, points: 5, min: 3, active: {from: 2026-07-01}", (0, 5)),
    ("id: c, when: {a: b}, points: 5, min: 3", (3, 5)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REACH)
def test_the_least_and_the_most_points_of_a_criterion(text, expected):
    assert attainable(sheet(text)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("base: 3\n", (3, 8)),
        ("max: 4\n", (0, 4)),
        ("scale: 2\n", (0, 3)),
        ("scale: 2\nrounding: floor\n", (0, 2)),
        ("scale: 2\nbase: -5\n", (-3, 0)),
        ("dimensions: {fit: {max: 2, weight: 3}}\n", (0, 6)),
    ],
)
def test_limits_weights_and_rounding_hold_for_the_least_and_the_most(more, expected):
    assert attainable(sheet("id: c, when: {a: b}, points: 5", more=more)) == expected


# --- proofs ---------------------------------------------------------------------------------------

TESTS = st.sampled_from([
    {"in": ["vp", "Head"]}, {"equals": "vp"}, {"equals": 50}, {"in": [50, 51]}, {"not_in": ["vp"]},
    {"not_equals": "head"}, {"gte": 50}, {"gt": 50}, {"lt": 50}, {"gte": 10, "lte": 50},
    {"gt": 10, "lt": 51, "or_missing": True}, {"contains": ["vp"]}, {"contains": ["vp", "head"]},
    {"contains_word": ["vp"]}, {"starts_with": ["v"]}, {"starts_with": ["h", "v"]},
    {"like": ["vp*"]}, {"like": ["*of sales"]}, {"ends_with": ["sales"]}, {"missing": True},
    {"missing": False}, {"in": ["vp"], "or_missing": True}, {"matches": ["^v"]},
    {"in": ["50", "vp"]}, {"gte": 10, "contains": ["5"]},
])  # fmt: skip
SOME = st.dictionaries(st.sampled_from(["a", "b"]), TESTS, min_size=1, max_size=2)
BIGGER = st.one_of(
    SOME,
    st.fixed_dictionaries({"any": st.lists(SOME, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"all": st.lists(SOME, min_size=1, max_size=2)}, optional={"not": SOME}),
    st.fixed_dictionaries({"not": SOME, "a": TESTS}),
)
VALUES = ["vp", " VP ", "Head", "vp of sales", "head of Sales", "SVP", "50", 50, 50.0, 51, 10, 9.5,
          "51.0", 60, None, "", "v"]  # fmt: skip
CELLS = {"a": [a for a in VALUES for _ in VALUES], "b": [b for _ in VALUES for b in VALUES]}


def truth(condition: Condition):
    return condition_truth(condition, lambda f, t: test_truth(t, CELLS[f]), len(CELLS["a"])) == 1


@given(BIGGER, BIGGER)
def test_what_is_proved_of_two_conditions_holds_for_every_value(one, other):
    one, other = Condition(**one), Condition(**other)
    if implies(one, other):
        assert not (truth(one) & ~truth(other)).any()
    if excludes(one, other):
        assert not (truth(one) & truth(other)).any()


@given(CONDITIONS)
def test_a_condition_implies_itself(raw):
    condition = Condition(**raw)
    assume(condition.tests)
    assert implies(condition, condition)


PROVED = [
    ({"a": {"gte": 200}}, {"a": {"gte": 50}}),
    ({"a": "vp", "b": "x"}, {"a": ["VP", "head"]}),
    ({"a": "vp"}, {"a": {"contains": "p"}}),
    ({"a": {"contains_word": ["vp"]}}, {"a": {"contains_word": ["vp", "svp"]}}),
    ({"a": "vp"}, {"any": [{"a": "vp"}, {"b": "x"}]}),
    ({"any": [{"a": "vp"}, {"a": "head"}]}, {"a": {"missing": False}}),
    ({"all": [{"a": {"gte": 5}}]}, {"a": {"gt": 4, "or_missing": True}}),
    ({"a": {"missing": True}}, {"a": {"in": ["x"], "or_missing": True}}),
    ({"a": {"not_in": ["x", "y"]}}, {"a": {"not_in": ["x"]}}),
]
NOT_PROVED = [
    ({"a": {"gte": 50}}, {"a": {"gte": 200}}),
    ({"a": {"gte": 50, "or_missing": True}}, {"a": {"gte": 50}}),
    ({"a": {"missing": True}}, {"a": {"missing": False}}),
    ({"any": [{"a": "vp"}, {"b": "x"}]}, {"a": "vp"}),
    ({"a": {"contains": "vp"}}, {"a": {"contains_word": "vp"}}),
]


def test_the_usual_implications_are_found():
    assert [implies(Condition(**a), Condition(**b)) for a, b in PROVED] == [True] * len(PROVED)
    assert [implies(Condition(**a), Condition(**b)) for a, b in NOT_PROVED] == [False] * len(
        NOT_PROVED
    )
