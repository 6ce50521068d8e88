"""Every type that a column may have: the same texts, values and counts in every engine."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from tests.backtest.engines.places import SparkPlace
from tests.backtest.tables import UNTIL
from toolkit.analysis import leak_table
from toolkit.backtest import AtAge, Outcome, run_backtest, score_leads
from toolkit.backtest.leaks import count_fields_and_timing
from toolkit.crm import Mapping, connect
from toolkit.model import parse_model

VALUES = {
    "double": ["1", "0.1", "-2.5", "1e3", "1e7", "12345678.9", "1e14", "1e15", "1234567890123456.5",
               "9999999999999998", "1e20", "1e-3", "0.00012", "1e-4", "1e-5", "1.5e-7", "1e-12", "0",
               "0.30000000000000004", "1e300", "nan", "inf", "-inf"],
    "real": ["1", "0.1", "-2.5", "1e3", "1e6", "1e7", "123456.7", "16777216", "1e10", "1e-5", "nan"],
    "decimal(10, 2)": ["1", "1.5", "100", "-3.25", "0"],
    "decimal(20, 0)": ["1", "12345678901234567890", "-7", "0", "9223372036854775807"],
    "boolean": ["true", "false"],
    "date": ["2026-01-02", "1969-12-31", "2024-02-29"],
    "timestamp": ["2026-01-02 00:00:00", "2026-01-02 03:04:05.5", "2026-01-02 03:04:05.123456"],
    "timestamptz": ["2026-01-02 00:00:00+00", "2026-07-02 03:04:05.5+00"],
    "smallint": ["7", "-1"],
    "bigint": ["9223372036854775807", "-1"],
    "varchar": ["1", "1.0", "é", " a ", "nan", "Infinity", "1e+15"],
}  # fmt: skip
"""Texts by the type, in DuckDB's word, that they are read as."""
NAMES = {type_: type_.split("(")[0] + ("0" if "20" in type_ else "") for type_ in VALUES}
WORDS = {
    "postgres": {"double": "double precision"},
    "spark": {
        "real": "float", "varchar": "string", "timestamp": "timestamp_ntz", "timestamptz": "timestamp",
    },
}  # fmt: skip


def query(words: dict[str, str]) -> str:
    """One lead for each value, and a last one without any."""
    longest = max(map(len, VALUES.values())) + 1
    filled = {type_: [*texts, *[None] * longest][:longest] for type_, texts in VALUES.items()}
    rows = ", ".join(
        f"({', '.join([repr(f'L{i:02}'), *('null' if t is None else repr(t) for t in texts)])})"
        for i, texts in enumerate(zip(*filled.values(), strict=True))
    )
    read = ", ".join(
        f"cast(c{i} as {words.get(type_, type_)}) as {NAMES[type_]}_"
        for i, type_ in enumerate(filled)
    )
    names = ", ".join(f"c{i}" for i in range(len(filled)))
    time = words.get("timestamp", "timestamp")
    return f"""select lead_id, cast('2026-01-01 00:00:00' as {time}) as created_at,
          case when lead_id like '%1' or lead_id like '%4' then cast('2026-01-04 00:00:00' as {time}) end
            as sold_at, {read}
        from (values {rows}) as given(lead_id, {names})"""


MAPPING = Mapping(observed_until=UNTIL, time_zone="UTC", stage_columns={"sql": "sold_at"})
COLUMNS = [f"{name}_" for name in NAMES.values()]

MODEL = parse_model("""
lead_score_model: 1
name: m
version: "1"
groups:
- id: who
  dimension: fit
  criteria:
  - {id: d1, when: {double_: "1"}, points: 1}
  - {id: d2, when: {double_: {gte: 0.1, lt: 1e16}}, points: 2}
  - {id: r1, when: {real_: {gt: 0.1}}, points: 4}
  - {id: n1, when: {decimal_: 1.5}, points: 8}
  - {id: n2, when: {decimal_: {contains: "25"}}, points: 16}
  - {id: h1, when: {decimal0_: {gte: 9223372036854775807}}, points: 32}
  - {id: b1, when: {boolean_: "true"}, points: 64}
  - {id: a1, when: {date_: "2024-02-29"}, points: 128}
  - {id: t1, when: {timestamp_: {contains: "03:04"}}, points: 256}
  - {id: z1, when: {timestamptz_: {contains: "03:04"}}, points: 512}
  - {id: i1, when: {bigint_: {lt: 0}}, points: 1024}
  - {id: v1, when: {varchar_: "1.0"}, points: 2048}
""")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("types")
    with duckdb.connect() as made:
        made.execute(f"copy ({query({})}) to '{folder / 'leads.parquet'}'")
    return connect(folder, mapping=MAPPING)


@pytest.fixture(scope="module")
def there(place):
    words = WORDS["spark" if isinstance(place, SparkPlace) else "postgres"]
    return place.open_query(query(words), mapping=MAPPING)


def test_a_value_of_any_type_has_the_same_text_in_every_engine(here, there) -> None:
    shown = ", ".join(f"cast({name} as varchar)" for name in COLUMNS)
    texts = [
        crm.connection.execute(f"select {shown} from leads order by lead_id").fetchall()
        for crm in (here, there)
    ]
    assert texts[0] == texts[1]
    assert tuple(row[0] for row in texts[1][:2] + texts[1][3:4]) == ("1.0", "0.1", "1000.0")


def test_a_model_asks_the_same_of_a_value_of_any_type(here, there) -> None:
    one, other = (score_leads(MODEL, crm).rows() for crm in (here, there))
    assert one["score"].tolist() == other["score"].tolist()
    assert sum(set(one["score"])) > 4095  # each criterion paid somebody


def test_segments_and_leaks_are_the_same_for_a_value_of_any_type(here, there) -> None:
    one, other = (
        run_backtest(MODEL, crm, moment=AtAge(1), outcome=Outcome("sql", 5), segments=COLUMNS)
        for crm in (here, there)
    )
    pd.testing.assert_frame_equal(one.rows(), other.rows())
    assert (one.rows()[COLUMNS].nunique() > 2).all()
    fields, others = (
        leak_table(*count_fields_and_timing(crm, outcome=Outcome("sql", 5))).table
        for crm in (here, there)
    )
    pd.testing.assert_frame_equal(fields, others)


def test_a_number_of_any_scale_has_one_text(postgres) -> None:
    """`numeric` keeps the zeros that were written: 1.50 and 1.5 are one value."""
    crm = postgres.open_query(
        "select lead_id, timestamp '2026-01-01' as created_at, size from (values "
        "('L1', numeric '1.50'), ('L2', 1.5), ('L3', 100)) as given(lead_id, size)",
        mapping=Mapping(observed_until=UNTIL, time_zone="UTC"),
    )
    found = crm.connection.execute("select cast(size as varchar) from leads order by lead_id")
    assert found.fetchall() == [("1.5",), ("1.5",), ("100",)]
