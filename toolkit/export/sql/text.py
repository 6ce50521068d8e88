"""Text compared as `toolkit.model.text` compares it: trimmed, composed, without case.

Engines differ in how they lower letters, so none of their functions is used. Only letters that
occur in the texts of the model can decide a test; of these, and of those that fold to them, the
statement says itself what becomes of them ('VP' to 'vp', 'ß' to 'ss' where an s matters). All other
letters may stay as they are: they can neither meet nor hide a text of the model.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from string import ascii_lowercase, ascii_uppercase

from toolkit.errors import ExportError
from toolkit.export.sql.dialects import Dialect
from toolkit.model import normal_text

__all__ = [
    "BLANKS",
    "NUMBER",
    "blank_class",
    "entry_pattern",
    "folded",
    "refuse_letters",
    "word_pattern",
    "words_only",
]

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""Every letter that Python takes off the ends of a text."""

# As `toolkit.model.text` reads numbers; some engines allow at most 255 repetitions.
_MANY, _SOME = "[0-9]{1,255}[0-9]{0,45}", "[0-9]{0,255}[0-9]{0,45}"
NUMBER = f"^[-+]?({_MANY}([.]{_SOME})?|[.]{_MANY})([eE][-+]?[0-9]{{1,4}})?$"

_LAST_FOLDED = 0x2FA1D
_HALVES = range(0xD800, 0xE000)
_JAMO = range(0x1100, 0x1200)
_SPECIAL = re.compile(r"([\\^$.|?*+()\[\]{}-])")


def _fold(letter: str) -> str:
    composed = unicodedata.normalize("NFC", letter)
    return unicodedata.normalize("NFC", composed.casefold())


@cache
def _folds() -> tuple[tuple[str, str], ...]:
    """Every composed letter beyond ASCII that folding changes, and what it becomes."""
    letters = (chr(code) for code in range(0x80, _LAST_FOLDED + 1) if code not in _HALVES)
    pairs = ((x, _fold(x)) for x in letters if unicodedata.is_normalized("NFC", x))
    return tuple((letter, image) for letter, image in pairs if letter != image)


def refuse_letters(text: str) -> None:
    """Refuse letters of the model's text that may merge with their neighbours in the data."""
    for letter in text:
        joins = unicodedata.category(letter).startswith("M") or ord(letter) in _JAMO
        if joins or _fold(letter) != letter:
            raise ExportError(
                f"the text {text!r} holds {letter!r} (U+{ord(letter):04X}), which joins the letter "
                "before it or has no single small form: SQL cannot compare it exactly. Write the "
                "test without it"
            )


def _with_parts(alphabet: Iterable[str]) -> frozenset[str]:
    """The letters, and those from which accents compose them."""
    known: set[str] = set()
    waiting = list(alphabet)
    while waiting:
        letter = waiting.pop()
        known.add(letter)
        parts = unicodedata.decomposition(letter).split()
        if parts and not parts[0].startswith("<"):
            waiting += [chr(int(part, 16)) for part in parts]
    return frozenset(known)


def _moves_an_edge(letter: str, image: str) -> bool:
    """Whether folding makes a letter of what is none, or none of a letter: U+0345 does."""
    return {image[0].isalnum(), image[-1].isalnum()} != {letter.isalnum()}


def folded(value: str, alphabet: Iterable[str], dialect: Dialect, *, words: bool = False) -> str:
    """Compose the value and fold the letters that matter for texts (or words) over the alphabet."""
    wanted = _with_parts(alphabet)
    several = [
        (letter, image)
        for letter, image in _folds()
        if wanted & set(image) or (words and _moves_an_edge(letter, image))
    ]
    single = [(letter, image) for letter, image in several if len(image) == 1]
    small = ascii_lowercase + "".join(image for _, image in single)
    large = ascii_uppercase + "".join(letter for letter, _ in single)
    made = dialect.compose(value)
    made = f"translate({made}, {dialect.literal(large)}, {dialect.literal(small)})"
    for letter, image in several:
        if len(image) > 1:
            made = f"replace({made}, {dialect.literal(letter)}, {dialect.literal(image)})"
    return dialect.compose(made)


# --- words --------------------------------------------------------------------------------------


@cache
def _word_letters(without: frozenset[str]) -> str:
    """A class of the letters and digits beyond ASCII; unassigned codes do not part ranges."""
    ranges: list[list[int]] = []
    open_ = False
    for code in range(0x80, sys.maxunicode + 1):
        letter = chr(code)
        belongs = letter.isalnum() and letter not in without
        if belongs and open_:
            ranges[-1][1] = code
        elif belongs:
            ranges.append([code, code])
        open_ = belongs or (open_ and unicodedata.category(letter) == "Cn")
    return "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in ranges)


def _stand_in(alphabet: frozenset[str]) -> str:
    """A letter for all letters and digits that no text of the model has."""
    return next(letter for letter in "ªºƻǀǁ" if letter not in alphabet)


def words_only(value: str, alphabet: Iterable[str], dialect: Dialect) -> str:
    """Make every blank a space, and every letter or digit foreign to the model the same one.

    After that a word ends where letters, digits and that one end, which any engine can say.
    """
    known = frozenset(alphabet)
    spaced = f"translate({value}, {dialect.literal(BLANKS)}, {dialect.literal(' ' * len(BLANKS))})"
    return dialect.swap(spaced, f"[{_word_letters(known)}]", _stand_in(known))


def word_pattern(words: Iterable[str], alphabet: Iterable[str]) -> str:
    """A pattern for any of the words as a whole word of what `words_only` made."""
    known = frozenset(alphabet)
    own = "".join(sorted(x for x in known if x.isalnum() and not x.isascii()))
    edge = f"[^0-9a-z{own}{_stand_in(known)}]"
    spelled = (" +".join(map(_plain, normal_text(word).split())) for word in words)
    return f"(^|{edge})({'|'.join(spelled)})({edge}|$)"


def blank_class() -> str:
    """A class of all blanks."""
    return f"[{BLANKS}]"


def entry_pattern(entry: str) -> str:
    """A pattern for one of several values that `;` separates."""
    return f"(^|;){blank_class()}*{_plain(normal_text(entry))}{blank_class()}*(;|$)"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
