"""Lints that need the tables: criteria nobody meets, and negative tests on missing values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolkit.model.conditions import Condition, Test
from toolkit.model.criteria import CasesCriterion
from toolkit.model.describe import describe_condition
from toolkit.model.lint.cases import criterion_parts
from toolkit.model.lint.found import Draft, LintCounts, Part
from toolkit.model.types import Model

__all__ = ["OFTEN_MISSING", "is_missing_condition", "met_drafts", "missing_drafts"]

OFTEN_MISSING = 0.05
"""A field is often missing from this share of leads on."""


def met_drafts(model: Model, counts: LintCounts) -> Iterator[Draft]:
    """Criteria and resets that no lead ever met."""
    for criterion, part in criterion_parts(model):
        if counts.met[criterion.id] == 0:
            yield Draft(
                "never_met",
                f"none of the {counts.n:,} leads ever met '{criterion.label}': a name may be "
                "spelled otherwise in the tables, or the criterion can go",
                (part,),
            )
    for i, (reset, n) in enumerate(zip(model.resets, counts.resets, strict=True)):
        if n == 0:
            yield Draft(
                "never_met",
                f"none of the {counts.n:,} leads was ever set back by "
                f"{' or '.join(reset.activities)}: a name may be spelled otherwise in the tables",
                ((f"reset {i + 1}", ("resets", i)),),
            )


def is_missing_condition(field: str) -> Condition:
    """Ask whether a field is missing."""
    return Condition(tests=((field, Test(missing=True)),))


def missing_drafts(model: Model) -> Iterator[Draft]:
    """Tests that say what a value is not, and pay nothing where there is no value."""
    for name, part, conditions in _conditions(model):
        asked = {
            field
            for condition in conditions
            for field, test in condition.field_tests()
            if test.missing is not None or test.or_missing
        }
        negative = {field: told for condition in conditions for field, told in _negative(condition)}
        for field, told in negative.items():
            if field not in asked:
                yield Draft(
                    "unknown_when_missing",
                    f"{name} asks whether {told}, which is unknown where {field} is missing, and "
                    "unknown pays nothing; add 'or_missing: true' if such leads are meant too",
                    (part,),
                    is_missing_condition(field),
                )


def _conditions(model: Model) -> Iterator[tuple[str, Part, Sequence[Condition]]]:
    for criterion, part in criterion_parts(model):
        if isinstance(criterion, CasesCriterion):
            whens = [case.when for case in criterion.cases if case.when is not None]
            yield f"'{criterion.label}'", part, whens
    for i, gate in enumerate(model.gates):
        yield f"gate {i + 1}", (f"gate {i + 1}", ("gates", i)), [gate.when]
    for i, band in enumerate(model.bands):
        for j, entry in enumerate(band.exceptions):
            place = (band.name, ("bands", i, "exceptions", j))
            yield f"the band '{band.name}'", place, [entry.when]


def _negative(condition: Condition, *, negated: bool = False) -> Iterator[tuple[str, str]]:
    """Fields with what is said of them, where it is said what they are not."""
    for field, test in condition.tests:
        denies = test.not_in is not None or test.not_equals is not None
        if test.missing is None and denies is not negated:
            said = describe_condition(Condition(tests=((field, test),)))
            yield field, f"not ({said})" if negated else said
    for part in (*condition.all_, *condition.any_):
        yield from _negative(part, negated=negated)
    if condition.not_ is not None:
        yield from _negative(condition.not_, negated=not negated)
