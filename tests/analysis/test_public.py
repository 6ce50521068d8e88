from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

from toolkit import analysis

MODULES = [info.name for info in pkgutil.walk_packages(analysis.__path__, "toolkit.analysis.")]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_are_true(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_public_names_exist_and_are_documented():
    assert analysis.__all__ == sorted(analysis.__all__)
    for name in analysis.__all__:
        thing = getattr(analysis, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name


@pytest.mark.parametrize("module", MODULES)
def test_names_listed_by_a_module_exist(module):
    loaded = importlib.import_module(module)
    assert all(hasattr(loaded, name) for name in loaded.__all__)


def test_settings_are_keyword_only():
    """After the data, every argument is named in the call."""
    data = {
        "a",
        "amounts",
        "auc",
        "b",
        "bands",
        "counts",
        "criterion",
        "days",
        "delays",
        "fields",
        "fit",
        "model",
        "n",
        "p_values",
        "pairs",
        "patterns",
        "positives",
        "probability",
        "promised",
        "rate",
        "scores",
        "standard_error",
        "stays",
        "timing",
        "weeks",
        "weights",
    }
    for name in analysis.__all__:
        thing = getattr(analysis, name)
        if inspect.isfunction(thing):
            for parameter in inspect.signature(thing).parameters.values():
                assert parameter.name in data or parameter.kind is parameter.KEYWORD_ONLY
