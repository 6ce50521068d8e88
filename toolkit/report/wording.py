"""Numbers and words as the team says them, the same in a sentence, a table and a figure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

__all__ = [
    "DASH",
    "MINUS",
    "TIMES",
    "Words",
    "change",
    "count",
    "decimals_for",
    "joined",
    "money",
    "month_text",
    "number",
    "of_all",
    "percent",
    "percent_of_few",
    "plural",
    "rate_text",
    "score_range",
    "share_text",
    "span",
    "true_minus",
]

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
_WIDE, _NARROW = 0.10, 0.01
_SMALL = 0.10

_NOUNS = {
    "client": "clients",
    "customer": "customers",
    "deal": "deals",
    "meeting": "meetings",
    "opportunity": "opportunities",
    "order": "orders",
    "sale": "sales",
    "subscriber": "subscribers",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The team's words for a positive (`SQL`) and for a lead that was handed over (`MQL`).

    >>> Words("SQL").became, Words("customer").became, Words("Converted").became
    ('became SQL', 'became a customer', 'converted')
    >>> Words("SQL").many, Words("opportunity").many, Words("Converted").many
    ('SQLs', 'opportunities', 'conversions')
    >>> Words("SQL").one, Words("opportunity").one, Words("activated loan").one
    ('an SQL', 'an opportunity', 'a conversion')
    """

    outcome: str = "SQL"
    handed: str = "MQL"

    @property
    def became(self) -> str:
        """The past tense of turning into a positive."""
        return self._turn("became", "converted")

    @property
    def become(self) -> str:
        """The present tense, of many leads."""
        if self.outcome.isupper() or self.outcome.casefold() in _NOUNS:
            return f"become {self.many}"
        return "convert"

    @property
    def becoming(self) -> str:
        """The form after a preposition."""
        return self._turn("becoming", "converting")

    @property
    def to_become(self) -> str:
        """The infinitive of turning into a positive, without its `to`."""
        return self._turn("become", "convert")

    @property
    def single(self) -> str:
        """One positive, without an article."""
        return self.outcome if _plural_noun(self.outcome) else "conversion"

    @property
    def one(self) -> str:
        """One positive, with its article."""
        return f"{_article(self.single)} {self.single}"

    @property
    def many(self) -> str:
        """Several positives."""
        return _plural_noun(self.outcome) or "conversions"

    @property
    def rate(self) -> str:
        """The share of leads that turned into a positive."""
        if self.outcome.isupper() or self.outcome.casefold() in _NOUNS:
            return f"{self.outcome} rate"
        return "conversion rate"

    @property
    def handed_many(self) -> str:
        """Several leads that were handed over."""
        return _plural_noun(self.handed) or "leads handed over"

    def _turn(self, verb: str, otherwise: str) -> str:
        word = self.outcome
        if word.isupper():
            return f"{verb} {word}"
        if word.casefold() in _NOUNS:
            return f"{verb} {self.one}"
        return otherwise


def _article(word: str) -> str:
    """Choose by the first sound; capitals are spelled out: an SQL, a customer."""
    vowels = "AEFHILMNORSX" if word.isupper() else "aeiouAEIOU"
    return "an" if word[0] in vowels else "a"


def _plural_noun(word: str) -> str | None:
    if word.isupper() or word.casefold().endswith("lead"):
        return f"{word}s"
    return _NOUNS.get(word.casefold())


def count(n: float) -> str:
    """Write a number of leads with thousands separators and a true minus.

    >>> count(12086), count(float("nan"))
    ('12,086', 'not known')
    """
    return "not known" if math.isnan(n) else f"{round(n):,}".replace("-", MINUS)


def number(value: float, decimals: int = 1) -> str:
    """Write a number with thousands separators and a true minus; never a minus before nothing.

    >>> number(-1234.56), number(-0.04), number(float("nan"))
    ('\N{MINUS SIGN}1,234.6', '0.0', 'not known')
    """
    if math.isnan(value):
        return "not known"
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", MINUS)


def money(value: float) -> str:
    """Write an amount with as many digits as its size deserves.

    >>> money(1234.5), money(12.34), money(-0.5)
    ('1,234', '12.3', '\N{MINUS SIGN}0.50')
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004 - digits by size
    return number(value, digits)


def true_minus(text: str) -> str:
    """Give the numbers of a sentence written elsewhere a true minus; words keep their hyphens.

    >>> true_minus("Thresholds -30 to -5 cut off the well-scored 10-20%")
    'Thresholds \N{MINUS SIGN}30 to \N{MINUS SIGN}5 cut off the well-scored 10-20%'
    """
    return re.sub(r"(?<![\w%)])-(?=\d)", MINUS, text)


def plural(n: float, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    >>> plural(1, "lead"), plural(2, "lead"), plural(3, "of it", "of them")
    ('1 lead', '2 leads', '3 of them')
    """
    single = not math.isnan(n) and round(n) == 1
    return f"{count(n)} {one if single else many or one + 's'}"


