"""Text in SQL compares as the toolkit's own text does, to the last letter."""

# ruff: noqa: RUF001 - letters that look alike are the point
from __future__ import annotations

import json
import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ExportError
from toolkit.export import Tables, export_sql
from toolkit.model import TRUE, parse_model, test_truth, value_points

NASTY = [
    None, "", " ", "\u00a0", "\t\n", "vp", " VP ", "\u2003vp\u3000", "SVP", "vp_ops", "vp2", "évp", "vpé",
    "ÉVP", "vp\u0301", "é vp", "VP, Sales", "(vp)", "vice  president", "Vice\u00a0President",
    "vice\npresident", "vice-president", "\u017fales", "sales", "SALES", "ſ", "\u212a", "k", "K",
    "straße", "STRASSE", "Straẞe", "stra\ufb06e", "o\ufb03ce", "office", "İstanbul", "istanbul",
    "ISTANBUL", "ıstanbul", "größe", "GRÖSSE", "Gro\u0308sse", "groesse", "ΟΔΟΣ", "οδος", "οδός",
    "инженер", "ИНЖЕНЕР", "Главный Инженер", "инженеры", "c++", "Senior C++ dev", "c+", "C#", "a.c",
    "abc", "a%c", "a_c", "a!c", "100%", "O'Neil", "'; drop table leads; --", "\\", "\\'", "a\\b",
    "$1", "x²", "²x", "½", "Ⅷ", "٣", "5", "५", "vp\u200bx", "vp\u0661", "तकनीक", "中文", "中 文", "😀",
    "😀vp", "vp😀", "𝐯𝐩", "/pricing", "/Pricing/eu?x", "/a/pricing", "x;y", "crm; CMS", " ; crm;;",
    "crm;crm", "[x]", "]", "^", "-", "{2}", "a|b", "?", "*", "true", "True", "TRUE", "a--b", "/*",
    "50", " 50 ", "+50", "50.0", "5e1", "5E+01", ".5", "5.", "-.5e-1", "1e999", "-1e999", "1e-999",
    "nan", "inf", "Infinity", "1,000", "0x10", "1_000", "--1", "1e", "e1", "٥", "9" * 300,
    "9" * 301, "0." + "0" * 290 + "1", "-0", "0", "00", "007", "1e400", "1e308", "1.8e308", "2e308",
]  # fmt: skip
PARTS = [
    "vp", "svp", "sales", "s", "k", "strasse", "straße", "office", "istanbul", "größe", "οδος", "ss",
    "инженер", "c++", "c#", "a.c", "a%c", "a_c", "a!c", "100%", "o'neil", "'; drop table leads; --",
    "\\", "a\\b", "$1", "x²", "5", "中", "文", "😀", "/pricing", "[x]", "]", "^", "-", "{2}",
    "a|b", "?", "true", "vice president", "/*", "a--b", "''", "\\'", '"', "`", "é", "f", "i", "t",
]  # fmt: skip
NUMBERS = [0, 5, 50, -0.05, 0.5, 50.5, 7, -1, 2**53 - 1, 1e-3]


def yaml_of(raw: dict) -> str:
    """JSON with letters beyond the first plane as YAML spells them."""

    def whole(pair: re.Match) -> str:
        high, low = (int(pair[i], 16) for i in (1, 2))
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}"

    return re.sub(r"\\u(d[89ab]..)\\u(d[c-f]..)", whole, json.dumps(raw))


def model_of(*conditions: object):
    """One criterion a condition, in two: does it hold, and does its opposite?"""
    criteria = [
        {"id": f"c{i}_{sign}", "when": when, "points": 1}
        for i, raw in enumerate(conditions)
        for sign, when in (("yes", {"f": raw}), ("no", {"not": {"f": raw}}))
    ]
    group = {"id": "g", "dimension": "fit", "criteria": criteria}
    return parse_model(yaml_of(
        {"lead_score_model": 1, "name": "n", "version": "1", "groups": [group]}
    ))  # fmt: skip


def load(customer, values: list) -> None:
    leads = pd.DataFrame({
        "lead_id": range(len(values)), "created_at": pd.Timestamp("2026-01-01"),
        "f": pd.Series(values, dtype="object"),
    })  # fmt: skip
    customer.load(leads=leads)


