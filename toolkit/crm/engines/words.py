"""What a function of DuckDB is called in another engine, and how it must be written to mean the same.

`{a}`, `{b}`, ... are the arguments, already in the engine's words. Instants are times without a
zone that hold UTC, as everywhere in this package; none of these expressions asks for the zone of the
session. Ends of windows, nulls and whole numbers are as DuckDB has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["WORDS", "Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """One engine's words."""

    dialect: str
    """What sqlglot calls it."""
    functions: Mapping[str, str]
    text: str
    """A cast to text. Texts are compared and put in order by their bytes, as in DuckDB."""
    letters: str = ""
    """Of PostgreSQL: the collation that knows letters beyond ASCII."""


def _reversed(start: int) -> str:
    """Four bytes of an MD5, from the last to the first: DuckDB reads them in this order."""
    return " || ".join(
        f"SUBSTR(MD5({{a}}), {place}, 2)" for place in range(start + 6, start - 2, -2)
    )


def _text(plain: str, floating: str, types: str) -> str:
    """A cast to text, where that of a floating number is written as DuckDB does.

    `1.0`, `0.0001`, `1e+16`, `nan`: a point in what is whole, an exponent from 10^16 on and under
    10^-4. From 10^16 on, and beyond six digits of a number of 4 bytes, engines choose the last digit
    each in its own way. Other types that are read here have one text everywhere.
    """
    return f"CASE WHEN {types} THEN {floating.replace('{t}', plain)} ELSE {plain} END"


_POSTGRES_TEXT = _text(
    "CAST({a} AS TEXT)",
    "CASE WHEN {t} ~ '^-?[0-9]+$' THEN {t} || '.0' "
    "WHEN {t} ~ 'e[+](0[0-9]|1[0-5])$' THEN CAST(CAST({t} AS NUMERIC) AS TEXT) || "
    "CASE WHEN CAST({t} AS NUMERIC) % 1 = 0 THEN '.0' ELSE '' END "
    "ELSE REPLACE(REPLACE({t}, 'NaN', 'nan'), 'Infinity', 'inf') END",
    "PG_TYPEOF({a}) IN ('double precision'::REGTYPE, 'real'::REGTYPE)",
)
_SPARK_TEXT = _text(
    "CAST({a} AS STRING)",
    "CASE WHEN {t} IN ('NaN', 'Infinity', '-Infinity') "
    "THEN REPLACE(REPLACE({t}, 'NaN', 'nan'), 'Infinity', 'inf') "
    "WHEN CAST({t} AS DOUBLE) = 0 THEN {t} "
    "WHEN ABS(CAST({t} AS DOUBLE)) < 1e-4 OR ABS(CAST({t} AS DOUBLE)) >= 1e16 "
    "THEN REPLACE(REPLACE(REGEXP_REPLACE(REPLACE({t}, '.0E', 'E'), 'E-([0-9])$', 'e-0$1'), "
    "'E-', 'e-'), 'E', 'e+') "
    "WHEN CAST({t} AS DOUBLE) = FLOOR(CAST({t} AS DOUBLE)) "
    "THEN CAST(CAST(CAST({t} AS DOUBLE) AS BIGINT) AS STRING) || '.0' "
    "ELSE TRIM(TRAILING '0' FROM CAST(CAST({t} AS DECIMAL(38, 21)) AS STRING)) END",
    "TYPEOF({a}) IN ('double', 'float')",
)

# No backslash, which engines read in different ways; braces are doubled for `format`.
_WHOLE = "^[+-]?[0-9]{{1,18}}([.]0{{0,9}})?$"
_NUMBER = "^[+-]?([0-9]{{1,30}}([.][0-9]*)?|[.][0-9]+)(e[+-]?[0-9]{{1,2}})?$"

_POSTGRES = Words(
    "postgres",
    {
        # Times as numbers, whatever the session's zone. `extract` is exact (numeric) since 14.
        "epoch_us": "CAST(EXTRACT(EPOCH FROM {a}) * 1000000 AS BIGINT)",
        "make_timestamp": "(TIMESTAMP '1970-01-01 00:00:00' + ({a}) * INTERVAL '1 microsecond')",
        "local_time": "TIMEZONE({a}, TIMESTAMPTZ '1970-01-01 00:00:00+00' + ({b}) * INTERVAL "
        "'1 microsecond')",
        "to_microseconds": "(({a}) * INTERVAL '1 microsecond')",
        "timezone": "TIMEZONE({a}, {b})",
        "year": "CAST(EXTRACT(YEAR FROM {a}) AS BIGINT)",
        "quarter": "CAST(EXTRACT(QUARTER FROM {a}) AS BIGINT)",
        "month_text": "TO_CHAR({a}, 'YYYY-MM')",
        "start_of": "DATE_TRUNC('{unit}', {a})",
        # A division of whole numbers that are never negative.
        "over": "DIV(CAST({a} AS BIGINT), CAST({b} AS BIGINT))",
        "avg": "AVG(CAST({a} AS DOUBLE PRECISION))",
        "any_value": "(ARRAY_AGG({a}))[1]",
        "first": "(ARRAY_AGG({a} ORDER BY {order}){only})[1]",
        "last": "(ARRAY_AGG({a} ORDER BY {reverse}){only})[1]",
        "arg_min": "(ARRAY_AGG({a} ORDER BY {b}))[1]",
        "md5_number_lower": f"(CAST(CAST(CAST('x' || {_reversed(25)} AS BIT(32)) AS BIGINT) AS NUMERIC)"
        f" * 4294967296 + CAST(CAST('x' || {_reversed(17)} AS BIT(32)) AS BIGINT))",
        "xor": "(({a}) # ({b}))",  # `#` binds no closer than `>>`
        "hex": "CAST(CAST('x' || {a} AS BIT(32)) AS BIGINT)",
        "trim": "BTRIM({a}, {b})",
        "starts_with": "STARTS_WITH({a}, {b})",
        "contains": "(STRPOS({a}, {b}) > 0)",
        "after_last": "SPLIT_PART({a}, {b}, -1)",
        "number": "ROW_NUMBER() OVER ()",
        # The number of a text that is nothing but a plain number.
        "try_whole_number": f"CASE WHEN CAST({{a}} AS TEXT) ~ '{_WHOLE}' "
        "THEN CAST(CAST(CAST({a} AS TEXT) AS NUMERIC) AS BIGINT) END",
        "try_number": f"CASE WHEN CAST({{a}} AS TEXT) ~ '{_NUMBER}' "
        "THEN CAST(CAST({a} AS TEXT) AS DOUBLE PRECISION) END",
        "split": "STRING_TO_ARRAY({a}, {b})",
        "append": "ARRAY_APPEND({a}, {b})",
        "has": "({b} = ANY({a}))",
        "no_texts": "CAST(ARRAY[] AS TEXT[])",
        "join_list": "ARRAY_TO_STRING({a}, {b})",
        "nfc_normalize": "NORMALIZE({a}, NFC)",
        "isnan": "({a} = 'NaN')",
        "lower": 'LOWER({a} COLLATE {letters}) COLLATE "C"',
        "finite": "CASE WHEN ISFINITE({a}) THEN {a} END",
        "as_text": 'CAST({a} AS TEXT) COLLATE "C"',
        "without_zeros": "TRIM_SCALE({a})",
        "in_utc": "CASE WHEN ISFINITE({a}) THEN TIMEZONE('UTC', {a}) END",
    },
    text=f'({_POSTGRES_TEXT}) COLLATE "C"',
)

