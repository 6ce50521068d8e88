"""The YAML reader: YAML 1.2 without magic, and a place for everything."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from toolkit.errors import MappingError, ModelError, SourceError
from toolkit.yamlfile import YamlModel, fail, found, read_yaml, validate


def read(text):
    return read_yaml(text, error=ModelError, file="x.yaml")[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("1e9", 1e9),
        ("1e-3", 0.001),
        ("-.5", -0.5),
        ("12", 12),
        ("+12", 12),
        ("0", 0),
        ("0.5", 0.5),
        ("0o14", 12),
        ("0x1F", 31),
        ("02134", "02134"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("2026-07-01", "2026-07-01"),
        ("2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'null'", "null"),
        ('"12"', "12"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(written, value):
    data = read(f"key: {written}\n")
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_text_as_written():
    assert list(read("{on: 1, no: 2, 3: 4, 007: 5, null: 6}")) == ["on", "no", "3", "007", "null"]


def test_every_key_and_value_has_its_place():
    _, places = read_yaml("a: 1\nb:\n- {c: x,  dd: yy}\n- z\n", error=ModelError)
    assert places.of(("a",)) == (1, 4)
    assert places.of_key(("a",)) == (1, 1)
    assert places.of(("b", 0, "dd")) == (3, 15)
    assert places.of_key(("b", 0, "dd")) == (3, 11)
    assert places.of(("b", 1)) == (4, 3)


def test_the_place_of_what_is_not_there_is_the_place_around_it():
    _, places = read_yaml("a:\n  b: 1\n", error=ModelError)
    assert places.of(("a", "x", 3)) == (2, 3)
    assert places.of_key(("a", "x")) == (2, 3)
    assert places.of(("q",)) == (1, 1)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path, error=ModelError)[0] == {"a": 1}
    assert read("\ufeffa: 1\n") == {"a": 1}


def test_windows_line_ends_change_nothing(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"a: 1\r\nb: two\r\n")
    data, places = read_yaml(path, error=ModelError)
    assert data == {"a": 1, "b": "two"}
    assert places.of_key(("b",)) == (2, 1)


def test_empty_text_is_nothing():
    assert read("") is None
    assert read("# only a comment\n") is None


REFUSED = {
    "a: 1\nb: 2\na: 3\n": r"x\.yaml:3:1: 'a' stands here twice \(first on line 1\)",
    "a: {b: 1, b: 2}": r"x\.yaml:1:11: 'b' stands here twice",
    "a: &x [1]\nb: *x\n": r"x\.yaml:1:4: '&x' is an anchor.*write the value out",
    "b: *x\n": r"x\.yaml:1:4: '\*x' is an alias.*in quotes",
    "like: *.edu\n": r"x\.yaml:1:7: .*in quotes",
    "a: !!python/object:os.system {}\n": r"x\.yaml:1:4: the tag .* is not allowed",
    "a: !x 1\n": r"x\.yaml:1:4: the tag '!x' is not allowed",
    "a: !!str 1\n": r"x\.yaml:1:4: the tag",
    "a: 1\n---\nb: 2\n": r"x\.yaml:2:1: a second document",
    "a: .inf\n": r"x\.yaml:1:4: \.inf is not a number that can be used",
    "a: .NaN\n": r"x\.yaml:1:4: \.NaN is not a number",
    "a: 1e999\n": r"x\.yaml:1:4: 1e999 is too large",
    "? [a]\n: 1\n": r"x\.yaml:1:3: a key must be a word",
    ": 1\n": r"x\.yaml:1:1: a key must be a word",
    'a: "\\ud800"\n': "surrogate|not YAML",
    "a:\n\t- 1\n": r"x\.yaml:2:1: .*spaces, not tabs",
    "a: [1, 2\n": r"x\.yaml:2:1: this is not YAML",
    "a: 'b\n": "this is not YAML",
    "a: b: c\n": r"x\.yaml:1:5: this is not YAML: .*not allowed",
    "a: \x00\n": "this is not YAML",
    "a: @b\n": "in quotes",
    "%YAML x\n---\na: 1\n": "this is not YAML",
    "a: " + "[" * 60 + "]" * 60: "nested more than 40 levels",
    "a: " + "[" * 100_000: "nested more than 40 levels",
    "a: " + "{a: " * 1000: "nested more than 40 levels",
    "#" + "x" * 1_000_001: "larger than 1,000,000 characters",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:24]))
def test_magic_and_broken_text_are_refused_at_their_place(text):
    with pytest.raises(ModelError, match=REFUSED[text]) as caught:
        read(text)
    assert str(caught.value).startswith("x.yaml")


def test_an_alias_bomb_ends_at_its_first_anchor():
    bomb = 'a: &a ["x","x"]\n' + "".join(
        f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(ModelError, match="'&a' is an anchor"):
        read(bomb)


def test_bytes_that_are_no_utf8_have_a_place(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes("a: 1\nname: Müller\n".encode("latin-1"))
    with pytest.raises(MappingError, match=r"m\.yaml:2:8: the byte 0xfc is not UTF-8") as caught:
        read_yaml(path, error=MappingError)
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_a_file_that_is_not_there_is_a_source_error_without_its_folder(tmp_path):
    with pytest.raises(SourceError, match=r"cannot read no\.yaml: No such file") as caught:
        read_yaml(tmp_path / "no.yaml", error=ModelError)
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(SourceError, match="cannot read"):
        read_yaml(tmp_path, error=ModelError)


@given(
    st.one_of(st.text(max_size=60), st.text(alphabet="ab:-[]{},\n '\"|>&*!%#?\\0\t", max_size=60))
)
def test_any_text_is_read_or_refused(text):
    try:
        data = read(text)
    except ModelError:
        return
    assert data is None or isinstance(data, dict | list | str | int | float | bool)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path, raw):
    path = tmp_path / "m.yaml"
    path.write_bytes(raw)
    try:
        read_yaml(path, error=ModelError)
    except ModelError as refused:
        assert str(refused).startswith("m.yaml")  # noqa: PT017 - most inputs may be read


class Leaf(YamlModel):
    later: ClassVar = {"old": "'old' is gone: use 'size'"}

    size: int
    kind: str = Field("a", alias="from")


class Tree(YamlModel):
    leaves: tuple[Leaf, ...] = ()
    by_name: dict[str, Leaf] = Field(default_factory=dict)
    flag: bool = False


def check(text):
    data, places = read_yaml(text, error=MappingError, file="t.yaml")
    return validate(Tree, data, places, "t.yaml", MappingError)


def test_a_key_in_the_file_is_spelled_as_in_the_file():
    assert check("leaves: [{size: 1, from: b}]").leaves == (Leaf(size=1, kind="b"),)
    with pytest.raises(MappingError, match="unknown key 'kind'"):
        check("leaves: [{size: 1, kind: b}]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leafs: []", "t.yaml:1:1: unknown key 'leafs': did you mean 'leaves'? There are: leaves"),
        ("leaves:\n- {sise: 1}", "t.yaml:2:4: unknown key 'sise': did you mean 'size'?"),
        ("leaves:\n- {old: 1}", "t.yaml:2:4: 'old' is gone: use 'size'"),
        ("leaves:\n- {from: b}", "t.yaml:2:3: 'size' is missing in 'leaves'"),
        ("leaves:\n- {size: x}", "t.yaml:2:10: 'size' must be a whole number; found text 'x'"),
        ("leaves:\n- {size: 1.5}", "'size' must be a whole number; found the number 1.5"),
        ("leaves:\n- {size: }", "t.yaml:2:4: 'size' has no value; give it one or delete the key"),
        ("leaves: {size: 1}", "t.yaml:1:9: 'leaves' must be a list; found a mapping"),
        ("leaves: [1]", "t.yaml:1:10: 'leaves' must be a mapping (key: value); found the number 1"),
        ("by_name: {x: {size: []}}", "t.yaml:1:21: 'size' must be a whole number; found a list"),
        ("by_name: [1]", "'by_name' must be a mapping (key: value); found a list"),
        ("flag: maybe", "t.yaml:1:7: 'flag' must be true or false; found text 'maybe'"),
        ("- 1", "t.yaml:1:1: the file must be a mapping (key: value); found a list"),
    ],
)
def test_a_wrong_value_is_named_with_place_found_and_expected(text, message):
    with pytest.raises(MappingError) as caught:
        check(text)
    assert message in str(caught.value)


def test_further_problems_follow_in_the_order_of_the_file():
    with pytest.raises(MappingError) as caught:
        check("flag: 3.5\nleaves:\n- {size: a}\n- {sice: 2, foo: 3}\n")
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        "t.yaml:1:7",
        "t.yaml:3:10",
        "t.yaml:4:4",
        "t.yaml:4:13",
    ]


def test_a_long_list_of_problems_is_cut_and_counted():
    with pytest.raises(MappingError) as caught:
        check("leaves:\n" + "- {size: x}\n" * 25)
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "... and 15 more"


def test_what_was_found_is_cut_to_a_readable_length():
    assert found("x" * 500).endswith("...")
    assert len(found("x" * 500)) < 80
    assert found(True) == "the truth value true"
    assert found({}) == "a mapping (key: value)"


def test_fail_places_a_message_below_the_value():
    assert fail("no", "a", 0).context["all"][0].at == ("a", 0)