def points(customer, model) -> list[list[int]]:
    """The points of each criterion for each value, as the statement sees them."""
    sql = export_sql(model, dialect=customer.name).rsplit("select\n", 1)[0]
    names = ", ".join(f"f{i}" for i in range(len(model.criteria)))
    rows = customer.rows(f"{sql}select {names} from ld order by l")
    return [list(row.values()) for row in rows]


def expected_points(model, values: list) -> list[list[int]]:
    tests = [p.criterion.cases[0].when for p in model.criteria[::2]]
    truths = [test_truth(when.tests[0][1], values).tolist() for when in tests]
    return [[int(x) for t in row for x in (t == TRUE, t == 0)] for row in zip(*truths, strict=True)]


def compare(customer, values: list, *conditions: object) -> None:
    model = model_of(*conditions)
    found, expected = points(customer, model), expected_points(model, values)
    wrong = [
        (value, mine, theirs, conditions)
        for value, mine, theirs in zip(values, found, expected, strict=True)
        if mine != theirs
    ]
    assert not wrong, wrong[:3]


@pytest.mark.parametrize(
    "operator", ["in", "not_in", "contains", "contains_word", "starts_with", "ends_with", "like"]
)
def test_every_text_test_agrees_on_every_nasty_pair(customer, operator):
    load(customer, NASTY)
    for part in PARTS[::4] if operator == "contains_word" else PARTS:
        spelled = {"in": [part], "not_in": [part], "like": f"*{part}*x*"}.get(operator, part)
        compare(customer, NASTY, {operator: spelled}, {operator: spelled, "or_missing": True})


def test_all_parts_at_once_share_one_alphabet(customer):
    load(customer, NASTY)
    for operator in ("in", "contains", "contains_word", "starts_with", "ends_with"):
        compare(customer, NASTY, {operator: PARTS}, *({operator: part} for part in PARTS))


def test_numbers_in_text_are_read_alike(customer):
    load(customer, NASTY)
    for number in NUMBERS:
        compare(
            customer, NASTY, {"gte": number}, {"gt": number}, {"lt": number}, {"lte": number},
            {"equals": number}, {"not_equals": number}, {"in": [number, "vp"]},
            {"not_in": [number, "vp"]}, {"gte": number, "contains": "0"}, {"missing": True},
            {"missing": False}, {"lt": number, "or_missing": True},
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["Int64", "Float64", "boolean"])
def test_columns_of_numbers_and_flags_are_read_alike(customer, kind):
    values = [True, False, None] if kind == "boolean" else [0, 50, -7, 2**40, None]
    values += [0.5, -0.05, 1e-7] if kind == "Float64" else []
    leads = pd.DataFrame({
        "lead_id": range(len(values)), "created_at": pd.Timestamp("2026-01-01"),
        "f": pd.Series(values, dtype=kind),
    })  # fmt: skip
    customer.load(leads=leads)
    tests = [{"gte": 0.5}, {"lt": 50}, {"equals": 50}, {"not_in": [0, 0.5]}, {"missing": True}]
    if kind != "Float64":
        tests += [{"equals": "50"}, {"equals": True}, {"in": ["FALSE", "0"]}, {"starts_with": "-"}]
    compare(customer, values, *tests)


LETTERS = st.sampled_from("vpVPsS'\\ %_!*ßſKkéÉe\u0301\u0308oOΣσς-.;ıİi²中😀\u00a0\t\"`")
TEXTS = st.text(LETTERS, max_size=8)


@settings(max_examples=60)
@given(
    st.lists(TEXTS, min_size=1, max_size=30),
    st.sampled_from(["in", "contains", "contains_word", "starts_with", "ends_with", "like"]),
    st.lists(TEXTS, min_size=1, max_size=3),
)
def test_any_text_against_any_text(customer, values, operator, parts):
    parts = [part for part in parts if part.strip() and part.replace("*", "").strip()]
    if not parts:
        return
    try:
        export_sql(model_of({operator: parts}))
    except ExportError:
        return
    load(customer, values)
    compare(customer, values, {operator: parts})


