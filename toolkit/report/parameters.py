"""What a report takes: the annotated assignments of its notebook's first code cell.

`cost_ratio: float | None = None  # a wasted call, as a part of what a useful one is worth` gives a
name, a kind, a default and a meaning. A line without an annotation takes anything.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from math import isfinite
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from toolkit.errors import QuestionError, nearest_first

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["ReportParameter", "check_values", "checked", "parameters_of"]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Kind:
    words: str
    read: Callable[[str], Any]
    """Read what was typed; raises ValueError where it is of another kind."""
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class ReportParameter:
    """One thing that a report can be told."""

    kinds: tuple[str, ...]
    """Any of `bool`, `int`, `float`, `list[int]`, `list[str]`, `str`."""
    default: str
    """As the notebook writes it; `None` lets the report choose."""
    meaning: str

    @property
    def expected(self) -> str:
        """Its kinds in words."""
        return " or ".join(_KINDS[kind].words for kind in self.kinds)

    def takes(self, value: Any) -> bool:
        """Whether a value is of one of the kinds; None always is."""
        return value is None or any(_KINDS[kind].holds(value) for kind in self.kinds)

    def read(self, text: str) -> Any:
        """Read what was typed as the first kind that it can be; as a text where it is none.

        >>> ReportParameter(("float",), "None", "").read("0.5")
        0.5
        >>> ReportParameter(("str", "list[str]"), "None", "").read("[Fit, Behavior]")
        ['Fit', 'Behavior']
        """
        for kind in sorted(self.kinds, key=list(_KINDS).index):
            try:
                return _KINDS[kind].read(text)
            except ValueError:
                continue
        return text


def parameters_of(notebook: NotebookNode) -> dict[str, ReportParameter]:
    """Read what the cell tagged `parameters` assigns."""
    sources = [
        cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())
    ]
    return {
        name: found
        for source in sources
        for line in ast.parse(source).body
        for name, found in _assigned(line, _comments(source))
    }


def _assigned(line: ast.stmt, comments: Mapping[int, str]) -> list[tuple[str, ReportParameter]]:
    meaning = comments.get(line.lineno, "")
    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
        kinds = tuple(part.strip() for part in ast.unparse(line.annotation).split("|"))
        known = tuple(kind for kind in kinds if kind != "None")
        return [(line.target.id, ReportParameter(known, ast.unparse(line.value), meaning))]
    if isinstance(line, ast.Assign):
        anything = ReportParameter(tuple(_KINDS), ast.unparse(line.value), meaning)
        return [(each.id, anything) for each in line.targets if isinstance(each, ast.Name)]
    return []


def _comments(source: str) -> dict[int, str]:
    """Comments behind code, by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ")
        for token in tokens
        if token.type == tokenize.COMMENT and token.start[1] > 0
    }


def check_values(
    values: Mapping[str, Any], known: Mapping[str, ReportParameter], report: str
) -> None:
    """Refuse, by name, what the report does not take: it would be another report."""
    for key, value in values.items():
        if isinstance(value, str) and "://" in value:
            raise QuestionError(
                f"'{key}' is an address, which the report would print with its password: write it "
                "into a crm.yaml (database: <address>) and give the path of that file"
            )
        if key not in known:
            raise QuestionError(
                f"report '{report}' has no parameter '{key}': {nearest_first(key, tuple(known))}"
            )
        if not isinstance(value, str | int | float | list | None):
            kind = type(value).__name__
            raise QuestionError(
                f"parameter '{key}' is a {kind}: a report runs in a process of its own and takes"
                " texts, numbers, dates and lists of texts (write frames to a file first)"
            )
        if not known[key].takes(value):
            raise QuestionError(
                f"parameter '{key}' of report '{report}' is {value!r}: expected "
                f"{known[key].expected}"
                + (f" ({known[key].meaning})" if known[key].meaning else "")
            )


def checked(prepare: Callable[P, R]) -> Callable[P, R]:
    """Refuse, by name, what the annotations of `prepare` do not take.

    A notebook hands over whatever was typed into its first cell. Looked at are parameters that
    are a truth, a number or a text, or a list of them.

    >>> @checked
    ... def prepare(*, threshold: int | None = None) -> int | None:
    ...     return threshold
    >>> prepare(threshold=50)
    50
    >>> prepare(threshold="fifty")
    Traceback (most recent call last):
    ...
    toolkit.errors.QuestionError: threshold is 'fifty': expected a whole number
    """

    @wraps(prepare)
    def looked_at(*args: P.args, **given: P.kwargs) -> R:
        for name, value in given.items():
            expected = _expected(str(prepare.__annotations__.get(name, "")), value)
            if expected:
                raise QuestionError(f"{name} is {value!r}: expected {expected}")
        return prepare(*args, **given)

    return looked_at


def _expected(annotation: str, value: Any) -> str:
    """What was expected instead of `value`; nothing where it fits or cannot be told."""
    if not isinstance(value, str | int | float | list | tuple):
        return ""
    if annotation.startswith("Sequence["):
        return "" if isinstance(value, list | tuple) else "a list, such as [40, 45, 50]"
    kinds = [part.strip() for part in annotation.split("|")]
    known = [_KINDS[kind] for kind in kinds if kind in _KINDS]
    if len(known) < len([kind for kind in kinds if kind != "None"]):
        return ""
    if any(kind.holds(value) for kind in known):
        return ""
    return " or ".join(kind.words for kind in known)


def _truth(text: str) -> bool:
    if text.casefold() not in {"true", "false"}:
        raise ValueError(text)
    return text.casefold() == "true"


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _parts(text: str) -> list[str]:
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError(text)
    try:  # with quotes, so that a name may hold a comma
        return [str(part) for part in json.loads(text)]
    except json.JSONDecodeError:
        return [part.strip() for part in text[1:-1].split(",") if part.strip()]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == int(value)


# In the order in which what was typed is read.
_KINDS = {
    "bool": _Kind("true or false", _truth, lambda value: isinstance(value, bool)),
    "int": _Kind("a whole number", int, _is_whole),
    "float": _Kind("a number", _number, _is_number),
    "list[int]": _Kind(
        "a list of whole numbers",
        lambda text: [int(part) for part in _parts(text)],
        lambda value: isinstance(value, list) and all(map(_is_whole, value)),
    ),
    "list[str]": _Kind(
        "a list of texts",
        _parts,
        lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
    ),
    "str": _Kind("a text", str, lambda value: isinstance(value, str)),
}
