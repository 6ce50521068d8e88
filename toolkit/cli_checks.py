"""The commands that ask whether the evidence is fit to be used: tables, leaks, recorded scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from toolkit.analysis import Leaks, Reconciliation
    from toolkit.crm import Crm
    from toolkit.model import Model

__all__ = ["commands"]

commands = typer.Typer()
_out = Console(highlight=False, markup=False)
_STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "note": "dim",
    "alarm": "bold red",
    "suspect": "yellow",
    "answered": "dim",
}
CrmPath = typer.Option(
    "--crm", help="crm.yaml, a folder of CSV or Parquet files, or a .duckdb file."
)


@commands.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Instead of --crm: a flat file, to look for fields that know the outcome."
        ),
    ] = None,
    crm: Annotated[Path | None, CrmPath] = None,
    model: Annotated[Path | None, typer.Option(help="The model file (YAML).")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(help="The stage to reach (default: sql); of a flat file its column."),
    ] = None,
    within: Annotated[int, typer.Option(min=1, help="Days in which the outcome must come.")] = 90,
    account: Annotated[
        str | None, typer.Option(help="Of a flat file: the column that names the account.")
    ] = None,
    known_before: Annotated[
        list[str] | None,
        typer.Option(help="Of a flat file: a column that was known before the outcome; repeat it."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="With --model: show what its author may not have meant, and end with 1 if any.",
        ),
    ] = False,
) -> None:
    """Count and name what is wrong with the tables, and what in them may know the outcome."""
    if (file is None) == (crm is None):
        raise typer.BadParameter("give either --crm, or a flat file with --outcome")
    if file is not None:
        _check_flat(file, outcome, account, known_before or [])
        return
    if crm is None:
        return
    if strict and model is None:
        raise typer.BadParameter("--strict needs --model: it looks at the points, not the tables")
    wrong = _check_crm(crm, model, outcome or "sql", within=within, strict=strict)
    if wrong:
        raise typer.Exit(1)


def _check_flat(
    file: Path, outcome: str | None, account: str | None, known_before: list[str]
) -> None:
    from toolkit.checks import check_leaks

    if outcome is None:
        raise typer.BadParameter("a flat file needs --outcome: which column says who converted?")
    roles = {"known_before": known_before}
    found = check_leaks(file, outcome=outcome, account=account, roles=roles)
    _show_leaks(found, "--known-before answers for a column")


def _check_crm(crm: Path, model: Path | None, outcome: str, *, within: int, strict: bool) -> bool:
    """Show everything that is odd; whether any of it is an error."""
    from toolkit.crm import check_tables, connect, findings_table

    source = connect(crm)
    findings = check_tables(source)
    for row in findings_table(findings).to_dict("records"):
        examples = f" (e.g. lead {row['examples']})" if row["examples"] else ""
        line = Text(f"{row['level']:8}", style=_STYLES[str(row["level"])])
        _out.print(line.append(f"{row['table']}: {row['text']}{examples}", style="default"))
    tables, until = ", ".join(sorted(source.tables)), source.observed_until
    _out.print(f"Tables: {tables}. Seen until {until} UTC.", soft_wrap=True)
    rules = None if model is None else _load(model)
    paid = _look_for_leaks(source, rules, outcome, within)
    unfit = model is not None and _check_model(model, source, paid, strict=strict)
    return unfit or any(finding.level == "error" for finding in findings)


def _load(path: Path) -> Model:
    from toolkit.model import load_model

    return load_model(path)


def _look_for_leaks(crm: Crm, model: Model | None, outcome: str, within: int) -> list[str]:
    """Show what seems to know the outcome; name what of it the model pays for."""
    from toolkit.backtest import Outcome
    from toolkit.checks import check_leaks
    from toolkit.errors import DataError, QuestionError

    try:
        found = check_leaks(crm, outcome=Outcome(outcome, within_days=within), model=model)
    except (QuestionError, DataError) as reason:
        _out.print(Text(f"Not looked for fields that know the outcome: {reason}"), soft_wrap=True)
        return []
    _show_leaks(found, "Answer once with field_roles in crm.yaml")
    table = found.table
    names: list[str] = table.loc[
        (table["level"] == "alarm") & (table["paid_by"] != ""), "name"
    ].tolist()
    return names


def _show_leaks(found: Leaks, hint: str) -> None:
    for row in found.table[found.table["level"] != "clear"].to_dict("records"):
        answer = f" [{row['answer']}]" if row["level"] == "answered" else ""
        paid = f" (paid by {row['paid_by']})" if row["paid_by"] else ""
        line = Text(f"{row['level']:9}", style=_STYLES[str(row["level"])])
        said = f"{row['about']} {row['name']}{answer}{paid}: {row['because']}"
        _out.print(line.append(said, style="default"), soft_wrap=True)
    for unknown in found.unknown:
        _out.print(Text(f"Not known: {unknown}."), soft_wrap=True)
    _out.print(Text(_leaks_text(found, hint)), soft_wrap=True)


def _leaks_text(found: Leaks, hint: str) -> str:
    """Say in one sentence how many may know the outcome."""
    judged = (
        f"{found.converted + found.not_converted:,} judged leads, {found.converted:,} converted"
    )
    alarms = f"{len(found.alarms)} {'alarm' if len(found.alarms) == 1 else 'alarms'}"
    suspects = f"{len(found.suspects)} {'suspect' if len(found.suspects) == 1 else 'suspects'}"
    if not found.converted or not found.not_converted:
        return f"What may know the outcome cannot be told: {judged}."
    if not found.alarms and not found.suspects:
        other = "else " if (found.table["level"] == "answered").any() else ""
        return f"Nothing {other}seems to know the outcome ({found.outcome}; {judged})."
    names = f": {', '.join(found.alarms)}" if found.alarms else ""
    return f"May know the outcome ({found.outcome}; {judged}): {alarms}{names}; {suspects}. {hint}."


def _check_model(path: Path, crm: Crm, paid: list[str], *, strict: bool) -> bool:
    """Say whether the model fits the tables; whether it must not be used as it is."""
    from toolkit.backtest import check_model
    from toolkit.errors import ModelError
    from toolkit.model import load_model

    try:
        never_met = check_model(load_model(path), crm)
    except ModelError as reason:
        _out.print(Text(f"The model cannot be used on these tables: {reason}"), soft_wrap=True)
        return True
    if not strict:
        for label in never_met:
            _out.print(Text(f"No activity in the data meets the criterion '{label}'."))
    lints = _show_lints(path, crm, strict=strict)
    _out.print(Text(_fit_text(paid)), soft_wrap=True)
    return bool(paid or (strict and lints))


def _show_lints(path: Path, crm: Crm, *, strict: bool) -> int:
    """Say how many lints there are; with `strict` also which."""
    from toolkit.backtest import count_lints
    from toolkit.model import lint_model, load_placed_model

    model, places = load_placed_model(path)
    lints = (
        lint_model(model, count_lints(model, crm), places=places) if strict else lint_model(model)
    )
    for lint in lints if strict else ():
        at = ",".join(map(str, dict.fromkeys(lint.lines)))
        _out.print(Text(f"{path.name}:{at}: {lint.code}: {lint.text}"), soft_wrap=True)
    if lints:
        one = len(lints) == 1
        hint = "" if strict else f" (--strict shows {'it' if one else 'them'})"
        told = f"{len(lints)} {'lint' if one else 'lints'}"
        _out.print(f"Not an error, but perhaps not meant: {told}{hint}.")
    return len(lints)


def _fit_text(paid: list[str]) -> str:
    """The last sentence of the check."""
    if not paid:
        return "The model fits these tables."
    return (
        f"The model can be scored on these tables, but it pays for what may know the outcome: "
        f"{', '.join(paid)}. Take that out of the model, or answer known_before in crm.yaml if it "
        "stood before the outcome."
    )


@commands.command()
def reconcile(
    crm: Annotated[Path, CrmPath],
    model: Annotated[Path, typer.Option("--model", help="The model file (YAML).")],
    score: Annotated[
        str | None, typer.Option(help="Which score of score_history, where it holds several.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Instead: the column of leads with the recorded score.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The column that says when it was so; default: the export.")
    ] = None,
) -> None:
    """Compare recorded with replayed scores; ends with 1 where under 95% agree."""
    from toolkit.checks import reconcile as compare
    from toolkit.crm import connect

    found = compare(_load(model), connect(crm), score=score, column=column, at=at)
    _show_reconciliation(found)
    if not found.agrees:
        raise typer.Exit(1)


def _show_reconciliation(found: Reconciliation) -> None:
    for step in found.flow:
        if step.kind == "excluded":
            _out.print(Text(f"Set aside: {step.n:,} {step.reason}."), soft_wrap=True)
    _out.print(Text(found.text, style="default" if found.agrees else "bold"), soft_wrap=True)
    differing = found.differences[found.differences["difference"] != 0]
    largest = differing.sort_values("n", ascending=False, kind="stable").head(12)
    for row in largest.sort_values("difference").to_dict("records"):
        _out.print(f"{int(row['difference']):+6d} points  {int(row['n']):9,d}  {row['share']:7.2%}")
    if len(differing) > len(largest):
        _out.print(f"and {len(differing) - len(largest)} further differences")
    if len(differing):
        looked, differ = found.looked_at[0], int(differing["n"].sum())
        sampled = f"; changes were tried on {looked:,} of {differ:,}" if looked < differ else ""
        _out.print(f"{found.differing_leads:,} of {found.leads:,} leads differ somewhere{sampled}.")