@settings(max_examples=25)
@given(st.lists(TEXTS, min_size=1, max_size=20), st.lists(TEXTS, min_size=1, max_size=3))
def test_values_of_a_list_are_told_apart_alike(customer, values, entries):
    entries = {e.strip(): i + 1 for i, e in enumerate(entries) if e.strip() and ";" not in e}
    raw = {"id": "a", "field": "f", "per_value": entries}
    group = {"id": "g", "dimension": "fit", "criteria": [raw]}
    head = {"lead_score_model": 1, "name": "n", "version": "1", "groups": [group]}
    try:
        model = parse_model(yaml_of(head))
        export_sql(model)
    except Exception:  # noqa: BLE001 - entries that no model or no statement can have
        return
    given_, criterion = [*values, *NASTY], model.criteria[0].criterion
    load(customer, given_)
    assert [row[0] for row in points(customer, model)] == value_points(criterion, given_).tolist()


def test_a_folded_letter_joins_the_accent_after_it(customer):
    values = [
        "\u017f\u0301",
        "\u015b",
        "S\u0301",
        "\u017f",
        "\u00df\u0301",
        "s\u015b",
        "\u1e9e\u0301\u0323",
    ]
    load(customer, values)
    compare(customer, values, {"equals": "\u015b"})
    compare(customer, values, {"ends_with": "\u015b"})
    compare(customer, values, {"contains_word": "s\u015b"}, {"equals": "s\u015b"})


def every_letter() -> list[str]:
    """All assigned letters; those that no text of an engine can hold are left out."""
    return [
        letter
        for letter in map(chr, range(1, 0x110000))
        if unicodedata.category(letter) not in ("Cn", "Cs", "Co")
    ]


def test_every_letter_of_unicode_beside_a_word(customer):
    letters = every_letter()
    if customer.name == "postgres":
        letters = letters[:60_000:7] + letters[60_000::97]
    for shape in ("{}vp", "vp{}", "{}"):
        values = [shape.format(letter) for letter in letters]
        load(customer, values)
        compare(
            customer, values, {"contains_word": ["vp", "größe", "k"]}, {"contains": ["s", "ω"]},
            {"equals": "k"}, {"ends_with": ["i", "f", "ж"]}, {"missing": True},
        )  # fmt: skip


# --- nothing of a model is ever SQL -------------------------------------------------------------

HOSTILE = [
    "'", "''", "\\'", "\\\\'", "' or 1=1 --", "'; drop table leads; --", "\\'; drop table leads; --",
    '"', "`", "*/ select 1 /*", "-- x", "$$", "${x}", "{{ x }}", ":x", "%s", "%(x)s", "?", "\\u0027",
    "\\x27", "\\047", "\\", "a\\", "\u2019", "＇", "'\\''", "E'", "q'[", "\u0085'", "x\u2028'",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(customer, text):
    values = ["plain", text, f"x{text}", f"{text}x", f" {text} ", text * 2, None]
    load(customer, values)
    compare(
        customer, values, {"equals": text}, {"contains": text}, {"starts_with": text},
        {"ends_with": text}, {"like": f"{text}*"}, {"contains_word": text}, {"not_in": [text, "x"]},
    )  # fmt: skip
    assert len(customer.rows("select * from leads")) == len(values)


def test_hostile_names_stay_in_their_comment(customer):
    group = {
        "id": "g",
        "dimension": "fit",
        "criteria": [{"id": "a", "when": {"f": 1}, "points": 1}],
    }
    for bad in ("\n", "\r", "\u2028", "\u0085", "\x0b"):
        name = f"x{bad}; drop table leads; --"
        raw = {"lead_score_model": 1, "name": name, "version": f"1{bad}select 1;",
               "groups": [group], "bands": [{"name": f"b'{bad}\\'; --", "from": 0}]}  # fmt: skip
        model = parse_model(yaml_of(raw))
        load(customer, ["1"])
        sql = export_sql(model, dialect=customer.name)
        assert next(line for line in sql.splitlines() if "drop table" in line).startswith("-- ")
        assert customer.rows(sql)[0]["band"] == model.bands[0].name


def test_sentinels_are_missing_in_any_case(customer):
    values = ["Select", " SELECT ", "[Not provided]", "selected", "", "x"]
    load(customer, values)
    model = model_of({"missing": True}, {"not_in": ["x"]})
    sql = export_sql(
        model, dialect=customer.name, tables=Tables(missing=("select", "[not provided]"))
    ).rsplit("select\n", 1)[0]
    rows = customer.rows(f"{sql}select f0, f2, f3 from ld order by l")
    found = [tuple(row.values()) for row in rows]
    assert found == [(1, 0, 0)] * 3 + [(0, 1, 0), (1, 0, 0), (0, 0, 1)]
