"""The few places where a name or text of a file becomes SQL, always quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["choice", "cleaned", "identifier", "literal", "literals", "trimmed"]

# Tabs, line ends and the no-break space of spreadsheets are blank too, not only the space.
BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"


def identifier(name: str) -> str:
    """Quote a column or table name, whatever it contains.

    >>> identifier('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text, whatever it contains.

    >>> literal("O'Neil")
    "'O''Neil'"
    """
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Quote texts as a list for IN."""
    return ", ".join(literal(text) for text in texts)


def trimmed(expression: str) -> str:
    """Take blanks off both ends."""
    return f"trim({expression}, {BLANKS})"


def cleaned(expression: str, missing: Iterable[str] = ()) -> str:
    """Trim a text; blank and every text in `missing` (in any case of letters) become NULL."""
    words = sorted({word.strip().lower() for word in missing} - {""})
    text = trimmed(expression)
    if not words:
        return f"nullif({text}, '')"
    return f"CASE WHEN lower({text}) IN ('', {literals(words)}) THEN NULL ELSE {text} END"


def choice(expression: str, words: Mapping[str, str], otherwise: str) -> str:
    """Translate words to ours, in any case of letters; `otherwise` is an SQL expression."""
    if not words:
        return otherwise
    cases = " ".join(
        f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in sorted(words.items())
    )
    return f"CASE lower({expression}) {cases} ELSE {otherwise} END"
