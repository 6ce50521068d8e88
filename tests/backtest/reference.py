"""The score of one lead, straight from the definitions: slow, obvious, and sharing no code."""

from __future__ import annotations

from datetime import datetime, timedelta

MODEL = """
lead_score_model: 1
name: reference
version: "1"
base: 2
min: -40
max: 90
dimensions:
  fit: {min: -20, max: 30}
  behavior: {max: 70}
groups:
- id: who
  dimension: fit
  criteria:
  - {id: vp, when: {title: {contains_word: [vp, chief]}}, points: 20}
  - {id: size, cases: [{when: {employees: {gte: 200}}, points: 15}, {when: {employees: {gte: 50}}, points: 5}]}
  - {id: free, when: {domain: {in: [mail.example]}}, points: -30}
- id: intent
  dimension: behavior
  max: 60
  criteria:
  - {id: demo, activity: demo, points: 30, max_units: 1}
  - {id: pricing, activity: page_view, where: {page: {like: "/pricing*"}}, within: 3d, points: 15, max: 40}
- id: other
  dimension: behavior
  criteria:
  - {id: open, activity: [email_open, email_click], within: 5d, points: 1, max_units: 3}
  - {id: quiet, inactivity: {after: 4d}, points: -10}
"""


def known_lead(lead: dict[str, object], changes: list[dict], at: datetime) -> dict[str, object]:
    """The lead's fields as they were known at `at`, from the history of its changes."""
    known = dict(lead)
    for field in ("title", "employees", "domain"):
        own = [
            c for c in changes
            if c["lead_id"] == lead["lead_id"] and c["field"].strip().lower() == field
        ]  # fmt: skip
        own.sort(key=counts_from)
        if own:
            past = [c for c in own if counts_from(c) <= at]
            text = past[-1]["value"] if past else own[0]["old_value"]
            known[field] = int(text) if field == "employees" and text is not None else text
    return known


def counts_from(row: dict[str, object]) -> datetime:
    """Nobody can know of a thing before it is recorded."""
    happened = row.get("occurred_at") or row.get("valid_from")
    return max(happened, row.get("recorded_at") or happened)


def known_activities(
    lead_id: object, activities: list[dict], merges: list[dict], at: datetime
) -> list[dict]:
    """What the lead and the leads merged into it until `at` had done, as far as recorded."""
    ids = {lead_id}
    for _ in merges:  # as often as there are merges: chains are followed to their end
        ids |= {m["loser_id"] for m in merges if m["winner_id"] in ids and m["merged_at"] <= at}
    own = [a for a in activities if a["lead_id"] in ids]
    return [{**a, "occurred_at": counts_from(a)} for a in own]


def score(lead: dict[str, object], activities: list[dict[str, object]], at: datetime) -> int:
    """Points of one lead at `at`, by the rules of MODEL."""
    past = [a for a in activities if a["occurred_at"] <= at]
    fit = clamp(title_points(lead) + size_points(lead) + free_points(lead), -20, 30)
    demo = 30 if any(a["activity_type"] == "demo" for a in past) else 0
    pricing = min(40, 15 * len(within(past, at, 3, page="/pricing")))
    intent = min(60, demo + pricing)
    opens = [a for a in past if a["activity_type"] in ("email_open", "email_click")]
    other = min(3, len(within(opens, at, 5))) + quiet_points(lead, past, at)
    behavior = min(70, intent + other)
    return clamp(2 + fit + behavior, -40, 90)


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def title_points(lead: dict[str, object]) -> int:
    words = str(lead["title"] or "").casefold().replace(",", " ").split()
    return 20 if "vp" in words or "chief" in words else 0


def size_points(lead: dict[str, object]) -> int:
    size = lead["employees"]
    if size is None:
        return 0
    return 15 if size >= 200 else 5 if size >= 50 else 0


def free_points(lead: dict[str, object]) -> int:
    return -30 if str(lead["domain"] or "").strip().casefold() == "mail.example" else 0


def within(
    activities: list[dict[str, object]], at: datetime, days: int, page: str | None = None
) -> list[dict[str, object]]:
    young = [a for a in activities if at - timedelta(days=days) < a["occurred_at"] <= at]
    if page is None:
        return young
    return [
        a
        for a in young
        if a["activity_type"] == "page_view" and str(a["page"] or "").casefold().startswith(page)
    ]


def quiet_points(lead: dict[str, object], past: list[dict[str, object]], at: datetime) -> int:
    last = max([lead["created_at"], *(a["occurred_at"] for a in past)])
    return -10 if at - last >= timedelta(days=4) else 0
