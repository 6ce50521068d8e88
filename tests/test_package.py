"""The package as others meet it: quick to import, quiet, whole when installed from a wheel."""

from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import toolkit

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "duckdb", "great_tables", "jupyter_client", "matplotlib", "nbconvert", "numpy", "pandas",
    "papermill", "pyarrow", "pydantic", "scipy", "sklearn", "statsmodels",
)  # fmt: skip


def run(*command: object, folder: Path, **variables: str) -> str:
    """Run a program without what this process has in its environment for Python."""
    kept = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(  # noqa: S603 - programs of this interpreter only
        [str(word) for word in command],
        cwd=folder, env={**kept, "PYTHONUTF8": "1", **variables},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def loaded_by(code: str, folder: Path) -> set[str]:
    """The top-level modules in memory after a program."""
    tell = f"{code}; import sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return set(run(sys.executable, "-c", tell, folder=folder, PYTHONPATH=str(ROOT)).split())


def test_importing_the_toolkit_loads_nothing_heavy(tmp_path):
    assert not loaded_by("import toolkit", tmp_path) & set(HEAVY)


def test_the_help_of_the_command_loads_nothing_heavy(tmp_path):
    assert not loaded_by("import toolkit.cli", tmp_path) & set(HEAVY)


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("load_model", {"duckdb", "matplotlib", "pandas", "papermill", "scipy"}),
        ("ScoreCounts", {"duckdb", "matplotlib", "papermill", "scipy"}),
        ("run_backtest", {"matplotlib", "papermill", "scipy"}),
        ("auc", {"duckdb", "matplotlib", "papermill", "statsmodels"}),
        ("plot_bands", {"duckdb", "papermill"}),
    ],
)
def test_a_public_name_loads_its_own_room_only(tmp_path, name, absent):
    assert not loaded_by(f"import toolkit; toolkit.{name}", tmp_path) & absent


def modules() -> list[str]:
    found = pkgutil.walk_packages(toolkit.__path__, "toolkit.")
    return ["toolkit", *(module.name for module in found)]


def test_every_module_imports_without_a_warning(tmp_path):
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    run(
        sys.executable, "-W", "error", "-c", code, *modules(), folder=tmp_path, PYTHONPATH=str(ROOT)
    )


def test_every_name_in_an_all_exists():
    for name in modules():
        module = __import__(name, fromlist=["*"])
        missing = [each for each in getattr(module, "__all__", ()) if not hasattr(module, each)]
        assert not missing, name


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_version_is_stated_once_and_the_same():
    assert project()["version"] == toolkit.__version__
    assert metadata.version("lead-score-toolkit") == toolkit.__version__


def test_every_third_party_import_is_a_declared_dependency():
    """Whoever installs the wheel gets what the code imports, and not by chance."""
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "toolkit").rglob("*.py"))
    imported = set(
        re.findall(r"^\s*(?:from|import) ([a-z]\w*)[\w.]*(?: import|$)", text, re.MULTILINE)
    )
    # pydantic_core is pydantic's other half, in a version that pydantic names exactly.
    outside = imported - set(sys.stdlib_module_names) - {"toolkit", "pydantic_core"}
    given = metadata.packages_distributions()
    extras = {name: project()["optional-dependencies"][name] for name in ("postgres", "spark")}
    always, asked = (
        {plain(re.split(r"[\[<>=]", each)[0]) for each in names}
        for names in (
            project()["dependencies"],
            [each for names in extras.values() for each in names],
        )
    )
    undeclared = {name for name in outside if not always & set(map(plain, given.get(name, ())))}
    assert undeclared <= asked
    elsewhere = "\n".join(
        path.read_text("utf-8")
        for path in (ROOT / "toolkit").rglob("*.py")
        if path.parent.name != "engines"
    )
    # Whoever reads files needs no extra.
    assert not re.findall(rf"^\s*(?:from|import) (?:{'|'.join(asked)})\b", elsewhere, re.MULTILINE)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, built by the tools of this environment."""
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling (extra dev)")
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    run(*build, folder=folder)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    assert wheel.name == f"lead_score_toolkit-{toolkit.__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {
        "toolkit",
        f"lead_score_toolkit-{toolkit.__version__}.dist-info",
    }
    assert {
        "toolkit/py.typed",
        "toolkit/report/notebooks/quarterly_audit.ipynb",
        "toolkit/report/template/report.html.j2",
        "toolkit/report/template/report.css",
        "toolkit/crm/demo/__init__.py",
        f"lead_score_toolkit-{toolkit.__version__}.dist-info/licenses/LICENSE",
    } <= names
    assert not [
        name for name in names if re.search(r"(^|/)(tests?|test_\w+|__pycache__)[/.]", name)
    ]


def test_the_wheel_holds_every_file_of_the_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "toolkit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    notebooks = {
        f"toolkit/report/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    assert wanted | notebooks <= names


def test_the_wheel_shows_the_readme_and_its_command(wheel):
    archive = zipfile.ZipFile(wheel)
    info = f"lead_score_toolkit-{toolkit.__version__}.dist-info"
    assert "# lead-score toolkit" in archive.read(f"{info}/METADATA").decode("utf-8")
    assert "leadscore = toolkit.cli:main" in archive.read(f"{info}/entry_points.txt").decode()


def test_an_installed_wheel_makes_the_demo_report_elsewhere(wheel, tmp_path):
    """In an empty environment, away from this checkout: nothing of it may be needed."""
    place = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", place, folder=tmp_path)
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-compile")
    run(*pip, "install", *quiet, "--constraint", ROOT / "constraints.txt", wheel, folder=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = "import toolkit; print(toolkit.__file__)"
    assert str(place) in run(scripts / "python", "-c", code, folder=elsewhere)

    printed = run(scripts / "leadscore", "demo", "--leads", "2000", folder=elsewhere)
    page = (elsewhere / "reports" / "demo" / "quarterly_audit.html").read_text("utf-8")
    assert "Report:" in printed
    assert page.startswith("<!DOCTYPE html>")
    assert "<svg" in page
    assert "<script" not in page
    assert str(tmp_path) not in page


def test_a_statistic_loads_no_other_question(tmp_path):
    code = "import toolkit; toolkit.fit_weights, toolkit.propose_model; import sys; print(*sys.modules)"
    loaded = run(sys.executable, "-c", code, folder=tmp_path, PYTHONPATH=str(ROOT)).split()
    assert "toolkit.analysis.weights.fit" in loaded
    for room in ("benefit", "capacity", "funnel", "segments", "survival", "thresholds"):
        assert f"toolkit.analysis.{room}" not in loaded
