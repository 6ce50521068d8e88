"""Scores of accounts that nobody or everybody reaches, and sums that grow with the account."""

from __future__ import annotations

import math
from collections.abc import Iterator

from toolkit.model.accounts import AccountScore
from toolkit.model.lint.found import Draft, Part
from toolkit.model.lint.reach import Range, attainable, hole, limited, reached
from toolkit.model.types import Model

__all__ = ["account_drafts", "attainable_of_accounts"]

_PART: Part = ("account_score", ("account_score",))


def account_drafts(model: Model) -> Iterator[Draft]:
    """What the author of an account score may not have meant."""
    rule = model.account_score
    if rule is None:
        return
    leads = attainable(model)
    if rule.start is not None:
        part = ("account_score", ("account_score", "from"))
        what = "the score from which the account score counts leads"
        yield from reached(what, rule.start, leads, part, matters=True)
    yield from _bands(rule, attainable_of_accounts(model, rule))
    yield from _growing(rule, leads)


def attainable_of_accounts(model: Model, rule: AccountScore) -> Range:
    """The least and the most for an account with at least one lead and any number of them."""
    return limited(_rolled_up(rule, attainable(model)), rule.min, rule.max)


def _rolled_up(rule: AccountScore, leads: Range) -> Range:
    low, high = leads
    if rule.roll_up == "sum":
        return (-math.inf if low < 0 else low), (math.inf if high > 0 else high)
    if rule.roll_up == "count_from":
        start = rule.start or 0
        return (1 if low >= start else 0), (math.inf if high >= start else 0)
    return leads


def _bands(rule: AccountScore, found: Range) -> Iterator[Draft]:
    last = len(rule.bands) - 1
    for i, band in enumerate(rule.bands):
        part = (band.name, ("account_score", "bands", i))
        if band.start is not None:
            what = f"the account band '{band.name}'"
            yield from reached(what, band.start, found, part, matters=i < last, most="it is")
    if rule.bands:
        part = (rule.bands[-1].name, ("account_score", "bands", last))
        yield from hole(rule.bands[-1].start, found, part, "an account score")


def _growing(rule: AccountScore, leads: Range) -> Iterator[Draft]:
    if rule.roll_up == "sum" and rule.max is None and leads[1] > 0:
        yield Draft(
            "grows_with_size",
            "an account's score is the sum over all its leads without 'max', so a large account "
            "of cold leads outscores a small one with a hot lead; set 'max', or use mean_top or "
            "max",
            (_PART,),
        )
