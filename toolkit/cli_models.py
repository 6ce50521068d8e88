"""The commands that begin a model, write it in other formats, and read it from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from toolkit.errors import SourceError, nearest_first

if TYPE_CHECKING:
    from toolkit.model import Model

__all__ = ["commands"]

commands = typer.Typer()
_out = Console(highlight=False, markup=False)
_err = Console(stderr=True, highlight=False, markup=False)

OldOption = Annotated[
    Path | None,
    typer.Option("--old", help="An earlier version, whose points stand beside the new ones."),
]
FileOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write; default: the terminal.")
]


@commands.command()
def init(
    example: Annotated[
        str, typer.Option(help="The example to begin with; --list names them.")
    ] = "glossary",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Model file; crm.yaml is written beside it.")
    ] = Path("model.yaml"),
    names: Annotated[bool, typer.Option("--list", help="List the examples and stop.")] = False,
) -> None:
    """Write an example model and a commented crm.yaml to begin with; nothing is overwritten."""
    from toolkit.crm.template import CRM_TEMPLATE
    from toolkit.model import example_text, list_examples

    if names:
        _out.print("\n".join(list_examples()))
        return
    mapping = output.parent / "crm.yaml"
    files = {output: example_text(example), mapping: CRM_TEMPLATE}
    for path in files:
        _refuse_existing(path)
    for path, text in files.items():
        _write_text(path, text)
    _out.print(
        f"Next: change both files, then `leadscore check --crm {mapping} --model {output}`",
        soft_wrap=True,
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for: the model, and every option that goes with some formats only."""

    model: Path | None
    output: Path | None
    options: dict[str, Any]

    def option(self, name: str, default: Any = None) -> Any:
        """An option, or its default where it was not given."""
        value = self.options[name]
        return default if value in (None, [], False) else value

    def loaded(self) -> Model:
        """Read the model."""
        from toolkit.model import load_model

        if self.model is None:
            raise typer.BadParameter("--model is missing: which model should be written?")
        return load_model(self.model)


def _export_schema(wish: _Wish) -> None:
    from toolkit.model.formats.schema import schema_text

    _write_text(wish.output, schema_text())


def _export_sheet(wish: _Wish) -> None:
    from toolkit.model import load_model
    from toolkit.model.formats.sheet import build_sheet, save_sheet

    if wish.output is None:
        raise typer.BadParameter("--to build-sheet needs a file: -o sheet.xlsx or -o sheet.csv")
    old = wish.option("--old")
    save_sheet(build_sheet(wish.loaded(), None if old is None else load_model(old)), wish.output)
    _out.print(f"Wrote {wish.output}", soft_wrap=True)


def _export_pmml(wish: _Wish) -> None:
    from toolkit.model.formats.pmml import pmml_text

    _write_text(wish.output, pmml_text(wish.loaded()))


def _export_hubspot(wish: _Wish) -> None:
    from toolkit.model.formats.hubspot import hubspot_text

    _write_text(wish.output, hubspot_text(wish.loaded()))
    _err.print("Experimental: an unpublished draft that HubSpot has not seen; bands are left out.")


def _export_sql(wish: _Wish) -> None:
    from toolkit.export import export_text, tables_of

    tables = tables_of(
        leads=wish.option("--leads", "leads"),
        activities=wish.option("--activities", "activities"),
        columns=wish.option("--column", ()),
        other_types=wish.option("--other-type", ()),
        missing=wish.option("--missing", ()),
    )
    text = export_text(
        wish.loaded(),
        dialect=wish.option("--dialect", "duckdb"),
        tables=tables,
        as_of=wish.option("--as-of"),
        fit_only=wish.option("--fit-only", default=False),
        accounts=wish.option("--accounts", default=False),
    )
    _write_text(wish.output, text)


_EXPORTERS: dict[str, Callable[[_Wish], None]] = {
    "sql": _export_sql,
    "build-sheet": _export_sheet,
    "json-schema": _export_schema,
    "hubspot": _export_hubspot,
    "pmml": _export_pmml,
}
_OWN_OPTIONS = {
    "sql": (
        "--dialect", "--leads", "--activities", "--column", "--other-type", "--missing", "--as-of",
        "--fit-only", "--accounts",
    ),
    "build-sheet": ("--old",),
}  # fmt: skip
"""Options that go with one format only; `--model` and `--output` go with (almost) all."""
_OF_SQL = "Options of --to sql"


