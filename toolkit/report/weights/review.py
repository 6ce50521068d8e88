"""What a weight review holds: the one value that every section is a function of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from toolkit.analysis import Comparison, Leaks, Proposal, Rate, Weights
    from toolkit.counts import FittedOn, PatternCounts, Provenance
    from toolkit.model import Model
    from toolkit.report.weights.external import External
    from toolkit.report.wording import Words

__all__ = ["USUAL", "Asked", "Review"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was agreed before looking."""

    margin: float = 5.0
    """Points within which a criterion counts as right."""
    grid: int = 5
    """Step of proposed points."""
    threshold: int | None = None
    """The score that hands a lead over, where it is not the model's."""
    cost_ratio: float | None = None
    after_contact: tuple[str, ...] = ()
    """Criteria that somebody knows to be recorded after sales contact."""
    known_before: tuple[str, ...] = ()
    """Columns of a flat file that somebody knows to be older than the outcome, whatever they seem."""
    external: str | None = None
    """A column with a score of somebody else, such as a vendor's probability, to be beaten."""
    external_fitted_on: FittedOn = "unknown"
    """The leads that it was fitted on, as somebody declares."""


USUAL = Asked()


@dataclass(frozen=True, slots=True)
class Review:
    """The counted and fitted inputs of every section; sections are functions of this value."""

    kind: Literal["crm", "flat"]
    model: Model = field(repr=False)
    file: str | None = field(repr=False)
    """The text of the model's file, whose comments the proposed file keeps; None without one."""
    words: Words
    patterns: PatternCounts = field(repr=False)
    """The leads whose outcomes judge the points: those of the earlier quarters."""
    weights: Weights = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    """`weight_table`; what fewer than five leads show is hidden."""
    stability: pd.DataFrame = field(repr=False)
    """`stability_table` of the earlier quarters and, as the last period, the later ones."""
    proposal: Proposal = field(repr=False)
    comparison: Comparison | None = field(repr=False)
    """Champion against challenger; None where nothing changes, or no score hands a lead over."""
    crossed: Comparison | None = field(repr=False)
    """Proposals made without the leads that they score, against today's model, where no later leads
    are; None otherwise."""
    choices: pd.DataFrame | None = field(repr=False)
    """`decision_difference` on the later leads; None where there are none, or where whoever comes in
    was never worked."""
    later: Provenance | None
    """Of the leads compared; None without a comparison."""
    since: date | None
    """The first day whose leads took no part in the proposal; None where there is no such day."""
    leaks: Leaks | None = field(repr=False)
    leaking: Mapping[str, str] = field(repr=False)
    """Criteria set aside because they pay for what seems to know the outcome, with the reason."""
    quality: Rate | None
    """Conversion of the leads handed over today; None where nothing says who is."""
    rivals: pd.DataFrame | None = field(repr=False)
    """`baseline_table` of all leads at the age at which volumes are counted; None without a
    threshold that says how many are handed over."""
    external: External | None = field(repr=False)
    """The score of somebody else, the last row of `rivals`; None where none was named."""
    movers: Mapping[str, int] = field(repr=False)
    """Leads that each proposed change alone would put into another band, by term."""
    everybody: int
    """Leads at the age at which volumes are counted."""
    threshold: int | None
    asked: Asked
    told: bool
    """Whether what is paid for is known (or declared) to be older than the outcome."""
    settings: tuple[tuple[str, str], ...] = field(repr=False)
    prepared_on: date

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"Weight review of {self.model.name} {self.model.version}"

    @property
    def family(self) -> int:
        """Terms that evidence may move: judged together."""
        return int((self.table["verdict"] != "no proposal").sum())
