"""Small CRMs for tests: frames in, a connected CRM out; random ones by hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
from hypothesis import strategies as st

from toolkit.crm import Crm, Mapping, connect

START = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC, as in the canonical tables
UNTIL = START + timedelta(days=60)


def at(days: float) -> datetime:
    return START + timedelta(seconds=round(days * 86_400))


def crm_of(
    leads: list[dict[str, object]],
    *others: object,
    opened: Callable[..., Crm] = connect,
    **more: object,
) -> Crm:
    """Connect what `frames_of` makes of rows."""
    frames, mapping = frames_of(leads, *others, **more)
    return opened(frames, mapping=mapping)


def frames_of(
    leads: list[dict[str, object]],
    activities: list[dict[str, object]] = (),
    stages: list[dict[str, object]] = (),
    feedback: list[dict[str, object]] = (),
    *,
    changes: list[dict[str, object]] = (),
    merges: list[dict[str, object]] = (),
    history: list[dict[str, object]] = (),
    **mapping: object,
) -> tuple[dict[str, pd.DataFrame], Mapping]:
    """Frames and a mapping; a table without rows is left out."""
    frames = {
        "leads": frame(
            leads, ["lead_id", "created_at", "account_id", "title", "employees", "domain"]
        )
    }
    if activities:
        frames["activities"] = frame(
            activities,
            ["lead_id", "activity_type", "occurred_at", "recorded_at", "page", "is_machine"],
        )
    if stages:
        frames["stage_changes"] = frame(stages, ["lead_id", "stage", "entered_at"])
    if feedback:
        frames["sales_feedback"] = frame(
            feedback, ["lead_id", "decided_at", "decision", "reason_code"]
        )
    if changes:
        frames["lead_changes"] = frame(
            changes, ["lead_id", "field", "value", "old_value", "valid_from", "recorded_at"]
        )
    if merges:
        frames["lead_merges"] = frame(merges, ["loser_id", "winner_id", "merged_at"])
    if history:
        frames["score_history"] = frame(history, ["lead_id", "changed_at", "score_name"])
    settings = {"observed_until": UNTIL, "time_zone": "UTC", **mapping}
    return frames, Mapping(**settings)


def frame(rows: list[dict[str, object]], columns: list[str]) -> pd.DataFrame:
    made = pd.DataFrame(list(rows), columns=columns)
    for column in columns:
        if column.endswith("_at") or column == "valid_from":
            made[column] = pd.to_datetime(made[column])
        elif column == "employees":
            made[column] = made[column].astype("Int64")
        elif column == "is_machine":
            made[column] = made[column].eq(True).astype(bool)
        else:
            made[column] = made[column].astype("string")
    return made


def lead(number: int, created: float = 0, **fields: object) -> dict[str, object]:
    plain = {"account_id": None, "title": None, "employees": None, "domain": None}
    return {"lead_id": f"L{number}", "created_at": at(created), **plain, **fields}


def activity(
    number: int, kind: str, day: float, page: str | None = None, **more: object
) -> dict[str, object]:
    return {
        "lead_id": f"L{number}",
        "activity_type": kind,
        "occurred_at": at(day),
        "page": page,
        **more,
    }


def entry(number: int, stage: str, day: float) -> dict[str, object]:
    return {"lead_id": f"L{number}", "stage": stage, "entered_at": at(day)}


def change(
    number: int, field: str, value: object, day: float, old: object = None, **more: object
) -> dict[str, object]:
    text = None if value is None else str(value)
    before = None if old is None else str(old)
    row = {"lead_id": f"L{number}", "field": field, "value": text, "old_value": before}
    return {**row, "valid_from": at(day), "recorded_at": None, **more}


def merge(loser: int, winner: int, day: float) -> dict[str, object]:
    return {"loser_id": f"L{loser}", "winner_id": f"L{winner}", "merged_at": at(day)}


def decision(number: int, word: str, day: float) -> dict[str, object]:
    return {"lead_id": f"L{number}", "decided_at": at(day), "decision": word, "reason_code": None}


# Times on a grid of 6 hours meet the ends of windows exactly and often.
_days = st.integers(0, 4 * 40).map(lambda quarter: quarter / 4)
_leads = st.fixed_dictionaries(
    {
        "created": _days,
        "account_id": st.sampled_from([None, "A", "B", "C"]),
        "title": st.sampled_from(
            [None, "VP, Sales", "SVP", "Chief of Staff", " vp ", "Intern", ""]
        ),
        "employees": st.sampled_from([None, 0, 49, 50, 199, 200, 5000]),
        "domain": st.sampled_from([None, "mail.example", " Mail.Example ", "acme.example"]),
    }
)
_activities = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["demo", "page_view", "email_open", "email_click", "other"]),
        "day": _days,
        "page": st.sampled_from([None, "/pricing", "/Pricing/plans", "/blog", ""]),
    }
)


@st.composite
def crms(draw: st.DrawFn) -> dict[str, list[dict[str, object]]]:
    """Rows of a random small CRM, as keyword arguments of `crm_of`."""
    drawn = draw(st.lists(_leads, min_size=1, max_size=12))
    leads = [lead(i, **fields) for i, fields in enumerate(drawn)]
    numbers = st.integers(0, len(leads) - 1)
    acts = draw(st.lists(st.tuples(numbers, _activities), max_size=60))
    entered = draw(
        st.lists(st.tuples(numbers, st.sampled_from(["mql", "sql", "won"]), _days), max_size=20)
    )
    said = draw(
        st.lists(
            st.tuples(numbers, st.sampled_from(["accepted", "rejected", "no_response"]), _days),
            max_size=12,
        )
    )
    # One entry per stage that is asked for, so that the stage exists.
    anchors = [entry(0, "mql", 0.25), entry(0, "sql", 59)]
    return {
        "leads": leads,
        "activities": [activity(n, a["kind"], a["day"], a["page"]) for n, a in acts]
        + [activity(0, "other", 0)],
        "stages": [entry(*each) for each in entered] + anchors,
        "feedback": [decision(*each) for each in said],
    }


_values = {
    "title": [None, "VP, Sales", "Intern", "Chief of Staff"],
    "Employees ": [None, 0, 49, 50, 200],
    "domain": [None, "mail.example", "acme.example"],
}


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[dict[str, object]]]:
    """A random small CRM with changes of fields, late records and merges."""
    rows = draw(crms())
    numbers = st.integers(0, len(rows["leads"]) - 1)
    late = st.sampled_from([None, 0.5, 3, 20])
    drawn = draw(
        st.lists(
            st.tuples(numbers, st.sampled_from(sorted(_values)), _days, late),
            max_size=25,
            unique_by=lambda each: (each[0], each[1], each[2] + (each[3] or 0)),
        )
    )
    changes = [
        change(
            number, field, draw(st.sampled_from(_values[field])), day,
            draw(st.sampled_from(_values[field])),
            recorded_at=None if wait is None else at(day + wait),
        )
        for number, field, day, wait in drawn
    ]  # fmt: skip
    pairs = draw(st.lists(st.tuples(numbers, numbers, _days), max_size=5, unique_by=lambda e: e[0]))
    waits = draw(st.lists(late, min_size=len(rows["activities"]), max_size=len(rows["activities"])))
    recorded = [
        {**row, "recorded_at": None if wait is None else row["occurred_at"] + timedelta(days=wait)}
        for row, wait in zip(rows["activities"], waits, strict=True)
    ]
    return {
        **rows,
        "activities": recorded,
        "changes": changes,
        "merges": [merge(*each) for each in pairs],
    }


SCORED = st.tuples(
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from([None, "A", "B", "C"]),
    st.sampled_from(["north", "south", None]),
)
"""Score, outcome, account, region of a lead in a flat file."""


def scored_rows(drawn: list[tuple[int, bool, str | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(drawn, columns=["score", "won", "account", "region"])
