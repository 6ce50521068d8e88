"""Accounts and leads: who they are. No names and no addresses, only what a model asks about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .calendar import creation_days, instants, off_weekend
from .plan import DAY, FIRST_SECOND, OBSERVED_UNTIL, Bools, Ints, Texts, coin

__all__ = ["ACCOUNT_SHARE", "LEVELS", "People", "draw_people"]

ACCOUNT_SHARE = 0.45
"""Accounts per lead: 9,000 for 20,000 leads."""

_INDUSTRIES = {
    "Software": 0.21,
    "Financial Services": 0.13,
    "Manufacturing": 0.16,
    "Professional Services": 0.14,
    "Retail": 0.11,
    "Healthcare": 0.1,
    "Education": 0.07,
    "Public Sector": 0.05,
    "Media": 0.03,
}
_ICP_EMPLOYEES = 200
_LARGEST_PULL = 90  # no account has much more than half a percent of the leads
_TARGET = ("Software", "Financial Services", "Manufacturing")
_COUNTRIES: dict[str, tuple[str, int, float]] = {
    "United States": ("north_america", 6, 0.39),
    "Canada": ("north_america", 5, 0.06),
    "United Kingdom": ("europe", 0, 0.13),
    "Germany": ("europe", -1, 0.12),
    "France": ("europe", -1, 0.07),
    "Netherlands": ("europe", -1, 0.04),
    "India": ("apac", -5, 0.08),
    "Australia": ("apac", -10, 0.04),
    "Singapore": ("apac", -8, 0.02),
    "Brazil": ("latam", 3, 0.05),
}
LEVELS: dict[str, tuple[str, ...]] = {
    "vp": (
        "VP Marketing",
        "VP of Operations",
        "vp sales",
        "SVP, Product",
        "VP Finance & Administration",
        "Chief Marketing Officer",
        "Chief Information Officer",
        "Chief of Staff",
    ),
    "director": (
        "Director of Marketing",
        "Director, IT",
        "Sales Director",
        "Head of Growth",
        "Head of International Operations",
    ),
    "manager": (
        "Marketing Manager",
        "International Sales Manager",
        "Product Manager",
        "Demand Generation Manager",
        "IT Manager",
        "Internal Audit Manager",
    ),
    "staff": (
        "Marketing Specialist",
        "Sales Development Representative",
        "Business Analyst",
        "Software Engineer",
        "Consultant",
        "Office Administrator",
    ),
    "student": ("Student", "Marketing Intern", "PhD student", "Intern, Business Development"),
}
_LEVEL_SHARE = {"vp": 0.14, "director": 0.2, "manager": 0.33, "staff": 0.27, "student": 0.06}
_SOURCES = {
    "organic_search": 0.235,
    "paid_search": 0.14,
    "content_download": 0.21,
    "webinar": 0.12,
    "demo_form": 0.065,
    "event": 0.1,
    "partner": 0.05,
    "list_import": 0.08,
}
_FREE = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me")
_RIVALS = ("rival.example", "othervendor.example")
_PLACEHOLDER = "[not provided]"


@dataclass(frozen=True, slots=True)
class People:
    """The leads with what later parts need to know of them, one entry per lead."""

    accounts: pd.DataFrame
    leads: pd.DataFrame
    created: Ints
    account: Ints
    """Number of the account, -1 without one."""
    hours_behind: Ints
    """Hours that the lead's clock is behind UTC."""
    vp_or_above: Bools
    target_icp: Bools
    priority_region: Bools
    free_email: Bools
    student: Bools
    rival: Bools


def _pick(weights: dict[str, float], size: int, rng: np.random.Generator) -> Texts:
    names = np.array(list(weights), dtype=object)
    share = np.array(list(weights.values()))
    return names[rng.choice(len(names), size=size, p=share / share.sum())]


def _ids(letter: str, n: int, digits: int) -> Texts:
    numbers = pd.Series(np.arange(1, n + 1)).astype(str)
    width = max(digits, len(str(n)))
    return (letter + numbers.str.zfill(width)).to_numpy(dtype=object)


def _headcount(n: int, rng: np.random.Generator) -> Ints:
    raw = np.clip(np.exp(rng.normal(5.2, 1.6, size=n)), 1, 120_000)
    # People round what they type into a form: two digits that count.
    step = 10.0 ** np.maximum(0, np.floor(np.log10(raw)) - 1)
    rounded: Ints = (np.maximum(1, np.round(raw / step)) * step).astype(np.int64)
    return rounded


def _draw_accounts(n: int, rng: np.random.Generator) -> pd.DataFrame:
    country = _pick({name: place[2] for name, place in _COUNTRIES.items()}, n, rng)
    created = rng.integers(FIRST_SECOND - 4 * 365 * 86_400, FIRST_SECOND, size=n)
    return pd.DataFrame(
        {
            "account_id": _ids("A", n, 5),
            "created_at": pd.to_datetime(created, unit="s", utc=True).as_unit("us"),
            "industry": _pick(_INDUSTRIES, n, rng),
            "employees": _headcount(n, rng),
            "country": country,
        }
    )


