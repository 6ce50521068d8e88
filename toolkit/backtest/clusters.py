"""What is drawn together, numbered once: whole numbers are grouped far faster than names."""

from __future__ import annotations

__all__ = ["with_numbers"]


def with_numbers(rows: str) -> str:
    """The rows of a query, with `g`: the number of their `cluster`, from 0; null where that is.

    Numbers follow the names, and stay in the engine.
    """
    return f"""
        with named as ({rows}),
          known as (
            select cluster as name, row_number() over (order by cluster) - 1 as g
            from (select distinct cluster from named where cluster is not null) as told)
        select named.*, cast(known.g as bigint) as g
        from named left join known on known.name = named.cluster"""
