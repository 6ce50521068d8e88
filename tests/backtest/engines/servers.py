"""The servers of the tests, started once."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator

import pytest

from tests.backtest.engines.places import ZONE, Postgres, SparkPlace
from tests.export.customer import find_initdb, server

UNUSUAL = {
    "timezone": ZONE, "datestyle": "German", "extra_float_digits": "-3",
    "standard_conforming_strings": "off", "escape_string_warning": "off",
}  # fmt: skip
"""Settings of a database."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server whose sessions are in another zone, and write dates and numbers otherwise."""
    pytest.importorskip("sqlalchemy", reason="no SQLAlchemy: nothing to reach a database with")
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("no PostgreSQL (initdb) on this machine")
    with server(initdb) as folder:
        place = Postgres(folder, UNUSUAL)
        yield place
        place.close()


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkPlace]:
    """One Spark session for all tests, in another zone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Spark's own imports
        sql = pytest.importorskip("pyspark.sql", reason="no Spark on this machine")
        if shutil.which("java") is None:
            pytest.skip("no Java for Spark on this machine")
        # Tables are small, so that planning and compiling statements is nearly all of the work.
        settings = {
            "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2",
            "spark.default.parallelism": "2", "spark.driver.host": "127.0.0.1",
            "spark.sql.session.timeZone": ZONE, "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",
        }  # fmt: skip
        builder = sql.SparkSession.builder.master("local[2]")
        for key, value in settings.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield SparkPlace(session)
        session.stop()


@pytest.fixture(scope="session", params=["postgres", pytest.param("spark", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Postgres | SparkPlace:
    """Each engine in turn; Spark takes seconds where the others take hundredths."""
    return request.getfixturevalue(request.param)
