"""How the scores of an account's leads make the score of the account."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from toolkit.model.base import Limited
from toolkit.model.checks import refuse_repeated, refuse_rising, refuse_second_rest
from toolkit.model.later import NOT_IN_ACCOUNT_BAND, NOT_IN_ACCOUNT_SCORE
from toolkit.model.values import Count, Name, Points
from toolkit.yamlfile import YamlModel, fail

__all__ = ["AccountBand", "AccountScore", "account_band_of"]


class AccountBand(YamlModel):
    """Accounts whose score is at or above `start` (in the file: `from`), below the band before."""

    later: ClassVar = NOT_IN_ACCOUNT_BAND

    name: Name
    start: Points | None = Field(None, alias="from")


class AccountScore(Limited):
    """The score of an account at a moment, from the scores of its leads at that same moment.

    `max`: the highest of them; `sum`: all added; `mean_top`: the mean of the `top` highest, or of
    all where the account has fewer leads, rounded as the model rounds; `count_from`: how many
    leads have `start` (in the file: `from`) points or more. `min` and `max` limit the result.
    Leads that a gate disqualifies do not count; what else a gate decides changes no score.
    """

    later: ClassVar = NOT_IN_ACCOUNT_SCORE

    roll_up: Literal["max", "sum", "mean_top", "count_from"]
    top: Count | None = None
    start: Points | None = Field(None, alias="from")
    bands: tuple[AccountBand, ...] = ()

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        for key, value, kind in (("top", self.top, "mean_top"), ("from", self.start, "count_from")):
            if value is None and self.roll_up == kind:
                example = "top: 3" if key == "top" else "from: 50"
                raise fail(f"'roll_up: {kind}' needs '{key}', as in {example}", "roll_up")
            if value is not None and self.roll_up != kind:
                raise fail(f"'{key}' goes with 'roll_up: {kind}' only; delete it", key, on_key=True)
        return self

    @model_validator(mode="after")
    def _bands_descend(self) -> Self:
        refuse_repeated("band", [band.name for band in self.bands], "bands", key="name")
        refuse_second_rest([(band.name, band.start) for band in self.bands])
        starts = [(band.name, band.start) for band in self.bands if band.start is not None]
        refuse_rising("band", starts, "bands")
        return self


def account_band_of(rule: AccountScore, score: int) -> str | None:
    """Name the band of an account's score; None below all bands, or without bands.

    >>> account_band_of(AccountScore(roll_up="max", bands=({"name": "hot", "from": 9},)), 9)
    'hot'
    """
    return next(
        (band.name for band in rule.bands if band.start is None or score >= band.start), None
    )
