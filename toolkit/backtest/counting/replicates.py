"""Judged leads counted again and again, each account with a weight drawn from Poisson(1)."""

from __future__ import annotations

from hashlib import sha256
from math import exp, factorial

import numpy as np
import pandas as pd

from toolkit.backtest.result import Backtest
from toolkit.counts import ReplicateCounts
from toolkit.errors import QuestionError

__all__ = ["count_replicates"]


def _times(word: str, constant: int) -> str:
    """The low 32 bits of a product, in two halves: no engine's 63 bits overflow."""
    high, low = divmod(constant, 65_536)
    return f"({word} * {low} + (({word} * {high}) & 65535) * 65536) & 4294967295"


_MIX = (
    *("xor(u, u >> 16)", _times("u", 0x7FEB352D)),
    *("xor(u, u >> 15)", _times("u", 0x846CA68B)),
    "xor(u, u >> 16)",
)
"""Spread a word of 32 bits: multiply and shift, twice.

The constants are those of Chris Wellons' search for such mixers ("lowbias32", public domain).
"""
_CHUNK = 50
"""Replicates made in one statement: bounds the memory of the join."""
_KEYS = ["replicate", "score", "state"]


def count_replicates(
    backtest: Backtest, *, replicates: int = 200, seed: int = 20260101
) -> ReplicateCounts:
    """Draw the accounts with weights Poisson(1), as often as asked, and count the judged leads.

    The weight of an account is a hash of (seed, replicate, name of the account): the same for the
    order of rows, the number of threads, the engine and its version, and the same in any other
    table of the same accounts. Leads without an account are accounts of their own; those of one
    cell are alike, so their sum is drawn at once, from Poisson(n).

    It costs a pass over the accounts for each replicate. `replicate_cells` draws from the counts
    alone, thousands in a second; this table is for cells of few leads, and proves the other.

    Source: Chamandy, Muralidharan, Najmi and Naidu (2012), "Estimating uncertainty for massive
    data streams"; Oza and Russell (2001).
    """
    if replicates < 2:  # noqa: PLR2004 - one draw has no spread
        raise QuestionError(f"replicates is {replicates}: expected at least 2, such as 200")
    backtest.connection.execute(f"""
        create or replace temp table account_cell as
        select cluster, score, state, count(*) as n,
          cast(concat('0x', substr(md5(cluster), 1, 8)) as bigint) as h1,
          cast(concat('0x', substr(md5(cluster), 9, 8)) as bigint) as h2
        from {backtest.schema}.scored
        where state in ('converted', 'not_converted') and cluster is not null group by all""")
    parts = [
        _weighted(backtest, range(start, min(start + _CHUNK, replicates)), seed)
        for start in range(0, replicates, _CHUNK)
    ]
    backtest.connection.execute("drop table account_cell")
    parts.append(_alone(backtest, replicates, seed))
    frame = pd.concat(parts).groupby(_KEYS)["n"].sum().reset_index()
    return ReplicateCounts(
        frame.astype({"replicate": "int64", "score": "int64", "n": "int64"}),
        replicates,
        seed,
        backtest.provenance,
    )


def _weighted(backtest: Backtest, chosen: range, seed: int) -> pd.DataFrame:
    keys = [(b, *_two_words(f"{seed} {b}")) for b in chosen]
    frame = pd.DataFrame(np.array(keys, dtype=np.int64), columns=["b", "k1", "k2"])
    backtest.connection.register("replicate_key", frame)
    word = """select b, cluster, xor(h1, k1) as u, xor(h2, k2) as v
        from (select distinct cluster, h1, h2 from account_cell), replicate_key"""
    for step in (*_MIX, "xor(u, v)", *_MIX):
        # `offset 0` keeps each step a step: written into one another they double in length each time.
        word = f"select b, cluster, {step} as u, v from ({word} offset 0)"
    found = backtest.connection.execute(f"""
        with weight as (select b, cluster, {_poisson("u")} as w from ({word}))
        select b as replicate, score, state, cast(sum(n * w) as bigint) as n
        from account_cell join weight using (cluster) where w > 0 group by all""").df()
    backtest.connection.unregister("replicate_key")
    return found


def _two_words(text: str) -> tuple[int, int]:
    digest = sha256(text.encode()).digest()
    return int.from_bytes(digest[:4]), int.from_bytes(digest[4:8])


def _poisson(word: str) -> str:
    """The weight that a uniform word of 32 bits stands for: P(w) = exp(-1) / w!."""
    chances = np.cumsum([exp(-1) / factorial(w) for w in range(13)])
    cases = " ".join(f"when {word} < {int(c * 2**32)} then {w}" for w, c in enumerate(chances))
    return f"case {cases} else 13 end"


def _alone(backtest: Backtest, replicates: int, seed: int) -> pd.DataFrame:
    """Leads without an account."""
    cells = backtest.connection.execute(f"""
        select score, state, count(*) as n from {backtest.schema}.scored
        where state in ('converted', 'not_converted') and cluster is null
        group by all order by all""").df()
    drawn = np.random.default_rng([seed, 1]).poisson(cells["n"], size=(replicates, len(cells)))
    replicate = np.repeat(np.arange(replicates), len(cells))
    table = pd.concat([cells[["score", "state"]]] * replicates, ignore_index=True)
    table = table.assign(replicate=replicate, n=drawn.ravel())
    return table[table["n"] > 0]
