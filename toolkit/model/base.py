"""What groups, dimensions, criteria and the model itself have in common."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from toolkit.model.values import Identifier, Name, Points, readable
from toolkit.yamlfile import YamlModel, fail

__all__ = ["Labelled", "Limited"]


class Limited(YamlModel):
    """Anything with a lower and an upper limit on its points, both inclusive."""

    min: Points | None = None
    max: Points | None = None

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise fail(f"'min' ({self.min}) is above 'max' ({self.max}); exchange them?", "min")
        return self


class Labelled(Limited):
    """Anything with an id and a label, which defaults to the id made readable."""

    id: Identifier
    label: Name = ""

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Fill in the label."""
        if isinstance(data, dict) and "label" not in data and isinstance(data.get("id"), str):
            return {**data, "label": readable(data["id"])}
        return data
