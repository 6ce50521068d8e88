"""One value, and how it compares: what counts as missing, as text and as a number."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from toolkit.model.pattern import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "has_word",
    "is_missing",
    "like",
    "normal_text",
    "number_of",
    "pattern_finder",
    "text_of",
    "word_finder",
]

_NUMBER = re.compile(r"[-+]?([0-9]{1,300}(\.[0-9]{0,300})?|\.[0-9]{1,300})([eE][-+]?[0-9]{1,4})?")


def normal_text(text: str) -> str:
    """Trim, drop case, and compose accents: how all text is compared.

    >>> normal_text("  VP of Sales ")
    'vp of sales'
    """
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


def is_missing(value: object) -> bool:
    """Say whether there is no value: None, NaN, NaT or blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, float):
        return math.isnan(value)
    return type(value).__name__ in {"NAType", "NaTType"} or bool(value != value)  # noqa: PLR0124


def text_of(value: object) -> str:
    """Write a value that is not missing the way a table shows it, normalised for comparing.

    >>> text_of(500.0), text_of(True), text_of(" Acme ")
    ('500', 'true', 'acme')
    """
    value = _plain(value)
    if isinstance(value, str):
        return normal_text(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else normal_text(str(value))


def number_of(value: object) -> int | float | None:
    """Read a value as a finite number, also from text; None when it is none.

    >>> number_of(" 500 "), number_of("500.5"), number_of("5 hundred")
    (500, 500.5, None)
    """
    value = _plain(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        return (
            _finite(float(text) if not _whole(text) else int(text))
            if _NUMBER.fullmatch(text)
            else None
        )
    return _finite(value) if isinstance(value, int | float) else None


def _whole(text: str) -> bool:
    return text.lstrip("+-").isdecimal()


def _finite(number: float) -> int | float | None:
    return number if isinstance(number, int) or math.isfinite(number) else None


def _plain(value: object) -> object:
    """Turn a NumPy scalar or a Decimal into Python's own."""
    if isinstance(value, Decimal):
        return (
            int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        )
    if isinstance(value, str | int | float | date):
        return value
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def word_finder(words: Sequence[str]) -> Callable[[str], bool]:
    """Make a test for any of `words` as a whole word (letters and digits of any script)."""
    spelled = (r"\s+".join(re.escape(part) for part in normal_text(word).split()) for word in words)
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(spelled)})(?![^\W_])")
    return lambda text: pattern.search(text) is not None


def has_word(text: str, word: str) -> bool:
    """Say whether `word` stands in `text` as a whole word.

    >>> has_word("SVP Sales", "vp"), has_word("Sales (VP)", "vp")
    (False, True)
    """
    return word_finder([word])(normal_text(text))


def like(text: str, glob: str) -> bool:
    """Match whole normalised text against a pattern in which `*` stands for anything.

    >>> like("/pricing/eu", "/pricing*"), like("/about/pricing", "/pricing*")
    (True, False)
    """
    first, *middle = glob.split("*")
    if not middle:
        return text == glob
    last = middle.pop()
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    # Taking each part at its first possible place is enough, so the time stays linear.
    at, end = len(first), len(text) - len(last)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def pattern_finder(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Make a test for any of the regular expressions, anywhere in normalised text."""
    checked = [Pattern(pattern) for pattern in patterns]
    return lambda text: any(pattern.search(text) for pattern in checked)
