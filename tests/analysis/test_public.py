from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

from tests.analysis.proofs import KINDS, read_proofs, unproven
from toolkit import analysis, counts

MODULES = [
    info.name
    for room in (analysis, counts)
    for info in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
]
FUNCTIONS = [
    getattr(room, name)
    for room in (analysis, counts)
    for name in room.__all__
    if inspect.isfunction(getattr(room, name))
]
STATISTICS = [each for each in FUNCTIONS if each.__module__.startswith("toolkit.analysis.")]
SOURCE = re.compile(r"\bSources?\b[a-z ]*:\s+\S")
COLUMNS = re.compile(r"\bcolumns\b", re.IGNORECASE)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_are_true(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_public_names_exist_and_are_documented():
    assert analysis.__all__ == sorted(analysis.__all__)
    for name in analysis.__all__:
        thing = getattr(analysis, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_every_public_function_shows_an_example(function):
    (found,) = doctest.DocTestFinder(recurse=False).find(function)
    assert [example for example in found.examples if example.want], function.__name__


@pytest.mark.parametrize("function", STATISTICS, ids=lambda each: each.__name__)
def test_every_statistic_names_its_source(function):
    """A paper or a book, or the word that it is a definition."""
    assert SOURCE.search(inspect.getdoc(function))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_every_frame_that_is_returned_has_its_columns_told(function):
    if "DataFrame" in str(inspect.signature(function).return_annotation):
        assert COLUMNS.search(inspect.getdoc(function))


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
        "first",
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
        "second",
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


@pytest.fixture(scope="module")
def proofs():
    return read_proofs()


NAMES = {each.__name__ for each in STATISTICS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_statistic_has_a_case_by_hand_and_a_property(proofs, kind):
    """Of every public function of the analysis; there is none for which it would make no sense."""
    assert unproven(NAMES, kind, proofs) == set()


def test_a_proof_is_of_a_statistic_that_its_module_speaks_of(proofs):
    assert [each for each in proofs if each.statistic not in NAMES or not each.mentioned] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_proof_that_is_taken_away_is_missed(proofs, kind):
    left = tuple(each for each in proofs if (each.kind, each.statistic) != (kind, "auc"))
    assert unproven(NAMES, kind, left) == {"auc"}
