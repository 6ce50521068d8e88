"""Random models of every kind, random leads, and the engine's answer for them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pandas as pd
from hypothesis import strategies as st

from toolkit.backtest.core import Plan, as_of_sql
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.staging import stage_at_moments
from toolkit.crm import Crm, Mapping, connect
from toolkit.model import Model, parse_model

START = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC, as in the canonical tables
DAYS = 40
KINDS = ["view", "form", "open"]

# --- models -------------------------------------------------------------------------------------

few = st.integers(1, 3)
points = st.sampled_from([-10, -7, -1, 0, 1, 3, 5, 10, 13, 20])
spans = st.sampled_from(["6h", "1d", "2d", "3d", "1w", "30h", "20d"])


def entries(required: dict, **optional) -> st.SearchStrategy:
    return st.fixed_dictionaries(required, optional=optional)


tests = st.sampled_from([
    {"title": {"contains_word": "vp"}},
    {"title": {"missing": True}},
    {"size": {"gte": 50}},
    {"size": {"gte": 50, "lt": 200, "or_missing": True}},
    {"region": ["north", "EAST"]},
    {"region": {"not_in": ["north"]}},
    {"not": {"region": "north"}},
    {"any": [{"size": {"lt": 50}}, {"region": "south"}]},
    {"domain": "mail.example", "size": {"lt": 200}},
    {"level": "vp"},
    {"level": {"not_in": ["vp"]}},
])  # fmt: skip
pages = st.sampled_from([
    {"page": "/pricing"}, {"page": {"not_in": ["/pricing"]}}, {"page": {"missing": True}},
])  # fmt: skip
types = st.sampled_from(KINDS) | st.just(["view", "form"])
decays = st.one_of(
    entries({"percent": st.sampled_from([5, 25, 30, 33, 50, 100]), "every": spans}),
    entries({"points": few, "every": spans}),
    entries({"expire": spans}),
    entries({"half_life": spans, "round": st.just("half_up")}),
)
floors = entries({"half_life": spans, "round": st.just("floor")})
pers = st.one_of(
    entries({"bucket": st.sampled_from(["asset", "day", "session", "week"]), "at_most": few},
            at_least=few),
    entries({"bucket": st.sampled_from(["asset", "day", "session", "week"]),
             "units": st.just("buckets")}, at_least=few),
    entries({"bucket": st.sampled_from(["asset", "day", "session", "week"]),
             "at_least": st.integers(2, 3)}),
)  # fmt: skip
limited = {"min": st.sampled_from([-30, -5, 0]), "max": st.sampled_from([0, 4, 12, 25])}
actives = st.sampled_from([
    {"from": "2026-01-11"}, {"to": "2026-01-20"}, {"from": "2026-01-05", "to": "2026-02-02"},
])  # fmt: skip
shared = {**limited, "weight": st.sampled_from([0, 2, 3]), "active": actives}
case = entries({"when": tests, "points": points})
criteria = st.one_of(
    entries({"when": tests, "points": points}, **shared),
    entries({"cases": st.lists(case, min_size=1, max_size=3)},
            match=st.sampled_from(["first", "sum", "max"]), **shared),
    entries({"field": st.sampled_from(["interests", "tags", "level"]),
             "per_value": st.sampled_from([{"crm": 10, "cms": 5}, {"CRM": -3, "vp": 7}])},
            **shared),
    entries({"activity": types, "points": points}, where=pages, within=spans, per=pers,
            max_units=few, decay=decays, **shared),
    entries({"activity": types, "points": points}, within=spans, per=pers, max_units=few,
            decay=decays, **shared),
    entries({"activity": types, "points": st.integers(0, 40), "decay": floors}, max_units=few,
            **shared),
    entries({"activity": types, "tiers": st.sampled_from([
        [{"at_least": 3, "within": "1w", "points": 20}, {"at_least": 1, "points": 5}],
        [{"at_least": 2, "points": 9}],
        [{"at_least": 4, "within": "20d", "points": 7}, {"at_least": 2, "within": "2d",
                                                          "points": -4}],
    ])}, where=pages, **shared),
    entries({"inactivity": entries({"after": spans}, recover=st.booleans()), "points": points},
            **shared),
    entries({"inactivity": entries({"after": spans, "repeat": st.just(True)}, max_times=few,
                                   recover=st.booleans()), "points": points}, **shared),
    entries({"ledger": st.sampled_from([["adjust"], ["adjust", "import"]])}, **shared),
)  # fmt: skip
grades = st.sampled_from([
    [{"grade": "A", "from": 20}, {"grade": "B", "from": 0}],
    [{"grade": 1, "from": 15}, {"grade": 2, "from": 5}, {"grade": 3, "from": -1000}],
])  # fmt: skip
dimension = entries({}, grades=grades, weight=st.sampled_from([0, 2]), **limited)
resets = st.sampled_from([
    [{"activities": ["recycled"]}],
    [{"activities": ["recycled"], "groups": ["g0"]}],
    [{"activities": ["recycled"], "groups": ["g0"]}, {"activities": ["open"], "groups": ["g1"]}],
])  # fmt: skip
bands = st.sampled_from([
    [{"name": "mql", "from": 20, "exceptions": [{"when": {"region": "north"}, "from": 40}]},
     {"name": "nurture", "from": 10}, {"name": "none"}],
    [{"name": "hot", "from": 30}, {"name": "mql", "from": 5, "exceptions": [
        {"when": {"size": {"gte": 50}}, "from": 50}, {"when": {"title": {"missing": True}},
                                                      "from": -3}]}],
])  # fmt: skip
account_limits = {
    "min": st.sampled_from([-20, 0]),
    "max": st.sampled_from([1, 15, 60]),
    "bands": st.sampled_from(
        [
            [{"name": "hot", "from": 15}, {"name": "warm", "from": 1}, {"name": "cold"}],
            [{"name": "in", "from": 2}, {"name": "out", "from": -4}],
        ]
    ),
}
account_rules = st.one_of(
    entries({"roll_up": st.sampled_from(["max", "sum"])}, **account_limits),
    entries({"roll_up": st.just("mean_top"), "top": few}, **account_limits),
    entries({"roll_up": st.just("count_from"), "from": st.sampled_from([-5, 0, 5, 20])},
            **account_limits),
)  # fmt: skip
DERIVE = {
    "domain": {"domain_of": "email"},
    "level": {"of": "title", "first_word_list": {"vp": ["vp", "chief"], "head": ["head", "sales"]}},
}


@st.composite
def models(draw: st.DrawFn) -> dict:
    """A random model, as the plain data of its file."""
    names = [f"g{i}" for i in range(draw(few))]
    optional = {
        "dimensions": entries({}, fit=dimension, behavior=dimension),
        "base": points,
        "scale": st.sampled_from([3, 10]),
        "rounding": st.sampled_from(["floor", "half_up"]),
        "bands": bands,
        "account_score": account_rules,
        **limited,
    }
    if len(names) > 1:
        optional["resets"] = resets
    raw = draw(entries({}, **optional))
    groups = [
        {
            "id": name,
            "dimension": draw(st.sampled_from(["fit", "behavior"])),
            **draw(entries({}, **limited)),
            "criteria": [
                {"id": f"{name}_{i}", **body}
                for i, body in enumerate(draw(st.lists(criteria, min_size=1, max_size=4)))
            ],
        }
        for name in names
    ]
    head = {"lead_score_model": 1, "name": "m", "version": "1", "derive": DERIVE}
    return {**head, **raw, "groups": groups}


def read(raw: dict) -> Model:
    return parse_model(json.dumps(raw))


def for_the_book(raw: dict) -> dict:
    """The plain data with what the book must know of the whole: the scale of recorded deltas."""
    scale = raw.get("scale", 1)
    return {
        **raw,
        "groups": [
            {**g, "criteria": [{**c, "<scale>": scale} for c in g["criteria"]]}
            for g in raw["groups"]
        ],
    }


# --- leads --------------------------------------------------------------------------------------


def moment(draw: Random, first: int = 0) -> datetime:
    """Mostly on a grid of 6 hours, so that the ends of windows are met exactly and often."""
    quarter = draw.randint(first, 4 * DAYS)
    return START + timedelta(hours=6 * quarter, seconds=draw.choice([0] * 8 + [-1, 1]))


def random_rows(seed: int, leads: int) -> dict[str, list[dict]]:
    draw = Random(seed)
    made = [_lead(draw, number) for number in range(leads)]
    acts = [_activity(draw, lead["lead_id"]) for lead in made for _ in range(draw.choice(BUSY))]
    asked = [
        {"lead_id": lead["lead_id"], "at": max(lead["created_at"], moment(draw, 8))}
        for lead in made
        for _ in range(2)
    ]
    return {"leads": made, "activities": acts, "moments": asked}


BUSY = [0, 1, 2, 4, 7, 12, 20]


def _lead(draw: Random, number: int) -> dict:
    return {
        "lead_id": f"L{number:04d}",
        "created_at": START + timedelta(hours=6 * draw.randint(0, 60)),
        "title": draw.choice([None, "VP, Sales", "Head of Sales", "SVP", " chief ", "Intern", ""]),
        "size": draw.choice([None, 0, 49, 50, 199, 200]),
        "region": draw.choice([None, "north", "North ", "east", "south"]),
        "email": draw.choice([None, "a@Mail.Example", "b@x@acme.example", "none", "c@ "]),
        "interests": draw.choice([None, "CRM", "cms; crm;CRM", ";", " erp ;cms", "crm;cms"]),
        "account_id": (None, "A", "B", "C", "A", "B", "D")[number % 7],  # draws nothing
        "tags": draw.choice([None, [], ["crm"], ["CMS", "crm", "crm"], ["vp;crm", "cms"]]),
    }


def _activity(draw: Random, lead_id: str) -> dict:
    kind = draw.choice([*KINDS, *KINDS, *KINDS, "other", "recycled", "adjust", "import"])
    roles = {"recycled": "sales", "adjust": "system", "import": "system"}
    return {
        "lead_id": lead_id,
        "activity_type": kind,
        "role": roles.get(kind, "marketing"),
        "occurred_at": moment(draw),
        "page": draw.choice([None, "/pricing", " /Pricing", "/blog", ""]),
        "asset": draw.choice([None, "a", "A ", "b", "c", ""]),
        "session": draw.choice([None, "s1", "s2", "s3"]),
        "delta": draw.choice([None, 5, -8, 12]) if kind in ("adjust", "import") else None,
    }


VALUES = {
    "title": [None, "VP", "Intern", "Head of Sales"],
    "size": [None, "0", "50", "200"],
    "region": [None, "north", "South"],
    "email": [None, "x@mail.example", "y@acme.example"],
    "interests": [None, "crm", "cms;crm"],
    "tags": [None, "crm", "CMS;crm"],
}


def with_histories(rows: dict[str, list[dict]], seed: int) -> dict[str, list[dict]]:
    """Random changes of fields and merges for random leads."""
    draw = Random(seed)
    ids = [lead["lead_id"] for lead in rows["leads"]]
    changes = {}
    for name in ids:
        for _ in range(draw.choice([0, 0, 1, 2, 4])):
            one = _change(draw, name)
            changes[name, one["field"], max(one["valid_from"], one["recorded_at"] or START)] = one
    losers = draw.sample(ids, len(ids) // 3)
    merges = [
        {"loser_id": loser, "winner_id": winner, "merged_at": moment(draw, 8)}
        for loser in losers
        for winner in [draw.choice(ids)]
        if ids.index(winner) > ids.index(loser)  # chains, but no circles
    ]
    return {**rows, "changes": list(changes.values()), "merges": merges}


def _change(draw: Random, lead_id: str) -> dict:
    field = draw.choice(sorted(VALUES))
    value, old = draw.choice(VALUES[field]), draw.choice(VALUES[field])
    since = moment(draw)
    later = draw.choice([None, None, since + timedelta(days=draw.choice([1, 9]))])
    return {
        "lead_id": lead_id, "field": field, "value": value, "old_value": old, "valid_from": since,
        "recorded_at": later, "read": _read(field, value), "read_old": _read(field, old),
    }  # fmt: skip


def _read(field: str, text: str | None) -> object:
    if text is None:
        return None
    return int(text) if field == "size" else text.split(";") if field == "tags" else text


def crm_of_rows(
    rows: dict[str, list[dict]],
    *,
    stranger: object = "?",
    folder: Path | None = None,
    opened: Callable[..., Crm] = connect,
) -> Crm:
    """Connect the rows as frames, or as files in a folder."""
    leads = pd.DataFrame(rows["leads"]).astype({
        **dict.fromkeys(["title", "region", "email", "interests", "account_id"], "string"), "size": "Int64",
    })  # fmt: skip
    columns = ["lead_id", "activity_type", "occurred_at", "page", "asset", "session", "delta"]
    # One activity of a lead that does not exist, so that the table always has its types.
    other = {"lead_id": stranger, "activity_type": "other", "occurred_at": START}
    acts = pd.DataFrame([*rows["activities"], other], columns=columns).astype({
        **dict.fromkeys(["page", "asset", "session"], "string"), "delta": "Int64",
    })  # fmt: skip
    roles = {"sales": ("recycled",), "system": ("adjust", "import")}
    mapping = Mapping(
        observed_until=START + timedelta(days=90), time_zone="UTC", activity_roles=roles
    )
    frames = {"leads": leads, "activities": acts}
    if "changes" in rows:
        shown = ["lead_id", "field", "value", "old_value", "valid_from", "recorded_at"]
        frames["lead_changes"] = pd.DataFrame(rows["changes"], columns=shown).astype({
            **dict.fromkeys(shown, "string"),
            **dict.fromkeys(["valid_from", "recorded_at"], "datetime64[us]"),
        })  # fmt: skip
        both = {"loser_id": "string", "winner_id": "string", "merged_at": "datetime64[us]"}
        frames["lead_merges"] = pd.DataFrame(rows["merges"], columns=list(both)).astype(both)
    if folder is None:
        return opened(frames, mapping=mapping)
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return connect(folder, mapping=mapping)


def engine_scores(model: Model, crm: Crm, rows: dict, sql=as_of_sql) -> list[dict]:
    """The engine's rows for each (lead, moment) asked for, in the order of `rows["moments"]`."""
    schema, plan = _staged(model, crm, rows)
    found = crm.connection.execute(f"""
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select * from {schema}.mo), score as ({sql(plan)})
        select score.*, ld.profile from score join ld on ld.l = score.l order by score.k""").df()
    crm.connection.execute(f"drop schema {schema} cascade")
    return found.to_dict("records")


