"""A sheet is read back as the model it was built from, and a wrong sheet is refused by its cell."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest import any_model
from tests.model.formats.test_schema import FILES, FULL
from tests.model.test_writing import from_raw, raw_models
from toolkit.errors import ModelError, QuestionError, SourceError
from toolkit.model import parse_model
from toolkit.model.formats.sheet import COLUMNS, build_sheet, read_build_sheet, save_sheet

MODELS = {**FILES, "full": FULL}
PLAIN = [
    "Criterion,Field,Activity,Test,Value,Points,Notes",
    "VP or above,title,,contains the word,vp; chief,20,from the team",
    "Size,employees,,between,50 to 199,5,",
    "Size,employees,,at least,200,+15,",
    "Size,,,otherwise,,\N{MINUS SIGN}2,",
    "No e-mail,email,,is missing,,-10,",
    "Interests,interests,,each value,crm,10,",
    "Interests,interests,,each value,cms,5,",
    "Pricing page,page,page_view,like,/pricing*,15,",
    "Demo,,demo_request; call_request,,,30,",
]


def plain_sheet(tmp_path, *changes, name="team.csv"):
    text = "\n".join(PLAIN)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / name).write_text(text + "\n", "utf-8")
    return tmp_path / name


def through(model, path):
    save_sheet(build_sheet(model), path)
    return read_build_sheet(path)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("name", MODELS)
def test_our_own_sheet_gives_the_same_model_back(name, suffix, tmp_path):
    model = parse_model(MODELS[name])
    again = through(model, tmp_path / f"sheet{suffix}")
    assert again == model
    assert again.hash == model.hash


@given(raw_models())
def test_any_texts_come_back_from_a_csv_sheet(tmp_path_factory, raw):
    model = from_raw(raw)
    assert through(model, tmp_path_factory.mktemp("s") / "sheet.csv") == model


@settings(max_examples=12)
@given(raw_models())
def test_any_texts_come_back_from_a_workbook(tmp_path_factory, raw):
    model = from_raw(raw)
    assert through(model, tmp_path_factory.mktemp("s") / "sheet.xlsx") == model


@settings(max_examples=25)
@given(st.data())
def test_any_kinds_come_back(tmp_path_factory, data):
    drawn = data.draw(any_model.models())
    model = any_model.read(drawn)
    assert through(model, tmp_path_factory.mktemp("s") / "sheet.csv") == model


TRICKS = ["=1+1", "+cmd", "@SUM(A1)", "-x", "'=1", "''+2", "\t=1", "_x0041_", "http://a.example"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_texts_that_look_like_formulas_come_back_and_are_never_run(tmp_path, suffix):
    model = from_raw({
        "lead_score_model": 1, "name": "n", "version": "1",
        "groups": [{"id": "g", "dimension": "fit", "label": "=cmd|' /C calc'!A0", "criteria": [
            {"id": f"c{n}", "label": text, "when": {"@field": text}, "points": -5}
            for n, text in enumerate(TRICKS)
        ]}],
    })  # fmt: skip
    path = tmp_path / f"sheet{suffix}"
    assert through(model, path) == model
    if suffix == ".csv":
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
        bad = [cell for row in rows for cell in row if cell[:1] in {*"=+@\t\r"}]
        assert bad == []
        assert {cell for row in rows for cell in row if cell[:1] == "-"} == {"-5"}
    else:
        openpyxl = pytest.importorskip("openpyxl")
        cells = [c for row in openpyxl.load_workbook(path).worksheets[0] for c in row]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert [cell for cell in cells if cell.hyperlink] == []


def test_the_same_sheet_gives_the_same_bytes(tmp_path):
    model = parse_model(FULL)
    for name in ("one.xlsx", "two.xlsx"):
        save_sheet(build_sheet(model), tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_one_row_is_one_line_that_pays():
    sheet = build_sheet(parse_model(FILES["auto_mql"]))
    assert list(sheet.columns) == list(COLUMNS)
    lines = sheet[sheet["criterion"].notna()]
    assert lines[["criterion", "condition", "points", "within", "max"]].values.tolist() == [
        ["Seniority", "level is vp", 35, None, None],
        ["Seniority", "level is manager", 15, None, None],
        ["Pricing page", "page_view where page is like /pricing*", 15, "90d", 75],
        ["Forms", "form, 3 or more", 100, "7d", None],
        ["Forms", "form, 1 or more", 40, "30d", None],
        [
            "No activity in 30 days",
            (
                "no marketing activity for 30 days or longer, "
                "again after every further 30 days, 3 times at most"
            ),
            -10,
            None,
            None,
        ],
    ]


def test_the_old_points_stand_beside_the_new_ones():
    old = parse_model(FILES["glossary"])
    text = (
        FILES["glossary"].replace("points: 20}", "points: 25}").replace("id: demo,", "id: trial,")
    )
    text = text.replace("within: 90d", "within: 30d").replace("from: 50", "from: 60")
    sheet = build_sheet(parse_model(text), old)
    told = sheet[sheet["change"].notna()]
    rows = told[["id", "old_points", "points", "change"]].values.tolist()
    assert rows == [
        ["title", 20, 25, "points"],
        ["trial", None, 30, "new"],
        ["MQL", None, None, "rule"],
        ["demo", 30, None, "removed"],
    ]
    assert (sheet.loc[sheet["id"] == "pricing", ["old_points", "points"]] == 15).all(axis=None)


def test_a_sheet_beside_an_old_version_is_read_as_the_new_one(tmp_path):
    new, old = parse_model(FILES["glossary"]), parse_model(FILES["enterprise"])
    save_sheet(build_sheet(new, old), tmp_path / "s.csv")
    assert read_build_sheet(tmp_path / "s.csv") == new


def test_versions_on_different_scales_are_not_compared():
    with pytest.raises(QuestionError, match="scale 1, the new one on scale 3"):
        build_sheet(parse_model(FILES["pardot"]), parse_model(FILES["glossary"]))


# --- sheets that people write -------------------------------------------------------------------

TEAM = """
lead_score_model: 1
name: team
version: imported
groups:
- id: fit
  dimension: fit
  criteria:
  - {id: vp_or_above, label: VP or above, when: {title: {contains_word: [vp, chief]}}, points: 20}
  - id: size
    cases:
    - {when: {employees: {gte: 50, lte: 199}}, points: 5}
    - {when: {employees: {gte: 200}}, points: 15}
    - {points: -2}
  - {id: no_e_mail, label: No e-mail, when: {email: {missing: true}}, points: -10}
  - {id: interests, field: interests, per_value: {crm: 10, cms: 5}}
