"""Writing the demo folder: the same arguments give the same bytes, and nothing is lost."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from toolkit.errors import QuestionError, SourceError

from .plan import SEED, DemoFrames, DemoPlan, DemoTruth
from .tables import demo_frames
from .texts import MODEL_YAML, README, crm_yaml

__all__ = ["make_demo"]

Format = Literal["csv", "parquet"]
_TRUTH = "truth.json"
_MARK = "synthetic CRM"


def make_demo(
    folder: str | Path,
    *,
    leads: int = 20_000,
    seed: int = SEED,
    format: Format = "csv",  # noqa: A002  the word an analyst would type
    plan: DemoPlan | None = None,
) -> DemoTruth:
    """Write a synthetic CRM with a planted truth into `folder` and return that truth.

    Files: leads, activities, stage_changes, sales_feedback and accounts (CSV or Parquet),
    `crm.yaml`, `model.yaml`, `truth.json`, `README.txt`. The same arguments give the same bytes.
    The folder appears only when it is complete. An unchanged earlier demo is replaced; any other
    folder that is not empty raises SourceError.
    """
    if format not in ("csv", "parquet"):
        raise QuestionError(f"format is {format!r}: expected 'csv' or 'parquet'")
    target = Path(folder)
    _check_replaceable(target)
    frames = demo_frames(leads=leads, seed=seed, plan=plan)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        complete = Path(scratch) / "demo"
        complete.mkdir()
        _write_all(complete, frames, format)
        _replace(target, complete, Path(scratch) / "previous")
    return frames.truth


def _check_replaceable(target: Path) -> None:
    """Accept a path that is free, an empty folder, or a demo that nobody has touched since."""
    if not target.exists():
        return
    if not target.is_dir():
        raise SourceError(f"'{target.name}' is a file: the demo needs a folder; name another one")
    found = sorted(path.name for path in target.iterdir())
    if not found:
        return
    written = _written_files(target)
    changed = [name for name in found if name != _TRUTH and not _is_same(target, name, written)]
    if not written or changed:
        listed = ", ".join((changed or found)[:5])
        raise SourceError(
            f"the folder '{target.name}' holds files that are not an unchanged demo ({listed}): "
            "nothing was written; name a new or empty folder, or move those files away"
        )


def _written_files(target: Path) -> dict[str, str]:
    try:
        truth = json.loads((target / _TRUTH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    ours = isinstance(truth, dict) and truth.get("what") == _MARK
    return dict(truth.get("files", {})) if ours else {}


def _is_same(target: Path, name: str, written: dict[str, str]) -> bool:
    path = target / name
    return path.is_file() and written.get(name) == _digest(path)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _replace(target: Path, complete: Path, previous: Path) -> None:
    """Put the complete folder in place; the earlier demo goes only after that has worked."""
    if target.exists():
        target.rename(previous)
    try:
        complete.rename(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _write_all(folder: Path, frames: DemoFrames, suffix: Format) -> None:
    for name, frame in frames.tables.items():
        path = folder / f"{name}.{suffix}"
        _write_csv(frame, path) if suffix == "csv" else frame.to_parquet(path, index=False)
    _write_text(folder / "crm.yaml", crm_yaml(suffix))
    _write_text(folder / "model.yaml", MODEL_YAML)
    _write_text(folder / "README.txt", README)
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    truth = json.dumps(_truth_json(frames.truth, files), indent=2, ensure_ascii=False)
    _write_text(folder / _TRUTH, truth + "\n")


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write instants as whole seconds with a Z, the same line ends everywhere."""
    out = frame.copy()
    for name in out.columns:
        if isinstance(out[name].dtype, pd.DatetimeTZDtype):
            naive = out[name].dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
            out[name] = np.char.add(np.datetime_as_string(naive), "Z")
        elif out[name].dtype == bool:
            out[name] = np.where(out[name], "true", "false")
    out.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _truth_json(truth: DemoTruth, files: dict[str, str]) -> dict[str, Any]:
    """Put the truth into plain values, criterion by criterion in points and log-odds."""
    plain = asdict(truth)
    model, true = plain.pop("model_points"), plain.pop("true_points")
    explored = plain.pop("exploration_leads")
    plain["observed_until"] = truth.observed_until.strftime("%Y-%m-%dT%H:%M:%SZ")
    criteria = {
        name: {
            "model_points": model[name],
            "true_points": true[name],
            "true_log_odds": round(true[name] * truth.log_odds_per_point, 9),
        }
        for name in model
    }
    return {
        "what": _MARK,
        **plain,
        "criteria": criteria,
        "exploration_leads": explored,
        "files": files,
    }
