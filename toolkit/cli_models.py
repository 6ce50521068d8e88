"""The commands that begin a model, write it in other formats, and read it from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from toolkit.errors import SourceError, nearest_first

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
    files = {output: example_text(example), output.parent / "crm.yaml": CRM_TEMPLATE}
    for path in files:
        _refuse_existing(path)
    for path, text in files.items():
        _write_text(path, text)
    _out.print("Next: change both files, then `leadscore check --crm crm.yaml --model ...`")


def _export_schema(_model: Path | None, _old: Path | None, output: Path | None) -> None:
    from toolkit.model.formats.schema import schema_text

    _write_text(output, schema_text())


def _export_sheet(model: Path | None, old: Path | None, output: Path | None) -> None:
    from toolkit.model import load_model
    from toolkit.model.formats.sheet import build_sheet, save_sheet

    if output is None:
        raise typer.BadParameter("--to build-sheet needs a file: -o sheet.xlsx or -o sheet.csv")
    before = None if old is None else load_model(old)
    save_sheet(build_sheet(load_model(_given(model)), before), output)
    _out.print(f"Wrote {output}")


def _export_pmml(model: Path | None, _old: Path | None, output: Path | None) -> None:
    from toolkit.model import load_model
    from toolkit.model.formats.pmml import pmml_text

    _write_text(output, pmml_text(load_model(_given(model))))


def _export_hubspot(model: Path | None, _old: Path | None, output: Path | None) -> None:
    from toolkit.model import load_model
    from toolkit.model.formats.hubspot import hubspot_text

    _write_text(output, hubspot_text(load_model(_given(model))))
    _err.print("Experimental: an unpublished draft that HubSpot has not seen; bands are left out.")


_EXPORTERS: dict[str, Callable[[Path | None, Path | None, Path | None], None]] = {
    "build-sheet": _export_sheet,
    "hubspot": _export_hubspot,
    "json-schema": _export_schema,
    "pmml": _export_pmml,
}


@commands.command()
def export(
    to: Annotated[str, typer.Option(help=f"One of: {', '.join(_EXPORTERS)}.")],
    model: Annotated[Path | None, typer.Option(help="The model file (YAML).")] = None,
    output: FileOption = None,
    old: OldOption = None,
) -> None:
    """Write a model in the format of another tool; json-schema needs no model."""
    if to not in _EXPORTERS:
        raise typer.BadParameter(f"--to {to}: {nearest_first(to, _EXPORTERS)}")
    if old is not None and to != "build-sheet":
        raise typer.BadParameter("--old goes with --to build-sheet only")
    _EXPORTERS[to](model, old, output)


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


def _given(model: Path | None) -> Path:
    if model is None:
        raise typer.BadParameter("--model is missing: which model should be written?")
    return model


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
    _out.print(f"Wrote {path}")
