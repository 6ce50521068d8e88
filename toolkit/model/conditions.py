"""Tests on one value, and conditions that combine tests on several fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from toolkit.errors import nearest_first
from toolkit.model.pattern import Pattern, PatternError
from toolkit.model.values import Name, Number, OneOrMore, Pairs, Scalar, Truth
from toolkit.yamlfile import Problem, YamlModel, fail, found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Condition", "Test", "field_name"]


def _pattern(text: str) -> str:
    try:
        Pattern(text)
    except PatternError as reason:
        raise fail(f"the pattern {text!r} cannot be used: {reason}") from None
    return text


def _glob(text: str) -> str:
    if not text.replace("*", ""):
        raise fail(f"'{text}' fits every text; write `missing: false` for any value")
    return text


class Test(YamlModel):
    """What one value must be; all the keys given must hold.

    A bare value means `equals`, a bare list `in`. On a missing value the outcome is unknown
    unless `missing` or `or_missing` says otherwise.
    """

    __test__: ClassVar[bool] = False  # not a test case for pytest to collect

    in_: OneOrMore[Scalar] | None = Field(None, alias="in")
    not_in: OneOrMore[Scalar] | None = None
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    gt: Number | None = None
    gte: Number | None = None
    lt: Number | None = None
    lte: Number | None = None
    contains: OneOrMore[Name] | None = None
    contains_word: OneOrMore[Name] | None = None
    starts_with: OneOrMore[Name] | None = None
    ends_with: OneOrMore[Name] | None = None
    like: OneOrMore[Annotated[Name, AfterValidator(_glob)]] | None = None
    matches: OneOrMore[Annotated[Name, AfterValidator(_pattern)]] | None = None
    missing: Truth | None = None
    or_missing: Truth = False

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Read a bare list as `in` and a bare value as `equals`; refuse an empty test."""
        if isinstance(data, list | tuple):
            return {"in": data}
        if data is None:
            raise fail("this test is empty; to ask for a missing value write {missing: true}")
        if isinstance(data, str | int | float):
            return {"equals": data}
        return data

    @property
    def operators(self) -> dict[str, Any]:
        """The tests given, by their spelling in the file, without `missing` and `or_missing`."""
        names = ((name, entry.alias or name) for name, entry in type(self).model_fields.items())
        given = ((spelling, getattr(self, name)) for name, spelling in names)
        return {
            spelling: value
            for spelling, value in given
            if value is not None and spelling not in {"missing", "or_missing"}
        }

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        given = list(self.operators)
        if self.missing is not None and (given or self.or_missing):
            raise fail("'missing' stands alone; to accept a missing value as well use 'or_missing'")
        if self.missing is None and not given:
            raise fail(f"no test is given; {nearest_first('', self.known_keys(), most=20)}")
        for one, other in (("gt", "gte"), ("lt", "lte")):
            if one in given and other in given:
                raise fail(f"'{one}' and '{other}' clash: keep one of them", other)
        self._refuse_empty_range()
        return self

    def _refuse_empty_range(self) -> None:
        lowest = self.gte if self.gt is None else self.gt
        highest = self.lte if self.lt is None else self.lt
        if lowest is None or highest is None:
            return
        strict = self.gt is not None or self.lt is not None
        if lowest > highest or (strict and lowest == highest):
            raise fail(f"no number lies between {lowest} and {highest}; exchange them?")


_LONGEST_NAME = 200


def field_name(text: str) -> str:
    """Check the name of a field."""
    if text != text.strip() or not 1 <= len(text) <= _LONGEST_NAME:
        raise fail(
            "a field is named as in the table, 1 to "
            f"{_LONGEST_NAME} characters without blanks around them; "
            f"found {found(text)}"
        )
    return text


_COMBINERS = ("all", "any", "not")


class Condition(YamlModel):
    """Tests on fields, all of which must hold, with `all`, `any` and `not` to combine others.

    Every mapping key that is not `all`, `any` or `not` is the name of a field.
    """

    tests: Annotated[tuple[tuple[str, Test], ...], Pairs(field_name)] = Field((), alias="<tests>")
    all_: tuple[Condition, ...] = Field((), alias="all")
    any_: tuple[Condition, ...] = Field((), alias="any")
    not_: Condition | None = Field(None, alias="not")

    @classmethod
    def _wrong_keys(cls, data: Mapping[str, Any]) -> list[Problem]:
        del data  # every key is a combiner or the name of a field
        return []

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Split the keys of a mapping into combiners and fields."""
        if not isinstance(data, dict) or any(isinstance(part, tuple) for part in data.values()):
            return data  # built in Python from the fields below; a file has lists, never tuples
        shaped = {key: data[key] for key in _COMBINERS if key in data}
        for key in ("all", "any"):
            if key in shaped and (not isinstance(shaped[key], list | tuple) or not shaped[key]):
                raise fail(f"'{key}' takes a list of conditions; found {found(data[key])}", key)
        if "not" in shaped and not isinstance(shaped["not"], dict | Condition):
            raise fail(f"'not' takes one condition; found {found(data['not'])}", "not")
        tests = {key: value for key, value in data.items() if key not in _COMBINERS}
        if not data:
            raise fail("this condition is empty; for a default case leave `when` out")
        return {"<tests>": tests, **shaped}

    def parts(self) -> Iterator[Condition]:
        """Give the conditions inside `all`, `any` and `not`."""
        yield from self.all_
        yield from self.any_
        if self.not_ is not None:
            yield self.not_

    def field_tests(self) -> Iterator[tuple[str, Test]]:
        """Every (field, test) in the condition, however deep, in file order."""
        yield from self.tests
        for part in self.parts():
            yield from part.field_tests()
