"""A new version of the model: what is proven moves, everything else stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isnan, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats
from toolkit.analysis.proposal.editing import Slot, read_slots, revised_model
from toolkit.analysis.proposal.integers import RoundedPoints
from toolkit.analysis.proposal.ladder import Ladder, update_ladder
from toolkit.analysis.proposal.limited import limited_shares
from toolkit.analysis.proposal.moved import Everybody, read_everybody, threshold_moves
from toolkit.analysis.proposal.prices import policy_prices
from toolkit.analysis.proposal.selective import Selected, grid_points, select_terms
from toolkit.analysis.weights.fit import Weights
from toolkit.analysis.weights.implied import Departure
from toolkit.analysis.weights.verdicts import LIMITED, MARGIN, Judgement, judge_weights
from toolkit.errors import ModelError, QuestionError

if TYPE_CHECKING:
    from toolkit.counts import PatternCounts
    from toolkit.model import Model

__all__ = ["Proposal", "propose_model"]

_SEPARATED = (
    "all or none with it (or without it) converted: the direction is known, no number is; leads of "
    "the other kind are needed"
)
_NO_FIT = "the changes together separate the outcomes, so no number of points is likeliest"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A challenger, or the champion itself where nothing is proven; and why."""

    model: Model = field(repr=False)
    """The proposed version; the champion itself (the same object) where nothing changes."""
    champion: Model = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    """One row per term: `term`, `criterion`, `label`, `dimension`, `basis`, `now`, `proposed`,
    `change` (points of the score), `action` (change, keep, refused), `why`, `verdict`, `implied`,
    `implied_low`, `implied_high` (points before shrinkage), `shrunk` (before the grid), `p_holm`,
    `n_with`, `positives_with`, `n_without`, `positives_without` (judged leads), `detectable`,
    `limited` (of the judged leads that have it, the share for whom a limit of its group, dimension or
    the total stops it at the proposed points; NaN where none has it)."""
    thresholds: pd.DataFrame = field(repr=False)
    """`threshold_moves`: where each threshold must stand to mean the same, and who crosses it."""
    prices: pd.DataFrame = field(repr=False)
    """`policy_prices`: what each term of policy costs."""
    ladder: Ladder
    rounding: RoundedPoints | None
    """Of the changed terms; None where none changes."""
    shrinkage: float
    """Part of each estimated departure that is proposed, from 0 to 1; NaN where none is."""
    fitted_on: str
    """The leads whose outcomes moved the points: a comparison on them flatters the proposal."""
    text: str

    @property
    def changed(self) -> bool:
        """Whether anything is proposed."""
        return self.model is not self.champion

    @property
    def refusals(self) -> Mapping[str, str]:
        """Terms for which nothing can be proposed, each with its reason."""
        rows = self.table[self.table["action"] == "refused"]
        return dict(zip(rows["term"], rows["why"], strict=True))


def propose_model(
    model: Model,
    weights: Weights,
    *,
    margin: float = MARGIN,
    grid: int = 5,
    patterns: PatternCounts | None = None,
    stated: tuple[float, float] | None = None,
    version: str | None = None,
    move_thresholds: bool = True,
) -> Proposal:
    '''Propose points: those that are proven wrong by more than the margin move, no other does.

    Step by step: the verdicts of `judge_weights` name the terms to change; the closed test of
    `update_ladder` must choose a revision; the changed terms are re-estimated together beside
    today's score (selective re-estimation); their departures are shrunk by the heuristic factor;
    the points are put on the grid, today's scale kept; thresholds move to the score with the same
    chance of conversion, rounded up to the grid. Terms of policy never move: they are priced.

    Parameters
    ----------
    model
        The model that the weights were fitted to.
    weights
        From `fit_weights`.
    margin
        Points within which a term counts as right; fixed before looking.
    grid
        Step of the proposed points and thresholds (1 or 5, say), in points of the score.
    patterns
        All leads by pattern: volumes are then of all leads, not of the judged ones alone.
    stated
        Intercept and log-odds per point that the score was said to have.
    version
        Of the proposal; by default today's with `-proposal` behind it.
    move_thresholds
        Whether bands move with the scale; otherwise they stay and the volumes change.

    Raises
    ------
    QuestionError
        The model is not the one the weights were fitted to, or the grid is no whole number from 1.

    Source: Vergouwe et al. (2017); van Houwelingen and le Cessie (1990); Siddiqi (2017) for the grid.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.model import parse_model
    >>> model = parse_model("""
    ... lead_score_model: 1
    ... name: tiny
    ... version: '1'
    ... groups: [{id: g, dimension: fit, criteria: [
    ...   {id: a, when: {a: 1}, points: 20}, {id: b, when: {b: 1}, points: 10}]}]
    ... """)
    >>> found = propose_model(model, fit_weights(tiny_patterns()))
    >>> found.text, found.changed
    ('Keep everything: no point of 2 is proven wrong by 580 leads.', False)
    '''
    if grid < 1 or int(grid) != grid:
        raise QuestionError(f"grid is {grid}: expected a whole number of points, such as 1 or 5")
    _check_terms(model, weights)
    case = _Case(model, weights, read_slots(model, weights.terms), int(grid))
    judgements = judge_weights(weights, margin=margin)
    ladder = update_ladder(weights, stated=stated)
    everybody = read_everybody(weights, patterns)
    plan = _plan(case, judgements, ladder)
    thresholds = _thresholds(case, plan, everybody, move=move_thresholds)
    proposed, problem = _written(case, plan, thresholds, version)
    if problem is not None:
        plan = _no_plan(case, {**plan.refused, **dict.fromkeys(_movers(plan), problem)})
        thresholds = _thresholds(case, plan, everybody, move=False)
    table = _table(case, judgements, plan)
    return Proposal(
        model=proposed,
        champion=model,
        table=table,
        thresholds=thresholds,
        prices=policy_prices(weights, judgements, everybody, model.handoff_threshold),
        ladder=ladder,
        rounding=plan.rounding,
        shrinkage=plan.shrinkage,
        fitted_on=_fitted_on(weights),
        text=_text(weights, table, plan),
    )


