"""Public names that are loaded when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

__all__ = ["load_name"]


def load_name(package: str, room_of: Mapping[str, str], name: str) -> object:
    """Import the module that holds a public name, and keep the name in the package from then on.

    Raises AttributeError for a name that is not public, as Python expects of a module.
    """
    if name not in room_of:
        raise AttributeError(f"module '{package}' has no attribute '{name}'")
    value: object = getattr(import_module(room_of[name]), name)
    setattr(sys.modules[package], name, value)
    return value
