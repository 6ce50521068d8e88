"""Cases on fields: numbers that two cases claim or none does, and cases that nothing reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from toolkit.model.describe import describe_condition
from toolkit.model.lint.found import Draft, Part
from toolkit.model.lint.implied import implies
from toolkit.model.lint.spans import (
    Span,
    condition_of_span,
    gaps_between,
    has_whole_number,
    inside,
    meet,
    span_words,
    spans_of,
)
from toolkit.model.types import AnyCriterion, Case, CasesCriterion, Condition, Model, Test

__all__ = ["case_drafts", "criterion_parts", "gate_drafts"]


def criterion_parts(model: Model) -> Iterator[tuple[AnyCriterion, Part]]:
    """Give every criterion with its id and place."""
    for i, group in enumerate(model.groups):
        for j, criterion in enumerate(group.criteria):
            yield criterion, (criterion.id, ("groups", i, "criteria", j))


@dataclass(frozen=True, slots=True)
class _Rung:
    """A case that pays for spans of one field and asks nothing else."""

    spans: tuple[Span, ...]
    part: Part
    label: str


def case_drafts(model: Model) -> Iterator[Draft]:
    """Overlaps, gaps, and cases that can never match."""
    single: list[tuple[CasesCriterion, Part]] = []
    for criterion, part in criterion_parts(model):
        if not isinstance(criterion, CasesCriterion):
            continue
        if len(criterion.cases) == 1:
            single.append((criterion, part))
            continue
        yield from _in_one_criterion(criterion, part)
        if criterion.match == "first":
            yield from _shadowed_cases(criterion, part)
    yield from _between_criteria(single)


def _pays(criterion: CasesCriterion) -> str:
    return {
        "first": "only the first in the file pays",
        "sum": "both pay",
        "max": "the better one pays",
    }[criterion.match]


def _in_one_criterion(criterion: CasesCriterion, part: Part) -> Iterator[Draft]:
    with_default = criterion.cases[-1].when is None
    name, at = part
    placed = [(case, (name, (*at, "cases", i))) for i, case in enumerate(criterion.cases)]
    for field, rungs in _ladders(placed).items():
        yield from _overlaps(field, rungs, criterion.label, _pays(criterion))
        if not with_default and not _hidden(field, criterion.cases):
            yield from _gaps(field, rungs, f"in '{criterion.label}'")


def _between_criteria(single: Sequence[tuple[CasesCriterion, Part]]) -> Iterator[Draft]:
    """The same for criteria of one case each, as when every band of a sheet is a rule of its own."""
    placed = [(criterion.cases[0], part) for criterion, part in single]
    for field, rungs in _ladders(placed).items():
        yield from _overlaps(field, rungs, None, "both pay")
        if not _hidden(field, [case for case, _ in placed]):
            names = " and ".join(f"'{rung.part[0]}'" for rung in rungs)
            yield from _gaps(field, rungs, f"by {names}")


def _ladders(placed: Sequence[tuple[Case, Part]]) -> dict[str, list[_Rung]]:
    """The cases on numbers of one field, by field; a single one is no ladder."""
    ladders: dict[str, list[_Rung]] = {}
    for case, part in placed:
        only = _only_test(case.when)
        spans = None if only is None else spans_of(only[1])
        if only is not None and spans is not None and case.when is not None:
            rung = _Rung(spans, part, describe_condition(case.when))
            ladders.setdefault(only[0], []).append(rung)
    return {field: rungs for field, rungs in ladders.items() if len(rungs) > 1}


def _only_test(condition: Condition | None) -> tuple[str, Test] | None:
    if condition is None or len(condition.tests) != 1 or any(True for _ in condition.parts()):
        return None
    return condition.tests[0]


def _hidden(field: str, cases: Sequence[Case]) -> bool:
    """Whether a case asks the field together with something else, so that it may fill a gap."""
    return any(
        case.when is not None
        and field in {name for name, _ in case.when.field_tests()}
        and (_only_test(case.when) is None or not _about_numbers(case.when))
        for case in cases
    )


def _about_numbers(condition: Condition) -> bool:
    test = condition.tests[0][1]
    return test.missing is not None or spans_of(test) is not None


def _overlaps(field: str, rungs: Sequence[_Rung], label: str | None, pays: str) -> Iterator[Draft]:
    """Two cases that share numbers though neither lies in the other: a border claimed twice."""
    within = "" if label is None else f"in '{label}' "
    for one, other in combinations(rungs, 2):
        for a in one.spans:
            for b in other.spans:
                both = meet(a, b)
                if both is None or inside(a, b) or inside(b, a):
                    continue
                yield Draft(
                    "overlap",
                    f"{within}'{one.label}' and '{other.label}' both hold for {field} "
                    f"{span_words(both)}, where {pays}; let one end before the other begins",
                    (one.part, other.part),
                    condition_of_span(field, both),
                )


def _gaps(field: str, rungs: Sequence[_Rung], told: str) -> Iterator[Draft]:
    for gap in gaps_between(span for rung in rungs for span in rung.spans):
        yield Draft(
            "gap",
            f"{field} {span_words(gap)} pays nothing {told}, though numbers below and above do; "
            "move an end, or add a case for it",
            tuple(dict.fromkeys(rung.part for rung in rungs)),
            condition_of_span(field, gap),
            only_with_leads=not has_whole_number(gap),
        )


def _shadowed_cases(criterion: CasesCriterion, part: Part) -> Iterator[Draft]:
    name, at = part
    for j, case in enumerate(criterion.cases):
        if case.when is None:
            continue
        before = [earlier.when for earlier in criterion.cases[:j] if earlier.when is not None]
        i = _caught_by(case.when, before)
        if i is not None:
            yield Draft(
                "never_matches",
                f"case {j + 1} of '{criterion.label}' ({describe_condition(case.when)}) can never "
                f"pay: whoever meets it is caught by {i}; put it first, or delete it",
                ((name, (*at, "cases", j)),),
                case.when,
            )


def _caught_by(condition: Condition, before: Sequence[Condition]) -> str | None:
    for i, earlier in enumerate(before):
        if implies(condition, earlier):
            return f"case {i + 1} ({describe_condition(earlier)})"
    return "the cases before it" if _covered(condition, before) else None


def _covered(condition: Condition, before: Sequence[Condition]) -> bool:
    """Whether several cases together take all numbers of a case on one field."""
    only = _only_test(condition)
    wanted = None if only is None else spans_of(only[1])
    if only is None or wanted is None or only[1].or_missing:
        return False
    field = only[0]
    taken = [
        span
        for earlier in before
        for name, test in [_only_test(earlier) or ("", None)]
        if test is not None and name == field
        for span in spans_of(test) or ()
    ]
    return bool(taken) and all(_lies_in(span, taken) for span in wanted)


def _lies_in(span: Span, taken: Sequence[Span]) -> bool:
    parts = sorted(both for other in taken if (both := meet(span, other)) is not None)
    return (
        bool(parts)
        and parts[0][0] == span[0]
        and max(part[1] for part in parts) == span[1]
        and not gaps_between(parts)
    )


def gate_drafts(model: Model) -> Iterator[Draft]:
    """Gates, and exceptions of bands, that an earlier one always decides before them."""
    for j, gate in enumerate(model.gates):
        for i, earlier in enumerate(model.gates[:j]):
            if implies(gate.when, earlier.when):
                yield Draft(
                    "never_matches",
                    f"gate {j + 1} ({describe_condition(gate.when)}) can never decide: gate "
                    f"{i + 1} ({describe_condition(earlier.when)}) always comes first; put it "
                    "first, or delete it",
                    ((f"gate {j + 1}", ("gates", j)),),
                    gate.when,
                )
                break
    yield from _shadowed_exceptions(model)


def _shadowed_exceptions(model: Model) -> Iterator[Draft]:
    for k, band in enumerate(model.bands):
        for j, entry in enumerate(band.exceptions):
            if any(implies(entry.when, earlier.when) for earlier in band.exceptions[:j]):
                yield Draft(
                    "never_matches",
                    f"exception {j + 1} of the band '{band.name}' "
                    f"({describe_condition(entry.when)}) can never apply: an earlier one always "
                    "does; put it first, or delete it",
                    ((band.name, ("bands", k, "exceptions", j)),),
                    entry.when,
                )
