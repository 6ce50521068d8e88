"""A backtest: scored leads with their outcomes, inside the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import duckdb
import pandas as pd

from toolkit.backtest.schemas import new_schema
from toolkit.backtest.sql import quoted
from toolkit.counts import Provenance, flow_table
from toolkit.crm import Crm
from toolkit.errors import QuestionError, nearest_first
from toolkit.model import Model, band_of, exception_conditions, grade_of, score_unit

__all__ = ["Backtest", "meanings", "new_schema"]


@dataclass(frozen=True, slots=True)
class Backtest:
    """Scored leads and what became of them; rows stay in the engine until asked for.

    The table `<schema>.scored` has one row per lead (per lead and period for a panel, per lead and
    moment where a lead has several): `l`, `k`, `lead_id`, `account`, `cluster` (what is drawn
    together: the account; of several moments at least those of one lead), `s` (the moment, whole
    seconds UTC), `score`, `fit`, `behavior`, `state`, `decision`, `episode` (1, 2, ...),
    `quarter`, `month`, `seg0`, ... and p0, p1, ... (points per criterion, in file order), and
    `profile` (the exceptions of bands that the lead meets, as bits). `score` is in points; `fit`,
    `behavior` and p0, p1, ... are whole numbers of which `unit` make a point.
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    schema: str = field(repr=False)
    provenance: Provenance
    segments: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    model: Model | None = field(default=None, repr=False)
    """The model that scored; None for scores that were read from a file."""
    crm: Crm | None = field(default=None, repr=False)
    """Where the rows came from, so that the same leads can be scored by variants of the model."""
    numbered: bool = False
    """Whether leads have several moments, numbered by `episode`."""
    stage: str | None = None
    """The stage of the outcome; None for outcomes that were read from a file."""
    others: tuple[tuple[str, Backtest], ...] = field(default=(), repr=False)
    """The same scored leads with each further outcome, by its stage."""

    def of(self, stage: str) -> Backtest:
        """The same scored leads with the states of one of the outcomes.

        Leads that had reached its stage at or before the moment are left out and counted in the
        flow: each outcome has its own denominator.
        """
        known = {**dict(self.others), **({} if self.stage is None else {self.stage: self})}
        if stage not in known:
            raise QuestionError(
                f"this backtest has no outcome '{stage}': {nearest_first(stage, known)}. Name it "
                "in run_backtest(..., further=[Outcome(...)])"
            )
        return known[stage]

    def state_of(self, stage: str) -> pd.DataFrame:
        """The states of one of the outcomes, sorted: `lead_id`, `moment` (UTC), `state`."""
        return self.of(stage).rows()[["lead_id", "moment", "state"]]

    @property
    def moments_schema(self) -> str:
        """The schema with `lead`, `mo`, `ids` and `entry`: that of the first outcome."""
        return self.schema.split("_outcome", maxsplit=1)[0]

    @property
    def unit(self) -> int:
        """How many units of `fit`, `behavior` and p0, p1, ... make a point."""
        return 1 if self.model is None else score_unit(self.model)

    @property
    def flow(self) -> pd.DataFrame:
        """Every imported lead accounted for: `kind`, `step`, `n`, `remaining`."""
        return flow_table(self.provenance)

    def rows(self) -> pd.DataFrame:
        """One row per scored lead, sorted by lead_id and moment.

        Columns: `lead_id`, `account_id`, `moment` (UTC; NaT for a flat file), `score`, `fit`,
        `behavior`, `state`, `decision`, `quarter`, `month`, where leads have several moments
        `episode` (1, 2, ...), the segments, one column of points
        per criterion, named by its id, and where the model has them `band` and `grade` (as in
        B1). Points are whole numbers, or floats where the model has a scale or decay by percent;
        `fit` and `behavior` are those of the dimensions before their weights.
        """
        profile = ", profile" if self._has_exceptions else ""
        chosen = ", episode" if self.numbered else ""
        chosen += "".join(f", seg{i} as {quoted(name)}" for i, name in enumerate(self.segments))
        chosen += "".join(
            f", {self._points(f'p{i}')} as {quoted(name)}" for i, name in enumerate(self.criteria)
        )
        found = self.connection.execute(f"""
            select lead_id, account_id, moment, score, {self._points("fit")} as fit,
              {self._points("behavior")} as behavior, state, decision, quarter, month{chosen},
              fit as "<fit>", behavior as "<behavior>"{profile}
            from (select *, account as account_id, make_timestamp(s * 1000000) as moment
                  from {self.schema}.scored)
            order by lead_id, s""").df()
        meaning = {} if self.model is None else meanings(self.model, found)
        return found.drop(columns=["<fit>", "<behavior>", "profile"], errors="ignore").assign(
            **meaning
        )

    @property
    def _has_exceptions(self) -> bool:
        return self.model is not None and bool(exception_conditions(self.model))

    def _points(self, column: str) -> str:
        return column if self.unit == 1 else f"cast({column} as double) / {self.unit}"


def meanings(model: Model, found: pd.DataFrame) -> dict[str, pd.Series]:
    """The band and the grade of each row, found once for each different score or pair."""
    meanings = {}
    if model.bands:
        meanings["band"] = _bands(model, found)
    if model.dimensions.fit.grades or model.dimensions.behavior.grades:
        meanings["grade"] = _grades(model, found)
    return meanings


def _bands(model: Model, found: pd.DataFrame) -> pd.Series:
    exceptions = range(len(exception_conditions(model)))
    profile = found["profile"] if exceptions else pd.Series(0, index=found.index)
    keys = pd.Series(list(zip(found["score"], profile, strict=True)), index=found.index)
    names = {
        key: band_of(model, int(key[0]), [bool(int(key[1]) >> i & 1) for i in exceptions])
        for key in set(keys)
    }
    return keys.map(names)


def _grades(model: Model, found: pd.DataFrame) -> pd.Series:
    finer = score_unit(model) // model.scale
    pairs = zip(found["<fit>"], found["<behavior>"], strict=True)
    keys = pd.Series(list(pairs), index=found.index)
    names = {
        key: grade_of(model, Fraction(int(key[0]), finer), Fraction(int(key[1]), finer))
        for key in set(keys)
    }
    return keys.map(names)
