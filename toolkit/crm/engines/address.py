"""Where the rows are, when they are in another engine; nothing here is ever printed with a password."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolkit.crm.engines.session import Session
from toolkit.crm.engines.sources import Shelf, SparkLike
from toolkit.errors import SourceError

__all__ = ["Address", "opened"]


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a database, or a Spark session."""

    place: str | SparkLike = field(repr=False)

    @property
    def name(self) -> str:
        """What reports call it: the database, and neither host nor user."""
        if not isinstance(self.place, str):
            return "Spark tables"
        rest = self.place.split("://", maxsplit=1)[-1].split("?", maxsplit=1)[0]
        _, _, database = rest.rpartition("@")[-1].partition("/")
        return f"database {database}" if database else "database"


def opened(address: Address) -> tuple[Session, Shelf]:
    """Reach the engine; its driver is imported only now."""
    try:
        import sqlglot  # noqa: F401, PLC0415 - only other engines need it
    except ImportError:
        raise SourceError(
            "reading other engines needs sqlglot, which is not installed: "
            'pip install "lead-score-toolkit[postgres]" or "lead-score-toolkit[spark]"'
        ) from None
    if isinstance(address.place, str):
        from toolkit.crm.engines.database import open_database  # noqa: PLC0415 - only databases

        driver, shelf = open_database(address.place)
        return Session(driver), shelf
    from toolkit.crm.engines.spark import open_spark  # noqa: PLC0415 - only Spark needs it

    spark, tables = open_spark(address.place)
    return Session(spark), tables
