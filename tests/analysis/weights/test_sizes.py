"""How many leads a fit takes, and what these leads are worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, count_patterns
from toolkit.analysis.weights import adequacy, fit_weights, sample_size
from toolkit.errors import QuestionError


@pytest.mark.parametrize("name", ["riley.0.288_24_0.174", "riley.0.1_12_0.05"])
def test_sample_sizes_are_those_of_pmsampsize(oracle, name):
    expected = oracle.value(name)
    r2, parameters, prevalence = map(float, name.removeprefix("riley.").split("_"))
    found = sample_size(parameters=int(parameters), prevalence=prevalence, r2=r2)
    assert (found.n, found.for_shrinkage, found.for_optimism, found.for_the_rate) == (
        expected["n"], expected["n1"], expected["n2"], expected["n3"],
    )  # fmt: skip
    assert found.largest_r2 == pytest.approx(expected["max_r2"], rel=1e-9)


def test_without_an_anticipated_r2_it_is_15_percent_of_the_largest():
    found = sample_size(parameters=10, prevalence=0.2)
    assert found.r2 == pytest.approx(0.15 * found.largest_r2)
    for wrong in ({"parameters": 0, "prevalence": 0.2}, {"parameters": 5, "prevalence": 1.0}):
        with pytest.raises(QuestionError, match="expected one parameter or more"):
            sample_size(**wrong)
    with pytest.raises(QuestionError, match=r"r2 is 0.9"):
        sample_size(parameters=3, prevalence=0.2, r2=0.9)


def test_copies_of_leads_in_an_account_are_worth_one_lead(leads):
    many = leads.loc[leads.index.repeat(4)].reset_index(drop=True)
    many["account"] = np.repeat(np.arange(len(leads)), 4)
    found = adequacy(fit_weights(count_patterns(many, LEADS, LEADS_POINTS, account="account")))
    assert found.design_effect == pytest.approx(4, rel=0.1)
    assert found.n_effective == pytest.approx(len(leads), rel=0.1)
    plain = adequacy(fit_weights(count_patterns(leads, LEADS, LEADS_POINTS)))
    assert (plain.design_effect, plain.n_effective) == (1, len(leads))
    assert plain.needed.n > 0
    assert plain.enough == (len(leads) >= plain.needed.n)
    assert plain.weeks_needed == max(plain.needed.n - len(leads), 0) / (len(leads) / 10)


def test_adequacy_of_nothing_is_a_reason(lead_patterns):
    none = lead_patterns.part((lead_patterns.frame["state"] == "converted").to_numpy())
    found = adequacy(fit_weights(none))
    assert found.reason == f"all of {found.n} judged leads converted"
    assert found.enough is None


@pytest.mark.property_of("sample_size")
@given(st.integers(1, 60), st.floats(0.02, 0.98), st.floats(0.05, 0.5), st.floats(0.6, 0.95))
def test_leads_needed_grow_with_parameters_and_not_with_the_name_of_the_outcome(
    parameters, prevalence, part, shrinkage
):
    largest = sample_size(parameters=1, prevalence=prevalence).largest_r2
    asked = {"r2": part * largest, "shrinkage": shrinkage}
    if not asked["r2"] < shrinkage:
        return
    found = sample_size(parameters=parameters, prevalence=prevalence, **asked)
    mirror = sample_size(parameters=parameters, prevalence=1 - prevalence, **asked)
    assert (mirror.for_shrinkage, mirror.for_optimism) == (found.for_shrinkage, found.for_optimism)
    assert found.n == max(found.for_shrinkage, found.for_optimism, found.for_the_rate)
    many = sample_size(parameters=10 * parameters, prevalence=prevalence, **asked)
    assert 0 <= 10 * found.for_shrinkage - many.for_shrinkage < 10
    # With so many leads the expected shrinkage is what was asked, with one fewer it is not:
    # S = 1 - p / (n ln(1 / (1 - R2/S))).
    for n, enough in ((found.for_shrinkage, True), (found.for_shrinkage - 1, False)):
        if n > 0:
            expected = 1 + parameters / (n * np.log(1 - asked["r2"] / shrinkage))
            assert (expected >= shrinkage - 1e-12) == enough