def sqlite_scores(model: Model, crm: Crm, rows: dict) -> list[tuple]:
    """The rows of the same text, unchanged, on SQLite: (k, score), in the order of k."""
    schema, plan = _staged(model, crm, rows)
    other = sqlite3.connect(":memory:")
    other.create_function("mod", 2, lambda a, b: a % b)  # SQLite may be built without it
    for name in ("ld", "ev", "mo"):
        found = crm.connection.execute(f"select * from {schema}.{name}")
        columns = [column[0] for column in found.description]
        other.execute(f"create table {name} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        other.executemany(f"insert into {name} values ({marks})", found.fetchall())
    crm.connection.execute(f"drop schema {schema} cascade")
    answer = other.execute(f"select k, score from ({as_of_sql(plan)}) order by k").fetchall()
    other.close()
    return answer


def _staged(model: Model, crm: Crm, rows: dict) -> tuple[str, Plan]:
    schema = new_schema(crm.connection)
    until = int((START + timedelta(days=90) - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001
    number_leads(crm.connection, schema, until=until)
    asked = pd.DataFrame(rows["moments"]).assign(k=range(len(rows["moments"])))
    crm.connection.register("asked", asked)
    crm.connection.execute(f"""
        create table {schema}.mo as select lead.l, cast(asked.k as integer) as k,
          cast(epoch_us(asked.at) // 1000000 as bigint) as s
        from asked join {schema}.lead as lead using (lead_id)""")
    staged = stage_at_moments(model, crm, schema)
    return staged.history.schema, staged.plan
