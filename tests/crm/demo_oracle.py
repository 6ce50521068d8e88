"""The demo's model.yaml read with a plain YAML reader, and scored one lead at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

import pandas as pd
from ruamel.yaml import YAML

from toolkit.crm.demo.texts import MODEL_YAML

MODEL = YAML(typ="safe", pure=True).load(MODEL_YAML)


@dataclass(frozen=True)
class Lead:
    fields: dict[str, object]
    created: datetime
    events: list[tuple[datetime, str, dict[str, object]]]  # marketing activities of people only


def lead_of(frames, lead_id):
    row = frames.leads.set_index("lead_id").loc[lead_id]
    log = frames.activities[frames.activities["lead_id"] == lead_id]
    log = log[~log["is_machine"] & ~log["activity_type"].isin(["call", "meeting"])]
    events = [
        (at.to_pydatetime(), kind, {"page": page})
        for at, kind, page in zip(
            log["occurred_at"], log["activity_type"], log["page"], strict=True
        )
    ]
    return Lead(
        row.to_dict(), row["created_at"].to_pydatetime(), sorted(events, key=lambda e: e[0])
    )


def holds(test, value):
    if pd.isna(value) or str(value).strip() in ("", "[not provided]"):
        return False
    text = str(value).strip().casefold()
    ((name, wanted),) = test.items()
    if name == "in":
        return text in [str(word).casefold() for word in wanted]
    if name == "gte":
        return float(text) >= wanted
    if name == "like":
        return fnmatchcase(text, wanted.casefold())
    assert name == "contains_word"
    return any(re.search(rf"\b{re.escape(word.casefold())}\b", text) for word in wanted)


def meets(condition, fields):
    return all(holds(test, fields.get(name)) for name, test in condition.items())


def span(text):
    assert text.endswith("d")
    return timedelta(days=int(text[:-1]))


def clamp(value, limits):
    return max(limits.get("min", -(10**9)), min(value, limits.get("max", 10**9)))


def paid(criterion, lead, at):
    points = criterion["points"]
    if "inactivity" in criterion:
        last = max([lead.created, *(t for t, _, _ in lead.events if t <= at)])
        return points if at - last >= span(criterion["inactivity"]["after"]) else 0
    if "when" in criterion:
        return points if meets(criterion["when"], lead.fields) else 0
    n = sum(
        kind == criterion["activity"]
        and t <= at
        and ("within" not in criterion or t > at - span(criterion["within"]))
        and meets(criterion.get("where", {}), extra)
        for t, kind, extra in lead.events
    )
    return clamp(points * min(n, criterion.get("max_units", n)), criterion)


def score(lead, at):
    total = {"fit": 0, "behavior": 0}
    for group in MODEL["groups"]:
        points = sum(paid(criterion, lead, at) for criterion in group["criteria"])
        total[group["dimension"]] += clamp(points, group)
    return sum(clamp(points, MODEL["dimensions"][name]) for name, points in total.items())


def first_at_bar(lead, bar=50):
    """The first instant at or above the bar: asked at the creation and at every later activity."""
    for at in sorted({lead.created, *(max(t, lead.created) for t, _, _ in lead.events)}):
        if score(lead, at) >= bar:
            return at
    return None
