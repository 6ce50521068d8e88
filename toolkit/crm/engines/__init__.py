"""Other engines than DuckDB: the same statements, run where the rows already are.

Every statement of this package is written once, for DuckDB. A `Session` looks like a connection of
DuckDB, translates what it is asked, and runs it in the customer's own engine, so that the
statements are the same everywhere and rows stay where they are: only small results come back.

    translate    from DuckDB's words to those of another engine; what is not known is refused
    words        what a function is called there, and how it must be written to mean the same
    session      what looks like a connection, and where our tables stand in the engine
    address      where the rows are: the URL of a database, or a Spark session
    sources      the customer's tables, as they are found in the engine
    database     a driver for databases, through SQLAlchemy
    spark        a driver for a Spark session

All that a driver makes is temporary, and gone with its session.
"""

from toolkit.crm.engines.session import Driver, Session, engine_name, is_remote

__all__ = ["Driver", "Session", "engine_name", "is_remote"]
