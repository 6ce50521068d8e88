"""Keys of the format that this version refuses, each with what to do instead.

A key listed here would otherwise be called unknown, or worse, be taken and change nothing.
"""

from __future__ import annotations

__all__ = ["LATER_ANYWHERE", "LATER_IN_BAND", "LATER_IN_MODEL", "LATER_KINDS", "LATER_PER"]


def _later(*keys: str, instead: str) -> dict[str, str]:
    return {key: f"'{key}' is not supported by this version: {instead}" for key in keys}


LATER_ANYWHERE = {
    **_later("active", instead="seasonal rules come later; keep one model file per period"),
    **_later("weight", instead="weights come later; multiply the points yourself"),
    **_later(
        "multiply", "divide", instead="scores are sums; a product has no points to recalibrate"
    ),
    **_later(
        "normalize",
        "normalise",
        instead="a score that depends on the other leads has no fixed meaning",
    ),
}
LATER_PER = _later(
    "per",
    "tiers",
    "decay",
    "calendar",
    "repeat",
    "max_times",
    "recover",
    instead="write it with 'points', 'within' and 'max_units', or leave the criterion out; the "
    "score may then differ from the CRM's",
)

LATER_KINDS = _later(
    "per_value",
    "field",
    "ledger",
    instead="write it as 'cases' or leave the criterion out; the score may then differ from the "
    "CRM's",
)
LATER_IN_BAND = _later("when", "active", instead="a band is an interval of scores; use a gate")

LATER_IN_MODEL = {
    **LATER_ANYWHERE,
    **_later("resets", instead="leave it out; the score may then differ from the CRM's"),
    **_later("derive", instead="add the column to the leads table"),
    **_later("scale", "rounding", instead="use whole points"),
    **_later("missing", instead="list the texts that mean missing in crm.yaml"),
}
