"""The command that writes the scores of leads or accounts at one instant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from toolkit.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["commands", "csv_text"]

commands = typer.Typer()
_err = Console(stderr=True, highlight=False, markup=False)


@commands.command()
def score(
    crm: Annotated[
        Path,
        typer.Option(
            "--crm", help="crm.yaml, a folder of CSV or Parquet files, or a .duckdb file."
        ),
    ],
    model: Annotated[Path, typer.Option("--model", help="The model file (YAML).")],
    as_of: Annotated[
        str | None,
        typer.Option(help="A date (its end) or a UTC time; default: the end of the export."),
    ] = None,
    accounts: Annotated[
        bool,
        typer.Option("--accounts", help="Scores of accounts, as account_score of the model says."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV file to write; default: the terminal."),
    ] = None,
) -> None:
    """Write the score of every lead, or of every account, at one instant as CSV."""
    from toolkit.backtest import account_scores, score_leads
    from toolkit.crm import connect
    from toolkit.model import load_model

    scored = score_leads(load_model(model), connect(crm), as_of=as_of)
    table = account_scores(scored) if accounts else scored.rows()
    _write(csv_text(table), output)
    said = f"{len(table):,} rows at {scored.as_of:%Y-%m-%d %H:%M:%S} UTC"
    for step in scored.steps:
        said += f"; {step.reason}: {step.n:,}"
    _err.print(Text(said), soft_wrap=True)


def csv_text(table: pd.DataFrame) -> str:
    r"""Write a table as CSV in which no cell is a formula; times are UTC with a Z.

    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"lead_id": ["=1+1", None], "score": [-5, 7]}))
    "lead_id,score\n'=1+1,-5\n,7\n"
    """
    made = table.copy()
    for name in made.columns:
        if made[name].dtype.kind == "M":
            made[name] = made[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif made[name].dtype.kind not in "iufb":
            made[name] = made[name].map(_safe, na_action="ignore")
    return made.to_csv(index=False, lineterminator="\n")


def _safe(value: object) -> object:
    from toolkit.model.formats.sheet.files import guarded

    return guarded(value) if isinstance(value, str) else value


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        # The mark at the beginning is what tells a spreadsheet program that this is UTF-8.
        output.write_bytes(text.encode("utf-8-sig"))
    except OSError as reason:
        raise SourceError(f"cannot write {output}: {reason.strerror or reason}") from None
    _err.print(Text(f"Wrote {output}"), soft_wrap=True)
