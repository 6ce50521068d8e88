"""The columns that a model reads of one table, each as text, as words and as a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from toolkit.export.sql.conditions import test_sql
from toolkit.export.sql.dialects import Dialect
from toolkit.export.sql.text import (
    BLANKS,
    NUMBER,
    folded,
    refuse_letters,
    word_pattern,
    words_only,
)
from toolkit.model import Condition, Derived, PerValueCriterion, Test, normal_text

__all__ = ["Field", "Fields"]


def _texts_of(test: Test) -> Iterable[str]:
    """Every text that a test compares with."""
    for value in test.operators.values():
        for entry in value if isinstance(value, tuple) else (value,):
            if isinstance(entry, str):
                yield entry


def _needs_number(test: Test) -> bool:
    given = test.operators
    listed = [*given.get("in", ()), *given.get("not_in", ())]
    listed += [given[key] for key in ("equals", "not_equals") if key in given]
    orders = {"gt", "gte", "lt", "lte"} & given.keys()
    return bool(orders) or any(not isinstance(entry, str) for entry in listed)


@dataclass(slots=True)
class Field:
    """One field: what is asked of it, so how it must be prepared."""

    column: str
    position: int
    derived: Derived | None = None
    texts: set[str] = field(default_factory=set)
    words: bool = False
    numbers: bool = False
    uncast: bool = False

    def ask(self, test: Test) -> None:
        """Note what a test needs."""
        self.texts |= {normal_text(text) for text in _texts_of(test)}
        self.words |= test.contains_word is not None
        self.numbers |= _needs_number(test)

    def ask_values(self, criterion: PerValueCriterion) -> None:
        """Note what a criterion per value needs."""
        self.texts |= {normal_text(value) for value, _ in criterion.per_value}
        # A list must not be read as the text that an engine makes of it.
        self.uncast = True

    def ask_derived(self, other: Field) -> None:
        """Note what a field made from this one needs."""
        derived = other.derived
        if derived is None or derived.first_word_list is None:
            self.texts |= other.texts | {"@"}
            return
        self.words = True
        self.texts |= {normal_text(word) for _, words in derived.first_word_list for word in words}

    @property
    def alphabet(self) -> frozenset[str]:
        """The letters that can decide a test."""
        return frozenset("".join(self.texts))


class Fields:
    """The fields of one table, and the stages of a query that prepare them.

    Field i is `v<i>` as folded text (NULL where missing), `w<i>` as words only, `n<i>` as a
    number; `inline` writes these out wherever they stand, for an expression without stages.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        columns: Mapping[str, str],
        missing: Sequence[str],
        derived: Mapping[str, Derived],
        inline: bool = False,
    ) -> None:
        self.dialect, self._inline = dialect, inline
        self._columns, self._derived = columns, derived
        self._missing = sorted({normal_text(text) for text in missing} - {""})
        self._fields: dict[str, Field] = {}

    def _field(self, name: str) -> Field:
        if name not in self._fields:
            derived = self._derived.get(name)
            column = self._columns.get(name, name)
            self._fields[name] = Field(column, len(self._fields), derived)
        return self._fields[name]

    def ask(self, condition: Condition) -> None:
        """Note the tests of a condition."""
        for name, test in condition.field_tests():
            self._field(name).ask(test)

    def ask_values(self, criterion: PerValueCriterion) -> None:
        """Note a criterion per value."""
        self._field(criterion.field).ask_values(criterion)

    def settle(self) -> None:
        """Once all is asked: add the columns that derived fields are made from."""
        for made in list(self._fields.values()):
            if made.derived is not None:
                self._field(made.derived.source).ask_derived(made)
        for one in self._fields.values():
            one.texts |= set(self._missing) if one.derived is None else set()
            for text in one.texts:
                refuse_letters(text)

    @property
    def given(self) -> list[Field]:
        """The fields that are columns of the table."""
        return [one for one in self._fields.values() if one.derived is None]

    @property
    def made(self) -> list[Field]:
        """The derived fields."""
        return [one for one in self._fields.values() if one.derived is not None]

    @property
    def has_texts(self) -> bool:
        """Whether some test compares text."""
        return any(one.texts for one in self._fields.values())

    # --- how each is read ---

    def test(self, name: str, test: Test) -> str:
        """Write a test on a prepared field."""
        one = self._fields[name]
        return test_sql(
            test,
            self.dialect,
            text=self._text(one),
            number=self._number(one) if _needs_number(test) else "",
            words=self._words(one) if test.contains_word else "",
            alphabet=one.alphabet,
        )

    def text_of(self, name: str) -> str:
        """The prepared text of a field."""
        return self._text(self._fields[name])

    def stages(self) -> list[dict[str, str]]:
        """Columns by name, stage by stage; each stage sees those before it.

        The first reads the table itself.
        """
        made, given = self.made, self.given
        return [
            {f"t{one.position}": self._trimmed(one) for one in given},
            {f"v{one.position}": self._known(f"t{one.position}") for one in given},
            {f"w{one.position}": self._as_words(one) for one in given if one.words},
            {f"v{one.position}": self._derived_text(one) for one in made},
            {f"w{one.position}": self._as_words(one) for one in made if one.words},
            {f"n{one.position}": self._as_number(one) for one in (*given, *made) if one.numbers},
        ]

    def _text(self, one: Field) -> str:
        if not self._inline:
            return f"v{one.position}"
        made = self._known(self._trimmed(one)) if one.derived is None else self._derived_text(one)
        return f"({made})"

    def _words(self, one: Field) -> str:
        return self._as_words(one) if self._inline else f"w{one.position}"

    def _number(self, one: Field) -> str:
        return f"({self._as_number(one)})" if self._inline else f"n{one.position}"

    def _trimmed(self, one: Field) -> str:
        """The text of a column, trimmed and folded; blank where it is."""
        column = self.dialect.identifier(one.column)
        text = self.dialect.trim(
            self.dialect.listed(column) if one.uncast else self.dialect.as_text(column), BLANKS
        )
        if not one.texts:
            return text
        return folded(text, one.alphabet, self.dialect, words=one.words)

    def _known(self, text: str) -> str:
        """The text, or NULL where it stands for a missing value."""
        absent = ", ".join(map(self.dialect.literal, ["", *self._missing]))
        return f"case when {text} not in ({absent}) then {text} end"

    def _as_words(self, one: Field) -> str:
        return words_only(self._text(one), one.alphabet, self.dialect)

    def _as_number(self, one: Field) -> str:
        text = self._text(one)
        return f"case when {self.dialect.has(text, NUMBER)} then {self.dialect.number(text)} end"

    def _derived_text(self, one: Field) -> str:
        """A derived field from the prepared text of its source."""
        derived = one.derived or Derived()
        source = self._fields[derived.source]
        text = self._text(source)
        if derived.first_word_list is None:
            cut = self.dialect.swap(text, "^([^@]*@)+", "")
            domain = f"nullif({self.dialect.trim(cut, BLANKS)}, '')"
            return f"case when {self.dialect.holds(text, '@')} then {domain} end"
        words = self._words(source)
        cases = " ".join(
            f"when {self.dialect.has(words, word_pattern(listed, source.alphabet))} "
            f"then {self.dialect.literal(normal_text(name))}"
            for name, listed in derived.first_word_list
        )
        return f"case {cases} end"
