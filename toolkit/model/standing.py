"""Where the criteria of a model stand in its file, for errors that only the data can bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from toolkit.errors import ModelError

__all__ = ["Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A file and the lines of its criteria; two models are equal wherever they stand."""

    file: str | None = field(default=None, compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    def error(self, text: str, criterion: str) -> ModelError:
        """Make an error that points at the criterion, where its line is known.

        >>> str(Standing("model.yaml", {"vp": 7}).error("no such field", "vp"))
        'model.yaml:7: no such field'
        """
        line = self.lines.get(criterion)
        return ModelError(text, file=None if line is None else self.file, line=line)
