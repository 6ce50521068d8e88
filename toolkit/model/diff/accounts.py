"""What differs in the score of an account."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.model.accounts import AccountBand, AccountScore
from toolkit.model.describe import describe_account_score
from toolkit.model.diff.changes import Change, Phrase
from toolkit.model.diff.parts import limit_changes, part_change, safe

__all__ = ["account_changes"]

_PLACE, _SUBJECT = "account_score", "Account score"
_SAME_KIND = {
    "top": Phrase("the {old} -> {new} highest scores count", "", ""),
    "from": Phrase("counts leads from {old} -> {new}", "", ""),
}


def account_changes(old: AccountScore | None, new: AccountScore | None) -> Iterator[Change]:
    """How an account is scored, its limits and its bands."""
    if old is None or new is None:
        whole = Phrase("", "new: {new}", "removed (was {old})", _whole)
        yield from part_change(_PLACE, _SUBJECT, "account_score", whole, (old, new), moves=True)
        return
    if old.roll_up != new.roll_up:
        sides = tuple(_bare(each) for each in (old, new))
        kind = Phrase("{old} -> {new}", "", "")
        yield from part_change(_PLACE, _SUBJECT, "roll_up", kind, (sides[0], sides[1]), moves=True)
    else:
        for key, pair in (("top", (old.top, new.top)), ("from", (old.start, new.start))):
            yield from part_change(_PLACE, _SUBJECT, key, _SAME_KIND[key], pair, moves=True)
    yield from limit_changes(_PLACE, _SUBJECT, old, new, "points")
    yield from _bands(old.bands, new.bands)


def _bare(rule: AccountScore) -> str:
    return describe_account_score(rule.model_copy(update={"min": None, "max": None}))


def _whole(rule: AccountScore) -> str:
    bands = (f", band {band.name} {_start(band)}" for band in rule.bands)
    return "".join([describe_account_score(rule), *bands])


def _start(band: AccountBand) -> str:
    return "every other score" if band.start is None else f"from {band.start}"


def _bands(old: tuple[AccountBand, ...], new: tuple[AccountBand, ...]) -> Iterator[Change]:
    """Bands fall strictly, so their names and beginnings say their order as well."""
    before, after = ({band.name: _start(band) for band in bands} for bands in (old, new))
    for name in dict.fromkeys([*after, *before]):
        told = safe(name)
        phrase = Phrase(
            f"band {told} {{old}} -> {{new}}",
            f"new band {told} {{new}}",
            f"band {told} removed (was {{old}})",
        )
        sides = (before.get(name), after.get(name))
        yield from part_change(_PLACE, _SUBJECT, "bands", phrase, sides, moves=True)
