"""Every number of independent software is compared with ours somewhere, or it is said why not."""

from __future__ import annotations

import ast
import json
import re

from tests.analysis.conftest import ORACLES

TESTS = ORACLES.parent
LEAST_TEXT = 4
"""An f-string names entries if so much of it is fixed: `f"{name}"` alone would name them all."""

UNUSED = {
    "oe_cusum.leads": "drift over time is not a question of the package yet",
    "ra_cusum.leads": "drift over time is not a question of the package yet",
    "psi.leads_q1_q4": "drift over time is not a question of the package yet",
    "calib_drift.leads": "drift over time is not a question of the package yet",
    "diffbunch.rd_leads": "scores nudged over the bar are not a question of the package yet",
    "rdhonest.rd_leads": "the effect of the hand-off itself is not a question of the package yet",
}


def named_in(text: str) -> list[re.Pattern[str]]:
    """What the texts of a module can name: literally, or with the blanks of an f-string filled."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(re.compile(re.escape(node.value)))
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            if sum(len(part) for part in parts if part) >= LEAST_TEXT:
                pattern = "".join(".+" if part is None else re.escape(part) for part in parts)
                found.append(re.compile(pattern))
    return found


def test_every_oracle_entry_is_used_or_its_absence_explained():
    entries = set(json.loads((ORACLES / "oracle.json").read_text("utf-8")))
    patterns = [
        pattern
        for path in TESTS.rglob("*.py")
        if path.name != "test_oracles.py"
        for pattern in named_in(path.read_text("utf-8"))
    ]
    unnamed = {key for key in entries if not any(each.fullmatch(key) for each in patterns)}
    assert unnamed == set(UNUSED)
