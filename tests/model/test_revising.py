"""New numbers in an old file: the very same model, with every comment in its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.sheets import GOLDEN
from toolkit.errors import ModelError, SourceError
from toolkit.model import load_model, parse_model, save_model
from toolkit.model.examples import example_text
from toolkit.model.revising import revised_text
from toolkit.model.writing import model_text

TEXT = """# Our model: do not touch without the council.
lead_score_model: 1
name: ours
version: 2024q4        # as agreed
valid_from: 2024-10-01
groups:
# Who they are.
- id: who
  dimension: fit
  max: 40              # a limit of the group
  criteria:
  - id: title
    cases:
    - {when: {title: VP}, points: 20}   # twenty
    - {when: {title: CEO}, points: 30}
  - {id: topics, field: topics, per_value: {x: 3, "y": 20}}
  - {id: size, when: {employees: {gte: 20}}, points: 20}
bands:
- {name: SQL, from: 50, handoff: true}  # fifty
- {name: rest}
"""


def changed(model, **more):
    """Every point of the first criterion, the second value and the threshold moved."""
    group = model.groups[0]
    title, topics, size = group.criteria
    cases = tuple(case.model_copy(update={"points": case.points + 5}) for case in title.cases)
    criteria = (
        title.model_copy(update={"cases": cases}),
        topics.model_copy(update={"per_value": (("x", 3), ("y", -20))}),
        size,
    )
    bands = (model.bands[0].model_copy(update={"start": 65}), *model.bands[1:])
    return model.model_copy(
        update={
            "groups": (group.model_copy(update={"criteria": criteria}),),
            "bands": bands,
            **more,
        }
    )


def test_numbers_move_and_everything_else_stays():
    new = changed(parse_model(TEXT), version="2025q1", valid_from=None)
    found = revised_text(TEXT, new)
    assert parse_model(found) == new
    expected = (
        TEXT.replace("version: 2024q4 ", 'version: "2025q1" ')
        .replace("valid_from", "# version 2024q4: valid_from")
        .replace("VP}, points: 20", "VP}, points: 25")
        .replace("points: 30", "points: 35")
        .replace('"y": 20', '"y": -20')
        .replace("from: 50", "from: 65")
    )
    assert found == expected


def test_the_same_model_gives_the_same_text():
    assert revised_text(TEXT, parse_model(TEXT)) == TEXT


def test_a_condition_is_no_point():
    """20 employees stay 20 where 20 points become 25."""
    model = parse_model(TEXT)
    size = model.groups[0].criteria[2]
    case = size.cases[0].model_copy(update={"points": 25})
    group = model.groups[0]
    criteria = (*group.criteria[:2], size.model_copy(update={"cases": (case,)}))
    new = model.model_copy(update={"groups": (group.model_copy(update={"criteria": criteria}),)})
    assert "{gte: 20}}, points: 25" in revised_text(TEXT, new)


def test_what_numbers_cannot_say_is_written_anew():
    model = parse_model(TEXT)
    new = model.model_copy(update={"bands": model.bands[1:]})
    assert revised_text(TEXT, new) == model_text(new)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sheet_keeps_its_comments(path):
    text = path.read_text("utf-8")
    model = load_model(path)
    new = model.model_copy(update={"version": "later"})
    found = revised_text(text, new)
    assert parse_model(found) == new
    assert found.count("#") == text.count("#")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-500, 500), min_size=4, max_size=4), st.text("ab1.: #", max_size=6))
def test_any_points_and_version_come_back(points, version):
    text = example_text("glossary")
    model = parse_model(text)
    group = model.groups[1]
    new_criteria = tuple(
        c.model_copy(update={"points": p}) for c, p in zip(group.criteria, points, strict=False)
    )
    group = group.model_copy(update={"criteria": (*new_criteria, *group.criteria[4:])})
    named = model.version if not version.strip() else version.strip()
    new = model.model_copy(update={"groups": (model.groups[0], group), "version": named})
    assert parse_model(revised_text(text, new)) == new


def test_a_saved_model_may_look_like_the_one_before(tmp_path):
    old, new = tmp_path / "old.yaml", changed(parse_model(TEXT), version="2")
    old.write_text(TEXT, encoding="utf-8")
    save_model(new, tmp_path / "new.yaml", like=old)
    assert load_model(tmp_path / "new.yaml") == new
    assert "# Who they are." in (tmp_path / "new.yaml").read_text("utf-8")
    with pytest.raises(SourceError, match=r"cannot read none\.yaml: .*; check path and rights"):
        save_model(new, tmp_path / "x.yaml", like=tmp_path / "none.yaml")


def test_text_that_is_no_model_is_refused():
    with pytest.raises(ModelError):
        revised_text("name: x", parse_model(TEXT))