_SPARK = Words(
    "spark",
    {
        "epoch_us": "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP_NTZ'1970-01-01 00:00:00', {a})",
        "make_timestamp": "(TIMESTAMP_NTZ'1970-01-01 00:00:00' + MAKE_DT_INTERVAL(0, 0, 0, "
        "CAST(CAST({a} AS DECIMAL(20, 0)) / 1000000 AS DECIMAL(18, 6))))",
        "local_time": "CONVERT_TIMEZONE('UTC', {a}, TIMESTAMP_NTZ'1970-01-01 00:00:00' + "
        "MAKE_DT_INTERVAL(0, 0, 0, CAST(CAST({b} AS DECIMAL(20, 0)) / 1000000 AS DECIMAL(18, 6))))",
        "to_microseconds": "MAKE_DT_INTERVAL(0, 0, 0, CAST({a} / 1000000 AS DECIMAL(18, 6)))",
        "year": "CAST(YEAR({a}) AS BIGINT)",
        "quarter": "CAST(QUARTER({a}) AS BIGINT)",
        "month_text": "DATE_FORMAT({a}, 'yyyy-MM')",
        "over": "(CAST({a} AS BIGINT) DIV CAST({b} AS BIGINT))",
        "avg": "AVG({a})",
        "any_value": "FIRST({a}, TRUE)",
        "first": "MIN_BY({a}, {key}){only}",
        "last": "MAX_BY({a}, {key}){only}",
        "arg_min": "MIN_BY({a}, {b})",
        "md5_number_lower": f"CAST(CONV({_reversed(25)} || {_reversed(17)}, 16, 10) AS DECIMAL(20, 0))",
        "xor": "(({a}) ^ ({b}))",
        "hex": "CAST(CONV({a}, 16, 10) AS BIGINT)",
        "trim": "TRIM(BOTH {b} FROM {a})",
        "starts_with": "STARTSWITH({a}, {b})",
        "contains": "CONTAINS({a}, {b})",
        "after_last": "SUBSTRING_INDEX({a}, {b}, -1)",
        "start_of": "CAST(DATE_TRUNC('{unit}', {a}) AS TIMESTAMP_NTZ)",
        # Spark cannot compose letters; without any beyond ASCII there is nothing to compose.
        "nfc_normalize": "CASE WHEN {a} RLIKE '[^ -~]' THEN RAISE_ERROR('names of assets or "
        "sessions hold letters beyond ASCII, which Spark cannot compare as this package does: "
        "replace them in a view') ELSE {a} END",
        "number": "MONOTONICALLY_INCREASING_ID()",
        "try_whole_number": f"CASE WHEN CAST({{a}} AS STRING) RLIKE '{_WHOLE}' "
        "THEN CAST(CAST(CAST({a} AS STRING) AS DECIMAL(38, 10)) AS BIGINT) END",
        "try_number": f"CASE WHEN CAST({{a}} AS STRING) RLIKE '{_NUMBER}' "
        "THEN CAST(CAST({a} AS STRING) AS DOUBLE) END",
        "split": "SPLIT({a}, {b})",
        "append": "ARRAY_APPEND({a}, {b})",
        "has": "ARRAY_CONTAINS({a}, {b})",
        "no_texts": "CAST(ARRAY() AS ARRAY<STRING>)",
        "join_list": "ARRAY_JOIN({a}, {b})",
        "isnan": "ISNAN({a})",
        "lower": "LOWER({a})",
        "finite": "{a}",
        "as_text": "CAST({a} AS STRING)",
        "in_utc": "TIMESTAMPADD(MICROSECOND, UNIX_MICROS({a}), TIMESTAMP_NTZ'1970-01-01 00:00:00')",
    },
    text=_SPARK_TEXT,
)

WORDS = {"postgresql": _POSTGRES, "spark": _SPARK}
