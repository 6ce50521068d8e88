"""Addresses of databases: what is refused, and that no password is ever shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolkit.crm import Mapping, connect, load_mapping
from toolkit.crm.engines.address import Address
from toolkit.errors import MappingError, QuestionError, SourceError

SECRET = "pass-w0rd"  # noqa: S105 - of nobody
URL = f"postgresql+psycopg://anna:{SECRET}@127.0.0.1:1/crm?connect_timeout=1"
UNTIL = {"observed_until": "2026-10-01T00:00:00Z"}


def refusal(source: object, **more: object) -> str:
    with pytest.raises(SourceError) as caught:
        connect(source, **{**UNTIL, **more})
    shown = "".join(map(str, (caught.value, caught.value.__cause__ or "")))
    assert SECRET not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.fixture
def _sqlalchemy() -> None:
    pytest.importorskip("sqlalchemy")


@pytest.mark.usefixtures("_sqlalchemy")
def test_an_unreachable_database_is_named_without_user_and_password() -> None:
    assert refusal(URL) == (
        "the database at 127.0.0.1:1/crm cannot be reached (OperationalError): check host, port, "
        "name of the database, user and password, and that this machine may connect"
    )


@pytest.mark.usefixtures("_sqlalchemy")
@pytest.mark.parametrize(
    "url", [f"snowflake://anna:{SECRET}@account/crm", f"mysql://a:{SECRET}@h/b"]
)
def test_databases_whose_answers_are_not_tested_are_refused(url: str) -> None:
    name = url.split(":", maxsplit=1)[0]
    assert refusal(url).startswith(
        f"{name} is not among the databases whose answers are tested (PostgreSQL): export"
    )


@pytest.mark.usefixtures("_sqlalchemy")
def test_what_is_no_address_is_not_repeated() -> None:
    assert refusal(f"{SECRET}!! ://{SECRET}").startswith("this is no address of a database")
    said = refusal(f"postgresql://anna:{SECRET}@h:{SECRET}/b")
    assert said.startswith("this is no address of a database")


@pytest.mark.usefixtures("_sqlalchemy")
def test_the_end_of_a_password_is_not_taken_for_a_host() -> None:
    said = refusal(f"postgresql://anna:first@{SECRET}@h/b")
    assert said.startswith("the address of the database has more than one @: write that of a")


def test_an_address_that_was_taken_for_a_path_belongs_into_the_mapping() -> None:
    said = refusal(Path(f"postgresql+psycopg://anna:{SECRET}@h/b"))
    assert said.startswith("an address of a database is given in a crm.yaml, as its key 'database'")


def test_a_missing_driver_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert refusal(URL) == (
        "reading a database needs SQLAlchemy and a driver, which are not installed: "
        'pip install "lead-score-toolkit[postgres]"'
    )


def test_a_missing_spark_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def sql(self, query: str) -> None: ...

        def createDataFrame(self, data: object) -> None: ...  # noqa: N802 - Spark's name of it

    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert refusal(Session()) == (
        'Spark needs pyspark, which is not installed: pip install "lead-score-toolkit[spark]"'
    )


def test_the_name_of_a_source_is_that_of_the_database_alone() -> None:
    assert Address(URL).name == "database crm"
    assert Address("postgresql://h").name == "database"
    assert SECRET not in repr(Address(URL))


def test_no_mapping_shows_its_address() -> None:
    assert SECRET not in repr(Mapping(database=URL))


def test_a_mapping_file_may_name_a_database_instead_of_files(tmp_path) -> None:
    path = tmp_path / "crm.yaml"
    path.write_text(f"crm_mapping: 1\ndatabase: {URL}\n", encoding="utf-8")
    assert load_mapping(path).mapping.database == URL
    path.write_text(f"crm_mapping: 1\ndatabase: [{URL}]\n", encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    assert SECRET not in str(caught.value)


def test_a_report_prints_no_address() -> None:
    from toolkit.report import run_report

    with pytest.raises(
        QuestionError, match="'crm' is an address, which the report would print"
    ) as caught:
        run_report("quarterly_audit", crm=URL, model="model.yaml", quarter="2026Q3")
    assert SECRET not in str(caught.value)
