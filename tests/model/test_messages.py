"""Every text with which the model room, its formats and exports refuse or remark has a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from toolkit.model.lint import LintCode

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    *sorted((ROOT / "toolkit" / "model").rglob("*.py")),
    *sorted((ROOT / "toolkit" / "export").rglob("*.py")),
    *sorted((ROOT / "toolkit" / "yamlfile").rglob("*.py")),
    *(ROOT / "toolkit" / "backtest" / name for name in ("asof.py", "instants.py", "rollup.py")),
    *(ROOT / "toolkit" / name for name in ("cli_models.py", "cli_scores.py")),
]
SPEAKERS = {
    "fail", "Problem", "Draft", "BadParameter", "PatternError", "error", "_refused", "_elsewhere",
    "ModelError", "ExportError", "QuestionError", "SourceError", "DataError",
}  # fmt: skip
LONG = 14
"""Letters of a text that must stand in a test; of a shorter text all of them."""


def spoken(node: ast.Call) -> str:
    return getattr(node.func, "id", None) or getattr(node.func, "attr", "")


def constants(node: ast.AST) -> Iterator[str]:
    """The constant pieces of a text, in order; what is filled in parts them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (part.value for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.BinOp):
        yield from (*constants(node.left), *constants(node.right))
    elif isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))


def messages() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each place where a text is spoken, and the constant pieces of the text."""
    for path in ROOMS:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or spoken(node) not in SPEAKERS:
                continue
            given = [*node.args, *(word.value for word in node.keywords)]
            pieces = tuple(piece for part in given for piece in constants(part))
            told = tuple(piece for piece in pieces if " " in piece.strip())
            if told:
                yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", told


def told_in_tests() -> str:
    """All texts of the tests, with what a regular expression adds taken away."""
    texts = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            texts.extend(constants(node))
    plain = re.sub(r"\\([^\w\s])", r"\1", "\n".join(texts))
    documents = (path.read_text("utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))
    return "\n".join([plain, *documents]).casefold()


TOLD = told_in_tests()


def is_told(pieces: tuple[str, ...]) -> bool:
    known = [piece.strip().casefold() for piece in pieces]
    size = min(LONG, max(map(len, known)))
    windows = (piece[i : i + size] for piece in known for i in range(len(piece) - size + 1))
    return any(window in TOLD for window in windows)


@pytest.mark.parametrize(("place", "pieces"), list(messages()), ids=lambda x: x if isinstance(x, str) else "")  # fmt: skip
def test_every_error_and_lint_text_stands_in_a_test(place, pieces):
    assert is_told(pieces), f"{place} says {pieces}, which no test expects"


def test_the_texts_are_found():
    assert len(list(messages())) > 150


@pytest.mark.parametrize("code", get_args(LintCode))
def test_every_kind_of_lint_is_expected_by_a_test(code):
    sources = "".join(
        (ROOT / "tests" / name).read_text("utf-8")
        for name in ("model/test_lint.py", "backtest/test_lints.py")
    )
    assert f'"{code}"' in sources
