"""Read a YAML file as YAML 1.2, remember where everything stands, and check it against types."""

from __future__ import annotations

from toolkit.yamlfile.checking import Problem, YamlModel, fail, found, validate
from toolkit.yamlfile.places import Loc, PlacedErrorClass, Places
from toolkit.yamlfile.reading import read_yaml

__all__ = [
    "Loc",
    "PlacedErrorClass",
    "Places",
    "Problem",
    "YamlModel",
    "fail",
    "found",
    "read_yaml",
    "validate",
]
