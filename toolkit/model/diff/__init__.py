"""What differs between two versions of a model, in the words of whoever types it into a CRM.

accounts   the score of an account
changes    one change; the phrases; lists put together by a key
criteria   a criterion that is in both models
parts      everything around the criteria
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toolkit.model.diff.accounts import account_changes
from toolkit.model.diff.changes import Change, one_line
from toolkit.model.diff.criteria import criterion_changes, pays
from toolkit.model.diff.parts import (
    dimension_changes,
    group_changes,
    head_changes,
    outcome_changes,
)
from toolkit.model.types import Model, PlacedCriterion

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "ModelDiff", "diff_models"]

_COLUMNS = ["criterion", "what", "old", "new", "in_words"]


@dataclass(frozen=True, slots=True)
class ModelDiff:
    """What differs between two models: the changes, and three views of them."""

    old: str
    """Name and version of the model before."""
    new: str
    changes: tuple[Change, ...] = field(repr=False)

    @property
    def moves_scores(self) -> bool:
        """Whether a score, band or grade may change; False for labels, notes and order alone."""
        return any(change.moves_scores for change in self.changes)

    @property
    def text(self) -> str:
        """One line for each criterion or other part, what moves no score at the end."""
        moving = _lines(change for change in self.changes if change.moves_scores)
        resting = _lines(change for change in self.changes if not change.moves_scores)
        head = f"{one_line(self.old)} -> {one_line(self.new)}"
        if not self.changes:
            return f"{head}\nNo difference."
        verdict = [] if moving else ["No score, band or grade changes."]
        rest = ["Without effect on any score:", *resting] if moving and resting else resting
        return "\n".join([head, *verdict, *moving, *rest])

    @property
    def table(self) -> pd.DataFrame:
        """One row for each change.

        Columns: `criterion` (its id, or the place: `model`, `group web`, `band mql`), `what` (the
        key of the file that changed, or `added`, `removed`, `moved`, `order`), `old`, `new` (in
        words, blank where absent), `in_words` (the whole change).
        """
        import pandas as pd  # noqa: PLC0415 - a diff on the command line needs no frames

        rows = [
            (each.criterion, each.what, each.old, each.new, each.in_words) for each in self.changes
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    @property
    def markdown(self) -> str:
        """A table for a pull request; text of the files can make no markup, link or mention."""
        head = f"**{_escaped(self.old)}** → **{_escaped(self.new)}**"
        if not self.changes:
            return f"{head}\n\nNo difference.\n"
        verdict = "" if self.moves_scores else "No score, band or grade changes.\n\n"
        rows = "".join(
            f"| {_escaped(each.subject)} | {_escaped(each.said)} | "
            f"{'yes' if each.moves_scores else 'no'} |\n"
            for each in self.changes
        )
        return f"{head}\n\n{verdict}| part | change | can change scores |\n|---|---|---|\n{rows}"


def _lines(changes: Iterator[Change]) -> list[str]:
    said: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        said.setdefault((change.criterion, change.subject), []).append(change.said)
    return [one_line(f"{subject}: {', '.join(each)}") for (_, subject), each in said.items()]


# Everything that may begin markup, a mention, a reference, a formula, or a link by itself.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>&#|@~$^!]|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", one_line(text).replace("->", "→"))


def diff_models(old: Model, new: Model) -> ModelDiff:
    """Say what differs between two models, criterion by criterion.

    Criteria, groups and bands are the same when their id or name is, whatever their place in the
    file. No change means the same `hash`, and the other way round.

    Examples
    --------
    >>> from toolkit.model import example_text, parse_model
    >>> sheet = example_text("glossary")
    >>> changed = sheet.replace("points: 30", "points: 40").replace("from: 50", "from: 60")
    >>> print(diff_models(parse_model(sheet), parse_model(changed)).text)
    glossary 1 -> glossary 1
    Demo request: 30 -> 40 points
    Band MQL: from 50 -> 60
    """
    points = "points" if old.scale == new.scale == 1 else "units"
    changes = (
        *head_changes(old, new, points),
        *dimension_changes(old, new, points),
        *_criteria(old, new, points),
        *group_changes(old, new, points),
        *outcome_changes(old, new),
        *account_changes(old.account_score, new.account_score),
    )
    return ModelDiff(f"{old.name} {old.version}", f"{new.name} {new.version}", changes)


def _criteria(old: Model, new: Model, points: str) -> Iterator[Change]:
    before = {placed.criterion.id.casefold(): placed for placed in old.criteria}
    after = {placed.criterion.id.casefold(): placed for placed in new.criteria}
    shared = _shared_labels(old) | _shared_labels(new)
    for name, placed in after.items():
        subject = _subject(placed, shared)
        if name not in before:
            told = pays(placed.criterion)
            said = f"new in group {placed.group.label}: {told}"
            yield Change(placed.criterion.id, "added", "", told, subject, said)
            continue
        yield from _moved(before[name], placed, subject)
        yield from criterion_changes(
            before[name].criterion, placed.criterion, subject=subject, points=points
        )
    for name, placed in before.items():
        if name not in after:
            told, subject = pays(placed.criterion), _subject(placed, shared)
            yield Change(placed.criterion.id, "removed", told, "", subject, f"removed (was {told})")


def _shared_labels(model: Model) -> frozenset[str]:
    """Labels that do not tell two criteria apart."""
    seen = Counter(one_line(placed.criterion.label).casefold() for placed in model.criteria)
    return frozenset(label for label, times in seen.items() if times > 1)


def _subject(placed: PlacedCriterion, shared: frozenset[str]) -> str:
    label = one_line(placed.criterion.label)
    return f"{label} ({placed.criterion.id})" if label.casefold() in shared else label


def _moved(old: PlacedCriterion, new: PlacedCriterion, subject: str) -> Iterator[Change]:
    if old.group.id.casefold() == new.group.id.casefold():
        return
    said = f"moved from group {old.group.label} to {new.group.label}"
    if old.dimension != new.dimension:
        said += f" (from {old.dimension} to {new.dimension})"
    yield Change(new.criterion.id, "moved", old.group.id, new.group.id, subject, said)
