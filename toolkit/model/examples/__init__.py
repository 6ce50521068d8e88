"""Model files to begin with: seven sheets as vendors and teams publish them."""

from __future__ import annotations

from importlib.resources import files

from toolkit.errors import QuestionError, nearest_first

__all__ = ["example_text", "list_examples"]


def list_examples() -> tuple[str, ...]:
    """Name the model files that come with the toolkit, in alphabetical order."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def example_text(name: str) -> str:
    """Give the text of an example; QuestionError names the nearest when it is not there."""
    if name not in list_examples():
        raise QuestionError(f"there is no example '{name}': {nearest_first(name, list_examples())}")
    return files(__name__).joinpath(f"{name}.yaml").read_text("utf-8")
