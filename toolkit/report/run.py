"""Make a report: execute its notebook, write the page, the notebook and the facts."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

import toolkit
from toolkit.errors import QuestionError, ReportError, ToolkitError, nearest_first
from toolkit.report.normal import normalised
from toolkit.report.page import facts_of, files_of, page_of
from toolkit.report.parameters import ReportParameter, check_values, parameters_of
from toolkit.report.progress import Steps, section_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

__all__ = ["ReportResult", "report_names", "report_parameters", "run_report"]

PathText = str | os.PathLike[str]
Setting = PathText | float | date | Sequence[str] | None
_PREPARING = "prepare"
"""The cell that reads the parameters and counts; it comes before every section."""


@dataclass(frozen=True, slots=True)
class ReportResult:
    """Where a report was written, and its sentence."""

    html: Path
    notebook: Path
    facts: Path
    headline: str
    files: tuple[Path, ...] = ()
    """What the report made besides, such as a proposed model."""


def run_report(
    name: str = "quarterly_audit",
    *,
    prepared_on: date | str | None = None,
    output: PathText | None = None,
    progress: bool = True,
    **parameters: Setting,
) -> ReportResult:
    """Execute a report's notebook and write `<output>.html`, `.ipynb` and `.facts.json`.

    What a notebook hands over besides (`Section.files`) stands beside them: the weight review's
    `<output>.proposal.yaml` and `.diff.md`.

    The files replace earlier ones only when all of them are finished: a run that fails
    leaves the last report as it was. The same inputs and `prepared_on` give the same bytes.

    Parameters
    ----------
    name
        A notebook, e.g. `quarterly_audit`, or the beginning of its name; `report_names()` lists
        them.
    prepared_on
        The date on the page; default today.
    output
        The page to write (`.html`), or a folder. Default: `reports/<name>.html`.
    progress
        Show the section that is being made, where standard error is a terminal.
    parameters
        What the first cell of the notebook names (`report_parameters(name)`): `crm` and `model`
        in every report, then e.g. `quarter="2026Q3"`. Each notebook says what it takes, so an
        unknown one, or a text for a number, is refused here, by name. What is not given, or None,
        has its default.

    Raises
    ------
    ReportError
        The notebook could not be executed; with the message of the section that failed.
    QuestionError
        There is no such report, or it does not take such a parameter or such a value.
    """
    day = prepared_on or date.today()  # noqa: DTZ011 - the reader's own day
    given = {key: value for key, value in parameters.items() if value is not None}
    chosen = _chosen(name)
    values = _plain({**given, "prepared_on": day})
    return _make(chosen, values, _target(output, chosen), progress=progress)


def report_parameters(name: str) -> dict[str, ReportParameter]:
    """List what a report takes: each parameter with its kind, its default and what it means."""
    return parameters_of(_read(_notebook(_chosen(name))))


def _chosen(name: str) -> str:
    """Find the one report that is meant; its beginning is enough, in the singular or plural."""
    known = report_names()
    begins = [each for each in known if name and each.startswith(name.removesuffix("s"))]
    if name in known or len(begins) != 1:
        return name
    return begins[0]


def _make(name: str, values: Mapping[str, Any], page: Path, *, progress: bool) -> ReportResult:
    notebook = _read(_notebook(name))
    check_values(values, parameters_of(notebook), name)
    executed = normalised(_execute(notebook, values, progress=progress), values)
    facts = facts_of(executed)
    book, stated = page.with_suffix(".ipynb"), page.with_suffix(".facts.json")
    beside = {page.with_suffix(end): text for end, text in files_of(executed).items()}
    _write_all(
        {
            page: page_of(executed),
            book: _written(executed),
            stated: f"{json.dumps(facts, indent=1, ensure_ascii=False)}\n",
            **beside,
        }
    )
    headline = str(facts.get("report.headline", ""))
    return ReportResult(page, book, stated, headline, tuple(beside))


def _read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def _written(notebook: NotebookNode) -> str:
    return f"{nbformat.writes(notebook)}\n"  # type: ignore[no-untyped-call]


def report_names() -> tuple[str, ...]:
    """List the reports there are."""
    found = {
        path.stem for folder in _folders() if folder.is_dir() for path in folder.glob("*.ipynb")
    }
    return tuple(sorted(found))


def _folders() -> tuple[Path, ...]:
    """Inside an installed package, or beside the package in a checkout."""
    inside = Path(str(resources.files("toolkit.report"))) / "notebooks"
    return inside, Path(toolkit.__file__).resolve().parents[1] / "notebooks"


def _notebook(name: str) -> Path:
    for folder in _folders():
        path = folder / f"{name}.ipynb"
        if Path(name).name == name and path.is_file():
            return path
    raise QuestionError(f"there is no report '{name}': {nearest_first(name, report_names())}")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn paths and dates into texts, as a notebook's parameters are."""

    def plain(value: Any) -> Any:
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, tuple | list):
            return [plain(each) for each in value]
        return value

    return {key: plain(value) for key, value in values.items()}