@commands.command()
def export(
    to: Annotated[str, typer.Option(help=f"One of: {', '.join(_EXPORTERS)}.")],
    model: Annotated[Path | None, typer.Option(help="The model file (YAML).")] = None,
    output: FileOption = None,
    old: OldOption = None,
    dialect: Annotated[
        str | None,
        typer.Option(
            help="duckdb (default), postgres, snowflake, bigquery or spark.",
            rich_help_panel=_OF_SQL,
        ),
    ] = None,
    leads: Annotated[
        str | None, typer.Option(help="Your lead table; default: leads.", rich_help_panel=_OF_SQL)
    ] = None,
    activities: Annotated[
        str | None,
        typer.Option(help="Your activity table; default: activities.", rich_help_panel=_OF_SQL),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="<field>=<your column> of leads, or activities.<field>=<your column>; repeat it.",
            rich_help_panel=_OF_SQL,
        ),
    ] = None,
    other_type: Annotated[
        list[str] | None,
        typer.Option(
            help="An activity type that is no marketing activity; repeat it.",
            rich_help_panel=_OF_SQL,
        ),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            help="A text that stands for a missing value; repeat it.", rich_help_panel=_OF_SQL
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="A date (its end) or a UTC time; default: when it runs.", rich_help_panel=_OF_SQL
        ),
    ] = None,
    fit_only: Annotated[
        bool,
        typer.Option(
            "--fit-only", help="Only an expression for the fit points.", rich_help_panel=_OF_SQL
        ),
    ] = False,
    accounts: Annotated[
        bool,
        typer.Option(
            "--accounts",
            help="Scores of accounts, as account_score says.",
            rich_help_panel=_OF_SQL,
        ),
    ] = False,
) -> None:
    """Write a model in the format of another tool; json-schema needs no model."""
    if to not in _EXPORTERS:
        raise typer.BadParameter(f"--to {to}: {nearest_first(to, _EXPORTERS)}")
    options = {
        "--old": old, "--dialect": dialect, "--leads": leads, "--activities": activities,
        "--column": column, "--other-type": other_type, "--missing": missing, "--as-of": as_of,
        "--fit-only": fit_only, "--accounts": accounts,
    }  # fmt: skip
    _refuse_foreign(to, _Wish(model, output, options))
    _EXPORTERS[to](_Wish(model, output, options))


def _refuse_foreign(to: str, wish: _Wish) -> None:
    """Refuse an option that would change nothing."""
    for owner, names in _OWN_OPTIONS.items():
        for name in names:
            if to != owner and wish.option(name) is not None:
                raise typer.BadParameter(f"{name} goes with --to {owner} only: leave it out")
    if to == "json-schema" and wish.model is not None:
        raise typer.BadParameter("--to json-schema is of any model: leave --model out")


@commands.command("import")
def import_model(
    source: Annotated[
        Path, typer.Argument(help="A build sheet (.csv, .xlsx), or a HubSpot draft (.json).")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the model; default: the sheet's, or the file's.")
    ] = None,
) -> None:
    """Read a sheet of points as a model file; nothing is overwritten."""
    from toolkit.model import model_text
    from toolkit.model.formats.hubspot_read import read_hubspot
    from toolkit.model.formats.sheet import read_build_sheet

    _refuse_existing(output)
    if source.suffix.lower() == ".json":
        if name is not None:
            raise typer.BadParameter("--name goes with a sheet; a draft has a name")
        model = read_hubspot(source)
    else:
        model = read_build_sheet(source, name=name)
    _write_text(output, model_text(model))
    _out.print(f"{len(model.criteria)} criteria in {len(model.groups)} groups")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise SourceError(f"{path} is there already and is not overwritten: name another with -o")


def _write_text(path: Path | None, text: str) -> None:
    if path is None:
        typer.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as reason:
        raise SourceError(f"cannot write {path}: {reason.strerror or reason}") from None
    _out.print(f"Wrote {path}", soft_wrap=True)