def percent(rate: float, decimals: int = 1) -> str:
    """Write a rate as a percentage that never rounds something to nothing or to all.

    >>> percent(0.1824), percent(0.0, 0), percent(0.0004), percent(0.9999), percent(float("nan"))
    ('18.2%', '0%', 'under 0.1%', 'over 99.9%', 'not known')
    """
    if math.isnan(rate):
        return "not known"
    step = 10.0**-decimals
    shown = round(100 * rate, decimals)
    if rate > 0 and shown <= 0:
        return f"under {step:.{decimals}f}%"
    if rate < 1 and shown >= 100:  # noqa: PLR2004 - all of it, or one
        return f"over {100 - step:.{decimals}f}%"
    return true_minus(f"{shown + 0.0:.{decimals}f}%")  # 0.0 takes the sign off a zero


def percent_of_few(rate: float) -> str:
    """Write a rate as a whole percentage, a small one with a decimal: 2% and 3% hide what differs.

    >>> percent_of_few(0.272), percent_of_few(0.0279), percent_of_few(0.0)
    ('27%', '2.8%', '0%')
    """
    return percent(rate, 1 if 0 < rate < _SMALL else 0)


def decimals_for(low: float, high: float) -> int:
    """Decimals that an interval can carry: none from 10 points of width on, two below 1 point."""
    width = high - low
    if math.isnan(width) or width >= _WIDE:
        return 0
    return 1 if width >= _NARROW else 2


def span(low: float, high: float, decimals: int = 1) -> str:
    """Write two ends of an interval of rates.

    >>> span(0.16, 0.207), span(float("nan"), 0.2)
    ('16.0-20.7%', 'interval not known')
    """
    if math.isnan(low + high):
        return "interval not known"
    return f"{100 * low:.{decimals}f}-{100 * high:.{decimals}f}%"


def rate_text(rate: float, low: float, high: float, confidence: float = 0.95) -> str:
    """Write a rate with its interval, with as many decimals as the interval deserves.

    >>> rate_text(0.182, 0.16, 0.207)
    '18.2% (95% interval 16.0-20.7%)'
    >>> rate_text(0.25, 0.071, 0.591)
    '25% (95% interval 7-59%)'
    """
    if math.isnan(rate):
        return "not known"
    digits = decimals_for(low, high)
    level = f"{100 * confidence:g}% interval"
    if math.isnan(low) or math.isnan(high):
        return percent(rate, 1)
    return f"{percent(rate, digits)} ({level} {span(low, high, digits)})"


def change(difference: float, decimals: int = 1) -> str:
    """Write a difference of two rates in percentage points, with its sign.

    >>> change(0.05), change(-0.0001), change(float("nan"))
    ('+5.0 points', '0.0 points', 'not known')
    """
    if math.isnan(difference):
        return "not known"
    shown = round(100 * difference, decimals)
    sign = "+" if shown > 0 else MINUS if shown < 0 else ""
    return f"{sign}{abs(shown):.{decimals}f} points"


def of_all(positives: float, n: float) -> str:
    """Write a rate as counts.

    >>> of_all(179, 457)
    '179 of 457'
    """
    return f"{count(positives)} of {count(n)}"


def share_text(part: float, whole: float) -> str:
    """Write a share of leads, without decimals; nothing of nothing is not known."""
    return percent(part / whole, 0) if whole else "not known"


def score_range(start: float | None, stop: float | None) -> str:
    """Write the scores of a band; `stop` is exclusive.

    >>> score_range(80, None), score_range(50, 80), score_range(None, 40), score_range(15, 16)
    ('80+', '50\N{EN DASH}79', 'below 40', '15')
    """
    first = None if start is None or math.isnan(start) else int(start)
    end = None if stop is None or math.isnan(stop) else int(stop)
    return _range(first, end).replace("-", MINUS)


def _range(first: int | None, end: int | None) -> str:
    if first is None:
        return "all scores" if end is None else f"below {end}"
    if end is None:
        return f"{first}+"
    if end - first <= 1:
        return f"{first}"
    return f"{first} to {end - 1}" if first < 0 else f"{first}{DASH}{end - 1}"


def joined(items: Sequence[str]) -> str:
    """Write a list in words.

    >>> joined(["16", "17", "18"])
    '16, 17 and 18'
    """
    if len(items) < 2:  # noqa: PLR2004 - all of it, or one
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def month_text(day: date) -> str:
    """Write a month of the calendar in English, whatever the machine's language.

    >>> from datetime import date
    >>> month_text(date(2026, 9, 30))
    'September 2026'
    """
    months = "January February March April May June July August September October November December"
    return f"{months.split()[day.month - 1]} {day.year}"
