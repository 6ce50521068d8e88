"""Keys that mean something to somebody and are refused, each with what to do instead.

A key listed here would otherwise be called unknown, or worse, be taken and change nothing.
"""

from __future__ import annotations

__all__ = [
    "NOT_AT_ALL",
    "NOT_IN_ACCOUNT_BAND",
    "NOT_IN_ACCOUNT_SCORE",
    "NOT_IN_BAND",
    "NOT_IN_CRITERION",
    "NOT_IN_GROUP",
    "NOT_IN_LEDGER",
    "NOT_IN_MODEL",
    "NOT_IN_SILENCE",
    "NOT_WITH_TIERS",
    "NO_CALENDAR",
]


def _refused(*keys: str, instead: str) -> dict[str, str]:
    return {key: f"'{key}' is not supported by this version: {instead}" for key in keys}


def _elsewhere(*keys: str, where: str) -> dict[str, str]:
    return {key: f"'{key}' does not belong here: {where}" for key in keys}


NOT_AT_ALL = {
    **_refused(
        "multiply", "divide", instead="scores are sums; a product has no points to recalibrate"
    ),
    **_refused(
        "normalize",
        "normalise",
        instead="a score that depends on the other leads has no fixed meaning",
    ),
}
NO_CALENDAR = _refused(
    "calendar",
    instead="a month is 30 days and a year 365 days of 86,400 seconds, so that a window is as long "
    "for every lead and ends when it should; write the number of days, as in 31d or 366d",
)
NOT_IN_CRITERION = {
    **NOT_AT_ALL,
    **NO_CALENDAR,
    **_elsewhere(
        "repeat",
        "max_times",
        "recover",
        where="write it inside 'inactivity: {after: ..., ...}'",
    ),
}
NOT_IN_SILENCE = _elsewhere(
    "points", "min", "max", "weight", where="write it beside 'inactivity', not inside"
)
NOT_WITH_TIERS = {
    **NOT_IN_CRITERION,
    **_elsewhere("points", "within", where="with 'tiers' write it inside each tier"),
    **_elsewhere(
        "per",
        "decay",
        "max_units",
        where="tiers count single activities; make a criterion without 'tiers' for it",
    ),
}
NOT_IN_LEDGER = {
    **NOT_IN_CRITERION,
    **_elsewhere(
        "points",
        "within",
        "decay",
        "per",
        "max_units",
        "where",
        "tiers",
        where="a ledger pays the recorded deltas as they stand; it takes 'min' and 'max'",
    ),
}
NOT_IN_GROUP = {
    **NOT_AT_ALL,
    **_elsewhere("weight", "active", where="give it to each criterion, or weigh the dimension"),
}
NOT_IN_BAND = {
    **_refused(
        "when",
        instead="a band is an interval of scores; for leads with another threshold write "
        "'exceptions: [{when: ..., from: ...}]' inside the band, or use a gate",
    ),
    **_refused("active", instead="keep one model file per period"),
}
NOT_IN_MODEL = {
    **NOT_AT_ALL,
    **NO_CALENDAR,
    **_elsewhere("weight", where="multiply 'scale', or weigh the dimensions"),
    **_refused("active", instead="keep one model file per period, each with 'valid_from'"),
    **_refused("missing", instead="list the texts that mean missing in crm.yaml"),
}
NOT_IN_ACCOUNT_SCORE = {
    **NOT_AT_ALL,
    **_elsewhere("k", where="write 'top', as in {roll_up: mean_top, top: 3}"),
    **_elsewhere(
        "above",
        "threshold",
        "at_least",
        where="write 'from', which is inclusive, as in {roll_up: count_from, from: 50}",
    ),
    **_elsewhere("weight", where="an account has one score; multiply 'scale' or the points"),
    **_elsewhere("gates", where="gates are of leads; a disqualified lead counts for no account"),
}
NOT_IN_ACCOUNT_BAND = {
    **_refused(
        "exceptions", "when", instead="fields are of leads; an account has nothing but its score"
    ),
    **_refused("handoff", instead="a hand-off is recorded for leads, so it is a band of leads"),
}
