"""The engines that exported statements are run on."""

from __future__ import annotations

import pytest

from tests.export.customer import DuckDB, Postgres, find_initdb, server


@pytest.fixture(scope="session")
def pg_socket():
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("PostgreSQL is not installed (no initdb)")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with server(initdb) as socket:
        yield socket


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def customer(request):
    own = request.param == "duckdb"
    made = DuckDB() if own else Postgres(request.getfixturevalue("pg_socket"))
    yield made
    made.close()
