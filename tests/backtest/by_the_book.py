"""A model's score of one lead, read from the plain data of its file: slow and obvious.

Written from the format's definitions alone; nothing of the toolkit is imported. Points are exact
fractions in the file's own units, times are datetimes.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import floor

UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400, "mo": 30 * 86400, "y": 365 * 86400}


def score(model: dict, lead: dict, activities: list[dict], at: datetime) -> dict:
    """Everything the model says about a lead as of `at`."""
    lead = {**lead, **{name: derive(rule, lead) for name, rule in model.get("derive", {}).items()}}
    past = [a for a in activities if a["occurred_at"] <= at]
    points, dimensions = [], {"fit": Fraction(0), "behavior": Fraction(0)}
    for group in model["groups"]:
        reset = last_reset(model, group, past)
        own = [criterion_points(c, lead, past, reset, at) for c in group["criteria"]]
        points += own
        dimensions[group["dimension"]] += clamp(sum(own), group)
    total = Fraction(model.get("base", 0))
    for name, value in list(dimensions.items()):
        rule = model.get("dimensions", {}).get(name, {})
        dimensions[name] = clamp(value, rule)
        total += dimensions[name] * rule.get("weight", 1)
    total = clamp(total, model) / model.get("scale", 1)
    rounded = rounded_score(total, model.get("rounding", "half_up"))
    return {
        "points": points,
        **dimensions,
        "score": rounded,
        "grade": grade(model, dimensions),
        "band": band(model, rounded, lead),
    }


def known(lead: dict, changes: list[dict], at: datetime) -> dict:
    """The lead as known at a moment; `changes` are its own, each with `read`, its value."""
    fields = {}
    for c in sorted(
        (c for c in changes if c["lead_id"] == lead["lead_id"]), key=since, reverse=True
    ):
        if c["field"] not in fields or fields[c["field"]][0] > at:
            fields[c["field"]] = (since(c), c["read"] if since(c) <= at else c["read_old"])
    return {**lead, **{name: value for name, (_, value) in fields.items()}}


def since(row: dict) -> datetime:
    return max(row["valid_from"], row["recorded_at"] or row["valid_from"])


def own_ids(lead_id: str, merges: list[dict], at: datetime) -> set[str]:
    """The lead and whoever was merged into it, at any remove, by a moment."""
    direct = [m["loser_id"] for m in merges if m["winner_id"] == lead_id and m["merged_at"] <= at]
    return {lead_id}.union(*(own_ids(each, merges, at) for each in direct))


def clamp(value, rule):
    if "min" in rule and value < rule["min"]:
        return Fraction(rule["min"])
    if "max" in rule and value > rule["max"]:
        return Fraction(rule["max"])
    return value


def rounded_score(total: Fraction, rounding: str) -> int:
    if rounding == "floor":
        return floor(total)
    size = floor(abs(total) + Fraction(1, 2))
    return size if total >= 0 else -size


def seconds(text: str) -> timedelta:
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()
    return timedelta(seconds=int(number) * UNITS[unit])


def last_reset(model: dict, group: dict, past: list[dict]):
    times = [
        a["occurred_at"]
        for rule in model.get("resets", [])
        if group["id"] in rule.get("groups", [group["id"]])
        for a in past
        if a["activity_type"] in rule["activities"]
    ]
    return max(times, default=None)


def criterion_points(c: dict, lead: dict, past: list[dict], reset, at: datetime) -> Fraction:
    if not in_season(c.get("active", {}), at.date()):
        return Fraction(0)
    since = [a for a in past if reset is None or a["occurred_at"] > reset]
    if "when" in c or "cases" in c:
        raw = cases(c, lead)
    elif "per_value" in c:
        raw = sum(v for k, v in c["per_value"].items() if k.casefold() in parts(lead[c["field"]]))
    elif "tiers" in c:
        raw = tiers(c, since, at)
    elif "activity" in c:
        raw = units(c, since, at)
    elif "ledger" in c:
        raw = sum(a["delta"] or 0 for a in since if a["activity_type"] in c["ledger"])
        raw *= c["<scale>"]
    else:
        raw = inactivity(c, lead, past, reset, at)
    return clamp(Fraction(raw), c) * c.get("weight", 1)


def in_season(active: dict, day: date) -> bool:
    after = "from" not in active or date.fromisoformat(active["from"]) <= day
    return after and ("to" not in active or day <= date.fromisoformat(active["to"]))


# --- conditions: True, False, or None for unknown -----------------------------------------------


def holds(condition: dict, row: dict):
    outcomes = []
    for key, value in condition.items():
        if key == "all":
            outcomes += [holds(part, row) for part in value]
        elif key == "any":
            found = [holds(part, row) for part in value]
            outcomes.append(True if True in found else None if None in found else False)
        elif key == "not":
            found = holds(value, row)
            outcomes.append(None if found is None else not found)
        else:
            outcomes.append(test(value, row.get(key)))
    return False if False in outcomes else None if None in outcomes else True


def test(rule, value):
    if not isinstance(rule, dict):
        rule = {"in": rule if isinstance(rule, list) else [rule]}
    missing = value is None or str(value).strip() == ""
    if "missing" in rule:
        return missing is rule["missing"]
    if missing:
        return True if rule.get("or_missing") else None
    text = str(value).strip().casefold()
    checks = []
    if "in" in rule:
        checks.append(text in [str(entry).casefold() for entry in rule["in"]])
    if "not_in" in rule:
        checks.append(text not in [str(entry).casefold() for entry in rule["not_in"]])
    if "gte" in rule:
        checks.append(value >= rule["gte"])
    if "lt" in rule:
        checks.append(value < rule["lt"])
    if "contains_word" in rule:
        checks.append(rule["contains_word"] in re.findall(r"\w+", text))
    return all(checks)


def derive(rule: dict, lead: dict):
    text = str(lead[rule.get("domain_of") or rule["of"]] or "").strip().casefold()
    if "domain_of" in rule:
        return text.split("@")[-1].strip() or None if "@" in text else None
    for name, words in rule["first_word_list"].items():
        if set(words) & set(re.findall(r"\w+", text)):
            return name
    return None


def cases(c: dict, lead: dict) -> int:
    listed = c.get("cases") or [{"when": c["when"], "points": c["points"]}]
    hits = [case["points"] for case in listed if "when" in case and holds(case["when"], lead)]
    if not hits and "when" not in listed[-1]:
        return listed[-1]["points"]
    if not hits:
        return 0
    return {"first": hits[0], "sum": sum(hits), "max": max(hits)}[c.get("match", "first")]


def parts(value) -> set[str]:
    listed = value if isinstance(value, list) else str(value or "").split(";")
    return {part.strip().casefold() for part in listed if part.strip()}


# --- activities ---------------------------------------------------------------------------------


def matching(c: dict, past: list[dict], window: dict, at: datetime) -> list[dict]:
    types = c["activity"] if isinstance(c["activity"], list) else [c["activity"]]
    found = [a for a in past if a["activity_type"] in types]
    found = [a for a in found if "where" not in c or holds(c["where"], a) is True]
    if "within" in window:
        found = [a for a in found if a["occurred_at"] > at - seconds(window["within"])]
    return found


def tiers(c: dict, past: list[dict], at: datetime) -> int:
    for tier in c["tiers"]:
        if len(matching(c, past, tier, at)) >= tier["at_least"]:
            return tier["points"]
    return 0


def units(c: dict, past: list[dict], at: datetime) -> Fraction:
    buckets: dict = {}
    for number, a in enumerate(matching(c, past, c, at)):
        buckets.setdefault(bucket(c.get("per"), a, number), []).append(a["occurred_at"])
    per, times = c.get("per", {}), []
    for own in buckets.values():
        if len(own) >= per.get("at_least", 1):
            latest = sorted(own, reverse=True)
            most = 1 if per.get("units") == "buckets" else per.get("at_most", len(own))
            times += latest[:most]
    times = sorted(times, reverse=True)[: c.get("max_units", len(times))]
    return sum((decayed(c, at - t) for t in times), Fraction(0))


def bucket(per: dict | None, a: dict, number: int):
    if per is None:
        return number
    if per["bucket"] == "day":
        return a["occurred_at"].date()
    if per["bucket"] == "week":
        return tuple(a["occurred_at"].isocalendar())[:2]
    name = str(a[per["bucket"]] or "").strip().casefold()
    return name or number


def decayed(c: dict, age: timedelta) -> Fraction:
    points, rule = Fraction(c["points"]), c.get("decay")
    if rule is None:
        return points
    if "expire" in rule:
        return points if age < seconds(rule["expire"]) else Fraction(0)
    if "half_life" in rule:
        return halved(points, age, seconds(rule["half_life"]), rule["round"])
    gone = age // seconds(rule["every"])
    if "percent" in rule:
        return points * max(Fraction(0), 1 - Fraction(rule["percent"], 100) * gone)
    left = max(Fraction(0), abs(points) - rule["points"] * gone)
    return left if points > 0 else -left


def halved(points: Fraction, age: timedelta, half_life: timedelta, how: str) -> Fraction:
    if age % half_life == timedelta(0):
        exact = points / 2 ** (age // half_life)
        down = floor(exact) if how == "floor" else rounded_score(exact, "half_up")
        return Fraction(down)
    with localcontext() as digits:
        digits.prec = 50
        exponent = -Decimal(int(age.total_seconds())) / Decimal(int(half_life.total_seconds()))
        value = Decimal(int(points)) * Decimal(2) ** exponent
        way = ROUND_FLOOR if how == "floor" else ROUND_HALF_UP
        return Fraction(int(value.quantize(Decimal(1), rounding=way)))


def inactivity(c: dict, lead: dict, past: list[dict], reset, at: datetime) -> int:
    rule = c["inactivity"]
    after = seconds(rule["after"])
    most = rule.get("max_times") if rule.get("repeat") else 1
    start = max([lead["created_at"], *([] if reset is None else [reset])])
    breaks = sorted(a["occurred_at"] for a in past if a["role"] == "marketing")
    starts = [start, *(t for t in breaks if t > start)]
    if rule.get("recover", True):
        starts = starts[-1:]
    fired = 0
    for number, begin in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else None
        times, when = 0, begin + after
        while (when <= at if end is None else when < end) and (most is None or times < most):
            times, when = times + 1, when + after
        fired += times
    return fired * c["points"]


# --- accounts -----------------------------------------------------------------------------------


def account_scores(model: dict, leads: list[dict], own: dict, at: datetime) -> dict:
    """By account: (leads that count, leads disqualified, score or None)."""
    members: dict = {}
    for lead in leads:
        if lead["created_at"] <= at:
            members.setdefault(lead["account_id"], []).append(lead)
    told = {}
    for account, listed in members.items():
        kept = [lead for lead in listed if gate(model, lead) != "disqualified"]
        scores = [score(model, lead, own.get(lead["lead_id"], []), at)["score"] for lead in kept]
        undefined = account is None or not scores
        rolled = None if undefined else account_score(model, scores)
        told[account] = (len(kept), len(listed) - len(kept), rolled)
    return told


def gate(model: dict, lead: dict):
    lead = {**lead, **{name: derive(rule, lead) for name, rule in model.get("derive", {}).items()}}
    for rule in model.get("gates", []):
        if holds(rule["when"], lead) is True:
            return rule["then"]
    return None


def account_score(model: dict, scores: list[int]) -> int:
    rule = model["account_score"]
    kind = rule["roll_up"]
    if kind == "max":
        value = Fraction(max(scores))
    elif kind == "sum":
        value = Fraction(sum(scores))
    elif kind == "count_from":
        value = Fraction(len([one for one in scores if one >= rule["from"]]))
    else:
        best = sorted(scores)[-rule["top"] :]
        value = Fraction(sum(best), len(best))
    return rounded_score(clamp(value, rule), model.get("rounding", "half_up"))


def account_band(model: dict, points: int):
    for entry in model["account_score"].get("bands", []):
        if "from" not in entry or points >= entry["from"]:
            return entry["name"]
    return None


# --- what the score means -----------------------------------------------------------------------


def grade(model: dict, dimensions: dict):
    letters = []
    for name in ("fit", "behavior"):
        listed = model.get("dimensions", {}).get(name, {}).get("grades")
        if listed:
            reached = [str(g["grade"]) for g in listed if dimensions[name] >= g["from"]]
            letters.append(reached[0] if reached else None)
    return None if not letters or None in letters else "".join(letters)


def band(model: dict, points: int, lead: dict):
    rest, reached = None, []
    for entry in model.get("bands", []):
        start = entry.get("from")
        for other in reversed(entry.get("exceptions", [])):
            if holds(other["when"], lead) is True:
                start = other["from"]
        if start is None:
            rest = entry["name"]
        elif points >= start:
            reached.append((start, entry["name"]))
    best = max((start for start, _ in reached), default=None)
    return next((name for start, name in reached if start == best), rest)
