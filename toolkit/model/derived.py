"""Fields that a model makes from one column of leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from toolkit.model.conditions import field_name
from toolkit.model.text import is_missing, text_of, word_finder
from toolkit.model.values import Name, OneOrMore, Pairs
from toolkit.yamlfile import YamlModel, fail

__all__ = ["Derived", "deriver"]


class Derived(YamlModel):
    """A field made from another: the domain of an e-mail address, or the first list of words.

    `domain_of: email` is what follows the last `@`; without one it is missing. `first_word_list`
    with `of: title` is the name of the first list, in the order of the file, of which a whole
    word stands in the text; it is missing where the text holds none of them.
    """

    domain_of: Name | None = None
    of: Name | None = None
    first_word_list: (
        Annotated[tuple[tuple[str, OneOrMore[Name]], ...], Pairs(field_name)] | None
    ) = Field(None)

    @property
    def source(self) -> str:
        """The column of leads that it reads."""
        return self.domain_of or self.of or ""

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.domain_of is None) is (self.first_word_list is None):
            raise fail(
                "write 'domain_of: <column>', or 'of: <column>' with "
                "'first_word_list: {name: [words]}'"
            )
        if self.first_word_list is not None and self.of is None:
            raise fail(
                "'first_word_list' needs 'of: <column>', the text in which the words are looked "
                "for, as in of: title",
                "first_word_list",
                on_key=True,
            )
        if self.first_word_list is None and self.of is not None:
            raise fail("'of' does not go with 'domain_of'; delete it", "of", on_key=True)
        if self.first_word_list == ():
            raise fail("this mapping is empty; write name: [words]", "first_word_list")
        return self


def deriver(derived: Derived) -> Callable[[object], str | None]:
    """Make the function from a value of the source column to the field; None is missing.

    >>> deriver(Derived(domain_of="email"))("Ann@Mail.example ")
    'mail.example'
    """
    if derived.domain_of is not None:
        return lambda value: None if is_missing(value) else _domain(text_of(value))
    lists = [(name, word_finder(words)) for name, words in derived.first_word_list or ()]
    return lambda value: None if is_missing(value) else _first_list(text_of(value), lists)


def _domain(text: str) -> str | None:
    _, at, domain = text.rpartition("@")
    return domain.strip() or None if at else None


def _first_list(text: str, lists: Sequence[tuple[str, Callable[[str], bool]]]) -> str | None:
    return next((name for name, finds in lists if finds(text)), None)
