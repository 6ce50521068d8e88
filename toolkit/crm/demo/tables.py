"""From numbers to the tables of the input contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from toolkit.errors import QuestionError

from .behavior import (
    CLICK,
    DEMO,
    FORM,
    KINDS,
    OPEN,
    PAGE,
    PAPER,
    PRICING,
    WEBINAR,
    Log,
    draw_behavior,
)
from .changes import draw_merges, draw_titles
from .history import draw_leak, draw_recorded
from .people import People, draw_people
from .pipeline import STAGES, Trail, draw_trail
from .plan import (
    BAR,
    CRITERIA,
    DAY,
    HORIZON_DAYS,
    INTERCEPT,
    LOG_ODDS_PER_POINT,
    OBSERVED_UNTIL,
    SEED,
    DemoFrames,
    DemoPlan,
    DemoTruth,
    Ints,
    Texts,
    as_utc,
    planted_points,
    stream,
)
from .sales import WAYS, Fates, Moments, draw_fates, draw_moments
from .scoring import Path, Scorer, score_paths

__all__ = ["demo_frames"]

_PAGES: dict[str | None, float] = {
    "/": 0.24,
    "/product": 0.19,
    "/product/integrations": 0.08,
    "/customers": 0.09,
    "/blog/lead-routing-basics": 0.1,
    "/blog/what-is-a-good-pipeline": 0.08,
    "/docs/getting-started": 0.08,
    "/about": 0.05,
    "/careers": 0.05,
    "/blog/pricing-your-service": 0.03,
    None: 0.01,
}
_PRICING_PAGES: dict[str | None, float] = {"/pricing": 0.75, "/pricing/enterprise": 0.25}
_PAPERS: dict[str | None, float] = {
    "buyers-guide": 0.4,
    "benchmark-report": 0.25,
    "security-overview": 0.2,
    "roi-workbook": 0.15,
}
_QUIET_SCORE = 30


def demo_frames(
    *, leads: int = 20_000, seed: int = SEED, plan: DemoPlan | None = None
) -> DemoFrames:
    """Draw the synthetic CRM in memory; the same arguments give the same frames.

    Two years of leads (2024-10-01 to 2026-09-30 UTC), their accounts, activities, stages and
    sales decisions, seen until 2026-10-01T00:00:00Z. See DemoTruth for what is planted.
    """
    if leads < 1:
        raise QuestionError(f"leads is {leads}: expected 1 or more")
    chosen = DemoPlan() if plan is None else plan
    people = draw_people(leads, stream(seed, 1))
    log = draw_behavior(people, stream(seed, 2))
    scorer = _scorer(people, log, chosen, seed)
    path = score_paths(scorer)
    moments = draw_moments(scorer, path, chosen, stream(seed, 3))
    fates = draw_fates(people, scorer, moments, chosen, stream(seed, 4))
    trail = draw_trail(people, moments, fates, stream(seed, 5))
    machines = _machine_clicks(log, path, moments, chosen, stream(seed, 6))
    ids = people.leads["lead_id"].to_numpy(dtype=object)
    activities = _activities(ids, log, trail.contacts, machines, stream(seed, 7))
    stages, feedback = _stage_changes(ids, trail), _sales_feedback(ids, trail)
    counts = {"leads": leads, "activities": len(activities), **scorer.changes.counts()}
    truth = _truth(seed, chosen, ids, moments, counts)
    filled, leak = draw_leak(people, fates, chosen, stream(seed, 8))
    changes = [rows for rows in (leak, scorer.changes.title_rows(people)) if rows is not None]
    return DemoFrames(
        leads=filled,
        activities=activities,
        stage_changes=stages,
        sales_feedback=feedback,
        accounts=people.accounts,
        lead_truth=_lead_truth(ids, moments, fates),
        truth=replace(truth, counts={**truth.counts, **_stage_counts(stages)}),
        lead_changes=pd.concat(changes, ignore_index=True) if changes else None,
        lead_merges=scorer.changes.merge_rows(people),
        score_history=draw_recorded(scorer, moments, fates, chosen, stream(seed, 9)),
    )


def _scorer(people: People, log: Log, plan: DemoPlan, seed: int) -> Scorer:
    """Score by what the CRM knew at each instant; who is merged depends on who crosses without."""
    titled = Scorer(people, log, draw_titles(people, plan, stream(seed, 10)))
    crossing = score_paths(titled).crossing
    merged = draw_merges(people, log, crossing, plan, stream(seed, 11), titles=titled.changes)
    return replace(titled, changes=merged)


def _machine_clicks(
    log: Log, path: Path, moments: Moments, plan: DemoPlan, rng: np.random.Generator
) -> Log:
    """Draw clicks by scanners just before a mail is opened.

    They are placed where they decide nothing: after the moment, and on leads that have come to
    sales or never get near the bar. Whether a reader counts them changes no hand-off.
    """
    opens = log.where(log.kind == OPEN)
    at = opens.at - rng.integers(30, 1800, size=len(opens.at))
    harmless = (moments.way != WAYS.index("left_alone")) | (path.highest <= _QUIET_SCORE)
    allowed = np.flatnonzero(harmless[opens.lead] & (at > moments.when[opens.lead]))
    wanted = round(plan.machine_click_share * int((log.kind == CLICK).sum()))
    chosen = np.sort(rng.choice(allowed, size=min(wanted, len(allowed)), replace=False))
    return Log(opens.lead[chosen], at[chosen], np.full(len(chosen), CLICK))


def _pick(weights: dict[str | None, float], n: int, rng: np.random.Generator) -> Texts:
    share = np.array(list(weights.values()))
    names = np.array(list(weights), dtype=object)
    return names[rng.choice(len(names), size=n, p=share / share.sum())]


def _pages(kind: Ints, rng: np.random.Generator) -> Texts:
    page = np.full(len(kind), None, dtype=object)
    page[kind == PAGE] = _pick(_PAGES, int((kind == PAGE).sum()), rng)
    page[kind == PRICING] = _pick(_PRICING_PAGES, int((kind == PRICING).sum()), rng)
    page[kind == DEMO] = "/demo"
    page[kind == FORM] = "/contact"
    return page


def _assets(kind: Ints, at: Ints, rng: np.random.Generator) -> Texts:
    asset = np.full(len(kind), None, dtype=object)
    asset[kind == PAPER] = _pick(_PAPERS, int((kind == PAPER).sum()), rng)
    for prefix, kinds in (("newsletter-", [OPEN, CLICK]), ("webinar-", [WEBINAR])):
        rows = np.isin(kind, kinds)
        monday = (at[rows] // DAY + 3) // 7 * 7 - 3
        days, which = np.unique(monday, return_inverse=True)
        names = (prefix + pd.Series(days.astype("datetime64[D]").astype(str))).to_numpy(object)
        asset[rows] = names[which]
    return asset


def _activities(
    ids: Texts, log: Log, contacts: Log, machines: Log, rng: np.random.Generator
) -> pd.DataFrame:
    machine = np.repeat([False, True], [len(log.lead) + len(contacts.lead), len(machines.lead)])
    lead = np.concatenate([log.lead, contacts.lead, machines.lead])
    at = np.concatenate([log.at, contacts.at, machines.at])
    kind = np.concatenate([log.kind, contacts.kind, machines.kind])
    order = np.lexsort((machine, kind, lead, at))
    lead, at, kind, machine = lead[order], at[order], kind[order], machine[order]
    number = pd.Series(np.arange(1, len(lead) + 1)).astype(str)
    return pd.DataFrame(
        {
            "activity_id": "T" + number.str.zfill(max(7, len(str(len(lead))))),
            "lead_id": ids[lead],
            "activity_type": np.array(KINDS, dtype=object)[kind],
            "occurred_at": as_utc(at),
            "page": _pages(kind, rng),
            "asset": _assets(kind, at, rng),
            "is_machine": machine,
        }
    )


def _stage_changes(ids: Texts, trail: Trail) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "lead_id": ids[trail.stages.lead],
            "stage": np.array(STAGES, dtype=object)[trail.stages.kind],
            "entered_at": as_utc(trail.stages.at),
        }
    )
    return frame.sort_values(["entered_at", "lead_id"], kind="stable", ignore_index=True)


def _sales_feedback(ids: Texts, trail: Trail) -> pd.DataFrame:
    rows = trail.feedback
    frame = pd.DataFrame(
        {
            "lead_id": ids[rows["lead"].to_numpy()],
            "decided_at": as_utc(rows["at"].to_numpy()),
            "decision": rows["decision"],
            "reason_code": rows["reason_code"],
        }
    )
    return frame.sort_values(["decided_at", "lead_id"], kind="stable", ignore_index=True)


def _lead_truth(ids: Texts, moments: Moments, fates: Fates) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": ids,
            "moment": as_utc(moments.when),
            "way": np.array(WAYS, dtype=object)[moments.way],
            "worked": moments.worked,
            "score": fates.score,
            "true_score": fates.true_score,
            **fates.units,
            "account_effect": fates.account_effect,
            "probability": fates.probability,
            "sql_within_horizon": fates.within,
        }
    )


def _stage_counts(stages: pd.DataFrame) -> dict[str, int]:
    counted = stages["stage"].value_counts()
    return {stage.lower(): int(counted.get(stage, 0)) for stage in STAGES}


def _truth(
    seed: int, plan: DemoPlan, ids: Texts, moments: Moments, counts: dict[str, int]
) -> DemoTruth:
    ways = {name: int((moments.way == number).sum()) for number, name in enumerate(WAYS)}
    return DemoTruth(
        seed=seed,
        plan=plan,
        model_points={planted.id: planted.points for planted in CRITERIA},
        true_points=planted_points(plan),
        intercept=INTERCEPT,
        log_odds_per_point=LOG_ODDS_PER_POINT,
        marginal_factor=float((1 + 0.346 * plan.account_sd**2) ** -0.5),
        horizon_days=HORIZON_DAYS,
        observed_until=datetime.fromtimestamp(OBSERVED_UNTIL, tz=UTC),
        threshold=BAR,
        counts={**counts, **ways, "worked": int(moments.worked.sum())},
        exploration_leads=tuple(ids[moments.way == WAYS.index("exploration")].tolist()),
    )