def _check_terms(model: Model, weights: Weights) -> None:
    scored = weights.provenance.model_hash
    known = {placed.criterion.id for placed in model.criteria}
    strange = [t.criterion for t in weights.terms if t.criterion not in known]
    if strange or (scored is not None and scored != model.hash):
        raise QuestionError(
            f"the weights were fitted to {weights.provenance.model}, the model given is "
            f"{model.name} {model.version}"
            + (f", which has no criterion '{strange[0]}'" if strange else f" ({model.hash})")
            + ": give the model whose leads were counted"
        )


@dataclass(frozen=True, slots=True)
class _Case:
    model: Model
    weights: Weights
    slots: tuple[Slot, ...]
    grid: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of every term: points of the score, and a reason for whatever stays."""

    change: Floats
    written: dict[tuple[str, int], int]
    shrunk: Floats
    implied: Floats
    refused: dict[int, str]
    rounding: RoundedPoints | None
    shrinkage: float


def _no_plan(case: _Case, refused: dict[int, str]) -> _Plan:
    none = np.full(len(case.slots), nan)
    return _Plan(np.zeros(len(case.slots)), {}, none, none, refused, None, nan)


def _plan(case: _Case, judgements: tuple[Judgement, ...], ladder: Ladder) -> _Plan:
    wanted = [j for j, found in enumerate(judgements) if found.verdict == "change"]
    refused = {j: why for j in wanted if (why := _refusal(case, judgements[j], j)) is not None}
    chosen = [j for j in wanted if j not in refused]
    if ladder.action != "revise":
        why = f"the closed test of the whole model chooses '{ladder.action}', no revision"
        return _no_plan(case, {**refused, **dict.fromkeys(chosen, why)})
    while chosen:
        found = select_terms(case.weights, chosen, ladder.shrinkage)
        if found is None:
            return _no_plan(case, {**refused, **dict.fromkeys(chosen, _NO_FIT)})
        plan = _rounded(case, found, judgements, refused, ladder.shrinkage)
        unfit = _unfit(case, plan, chosen)
        if not unfit:
            return plan
        # What cannot be written stays; the others are estimated anew beside it.
        refused = {**refused, **unfit}
        chosen = [j for j in chosen if j not in unfit]
    return _no_plan(case, refused)


def _refusal(case: _Case, found: Judgement, j: int) -> str | None:
    if found.departure.method == "Firth":
        return _SEPARATED
    if case.slots[j].per_point == 0:
        return "it has weight 0 in the score, so its points change nothing"
    return None


def _rounded(
    case: _Case,
    found: Selected,
    judgements: tuple[Judgement, ...],
    refused: dict[int, str],
    shrinkage: float,
) -> _Plan:
    chosen, slots = list(found.terms), case.slots
    ends = np.array([slots[j].limits for j in chosen])
    factor = np.array([slots[j].per_point for j in chosen])
    far = np.array([_supported(case, j, judgements[j].departure) for j in chosen])
    low = np.maximum(ends[:, 0] * factor, far[:, 0])
    high = np.minimum(ends[:, 1] * factor, far[:, 1])
    rounding = grid_points(case.weights, found, grid=case.grid, low=low, high=high)
    written = np.round(rounding.points / factor).astype(int)
    change, shrunk, implied = np.zeros(len(slots)), *np.full((2, len(slots)), nan)
    change[chosen] = written * factor - case.weights.design.points[chosen]
    shrunk[chosen], implied[chosen] = found.shrunk, found.implied
    places = {
        (slots[j].criterion.id, slots[j].number): int(value)
        for j, value in zip(chosen, written, strict=True)
    }
    return _Plan(change, places, shrunk, implied, refused, rounding, shrinkage)


def _supported(case: _Case, j: int, found: Departure) -> tuple[float, float]:
    """Points on the grid beyond which a term is not moved: the far end of what its leads support.

    Not the near end, as shrinkage draws the points toward today's; no end at all where no step of
    the grid lies in the interval.
    """
    now, grid = case.weights.design.points[j], case.grid
    low, high = grid * np.ceil((now + found.low) / grid), grid * np.floor((now + found.high) / grid)
    if not low <= high:
        return -inf, inf
    return (low, inf) if found.estimate < 0 else (-inf, high)


def _unfit(case: _Case, plan: _Plan, chosen: list[int]) -> dict[int, str]:
    """Terms whose new number the file cannot take."""
    unfit = {}
    for j in chosen:
        slot = case.slots[j]
        why = slot.why_not(plan.written[slot.criterion.id, slot.number])
        if why is not None:
            unfit[j] = why
    return unfit


def _thresholds(case: _Case, plan: _Plan, everybody: Everybody, *, move: bool) -> pd.DataFrame:
    stay = case.weights.reason is not None or not move
    return threshold_moves(
        case.model, case.weights, everybody, plan.change, grid=case.grid, stay=stay
    )


def _movers(plan: _Plan) -> list[int]:
    return [int(j) for j in np.flatnonzero(plan.change)]


def _written(
    case: _Case, plan: _Plan, thresholds: pd.DataFrame, version: str | None
) -> tuple[Model, str | None]:
    """The new model; the old one where nothing moves, or (with a reason) where it cannot be one."""
    if not plan.change.any():
        return case.model, None
    starts = {
        int(a): int(b) for a, b in zip(thresholds["now"], thresholds["proposed"], strict=True)
    }
    name = version or f"{case.model.version}-proposal"
    try:
        return revised_model(case.model, plan.written, starts=starts, version=name), None
    except ModelError as problem:
        return case.model, f"the points would not make a model: {problem}"


def _fitted_on(weights: Weights) -> str:
    p = weights.provenance
    span = "" if p.first_moment is None else f" of {p.first_moment} to {p.last_moment}"
    return f"{weights.n:,} judged leads{span} ({p.source})"


def _table(case: _Case, judgements: tuple[Judgement, ...], plan: _Plan) -> pd.DataFrame:
    design = case.weights.design
    limited = limited_shares(case.model, design, design.points + plan.change)
    rows = [_row(case, plan, j, found, limited[j]) for j, found in enumerate(judgements)]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = (
    "term", "criterion", "label", "dimension", "basis", "now", "proposed", "change", "action",
    "why", "verdict", "implied", "implied_low", "implied_high", "shrunk", "p_holm", "n_with",
    "positives_with", "n_without", "positives_without", "detectable", "limited",
)  # fmt: skip


def _row(case: _Case, plan: _Plan, j: int, found: Judgement, limited: float) -> dict[str, object]:
    weights, term = case.weights, case.weights.terms[j]
    design, met = weights.design, weights.design.units[:, j] != 0
    action, why = _action(plan, j, found)
    if action == "change" and limited >= LIMITED:
        why += (
            f"; at the new points a limit stops it for {limited:.0%} of the judged leads that have it, "
            "so a unit may be worth more than it seems"
        )
    implied = plan.implied[j]
    return {
        "term": term.id,
        "criterion": term.criterion,
        "label": term.label,
        "dimension": term.dimension,
        "basis": term.basis,
        "now": term.points,
        "proposed": term.points + plan.change[j],
        "change": plan.change[j],
        "action": action,
        "why": why,
        "verdict": found.verdict,
        "implied": term.points + found.departure.estimate if isnan(implied) else implied,
        "implied_low": term.points + found.departure.low,
        "implied_high": term.points + found.departure.high,
        "shrunk": plan.shrunk[j],
        "p_holm": found.p_holm,
        "n_with": int(design.n[met].sum()),
        "positives_with": int(design.hits[met].sum()),
        "n_without": int(design.n[~met].sum()),
        "positives_without": int(design.hits[~met].sum()),
        "detectable": found.detectable,
        "limited": float(limited),
    }


def _action(plan: _Plan, j: int, found: Judgement) -> tuple[str, str]:
    if j in plan.refused:
        return "refused", plan.refused[j]
    if plan.change[j]:
        return "change", found.because
    if found.verdict == "change":
        return "keep", "what is left of the change after shrinkage is less than a step of the grid"
    if found.verdict == "keep":
        return "keep", found.because
    # More leads like these may settle it: then it is kept for now. What no number of them, or far
    # too few of them, can settle is refused.
    open_ = found.told and found.verdict != "no proposal"
    return ("keep" if open_ else "refused"), found.because


def _text(weights: Weights, table: pd.DataFrame, plan: _Plan) -> str:
    if weights.reason is not None:
        return f"Keep everything: {weights.reason}."
    moved = table[table["change"] != 0]
    open_ = int((table["verdict"] != "no proposal").sum())
    if moved.empty:
        return f"Keep everything: no point of {open_} is proven wrong by {weights.n:,} leads."
    said = [
        f"{row.label} from {row.now:g} to {row.proposed:g}" for row in moved.itertuples(index=False)
    ]
    kept, fixed = open_ - len(moved), len(table) - open_
    rest = f"keep the other {kept}" + (f"; {fixed} not open to evidence" if fixed else "")
    note = plan.rounding.reason if plan.rounding is not None else None
    return f"Change {', '.join(said)}; {rest}." + (f" Note: {note}." if note else "")
