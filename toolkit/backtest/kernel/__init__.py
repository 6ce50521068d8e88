"""The NumPy kernel: scores as of moments, and whole timelines, of every kind of criterion.

The engine scans and encodes; what is done for each lead is done here, on integers in order of
lead and time, without a loop over activities. It gives the rows of the SQL text (`core`), which
stays the second implementation; tests hold them equal on random models, for any size of chunk and
any number of threads.

    scan     engine -> one number per activity (lead, second, code), in order
    sight    which activities matter to what is asked
    cut      leads and activities as they are kept -> chunks
    chunk    some leads and their activities as arrays
    spans    every rule as spans of time that pay
    layout   which sums are kept
    ranked   the most recent units of buckets, which spans cannot say
    levels   limits, weights and seasons, from sums to the score
    places   which instants a span covers
    scores   at given instants, and at every change
    threads  chunk after chunk, two at a time
    run      the scores of all moments
"""

from toolkit.backtest.kernel.chunk import FAR, Bools, Chunk, Ints, Points, nth_next
from toolkit.backtest.kernel.cut import CHUNK, Leads, Rows, chunks_of, narrowed
from toolkit.backtest.kernel.run import kernel_scores
from toolkit.backtest.kernel.scan import read_activities, read_leads
from toolkit.backtest.kernel.scores import score_changes, scores_at
from toolkit.backtest.kernel.sight import Asked
from toolkit.backtest.kernel.threads import THREADS, spread

__all__ = [
    "CHUNK",
    "FAR",
    "THREADS",
    "Asked",
    "Bools",
    "Chunk",
    "Ints",
    "Leads",
    "Points",
    "Rows",
    "chunks_of",
    "kernel_scores",
    "narrowed",
    "nth_next",
    "read_activities",
    "read_leads",
    "score_changes",
    "scores_at",
    "spread",
]
