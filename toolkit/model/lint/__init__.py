"""Lints: what the author of a model may not have meant.

A lint is a remark, not an error: a sheet may well leave a gap on purpose. Each one is certain of
what it says (it rests on a proof or on counted leads), but not every odd thing is found.

    overlap               two cases of numbers claim the same border: 11 to 1000, and 1000 or more
    gap                   numbers between two cases pay nothing: 0 to 15 and 50 or more
    count_hole            one and three of an activity pay, two pay nothing
    same_activity         an activity counts in two criteria
    tiers_contradict      a harder tier pays less than an easier one
    bands_contradict      an exception turns the order of two bands round
    band_hole             possible scores that have no band
    never_reached         a band or grade above the most that the points add up to
    always_reached        a band or grade that everybody reaches
    never_matches         a case, gate or exception after another that always comes first
    never_met             a criterion or reset that no lead ever met             (needs tables)
    grows_with_size       an account's score is a sum that many cold leads can lift over its bands
    unknown_when_missing  a negative test on a field that is often missing       (needs tables)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from toolkit.model.lint.accounts import account_drafts
from toolkit.model.lint.cases import case_drafts, gate_drafts
from toolkit.model.lint.counted import activity_drafts
from toolkit.model.lint.data import OFTEN_MISSING, met_drafts, missing_drafts
from toolkit.model.lint.found import Draft, Lint, LintCode, LintCounts
from toolkit.model.lint.reach import attainable, reach_drafts

if TYPE_CHECKING:
    from toolkit.model.conditions import Condition
    from toolkit.model.types import Model
    from toolkit.yamlfile import Places

__all__ = [
    "Lint",
    "LintCode",
    "LintCounts",
    "attainable",
    "conditions_to_count",
    "lint_model",
    "pairs_to_count",
]


def lint_model(
    model: Model, counts: LintCounts | None = None, *, places: Places | None = None
) -> tuple[Lint, ...]:
    """Say what the author of a model may not have meant.

    Parameters
    ----------
    model
        The model.
    counts
        What `count_lints(model, crm)` found in the tables; without it nothing is said of leads,
        and lints that need the tables are left out.
    places
        Where everything stands in the file, as `load_placed_model` gives it, for the lines.

    Examples
    --------
    >>> from toolkit.model import parse_model
    >>> sheet = parse_model('''
    ... lead_score_model: 1
    ... name: size
    ... version: 1
    ... groups:
    ... - id: who
    ...   dimension: fit
    ...   criteria:
    ...   - id: size
    ...     cases:
    ...     - {when: {employees: {gte: 50}}, points: 3}
    ...     - {when: {employees: {gte: 0, lte: 15}}, points: 1}
    ... ''')
    >>> print(lint_model(sheet)[0].text.partition(",")[0])
    employees 16 to 49 pays nothing in 'Size'
    """
    drafts = _without_tables(model)
    if counts is not None:
        often = (draft for draft in missing_drafts(model) if _often(draft, counts))
        drafts = chain(drafts, met_drafts(model, counts), often)
    found = (draft.finished(counts, places) for draft in drafts)
    return tuple(lint for lint in found if lint is not None)


def _without_tables(model: Model) -> Iterator[Draft]:
    yield from case_drafts(model)
    yield from activity_drafts(model)
    yield from gate_drafts(model)
    yield from reach_drafts(model)
    yield from account_drafts(model)


def _often(draft: Draft, counts: LintCounts) -> bool:
    leads = 0 if draft.leads is None else counts.leads[draft.leads]
    return counts.n > 0 and leads >= OFTEN_MISSING * counts.n


def conditions_to_count(model: Model) -> tuple[Condition, ...]:
    """Give the conditions whose leads `lint_model` wants to know, each once."""
    drafts = (*_without_tables(model), *missing_drafts(model))
    return tuple(dict.fromkeys(draft.leads for draft in drafts if draft.leads is not None))


def pairs_to_count(model: Model) -> tuple[tuple[str, str], ...]:
    """Give the pairs of criteria (ids) whose common activities `lint_model` wants to know."""
    pairs = (draft.shared for draft in _without_tables(model))
    return tuple(dict.fromkeys(pair for pair in pairs if pair is not None))