- id: behavior
  dimension: behavior
  criteria:
  - {id: pricing_page, activity: page_view, where: {page: {like: "/pricing*"}}, points: 15}
  - {id: demo, activity: [demo_request, call_request], points: 30}
"""


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_plain_sheet_of_a_person_is_a_model(tmp_path, delimiter):
    rows = csv.reader(io.StringIO("\n".join(PLAIN)))
    with (tmp_path / "team.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    assert read_build_sheet(tmp_path / "team.csv") == parse_model(TEAM)


def test_a_plain_workbook_of_a_person_is_a_model(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO("\n".join(PLAIN))):
        whole = [int(cell) if cell.lstrip("-").isdecimal() else cell or None for cell in row]
        book.active.append(whole)
    book.active["F2"] = 20.0
    book.save(tmp_path / "team.xlsx")
    assert read_build_sheet(tmp_path / "team.xlsx") == parse_model(TEAM)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",20,from", ",twenty,from", "row 2, column 'Points' (F2): 'points' must be a whole"),
        (",20,from", ",2.5,from", "row 2, column 'Points' (F2): 'points' must be a whole"),
        (",20,from", ",,from", "row 2, column 'Points' (F2): a row that pays needs points"),
        ("contains the word", "has the word", "row 2, column 'Test' (D2): there is no test"),
        ("vp; chief", "'vp, chief'".replace("'", '"'), "row 2, column 'Value' (E2): write ';'"),
        ("vp; chief", "", "row 2, column 'Value' (E2): the test 'contains the word' needs"),
        ("title,,contains", ",,contains", "row 2, column 'Field' (B2): a condition needs field"),
        ("50 to 199", "50-199", "row 3, column 'Value' (E3): a range is written as"),
        ("50 to 199", "199 to 50", "row 3, column 'Value' (E3): no number lies between"),
        ("at least,200", "at least,many", "row 4, column 'Value' (E4): compare with a number"),
        ("Size,,,otherwise", "Size,x,,otherwise", "row 5, column 'Test' (D5): 'otherwise' goes"),
        ("is missing,,", "is missing,x,", "row 6, column 'Value' (E6): 'is missing' compares"),
        ("each value,cms", "each value,CRM", "row 8, column 'Points' (F8): 'crm' and 'CRM'"),
        ("Demo,,demo_request; call_request", "Demo,,", "row 10, column 'Field' (B10): this row"),
        ("Demo,,", "Pricing page,,", "row 10, column 'Criterion' (A10): row 9 has the same"),
        ("Demo,,", "score,,", "row 10, column 'Criterion' (A10): 'score' is the name of another"),
        ("Points,Notes", "Points,Max pts", "row 1, column 'Max pts' (G1): there is no column"),
        ("Points,Notes", "Points,", "row 2, cell G2: this cell has no heading above it"),
        ("Points,Notes", "Points,New points", "row 1, column 'New points' (G1): the column"),
        ("Field,Activity", "Notes,Comment", "row 1, column 'Criterion' (A1): this is no sheet"),
        ("Points,Notes", "Points,Group", "row 3, column 'Group' (G3): other rows have a group"),
        ("Points,Notes", "Points,Condition", "row 2, column 'Condition' (G2): the words say"),
        ("Points,Notes", "Points,Within", "row 2, column 'Within' (G2): 'within' does not go"),
        ("Points,Notes", "Points,Kind", "row 2, column 'Kind' (G2): there is no kind 'from the"),
        ("is missing", "equals", "row 6, column 'Value' (E6): the test 'equals' needs a value"),
    ],
)
def test_an_error_names_row_and_column(tmp_path, old, new, said):
    with pytest.raises(ModelError) as refused:
        read_build_sheet(plain_sheet(tmp_path, (old, new)))
    assert str(refused.value).startswith(f"team.csv, {said}")
    assert refused.value.file == "team.csv"


def test_words_that_were_changed_alone_are_refused(tmp_path):
    path = tmp_path / "s.csv"
    save_sheet(build_sheet(parse_model(FILES["glossary"])), path)
    text = path.read_text("utf-8-sig")
    path.write_text(text.replace("gmail.com, yahoo.com or", "gmail.com or", 1), "utf-8")
    with pytest.raises(ModelError, match=r"row 4, column 'condition' \(C4\): the words say"):
        read_build_sheet(path)


def test_a_mixed_group_is_refused(tmp_path):
    rows = ["criterion,group,field,activity,test,value,points", "a,g,x,,is,1,5", "b,g,,form,,,5"]
    (tmp_path / "s.csv").write_text("\n".join(rows), "utf-8")
    with pytest.raises(ModelError, match=r"row 3, column 'group' \(B3\): the group 'g' is fit"):
        read_build_sheet(tmp_path / "s.csv")


@pytest.mark.parametrize("value", ["=A1", "#N/A", "date"])
def test_formulas_errors_and_dates_of_a_workbook_are_refused(tmp_path, value):
    openpyxl = pytest.importorskip("openpyxl")
    from datetime import datetime

    book = openpyxl.Workbook()
    book.active.append(["criterion", "field", "test", "value", "points"])
    shown = datetime(2026, 1, 5) if value == "date" else value  # noqa: DTZ001
    book.active.append(["a", "x", "is", shown, 5])
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(ModelError, match=r"s.xlsx, row 2, column 'value' \(D2\): this cell is a"):
        read_build_sheet(tmp_path / "s.xlsx")


def test_what_is_no_sheet_is_refused(tmp_path):
    (tmp_path / "s.xlsx").write_bytes(b"no workbook")
    (tmp_path / "s.csv").write_bytes(b"criterion,field\xff")
    (tmp_path / "empty.csv").write_bytes(b"")
    for name, error in (("s.xlsx", SourceError), ("s.csv", SourceError), ("x.csv", SourceError)):
        with pytest.raises(error, match=name):
            read_build_sheet(tmp_path / name)
    with pytest.raises(ModelError, match=r"empty\.csv, row 1, cell A1: this is no sheet of points"):
        read_build_sheet(tmp_path / "empty.csv")
    with pytest.raises(QuestionError, match=r"ends in \.csv or .xlsx"):
        save_sheet(build_sheet(parse_model(FULL)), tmp_path / "sheet.ods")
    with pytest.raises(SourceError, match="cannot write"):
        save_sheet(build_sheet(parse_model(FULL)), tmp_path / "nowhere" / "sheet.xlsx")


def test_a_cell_that_a_spreadsheet_would_cut_off_is_refused(tmp_path):
    domains = [f"domain-number-{n}.example" for n in range(2_000)]
    model = from_raw({
        "lead_score_model": 1, "name": "n", "version": "1",
        "groups": [{"id": "g", "dimension": "fit", "criteria": [
            {"id": "c", "when": {"domain": domains}, "points": 1}
        ]}],
    })  # fmt: skip
    with pytest.raises(ModelError, match=r"characters do not fit into a cell"):
        save_sheet(build_sheet(model), tmp_path / "s.csv")


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_workbook_is_read_or_refused(tmp_path, seed):
    draw = random.Random(seed)
    path = tmp_path / "s.xlsx"
    save_sheet(build_sheet(parse_model(FILES["company_size"])), path)
    parts = {}
    with zipfile.ZipFile(path) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    name = draw.choice(sorted(parts))
    at = draw.randrange(len(parts[name]))
    parts[name] = (
        parts[name][:at]
        + draw.choice([b"", b"<", b">", b"9", b"\x00"])
        + (parts[name][at + draw.choice([0, 1, 30]) :])
    )
    if seed % 7 == 0:
        del parts[name]
    with zipfile.ZipFile(path, "w") as damaged:
        for part, content in parts.items():
            damaged.writestr(part, content)
    with suppress(ModelError, SourceError):
        read_build_sheet(path)


@pytest.mark.parametrize("seed", range(150))
def test_a_damaged_sheet_is_read_or_refused(tmp_path, seed):
    draw = random.Random(seed)
    path = tmp_path / "s.csv"
    save_sheet(build_sheet(parse_model(MODELS[draw.choice(["full", "demo", "auto_mql"])])), path)
    text = path.read_text("utf-8")
    for _ in range(draw.randint(1, 5)):
        at = draw.randrange(len(text))
        scrap = draw.choice([",", ";", '"', "\n", "[", "{a: 1}", "x", "-1", "9" * 40, "'", "=", ""])
        text = text[:at] + scrap + text[at + draw.choice([0, 1, 5, 40]) :]
    path.write_text(text, "utf-8")
    with suppress(ModelError, SourceError):
        read_build_sheet(path)
