"""The fit part alone, as one expression over the lead table."""

from __future__ import annotations

from toolkit.errors import ExportError
from toolkit.export.sql.conditions import limited
from toolkit.export.sql.dialects import Dialect, dialect_of
from toolkit.export.sql.fields import Fields
from toolkit.export.sql.leads import FitCriterion, fit_criteria, fit_points, lead_fields
from toolkit.export.sql.statement import head_of
from toolkit.export.sql.tables import Tables
from toolkit.model import Model

__all__ = ["export_fit_case"]


def export_fit_case(model: Model, dialect: str = "duckdb", *, tables: Tables | None = None) -> str:
    """Write the points of the fit dimension as one expression on columns of the lead table.

    It can stand in any SELECT from that table. Its value is what `export_sql` calls `fit`: in
    points, inside all limits, before the weight of the dimension; it is never NULL.

    Raises
    ------
    ExportError
        The dimension also counts activities or is bound to a season, or has no criterion.
    """
    spoken, tables = dialect_of(dialect), tables or Tables()
    criteria = _criteria(model)
    fields = lead_fields(model, spoken, tables, criteria, bands=False, inline=True)
    points = _points(model, fields)
    if model.scale != 1:
        points = f"{points} / {model.scale}e0"
    lines = [
        "points of the fit dimension, from columns of the lead table",
        "Tested columns are text, boolean, date or whole numbers; other numbers only where the",
        "model compares with numbers, and without NaN.",
        *_warnings(spoken),
    ]
    return f"{head_of(lines, model, spoken)}{points}\n"


def _warnings(dialect: Dialect) -> list[str]:
    lines = []
    if not dialect.composes:
        lines.append("Text is in Unicode form NFC (composed accents).")
    if not dialect.runs_in_tests:
        lines.append("The toolkit's tests parse this dialect and do not run it.")
    return lines


def _criteria(model: Model) -> list[FitCriterion]:
    placed = [p.criterion for p in model.criteria if p.dimension == "fit"]
    for criterion in placed:
        if not isinstance(criterion, FitCriterion) or criterion.active is not None:
            raise ExportError(
                f"the criterion '{criterion.id}' of the fit dimension depends on more than the "
                "lead's fields (activities or a season); export the whole model instead"
            )
    if not placed:
        raise ExportError("the model has no criterion in the fit dimension; nothing to export")
    return [criterion for criterion in fit_criteria(model) if criterion in placed]


def _points(model: Model, fields: Fields) -> str:
    """Criteria in their groups, groups in the dimension."""
    groups = []
    for group in model.groups:
        if group.dimension == "fit":
            paid = [
                f"{criterion.weight} * {fit_points(criterion, fields)}"
                for criterion in group.criteria
                if isinstance(criterion, FitCriterion)
            ]
            groups.append(limited("\n  + ".join(paid), group.min, group.max))
    dimension = model.dimensions.fit
    return limited("\n+ ".join(groups), dimension.min, dimension.max)