def _execute(notebook: NotebookNode, values: Mapping[str, Any], *, progress: bool) -> NotebookNode:
    # Papermill and the kernel's machinery take a second to load: only for whoever makes a report.
    from papermill.exceptions import PapermillExecutionError  # noqa: PLC0415 - a second to load, only for whoever makes a report
    from papermill.execute import execute_notebook  # noqa: PLC0415 - a second to load, only for whoever makes a report

    from toolkit.report.kernel import kernel_in  # noqa: PLC0415 - a second to load, only for whoever makes a report

    with _scratch() as folder, _quiet(), Steps(notebook, shown=progress) as steps:
        source, target = folder / "in.ipynb", folder / "out.ipynb"
        source.write_text(_written(notebook), encoding="utf-8")
        try:
            executed: NotebookNode = execute_notebook(
                str(source),
                str(target),
                parameters=dict(values),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=120,
                kernel_manager_class=kernel_in(folder),
                on_cell_start=steps.begin,
            )
        except PapermillExecutionError as error:
            raise ReportError(_explained(error, notebook)) from None
        except RuntimeError as error:
            raise ReportError(f"the process that computes the report ended: {error}") from None
        return executed


def _explained(error: Any, notebook: NotebookNode) -> str:
    failed = [cell.id for cell in notebook.cells if cell.source == error.source]
    # What is wrong with the parameters or the files is wrong with no section.
    section = section_of(notebook, failed[0]) if failed and failed[0] != _PREPARING else ""
    place = f"in the section '{section}': " if section else ""
    ours = {kind.__name__ for kind in _kinds(ToolkitError)}
    said = error.evalue if error.ename in ours else f"{error.ename}: {error.evalue}"
    return f"{place}{said}"


def _kinds(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(below for each in kind.__subclasses__() for below in _kinds(each))]


@contextmanager
def _scratch() -> Iterator[Path]:
    # On the shortest path there is, for the sockets' sake; a dying kernel may still write to it.
    with tempfile.TemporaryDirectory(prefix="ls-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("papermill")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _target(output: str | os.PathLike[str] | None, name: str) -> Path:
    if output is None:
        return Path("reports") / f"{name}.html"
    path = Path(output)
    if path.is_file() and path.suffix.casefold() not in {".html", ".htm"}:
        raise QuestionError(
            f"output is '{path}', which is a file: expected a folder, or a name that ends in .html"
        )
    return path if path.suffix.casefold() in {".html", ".htm"} else path / f"{name}.html"


def _write_all(texts: Mapping[Path, str]) -> None:
    """Write every file beside its place first, then put all of them there."""
    done: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            done[path] = _beside(path, text)
        for path, finished in done.items():
            finished.replace(path)
    except OSError as error:
        for finished in done.values():
            finished.unlink(missing_ok=True)
        raise ReportError(
            f"cannot write the report to {next(iter(texts)).parent}: {error.strerror}. "
            "Name another place (output=, on the command line --output)"
        ) from None


def _beside(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}-", delete=False, encoding="utf-8", newline="\n"
    ) as file:
        file.write(text)
    made = Path(file.name)
    # A temporary file is private; a report is as readable as any file the user makes.
    mask = os.umask(0)
    os.umask(mask)
    made.chmod(0o666 & ~mask)
    return made