def _members(n: int, accounts: pd.DataFrame, rng: np.random.Generator) -> Ints:
    """Spread leads over accounts: most accounts have one or two, a few large ones have many."""
    pull = np.exp(rng.normal(0, 0.6, size=len(accounts))) + np.minimum(
        rng.pareto(2.1, size=len(accounts)), _LARGEST_PULL
    )
    pull *= accounts["employees"].to_numpy(dtype=float) ** 0.08
    member = rng.choice(len(accounts), size=n, p=pull / pull.sum())
    spread: Ints = np.where(coin(n, 0.11, rng), -1, member)
    return spread


def _created(n: int, hours_behind: Ints, rng: np.random.Generator) -> Ints:
    """Draw creation instants inside the observed span, working hours of the lead's region."""
    days = off_weekend(creation_days(n, rng), rng, share=0.3)
    drawn = instants(days, hours_behind, rng)
    # Night on one side of the globe: the first and the last day are folded inwards.
    folded: Ints = drawn + DAY * (
        (drawn < FIRST_SECOND).astype(np.int64) - (drawn >= OBSERVED_UNTIL)
    )
    return folded


def _lost(values: Texts, share: float, rng: np.random.Generator) -> Texts:
    out = values.copy()
    out[coin(len(out), share, rng)] = None
    return out


def _titles(level: Texts, rng: np.random.Generator) -> Texts:
    out = np.empty(len(level), dtype=object)
    for name, titles in LEVELS.items():
        of_level = level == name
        out[of_level] = np.array(titles, dtype=object)[rng.integers(0, len(titles), of_level.sum())]
    return out


def _domains(account: Ints, student: Bools, rng: np.random.Generator) -> Texts:
    """Give each account its own domain; students and leads without account use free mail."""
    share = np.where(account < 0, 0.8, np.where(student, 0.6, 0.06))
    free = coin(len(account), share, rng)
    company = "company" + pd.Series(account + 1).astype(str).str.zfill(5) + ".example"
    out = company.to_numpy(dtype=object, copy=True)
    out[account < 0] = "smallfirm.example"
    out[free] = np.array(_FREE, dtype=object)[
        rng.choice(len(_FREE), size=int(free.sum()), p=[0.55, 0.18, 0.15, 0.07, 0.05])
    ]
    rival = coin(len(out), 0.007, rng)
    out[rival] = np.array(_RIVALS, dtype=object)[rng.integers(0, 2, int(rival.sum()))]
    return out


def draw_people(n: int, rng: np.random.Generator) -> People:
    """Draw `n` leads, in the order of their creation, and the accounts they belong to."""
    accounts = _draw_accounts(max(1, round(ACCOUNT_SHARE * n)), rng)
    account = _members(n, accounts, rng)
    own = account < 0
    country = np.where(
        own,
        _pick({name: place[2] for name, place in _COUNTRIES.items()}, n, rng),
        accounts["country"].to_numpy(dtype=object)[account],
    )
    hours = np.array([_COUNTRIES[name][1] for name in country], dtype=np.int64)
    return _assemble(accounts, account, country, _created(n, hours, rng), rng)


def _assemble(
    accounts: pd.DataFrame, account: Ints, country: Texts, created: Ints, rng: np.random.Generator
) -> People:
    order = np.argsort(created, kind="stable")
    account, country, created = account[order], country[order], created[order]
    n, own = len(order), account < 0
    level = _pick(_LEVEL_SHARE, n, rng)
    title = _lost(_titles(level, rng), 0.06, rng)
    title[coin(n, 0.015, rng)] = _PLACEHOLDER
    industry = accounts["industry"].to_numpy(dtype=object)[account]
    industry = _lost(np.where(own, _pick(_INDUSTRIES, n, rng), industry), 0.07, rng)
    employees = np.where(
        own, _headcount(n, rng) // 8 + 1, accounts["employees"].to_numpy()[account]
    )
    known = coin(n, np.where(own, 0.5, 0.92), rng)
    domain = _domains(account, level == "student", rng)
    region = np.array([_COUNTRIES[name][0] for name in country], dtype=object)
    ids = np.array([*accounts["account_id"], None], dtype=object)
    leads = pd.DataFrame(
        {
            "lead_id": _ids("L", n, 6),
            "created_at": pd.to_datetime(created, unit="s", utc=True).as_unit("us"),
            "account_id": ids[account],
            "title": title,
            "industry": industry,
            "employees": pd.Series(employees).where(known).astype("Int64"),
            "country": country,
            "region": region,
            "source": _pick(_SOURCES, n, rng),
            "email_domain": domain,
        }
    )
    return People(
        accounts=accounts,
        leads=leads,
        created=created,
        account=account,
        hours_behind=np.array([_COUNTRIES[name][1] for name in country], dtype=np.int64),
        vp_or_above=np.isin(title.astype(str), LEVELS["vp"]),
        target_icp=np.isin(industry.astype(str), _TARGET) & known & (employees >= _ICP_EMPLOYEES),
        priority_region=np.isin(region.astype(str), ["north_america"]),
        free_email=np.isin(domain.astype(str), _FREE),
        student=np.isin(title.astype(str), LEVELS["student"]),
        rival=np.isin(domain.astype(str), _RIVALS),
    )
